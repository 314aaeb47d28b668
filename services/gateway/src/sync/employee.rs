//! Domain: the canonical employee, which every source is translated into, and what is wrong with one that can't be
//! taken. Pure.

use serde::{Deserialize, Serialize};

/// The longest id.
pub(crate) const MAX_ID: usize = 100;
/// The longest of all other values.
const MAX_TEXT: usize = 500;
/// The longest address.
const MAX_EMAIL: usize = 254;

/// An employee as a source sends them, nothing checked. A source that does not know a value leaves it empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The row in a file, counted from 1 with the header; 0 for sources without rows.
    pub(crate) row: i64,
    /// The source's own id of the person, which never changes. Required.
    pub(crate) external_id: String,
    /// The `external_id` of the line manager in the same source; empty at the top.
    pub(crate) manager: String,
    /// The name to sign in with.
    pub(crate) user_name: String,
    /// The name to show.
    pub(crate) display_name: String,
    /// Work address.
    pub(crate) email: String,
    /// Job title.
    pub(crate) job_title: String,
    /// Organisational unit.
    pub(crate) unit: String,
    /// Organisation.
    pub(crate) organisation: String,
    /// The organisation's part above the unit.
    pub(crate) division: String,
    /// Grade as the source names it; `None` when it is not the source's to say.
    pub(crate) grade: Option<String>,
    /// Profession or job family; `None` when it is not the source's to say.
    pub(crate) profession: Option<String>,
    /// Share of a full-time post as a decimal such as "0.5"; `None` when it is not the source's to say.
    pub(crate) fte: Option<String>,
    /// The person has left: only the id counts then.
    pub(crate) left: bool,
    /// The record as the source wrote it, for the file of those to correct; empty for sources without files.
    pub(crate) raw: String,
}

/// Why a record was not taken, or not as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The row in a file; 0 for sources without rows, or the run as a whole.
    pub(crate) row: i64,
    /// The id in the record, as far as it could be read.
    pub(crate) external_id: String,
    /// The field or column that is wrong; empty when it is the record as a whole.
    pub(crate) field: String,
    /// For a person: what is wrong and what would be right.
    pub(crate) message: String,
    /// The record was left out; else it was taken with this exception.
    pub(crate) rejected: bool,
    /// Whom the record is about can't be told, so that nobody may be taken for absent.
    pub(crate) unknown: bool,
    /// The record as the source wrote it.
    pub(crate) raw: String,
}

/// A canonical employee: checked, trimmed, one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Employee {
    pub(crate) external_id: String,
    pub(crate) manager: String,
    pub(crate) user_name: String,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) job_title: String,
    pub(crate) unit: String,
    pub(crate) organisation: String,
    pub(crate) division: String,
    pub(crate) grade: Option<String>,
    pub(crate) profession: Option<String>,
    pub(crate) fte_percent: Option<i32>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The person belongs to the organisation.
    Here(Box<Employee>),
    /// The person of this id has left.
    Left(String),
}

impl Record {
    /// Checks everything and gives the employee, or the first thing that is wrong.
    pub(crate) fn check(self) -> Result<Said, Box<Fault>> {
        match self.read() {
            Ok(said) => Ok(said),
            Err((field, message, unknown)) => Err(Box::new(Fault {
                row: self.row,
                external_id: shown(&self.external_id),
                field: field.to_owned(),
                message,
                rejected: true,
                unknown,
                raw: self.raw,
            })),
        }
    }

    fn read(&self) -> Result<Said, Wrong> {
        let external_id = line("external_id", &self.external_id, MAX_ID).map_err(unknown)?;
        if external_id.is_empty() {
            let message = "is empty; every person needs the id that the source knows them by".to_owned();
            return Err(("external_id", message, true));
        }
        if self.left {
            return Ok(Said::Left(external_id));
        }
        let manager = line("manager", &self.manager, MAX_ID)?;
        let optional = |field, value: &Option<String>| {
            value.as_deref().map(|value| line(field, value, MAX_TEXT)).transpose()
        };
        Ok(Said::Here(Box::new(Employee {
            manager: if manager == external_id { String::new() } else { manager },
            user_name: line("user_name", &self.user_name, MAX_TEXT)?,
            display_name: line("display_name", &self.display_name, MAX_TEXT)?,
            email: email(&self.email)?,
            job_title: line("job_title", &self.job_title, MAX_TEXT)?,
            unit: line("unit", &self.unit, MAX_TEXT)?,
            organisation: line("organisation", &self.organisation, MAX_TEXT)?,
            division: line("division", &self.division, MAX_TEXT)?,
            grade: optional("grade", &self.grade)?,
            profession: optional("profession", &self.profession)?,
            fte_percent: self.fte.as_deref().map(percent).transpose()?,
            external_id,
        })))
    }
}

/// Field, message, and whether it can't be told whom the record is about.
type Wrong = (&'static str, String, bool);

fn unknown((field, message, _): Wrong) -> Wrong {
    (field, message, true)
}

/// An id as it can be shown whatever was sent.
pub(crate) fn shown(id: &str) -> String {
    id.trim().chars().filter(|c| !c.is_control()).take(MAX_ID).collect()
}

fn line(field: &'static str, value: &str, most: usize) -> Result<String, Wrong> {
    let value = value.trim();
    // A quote left open swallows the rows after it: they are then part of this value.
    if value.contains(['\n', '\r']) {
        return Err((field, "holds a line break; is a quote left open?".to_owned(), true));
    }
    let length = value.chars().count();
    if length > most {
        return Err((field, format!("has {length} characters; at most {most} are allowed"), false));
    }
    if value.chars().any(char::is_control) {
        return Err((field, "holds a control character".to_owned(), false));
    }
    Ok(value.to_owned())
}

fn email(value: &str) -> Result<String, Wrong> {
    let value = line("email", value, MAX_EMAIL)?;
    let plausible = match value.split_once('@') {
        Some((local, domain)) => {
            let plain = !domain.contains('@') && !value.contains(char::is_whitespace);
            !local.is_empty() && !domain.is_empty() && plain
        }
        None => value.is_empty(),
    };
    if plausible {
        Ok(value)
    } else {
        Err(("email", "is not an address, such as ann@example.org".to_owned(), false))
    }
}

/// "0.5" (or "0,5", as spreadsheets in half of Europe save it) as 50; empty as 0, for unknown.
fn percent(value: &str) -> Result<i32, Wrong> {
    let value = line("fte", value, 20)?;
    if value.is_empty() {
        return Ok(0);
    }
    match value.replace(',', ".").parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "0..200 fits")]
        Ok(share) if (0.0..=2.0).contains(&share) => Ok((share * 100.0).round() as i32),
        _ => {
            let message =
                format!("'{value}' is not a share of a full-time post between 0 and 2, such as 0.5");
            Err(("fte", message, false))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(external_id: &str) -> Record {
        Record { external_id: external_id.to_owned(), ..Record::default() }
    }

    fn fault(record: Record) -> Fault {
        *record.check().expect_err("must be refused")
    }

    #[test]
    fn a_record_is_trimmed_and_read() {
        let said = Record {
            manager: "7 ".into(),
            fte: Some("0,5".into()),
            grade: Some(" B3".into()),
            ..record(" 12 ")
        };
        let Ok(Said::Here(employee)) = said.check() else { panic!("must be taken") };
        assert_eq!((employee.external_id.as_str(), employee.manager.as_str()), ("12", "7"));
        assert_eq!((employee.fte_percent, employee.grade.as_deref()), (Some(50), Some("B3")));
        assert_eq!(employee.profession, None);
    }

    #[test]
    fn a_leaver_needs_an_id_only() {
        let gone = Record { email: "nonsense".into(), left: true, ..record("12") };
        assert_eq!(gone.check(), Ok(Said::Left("12".into())));
    }

    #[test]
    fn who_is_their_own_manager_has_none() {
        let Ok(Said::Here(own)) = (Record { manager: "12".into(), ..record("12") }).check() else {
            panic!("must be taken")
        };
        assert_eq!(own.manager, "");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let found = fault(Record { row: 3, fte: Some("half".into()), ..record("12") });
        assert_eq!((found.row, found.external_id.as_str(), found.field.as_str()), (3, "12", "fte"));
        assert!(found.rejected && !found.unknown);
        assert_eq!(fault(Record { email: "a@b@c".into(), ..record("1") }).field, "email");
        assert!(fault(record(" ")).unknown);
        let long = "x".repeat(501);
        assert_eq!(fault(record(&long)).external_id.len(), MAX_ID);
        let title = fault(Record { job_title: long, ..record("1") });
        assert_eq!(title.message, "has 501 characters; at most 500 are allowed");
        assert!(fault(Record { unit: "a\n2,,b".into(), ..record("1") }).unknown);
        assert!(!fault(Record { unit: "a\0b".into(), ..record("1") }).unknown);
    }

    proptest! {
        /// Whatever is sent, what is taken fits the tables.
        #[test]
        fn what_is_taken_is_clean(id in "\\PC{0,5}|[a\\n\\x00 ]{0,5}", text in ".{0,600}", share in ".{0,8}") {
            let sent = Record { job_title: text.clone(), user_name: text, fte: Some(share), ..record(&id) };
            if let Ok(Said::Here(taken)) = sent.check() {
                prop_assert!(!taken.external_id.is_empty());
                prop_assert!(!taken.job_title.chars().any(char::is_control));
                prop_assert!(taken.user_name.chars().count() <= MAX_TEXT);
                prop_assert!((0..=200).contains(&taken.fte_percent.unwrap_or_default()));
            }
        }
    }
}
