//! Domain: reads the CSV form of the directory, as spreadsheets and HR systems really save it. Pure.

use super::row::{Problem, ProblemKind, RawRow, Reading};
use encoding_rs::{Encoding, WINDOWS_1252};
use kernel::{Error, ErrorKind, Result};
use std::borrow::Cow;

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
    let mut reading = Reading::default();
    let text = decode(bytes, &mut reading)?;
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    if !next(&mut records, &mut record, 1)? {
        return Err(refuse("the file is empty".to_owned()));
    }
    let header = Header::read(&record)?;
    let mut number = 1;
    while next(&mut records, &mut record, number + 1)? {
        number += 1;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if reading.rows.len() >= max_rows {
            return Err(refuse(format!("row {number}: the file has more than {max_rows} rows")));
        }
        header.take(number, &record, &mut reading);
    }
    if reading.read == 0 {
        return Err(refuse("the file has a header and no rows".to_owned()));
    }
    Ok(reading)
}

fn refuse(message: String) -> Box<Error> {
    Error::new(ErrorKind::InvalidArgument, "FILE_INVALID", message)
}

fn next(records: &mut csv::Reader<&[u8]>, record: &mut csv::StringRecord, number: i64) -> Result<bool> {
    records
        .read_record(record)
        .map_err(|error| refuse(format!("row {number}: can't be read as CSV")).caused_by(error))
}

/// The text of the file: UTF-8, UTF-16 with a byte order mark, or else Windows-1252, which is told.
fn decode<'a>(bytes: &'a [u8], reading: &mut Reading) -> Result<Cow<'a, str>> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let body = bytes.get(mark..).unwrap_or_default();
        let (text, broken) = encoding.decode_without_bom_handling(body);
        if broken {
            let name = encoding.name();
            return Err(refuse(format!(
                "the file begins as {name} and is not valid {name}; save it as UTF-8"
            )));
        }
        return no_nul(text);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => no_nul(Cow::Borrowed(text)),
        Err(error) => {
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            let text = no_nul(text)?;
            let row = row_of(bytes, error.valid_up_to());
            reading.problems.add(Problem {
                row: 0,
                external_id: String::new(),
                kind: ProblemKind::Encoding,
                column: "",
                message: format!("row {row} is not UTF-8; the file was read as Windows-1252"),
            });
            Ok(text)
        }
    }
}

/// A zero byte is never text: the file is binary, or UTF-16 without its mark.
fn no_nul(text: Cow<'_, str>) -> Result<Cow<'_, str>> {
    match text.find('\0') {
        None => Ok(text),
        Some(at) => {
            let row = row_of(text.as_bytes(), at);
            Err(refuse(format!("row {row}: holds a zero byte; save the file as CSV in UTF-8")))
        }
    }
}

fn row_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// What separates the columns: comma, semicolon or tab, whichever the first line has most of.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| line.bytes().filter(|byte| *byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Where each column stands.
struct Header {
    width: usize,
    places: Vec<(&'static str, usize)>,
}

impl Header {
    fn read(record: &csv::StringRecord) -> Result<Header> {
        let names: Vec<String> = record.iter().map(|name| name.trim().to_lowercase()).collect();
        let mut places = Vec::new();
        for column in REQUIRED.into_iter().chain(OPTIONAL) {
            let mut at = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(i, _)| i);
            match (at.next(), at.next()) {
                (Some(_), Some(_)) => {
                    return Err(refuse(format!("row 1: column {column} stands there twice")));
                }
                (Some(place), None) => places.push((column, place)),
                (None, _) if REQUIRED.contains(&column) => {
                    return Err(refuse(format!("row 1: column {column} is missing")).with("column", column));
                }
                (None, _) => {}
            }
        }
        Ok(Header { width: names.len(), places })
    }

    fn cell<'r>(&self, record: &'r csv::StringRecord, column: &str) -> &'r str {
        let place = self.places.iter().find(|(name, _)| *name == column);
        place.and_then(|(_, at)| record.get(*at)).unwrap_or_default()
    }

    fn take(&self, number: i64, record: &csv::StringRecord, reading: &mut Reading) {
        let cell = |column| self.cell(record, column);
        // A quote left open swallows the rows after it: whom they named is lost.
        reading.garbled |= record.iter().any(|cell| cell.trim().contains(['\n', '\r']));
        if record.len() != self.width {
            let message = format!("has {} cells, the header has {}", record.len(), self.width);
            return reading.take_broken(number, cell("employee_id"), message);
        }
        let Some(left) = flag(cell("left")) else {
            let message = "left must be true, false or empty".to_owned();
            return reading.take_broken(number, cell("employee_id"), message);
        };
        reading.take(
            number,
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
