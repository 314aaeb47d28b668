//! A CSV file as a source: read as a whole, managers first, then handed out page by page.

use crate::sync::{
    connector::{Ask, Connector, Page},
    employee::{Fault, Record, shown},
    lines,
    mapping::{Mapping, takes},
};
use jiff::civil::Date;
use kernel::{Error, ErrorKind, Result};
use sheet::{Row, Sheet};
use std::{borrow::Cow, collections::HashMap};

/// Columns of a file that nobody mapped, and the fields that they are; the first four must be there.
const OWN: [(&str, &str); 14] = [
    ("employee_id", "external_id"),
    ("manager_id", "manager"),
    ("job_title", "job_title"),
    ("unit", "unit"),
    ("user_name", "user_name"),
    ("grade", "grade"),
    ("profession", "profession"),
    ("organisation", "organisation"),
    ("parent_organisation", "parent_organisation"),
    ("fte", "fte"),
    ("display_name", "display_name"),
    ("email", "email"),
    ("left", "left"),
    ("end_date", "end_date"),
];
/// How many of them must be there.
const REQUIRED: usize = 4;
/// Names of columns in a message.
const SHOWN: usize = 30;
/// The longest row that is kept for correction.
const MAX_RAW: usize = 64 << 10;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct File {
    records: Vec<Record>,
    faults: Vec<Fault>,
    /// Its header, as a line of CSV.
    pub(crate) header: String,
    whole: bool,
}

impl File {
    /// Reads a file. `mapping` is `None` for the columns' own names; `whole` when it names everybody.
    ///
    /// # Errors
    /// `FILE_INVALID` when the file as a whole can't be read, naming the row or column to blame.
    pub(crate) fn read(
        bytes: &[u8],
        mapping: Option<Mapping>,
        whole: bool,
        today: Date,
        max_rows: usize,
    ) -> Result<File> {
        let sheet = Sheet::read(bytes).map_err(|why| refuse(why.0))?;
        let mapping = match mapping {
            Some(mapping) => mapping,
            None => own(&sheet)?,
        };
        let places = places(&sheet, &mapping)?;
        let mut reader =
            Reader { mapping, places, today, seen: HashMap::new(), records: Vec::new(), faults: Vec::new() };
        if let Some(row) = sheet.legacy() {
            let message = format!("row {row} is not UTF-8; the file was read as Windows-1252");
            reader.faults.push(Fault { message, ..Fault::default() });
        }
        let mut rows = 0;
        for row in sheet.rows() {
            let row = row.map_err(|why| refuse(why.0))?;
            rows += 1;
            if rows > max_rows {
                return Err(refuse(format!("row {}: the file has more than {max_rows} rows", row.number)));
            }
            reader.take(&row);
        }
        if rows == 0 {
            return Err(refuse("the file has a header and no rows".to_owned()));
        }
        let Reader { records, mut faults, .. } = reader;
        let (records, more) = lines::top_down(records, whole);
        faults.extend(more);
        let header = sheet::line(sheet.header().iter().map(String::as_str));
        Ok(File { records, faults, header, whole })
    }
}

#[async_trait::async_trait]
impl Connector for File {
    async fn page(&mut self, ask: &Ask, cursor: Option<&str>) -> Result<Page> {
        let at: usize = match cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(Error::internal)?,
        };
        let records: Vec<Record> = self.records.iter().skip(at).take(ask.page_size).cloned().collect();
        let end = at + records.len();
        Ok(Page {
            records,
            faults: if at == 0 { self.faults.clone() } else { Vec::new() },
            next: (end < self.records.len()).then(|| end.to_string()),
            total: i64::try_from(
                self.records.len() + self.faults.iter().filter(|fault| fault.rejected).count(),
            )
            .ok(),
            complete: self.whole,
            mark: None,
        })
    }
}

/// The rows of a file on their way to records.
struct Reader {
    mapping: Mapping,
    places: HashMap<String, usize>,
    today: Date,
    /// The row in which each id stood first.
    seen: HashMap<String, i64>,
    records: Vec<Record>,
    faults: Vec<Fault>,
}

impl Reader {
    fn take(&mut self, row: &Row) {
        let value = |column: &str| self.places.get(column).map(|place| Cow::Borrowed(row.cell(*place)));
        let read = self.mapping.record(value, self.today);
        let raw: String = row.line().chars().take(MAX_RAW).collect();
        // A quote left open swallows the rows after it: whom they named is lost.
        let swallows = row.swallows();
        let id = match &read {
            Ok(record) => record.external_id.trim().to_owned(),
            Err(fault) => fault.external_id.clone(),
        };
        let first = self.seen.get(&id).copied();
        let wrong = match (row.misfit(), first, read) {
            (Some(message), _, _) => Fault { message, unknown: id.is_empty(), ..Fault::default() },
            (None, Some(first), _) if !id.is_empty() => {
                let message = format!("the id stood in row {first}; this row was left out");
                Fault { field: "external_id".to_owned(), message, ..Fault::default() }
            }
            (None, _, Err(fault)) => *fault,
            (None, _, Ok(record)) => {
                if !id.is_empty() {
                    self.seen.insert(id.clone(), row.number);
                }
                if swallows {
                    let message = "holds a line break; is a quote left open?".to_owned();
                    let external_id = shown(&record.external_id);
                    Fault { external_id, message, ..Fault::default() }
                } else {
                    return self.records.push(Record { row: row.number, raw, ..record });
                }
            }
        };
        let external_id = shown(&id);
        let unknown = wrong.unknown || swallows;
        self.faults.push(Fault { row: row.number, external_id, rejected: true, unknown, raw, ..wrong });
        self.seen.entry(id).or_insert(row.number);
    }
}

/// The mapping of a file whose columns have our own names.
fn own(sheet: &Sheet) -> Result<Mapping> {
    let mut rules = Vec::new();
    for (place, (column, field)) in OWN.into_iter().enumerate() {
        if sheet.column(column).map_err(|why| refuse(why.0))?.is_some() || place < REQUIRED {
            rules.push(takes(field, &[column]));
        }
    }
    Mapping::new(&rules, &[])
}

/// Where each column of the mapping stands.
fn places(sheet: &Sheet, mapping: &Mapping) -> Result<HashMap<String, usize>> {
    let mut places = HashMap::new();
    for column in mapping.columns() {
        let Some(place) = sheet.column(column).map_err(|why| refuse(why.0))? else {
            let names: Vec<&str> = sheet.header().iter().map(String::as_str).take(SHOWN).collect();
            let names: String = names.join(", ").chars().filter(|c| !c.is_control()).take(500).collect();
            let message = format!("row 1: column {column} is missing; the file has: {names}");
            return Err(refuse(message).with("column", column));
        };
        places.insert(column.to_owned(), place);
    }
    Ok(places)
}

fn refuse(message: String) -> Box<Error> {
    Error::new(ErrorKind::InvalidArgument, "FILE_INVALID", message)
}

/// Reads any bytes as a file with some mapping and takes all of its pages: for fuzzing.
#[cfg(test)]
pub(crate) fn survive(bytes: &[u8]) {
    let today = Date::constant(2026, 11, 22);
    let ends = contracts::mentor::gateway::v1::FieldMapping {
        date_format: "%d.%m.%Y".to_owned(),
        ..takes("end_date", &["end"])
    };
    let rules = [takes("external_id", &["id"]), takes("manager", &["boss"]), ends, takes("active", &["a"])];
    for mapping in [None, Mapping::new(&rules, &[]).ok()] {
        let Ok(file) = File::read(bytes, mapping, true, today, 1_000) else { continue };
        let total = file.records.len();
        let checked = file.records.into_iter().filter_map(|record| record.check().ok()).count();
        assert!(checked <= total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const HEADER: &str = "employee_id,manager_id,job_title,unit\n";

    fn file(rows: &str) -> File {
        read(format!("{HEADER}{rows}").as_bytes()).expect("readable")
    }

    fn read(bytes: &[u8]) -> Result<File> {
        File::read(bytes, None, true, date(2026, 11, 22), 100)
    }

    fn refused(bytes: &[u8]) -> String {
        read(bytes).expect_err("must be refused").message.into_owned()
    }

    #[tokio::test]
    async fn pages_go_on_where_the_last_ended() {
        let mut file = file("2,1,Clerk,Tax\n1,,Chief,Tax\n3,2,Clerk,Tax\n");
        let ask = Ask { since: None, page_size: 2 };
        let first = file.page(&ask, None).await.expect("a page");
        let ids: Vec<&str> = first.records.iter().map(|record| record.external_id.as_str()).collect();
        assert_eq!((ids, first.total), (vec!["1", "2"], Some(3)));
        let last = file.page(&ask, first.next.as_deref()).await.expect("a page");
        assert_eq!((last.records[0].row, last.next, last.complete), (4, None, true));
    }

    #[test]
    fn bad_rows_are_told_and_kept_for_correction() {
        let file = file("1,,Chief,Tax\n1,,Again,Tax\n2,1\n,,\"x, y\",Tax\n3,1,\"Cl\nerk\",Tax\n");
        let told: Vec<_> =
            file.faults.iter().map(|f| (f.row, f.external_id.as_str(), f.unknown, f.raw.as_str())).collect();
        assert_eq!(file.records.len(), 2, "an empty id is found when the record is checked");
        assert_eq!(
            told,
            [(3, "1", false, "1,,Again,Tax"), (4, "2", false, "2,1"), (6, "3", true, "3,1,\"Cl\nerk\",Tax"),]
        );
        assert_eq!(file.header, "employee_id,manager_id,job_title,unit");
    }

    #[test]
    fn a_file_that_is_no_use_says_why() {
        assert_eq!(refused(b""), "the file is empty");
        assert_eq!(refused(HEADER.as_bytes()), "the file has a header and no rows");
        assert_eq!(
            refused(b"employee_id,job_title,unit\n1,x,y\n"),
            "row 1: column manager_id is missing; the file has: employee_id, job_title, unit"
        );
        assert_eq!(
            refused(b"employee_id,manager_id,job_title,unit,Unit\n"),
            "row 1: column unit stands there twice"
        );
        let many = format!("{HEADER}{}", "1,,a,b\n".repeat(101));
        assert!(refused(many.as_bytes()).starts_with("row 102: the file has more than 100 rows"));
    }

    #[test]
    fn optional_columns_speak_only_where_they_are() {
        let bare = file("1,,Chief,Tax\n");
        assert_eq!((&bare.records[0].grade, &bare.records[0].fte), (&None, &None));
        let full = read(b"Employee_ID;Manager_ID;Job_Title;Unit;Grade;FTE\n1;;Chief;Tax;B3;0,5\n")
            .expect("readable");
        assert_eq!(
            (full.records[0].grade.as_deref(), full.records[0].fte.as_deref()),
            (Some("B3"), Some("0,5"))
        );
    }

    proptest! {
        /// No bytes whatever make it panic.
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
            survive(&if header { [HEADER.as_bytes(), &bytes].concat() } else { bytes });
        }
    }
}
