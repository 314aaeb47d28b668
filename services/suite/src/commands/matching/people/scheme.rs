//! The criteria file as it is written.

use super::super::input::{BadInput, Result, What};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use toml::Spanned;

/// A criterion or rule with the row where it begins.
pub(super) struct Entry<T> {
    pub(super) row: u64,
    pub(super) value: T,
}

/// The whole file.
pub(super) struct Scheme {
    pub(super) criteria: Vec<Entry<Criterion>>,
    pub(super) rules: Vec<Entry<Rule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    criteria: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    rules: Vec<Spanned<toml::Table>>,
}

/// What makes a good pair, in one respect.
#[derive(Deserialize)]
pub(super) struct Criterion {
    pub(super) name: String,
    pub(super) weight: i64,
    #[serde(flatten)]
    pub(super) kind: Kind,
}

/// The two columns that are compared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Both {
    pub(super) mentee: String,
    pub(super) mentor: String,
}

/// How it is measured.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Kind {
    Overlap { mentee: String, mentor: String, synonyms: Option<PathBuf> },
    Window { mentee: String, mentor: String, order: Option<Vec<String>>, low: i32, high: i32, span: i32 },
    Equal(Both),
    Table { mentee: String, mentor: String, table: BTreeMap<String, BTreeMap<String, i64>> },
    Closeness { mentee: String, mentor: String, range: u8 },
    Availability { mentee: String, mentor: String, enough: i64, zone: Option<String> },
    Zone { mentee: String, mentor: String, span: i32 },
    MenteeWishes { column: String, depth: u32 },
    MentorWishes { column: String, depth: u32 },
    Rating { column: String, best: i64 },
}

/// What makes an impossible pair.
#[derive(Deserialize)]
pub(super) struct Rule {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) kind: RuleKind,
}

/// What a rule asks.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum RuleKind {
    Differ(Both),
    Share(Both),
    Ready(Both),
    ReportingLine {
        manager: String,
        organisation: Option<PathBuf>,
        id: Option<String>,
        levels: Option<usize>,
    },
    NotListed {
        file: PathBuf,
    },
}

/// Reads the file.
pub(super) fn read(file: &Path) -> Result<Scheme> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| BadInput::file(file, What::Unreadable(error.to_string())))?;
    let row = |at: usize| 1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count() as u64;
    let written: Written = toml::from_str(&text).map_err(|error| {
        let what = What::Criteria { record: "not understood".to_owned(), reason: error.message().to_owned() };
        BadInput::row(file, error.span().map_or(1, |span| row(span.start)), what)
    })?;
    if written.criteria.is_empty() {
        return Err(BadInput::file(file, What::Empty("criterion")));
    }
    Ok(Scheme {
        criteria: entries(file, written.criteria, "criterion", row)?,
        rules: entries(file, written.rules, "rule", row)?,
    })
}

fn entries<T: DeserializeOwned>(
    file: &Path,
    tables: Vec<Spanned<toml::Table>>,
    what: &str,
    row: impl Fn(usize) -> u64,
) -> Result<Vec<Entry<T>>> {
    let read = |table: Spanned<toml::Table>| {
        let row = row(table.span().start);
        let table = table.into_inner();
        let name = table.get("name").and_then(toml::Value::as_str).unwrap_or("without a name").to_owned();
        let value = T::deserialize(table).map_err(|error| {
            let record = format!("{what} {name}");
            BadInput::row(file, row, What::Criteria { record, reason: error.message().to_owned() })
        })?;
        Ok(Entry { row, value })
    };
    tables.into_iter().map(read).collect()
}

impl<T> Entry<T> {
    /// A complaint about this entry.
    pub(super) fn wrong(&self, file: &Path, name: &str, reason: impl Into<String>) -> Box<BadInput> {
        let what = What::Criteria { record: name.to_owned(), reason: reason.into() };
        BadInput::row(file, self.row, what)
    }
}

/// A file named in the criteria: relative to them.
pub(super) fn beside(criteria: &Path, named: &Path) -> PathBuf {
    criteria.parent().unwrap_or(Path::new("")).join(named)
}
