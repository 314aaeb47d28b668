//! Keyset pages: a page token is the sort key of the last row, bound to the list and filter it came from.

use crate::{Error, ErrorKind, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Rows per page when the caller names no size.
const DEFAULT_SIZE: i32 = 50;
/// The most rows a page can have.
const MAX_SIZE: i32 = 1000;

/// What a page token carries: the key of the last row and what the list was.
#[derive(Serialize, Deserialize)]
pub struct PageKey<K> {
    list: String,
    after: K,
}

/// A page that was asked for: how many rows, after which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// Rows wanted, 1..1000.
    pub size: i64,
    /// The key of the last row of the page before.
    pub after: Option<K>,
    list: String,
}

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// Reads `page_size` and `page_token`. `list` names the list and its filter; a token of another list
    /// is refused.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a size outside 0..1000, `PAGE_TOKEN_INVALID` for a foreign token.
    pub fn read(size: i32, token: &str, list: impl Into<String>) -> Result<Self> {
        let list = list.into();
        let size = match size {
            0 => DEFAULT_SIZE,
            1..=MAX_SIZE => size,
            _ => return Err(Error::field("page_size", format!("must be between 1 and {MAX_SIZE}"))),
        };
        let after = if token.is_empty() { None } else { Some(decode(token, &list)?) };
        Ok(Page { size: i64::from(size), after, list })
    }

    /// Rows to fetch: one more than wanted tells whether there is a next page.
    pub fn limit(&self) -> i64 {
        self.size + 1
    }

    /// Cuts the extra row off and makes the next page's token, empty on the last page.
    pub fn finish<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return (rows, String::new());
        }
        rows.truncate(size);
        let token = rows.last().map(|row| encode(&self.list, key(row))).unwrap_or_default();
        (rows, token)
    }
}

fn encode<K: Serialize>(list: &str, after: K) -> String {
    let key = PageKey { list: list.to_owned(), after };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&key).unwrap_or_default())
}

fn decode<K: DeserializeOwned>(token: &str, list: &str) -> Result<K> {
    let foreign = || {
        Error::new(
            ErrorKind::InvalidArgument,
            "PAGE_TOKEN_INVALID",
            "page_token does not belong to this list; start again without it",
        )
    };
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| foreign())?;
    let key: PageKey<K> = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
    if key.list == list { Ok(key.after) } else { Err(foreign()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let page = Page::<i32>::read(2, "", "numbers").expect("valid");
        let (rows, token) = page.finish(vec![1, 2, 3], |n| *n);
        assert_eq!(rows, [1, 2]);
        let next = Page::<i32>::read(2, &token, "numbers").expect("valid");
        assert_eq!(next.after, Some(2));
        assert_eq!(next.finish(vec![3], |n| *n), (vec![3], String::new()));
    }

    #[test]
    fn a_foreign_token_is_refused() {
        let page = Page::<i32>::read(1, "", "numbers").expect("valid");
        let (_, token) = page.finish(vec![1, 2], |n| *n);
        for (token, list) in [(token.as_str(), "letters"), ("???", "numbers"), ("e30", "numbers")] {
            let error = Page::<i32>::read(1, token, list).expect_err("refused");
            assert_eq!(error.reason, "PAGE_TOKEN_INVALID");
        }
    }

    #[test]
    fn a_size_out_of_bounds_names_its_field() {
        let error = Page::<i32>::read(1001, "", "numbers").expect_err("refused");
        assert_eq!(error.violations[0].field, "page_size");
    }
}
