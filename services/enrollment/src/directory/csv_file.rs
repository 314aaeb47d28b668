//! Domain: reads the CSV form of the directory. Pure.

use super::row::{Problem, ProblemKind, RawRow, Reading};
use kernel::{Error, ErrorKind, Result};
use sheet::{Row, Sheet, Unreadable};

/// Columns that must be there.
const REQUIRED: [&str; 4] = ["employee_id", "manager_id", "job_title", "unit"];
/// Columns that may be there; others are ignored.
const OPTIONAL: [&str; 8] =
    ["grade", "profession", "organisation", "parent_organisation", "fte", "display_name", "email", "left"];

/// Reads a whole file. A row with a problem is told and left out.
///
/// # Errors
/// `FILE_INVALID` when the file as a whole can't be read, naming the row where one is to blame.
pub(crate) fn read(bytes: &[u8], max_rows: usize) -> Result<Reading> {
    let sheet = Sheet::read(bytes).map_err(unreadable)?;
    let mut reading = Reading::default();
    if let Some(row) = sheet.legacy() {
        reading.problems.add(Problem {
            row: 0,
            external_id: String::new(),
            kind: ProblemKind::Encoding,
            column: "",
            message: format!("row {row} is not UTF-8; the file was read as Windows-1252"),
        });
    }
    let header = Header::read(&sheet)?;
    for row in sheet.rows() {
        let row = row.map_err(unreadable)?;
        if reading.rows.len() >= max_rows {
            return Err(refuse(format!("row {}: the file has more than {max_rows} rows", row.number)));
        }
        header.take(&row, &mut reading);
    }
    if reading.read == 0 {
        return Err(refuse("the file has a header and no rows".to_owned()));
    }
    Ok(reading)
}

fn refuse(message: String) -> Box<Error> {
    Error::new(ErrorKind::InvalidArgument, "FILE_INVALID", message)
}

fn unreadable(why: Unreadable) -> Box<Error> {
    refuse(why.0)
}

/// Where each column stands.
struct Header {
    places: Vec<(&'static str, usize)>,
}

impl Header {
    fn read(sheet: &Sheet) -> Result<Header> {
        let mut places = Vec::new();
        for column in REQUIRED.into_iter().chain(OPTIONAL) {
            match sheet.column(column).map_err(unreadable)? {
                Some(place) => places.push((column, place)),
                None if REQUIRED.contains(&column) => {
                    return Err(refuse(format!("row 1: column {column} is missing")).with("column", column));
                }
                None => {}
            }
        }
        Ok(Header { places })
    }

    fn cell<'r>(&self, row: &'r Row, column: &str) -> &'r str {
        let place = self.places.iter().find(|(name, _)| *name == column);
        place.map(|(_, at)| row.cell(*at)).unwrap_or_default()
    }

    fn take(&self, row: &Row, reading: &mut Reading) {
        let cell = |column| self.cell(row, column);
        // A quote left open swallows the rows after it: whom they named is lost.
        reading.garbled |= row.swallows();
        if let Some(message) = row.misfit() {
            return reading.take_broken(row.number, cell("employee_id"), message);
        }
        let Some(left) = flag(cell("left")) else {
            let message = "left must be true, false or empty".to_owned();
            return reading.take_broken(row.number, cell("employee_id"), message);
        };
        reading.take(
            row.number,
            &RawRow {
                external_id: cell("employee_id"),
                manager: cell("manager_id"),
                display_name: cell("display_name"),
                email: cell("email"),
                job_title: cell("job_title"),
                grade: cell("grade"),
                profession: cell("profession"),
                unit: cell("unit"),
                organisation: cell("organisation"),
                parent_organisation: cell("parent_organisation"),
                fte: cell("fte"),
                left,
            },
        );
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "" | "false" | "no" | "0" => Some(false),
        "true" | "yes" | "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const HEADER: &str = "employee_id,manager_id,job_title,unit\n";

    fn file(rows: &str) -> Vec<u8> {
        format!("{HEADER}{rows}").into_bytes()
    }

    fn refused(bytes: &[u8]) -> String {
        let error = read(bytes, 1000).expect_err("must be refused");
        assert_eq!(error.reason, "FILE_INVALID");
        error.message.into_owned()
    }

    #[test]
    fn the_reference_files_are_read() {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/department_of_health-");
        for (date, rows, duplicates) in [("2011-03-31", 2906, 1), ("2011-09-30", 2677, 0)] {
            let bytes = std::fs::read(format!("{data}{date}.csv")).expect("the reference file");
            let reading = read(&bytes, 10_000).expect("readable");
            assert_eq!((reading.rows.len(), reading.problems.told.len()), (rows, duplicates), "{date}");
            assert!(!reading.garbled);
        }
    }

    #[rstest]
    #[case::utf8(b"".to_vec(), file("1,,Caf\u{e9} owner,Kitchen\n"), 0)]
    #[case::utf8_mark(b"\xef\xbb\xbf".to_vec(), file("1,,Caf\u{e9} owner,Kitchen\n"), 0)]
    #[case::windows(b"".to_vec(), [HEADER.as_bytes(), b"1,,Caf\xe9 owner,Kitchen\n"].concat(), 1)]
    fn the_encoding_is_found(#[case] mark: Vec<u8>, #[case] body: Vec<u8>, #[case] problems: usize) {
        let reading = read(&[mark, body].concat(), 10).expect("readable");
        assert_eq!(reading.rows[0].facts.job_title, "Caf\u{e9} owner");
        assert_eq!(reading.problems.told.len(), problems);
    }

    #[test]
    fn utf16_needs_its_mark() {
        let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let text = format!("{HEADER}1,,Caf\u{e9} owner,Kitchen\n");
        let reading = read(&[vec![0xff, 0xfe], wide(&text)].concat(), 10).expect("readable");
        assert_eq!(reading.rows[0].facts.job_title, "Caf\u{e9} owner");
        assert_eq!(refused(&wide(HEADER)), "row 1: holds a zero byte; save the file as CSV in UTF-8");
    }

    #[test]
    fn a_file_that_is_no_use_says_why() {
        assert_eq!(refused(b""), "the file is empty");
        assert_eq!(refused(HEADER.as_bytes()), "the file has a header and no rows");
        assert_eq!(refused(b"employee_id,job_title,unit\n1,x,y\n"), "row 1: column manager_id is missing");
        assert_eq!(
            refused(b"employee_id,manager_id,job_title,unit,unit\n"),
            "row 1: column unit stands there twice"
        );
        assert!(read(&file("1,,a,b\n2,,a,b\n"), 1).expect_err("too many").message.starts_with("row 3: "));
    }

    #[rstest]
    #[case::comma(',')]
    #[case::semicolon(';')]
    #[case::tab('\t')]
    fn columns_are_separated_as_spreadsheets_do(#[case] delimiter: char) {
        let text =
            format!("{HEADER}1,,\"a, b; c\",Kitchen\n").replace(",\"", "\u{1}").replace("a, b; c", "a b");
        let text = text.replace(',', &delimiter.to_string()).replace('\u{1}', &format!("{delimiter}\""));
        let reading = read(text.as_bytes(), 10).expect("readable");
        assert_eq!(reading.rows[0].facts.job_title, "a b");
    }

    #[test]
    fn a_bad_row_is_told_with_its_number_and_the_rest_goes_on() {
        let cell = "x".repeat(10 << 20);
        let reading = read(&file(&format!("1,,a,b\n2,,{cell},b\n3,a\n,,,\n1,,again,b\n5,,a,b\n")), 10)
            .expect("readable");
        let ids: Vec<_> = reading.rows.iter().map(|row| row.external_id.as_str()).collect();
        assert_eq!(ids, ["1", "5"]);
        let told: Vec<_> = reading.problems.told.iter().map(|p| (p.row, p.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (3, "has 10485760 characters; at most 500 are allowed"),
                (4, "has 2 cells, the header has 4"),
                (6, "the id stood in row 2; this row was left out"),
            ]
        );
        assert!(!reading.garbled);
    }

    #[test]
    fn an_open_quote_makes_absence_uncertain() {
        let reading = read(&file("1,,\"a,b\n2,,a,b\n3,,a,b\n"), 10).expect("readable");
        assert!(reading.garbled || reading.rejected > 0);
        assert!(reading.garbled, "rows 2 and 3 are inside the quote");
    }

    proptest! {
        /// No bytes whatever make it panic, and whatever is read is told or taken.
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
            let bytes = if header { [HEADER.as_bytes(), &bytes].concat() } else { bytes };
            if let Ok(reading) = read(&bytes, 1000) {
                prop_assert_eq!(reading.read - reading.rejected, i64::try_from(reading.rows.len()).expect("small"));
            }
        }
    }
}
