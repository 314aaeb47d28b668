//! Domain: what a query asks for (RFC 7644, 3.4.2): filter, order, page, projection. Pure.

use super::{
    error::{Refusal, Result},
    patch::member,
    project::{Projection, names},
    value::Object,
};
use serde_json::Value;

/// The URN of a search body.
const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// Resources of a page when no number is named.
const DEFAULT_COUNT: i64 = 100;

/// A query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Search {
    pub(crate) filter: Option<String>,
    pub(crate) sort_by: Option<String>,
    pub(crate) descending: bool,
    /// 1-based.
    pub(crate) start: i64,
    pub(crate) count: i64,
    pub(crate) projection: Projection,
}

/// The parameters as sent.
#[derive(Default)]
struct Sent {
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start: Option<i64>,
    count: Option<i64>,
    only: Vec<String>,
    without: Vec<String>,
}

impl Search {
    /// Reads a query string.
    ///
    /// # Errors
    /// `invalidValue` for a number or an order that is none.
    pub(crate) fn of_query(query: &str, max: i64) -> Result<Search> {
        let mut sent = Sent::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.to_ascii_lowercase().as_str() {
                "filter" => sent.filter = Some(value.into_owned()),
                "sortby" => sent.sort_by = Some(value.into_owned()),
                "sortorder" => sent.sort_order = Some(value.into_owned()),
                "startindex" => sent.start = Some(number("startIndex", &value)?),
                "count" => sent.count = Some(number("count", &value)?),
                "attributes" => sent.only.extend(names(&value)),
                "excludedattributes" => sent.without.extend(names(&value)),
                _ => {}
            }
        }
        sent.search(max)
    }

    /// Reads the body of a POST to `/.search`.
    ///
    /// # Errors
    /// `invalidSyntax` for another message, `invalidValue` for a wrong type.
    pub(crate) fn of_body(body: &Object, max: i64) -> Result<Search> {
        let named = member(body, "schemas").and_then(Value::as_array);
        if !named.is_some_and(|named| named.iter().any(|urn| urn.as_str() == Some(SCHEMA))) {
            return Err(Refusal::syntax(format!("schemas: must name {SCHEMA}")));
        }
        let text = |name: &str| match member(body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::value(format!("{name}: must be a text"))),
        };
        let integer = |name: &str| match member(body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| not_a_number(name)),
        };
        let list = |name: &str| match member(body, name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(names(text)),
            Some(Value::Array(list)) => {
                let texts: Option<Vec<String>> =
                    list.iter().map(|one| one.as_str().map(str::to_owned)).collect();
                texts.ok_or_else(|| Refusal::value(format!("{name}: must be a list of names")))
            }
            Some(_) => Err(Refusal::value(format!("{name}: must be a list of names"))),
        };
        let sent = Sent {
            filter: text("filter")?,
            sort_by: text("sortBy")?,
            sort_order: text("sortOrder")?,
            start: integer("startIndex")?,
            count: integer("count")?,
            only: list("attributes")?,
            without: list("excludedAttributes")?,
        };
        sent.search(max)
    }
}

impl Sent {
    fn search(self, max: i64) -> Result<Search> {
        let descending = match self.sort_order.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("ascending") => false,
            Some("descending") => true,
            Some(_) => return Err(Refusal::value("sortOrder: must be ascending or descending")),
        };
        Ok(Search {
            filter: self.filter.filter(|filter| !filter.trim().is_empty()),
            sort_by: self.sort_by.filter(|name| !name.trim().is_empty()),
            descending,
            start: self.start.unwrap_or(1).max(1),
            count: self.count.unwrap_or(DEFAULT_COUNT).clamp(0, max),
            projection: Projection::read(self.only, self.without)?,
        })
    }
}

fn number(name: &str, text: &str) -> Result<i64> {
    text.trim().parse().map_err(|_| not_a_number(name))
}

fn not_a_number(name: &str) -> Box<Refusal> {
    Refusal::value(format!("{name}: must be a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_and_a_body_say_the_same() {
        let query = "filter=userName+eq+%22a%22&sortBy=userName&sortOrder=descending&startIndex=0&count=5000&attributes=userName,id";
        let body = json!({
            "schemas": [SCHEMA], "filter": "userName eq \"a\"", "sortBy": "userName", "sortOrder": "descending",
            "startIndex": 0, "count": 5000, "attributes": ["userName", "id"],
        });
        let of_query = Search::of_query(query, 1000).expect("sound");
        let of_body = Search::of_body(body.as_object().expect("an object"), 1000).expect("sound");
        assert_eq!(of_query, of_body);
        assert_eq!((of_query.start, of_query.count, of_query.descending), (1, 1000, true));
    }

    #[test]
    fn nonsense_is_refused() {
        for query in ["count=many", "startIndex=1.5", "sortOrder=up", "attributes=a&excludedAttributes=b"] {
            assert_eq!(
                Search::of_query(query, 10).expect_err("refused").kind,
                Some("invalidValue"),
                "{query}"
            );
        }
        assert_eq!(Search::of_query("count=-3", 10).expect("as none").count, 0);
    }
}
