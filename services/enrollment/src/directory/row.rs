//! Domain: one person as sent, and what is wrong with it. Pure.

use std::collections::HashMap;

/// The longest id of an HRIS.
const MAX_ID: usize = 100;
/// The longest of all other values.
const MAX_TEXT: usize = 500;
/// Problems that are told one by one; more are only counted.
pub(crate) const MAX_TOLD: usize = 10_000;

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// A value is missing, too long or malformed.
    Invalid,
    /// The id stood in an earlier row.
    Duplicate,
    /// The manager is nowhere.
    ManagerUnknown,
    /// The manager leaves or has left.
    ManagerLeft,
    /// The managers form a circle.
    Cycle,
    /// The file was read as Windows-1252.
    Encoding,
    /// Nobody was deactivated, for a row without an id.
    SnapshotIncomplete,
}

/// A row with a problem; row 0 is the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) row: i64,
    pub(crate) external_id: String,
    pub(crate) kind: ProblemKind,
    pub(crate) column: &'static str,
    pub(crate) message: String,
}

/// Problems in the order found: the first [`MAX_TOLD`], and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) told: Vec<Problem>,
    pub(crate) count: i64,
}

impl Problems {
    /// Adds one.
    pub(crate) fn add(&mut self, problem: Problem) {
        self.count += 1;
        if self.told.len() < MAX_TOLD {
            self.told.push(problem);
        }
    }
}

/// A row before anything is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawRow<'a> {
    pub(crate) external_id: &'a str,
    pub(crate) manager: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) job_title: &'a str,
    pub(crate) grade: &'a str,
    pub(crate) profession: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) organisation: &'a str,
    pub(crate) parent_organisation: &'a str,
    pub(crate) fte: &'a str,
    pub(crate) left: bool,
}

/// What the HRIS says of a person, besides ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) unit: String,
    pub(crate) job_title: String,
    pub(crate) grade: String,
    pub(crate) profession: String,
    pub(crate) organisation: String,
    pub(crate) parent_organisation: String,
    pub(crate) fte_percent: i32,
}

/// A row that can be taken in. An empty manager is the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) number: i64,
    pub(crate) external_id: String,
    pub(crate) manager: String,
    pub(crate) facts: Facts,
    pub(crate) left: bool,
}

/// The rows of an import, checked one by one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) rows: Vec<Row>,
    pub(crate) problems: Problems,
    /// Rows read, good or bad.
    pub(crate) read: i64,
    /// Rows left out.
    pub(crate) rejected: i64,
    /// A row might have named somebody, but can't be read: who is absent can't be told from who is garbled.
    pub(crate) garbled: bool,
    /// The row in which each id stood first, also of rows that were left out.
    seen: HashMap<String, i64>,
}

impl Reading {
    /// Whether the import names this person, be it in a row that was left out.
    pub(crate) fn names(&self, external_id: &str) -> bool {
        self.seen.contains_key(external_id)
    }

    /// Checks a row and keeps it, or its problem.
    pub(crate) fn take(&mut self, number: i64, raw: &RawRow<'_>) {
        self.read += 1;
        let id = raw.external_id.trim();
        if let Err(message) = check_id(id) {
            self.garbled = true;
            return self.reject(number, id, ProblemKind::Invalid, "employee_id", message);
        }
        if let Some(first) = self.seen.get(id) {
            let message = format!("the id stood in row {first}; this row was left out");
            return self.reject(number, id, ProblemKind::Duplicate, "employee_id", message);
        }
        self.seen.insert(id.to_owned(), number);
        match check(number, id, raw) {
            Ok(row) => self.rows.push(row),
            Err(Wrong { column, message, garbled }) => {
                self.garbled |= garbled;
                self.reject(number, id, ProblemKind::Invalid, column, message);
            }
        }
    }

    /// A row of which only the id can be trusted, if at all.
    pub(crate) fn take_broken(&mut self, number: i64, external_id: &str, message: String) {
        self.read += 1;
        let id = external_id.trim();
        if check_id(id).is_ok() {
            self.seen.entry(id.to_owned()).or_insert(number);
        } else {
            self.garbled = true;
        }
        self.reject(number, id, ProblemKind::Invalid, "", message);
    }

    fn reject(&mut self, row: i64, id: &str, kind: ProblemKind, column: &'static str, message: String) {
        self.rejected += 1;
        let external_id = id.chars().filter(|c| !c.is_control()).take(MAX_ID).collect();
        self.problems.add(Problem { row, external_id, kind, column, message });
    }
}

/// What is wrong with one value.
struct Wrong {
    column: &'static str,
    message: String,
    garbled: bool,
}

fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err("is empty; every row needs the id of the person".to_owned());
    }
    if id.chars().count() > MAX_ID {
        return Err(format!("has {} characters; at most {MAX_ID} are allowed", id.chars().count()));
    }
    if id.chars().any(char::is_control) {
        return Err("holds a control character or a line break; is a quote left open?".to_owned());
    }
    Ok(())
}

fn check(number: i64, id: &str, raw: &RawRow<'_>) -> Result<Row, Wrong> {
    let manager = text("manager_id", raw.manager, MAX_ID)?;
    let job_title = text("job_title", raw.job_title, MAX_TEXT)?;
    let given = text("display_name", raw.display_name, MAX_TEXT)?;
    let names = [given.as_str(), job_title.as_str(), id];
    let display_name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned();
    let facts = Facts {
        display_name,
        email: email(raw.email)?,
        unit: text("unit", raw.unit, MAX_TEXT)?,
        job_title,
        grade: text("grade", raw.grade, MAX_TEXT)?,
        profession: text("profession", raw.profession, MAX_TEXT)?,
        organisation: text("organisation", raw.organisation, MAX_TEXT)?,
        parent_organisation: text("parent_organisation", raw.parent_organisation, MAX_TEXT)?,
        fte_percent: percent(raw.fte)?,
    };
    Ok(Row { number, external_id: id.to_owned(), manager, facts, left: raw.left })
}

fn text(column: &'static str, value: &str, most: usize) -> Result<String, Wrong> {
    let value = value.trim();
    let wrong = |message, garbled| Err(Wrong { column, message, garbled });
    // A quote left open swallows the rows after it: they are then part of this value.
    if value.contains(['\n', '\r']) {
        return wrong("holds a line break; is a quote left open?".to_owned(), true);
    }
    let length = value.chars().count();
    if length > most {
        return wrong(format!("has {length} characters; at most {most} are allowed"), false);
    }
    if value.chars().any(char::is_control) {
        return wrong("holds a control character".to_owned(), false);
    }
    Ok(value.to_owned())
}

fn email(value: &str) -> Result<String, Wrong> {
    let value = text("email", value, 254)?;
    let plausible = match value.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !value.contains(char::is_whitespace)
        }
        None => value.is_empty(),
    };
    if plausible {
        Ok(value)
    } else {
        let message = "is not an address, such as ann@example.org".to_owned();
        Err(Wrong { column: "email", message, garbled: false })
    }
}

/// "0.5" (or "0,5", as spreadsheets in half of Europe save it) as 50.
fn percent(value: &str) -> Result<i32, Wrong> {
    let value = text("fte", value, 20)?;
    if value.is_empty() {
        return Ok(0);
    }
    match value.replace(',', ".").parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "0..200 fits")]
        Ok(share) if (0.0..=2.0).contains(&share) => Ok((share * 100.0).round() as i32),
        _ => {
            let message =
                format!("'{value}' is not a share of a full-time post between 0 and 2, such as 0.5");
            Err(Wrong { column: "fte", message, garbled: false })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw<'a>(external_id: &'a str, job_title: &'a str) -> RawRow<'a> {
        RawRow { external_id, job_title, ..RawRow::default() }
    }

    fn problem(raw: &RawRow<'_>) -> Problem {
        let mut reading = Reading::default();
        reading.take(3, raw);
        assert!(reading.rows.is_empty());
        reading.problems.told.remove(0)
    }

    #[test]
    fn the_name_falls_back_to_the_job_title() {
        let mut reading = Reading::default();
        reading.take(2, &RawRow { display_name: "Ann", ..raw("1", "Analyst") });
        reading.take(3, &raw("2", "Analyst"));
        reading.take(4, &raw("3", " "));
        let names: Vec<_> = reading.rows.iter().map(|row| row.facts.display_name.as_str()).collect();
        assert_eq!(names, ["Ann", "Analyst", "3"]);
    }

    #[test]
    fn a_bad_value_names_its_row_and_column() {
        let found = problem(&RawRow { fte: "half", ..raw("1", "x") });
        assert_eq!((found.row, found.external_id.as_str(), found.column), (3, "1", "fte"));
        assert_eq!(problem(&RawRow { email: "ann", ..raw("1", "x") }).column, "email");
        assert_eq!(problem(&RawRow { email: "a@b@c", ..raw("1", "x") }).column, "email");
        assert_eq!(problem(&raw(" ", "x")).column, "employee_id");
        let long = "x".repeat(501);
        assert_eq!(problem(&raw("1", &long)).message, "has 501 characters; at most 500 are allowed");
        assert_eq!(problem(&raw(&long, "x")).external_id.len(), 100);
    }

    #[test]
    fn shares_are_read_with_point_or_comma() {
        for (text, share) in [("", 0), ("1", 100), ("0.92", 92), ("0,5", 50), ("2", 200)] {
            assert_eq!(percent(text).ok(), Some(share), "{text}");
        }
        for text in ["2.01", "-1", "NaN", "1e9"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_of_two_rows_counts() {
        let mut reading = Reading::default();
        reading.take(2, &raw("1", "first"));
        reading.take(3, &raw("1", "second"));
        assert_eq!(reading.rows.len(), 1);
        assert_eq!(reading.problems.told[0].kind, ProblemKind::Duplicate);
        assert_eq!(reading.problems.told[0].message, "the id stood in row 2; this row was left out");
        assert!(!reading.garbled, "both rows are understood");
    }

    #[test]
    fn a_row_that_can_not_be_read_makes_absence_uncertain() {
        let mut reading = Reading::default();
        reading.take(2, &raw("1", "Analyst\n2,,Clerk"));
        assert!(reading.garbled);
        assert!(reading.names("1") && !reading.names("2"));
    }

    proptest! {
        /// Whatever is sent, every row is either taken or told, and what is taken fits the table.
        #[test]
        fn nothing_is_lost(ids in prop::collection::vec("\\PC{0,3}|[a-c\\n\\x00 ]{0,120}", 0..30), title in ".{0,40}") {
            let mut reading = Reading::default();
            for (number, id) in (2..).zip(&ids) {
                reading.take(number, &raw(id, &title));
            }
            prop_assert_eq!(reading.read, i64::try_from(ids.len()).expect("small"));
            prop_assert_eq!(reading.rows.len() + reading.problems.told.len(), ids.len());
            for row in &reading.rows {
                prop_assert!(!row.external_id.contains('\0') && !row.facts.job_title.contains('\0'));
                prop_assert!(!row.facts.display_name.is_empty());
            }
        }
    }
}
