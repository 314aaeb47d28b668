//! Reads CSV files as spreadsheets and HR systems really save them: UTF-8, UTF-16 with a byte order mark or Windows-1252;
//! separated by comma, semicolon or tab; rows that are too short, quotes left open. No IO, no meaning of columns.
//!
//! ```
//! let sheet = sheet::Sheet::read(b"id;name\n1;Ann\n2;Bob\n")?;
//! assert_eq!(sheet.header(), ["id", "name"]);
//! let names: Vec<String> = sheet.rows().map(|row| row.map(|row| row.cell(1).to_owned())).collect::<Result<_, _>>()?;
//! assert_eq!(names, ["Ann", "Bob"]);
//! # Ok::<(), sheet::Unreadable>(())
//! ```

mod decode;

use std::fmt::Write;

/// Why a file is no use as a whole; names the row where one is to blame, the header being row 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// A file with its header.
#[derive(Clone, Debug)]
pub struct Sheet {
    text: String,
    delimiter: u8,
    header: Vec<String>,
    legacy: Option<usize>,
}

/// A row with its number; blank rows are passed over, but counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number among the rows, the header being row 1.
    pub number: i64,
    record: csv::StringRecord,
    width: usize,
}

impl Sheet {
    /// Reads a whole file and its header.
    ///
    /// # Errors
    /// When it is empty, binary, or not in the encoding that it begins as.
    pub fn read(bytes: &[u8]) -> Result<Sheet, Unreadable> {
        let (text, legacy) = decode::text(bytes)?;
        let delimiter = delimiter(&text);
        let mut sheet = Sheet { text, delimiter, header: Vec::new(), legacy };
        let first = sheet.records().next().ok_or_else(|| Unreadable("the file is empty".to_owned()))??;
        sheet.header = first.iter().map(|name| name.trim().to_owned()).collect();
        Ok(sheet)
    }

    /// The names of the columns, as they stand there without blanks around them.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Where a column is, whatever its case; `None` when there is none.
    ///
    /// # Errors
    /// When it stands there twice.
    pub fn column(&self, name: &str) -> Result<Option<usize>, Unreadable> {
        let wanted = name.trim().to_lowercase();
        let mut at = self.header.iter().enumerate().filter(|(_, name)| name.to_lowercase() == wanted);
        match (at.next(), at.next()) {
            (Some(_), Some(_)) => Err(Unreadable(format!("row 1: column {name} stands there twice"))),
            (found, _) => Ok(found.map(|(place, _)| place)),
        }
    }

    /// The first row that was not UTF-8, when the file was read as Windows-1252 for it.
    pub fn legacy(&self) -> Option<usize> {
        self.legacy
    }

    /// What separates the columns.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The rows under the header, in their order.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row, Unreadable>> + '_ {
        let width = self.header.len();
        let rows = self
            .records()
            .zip(1..)
            .skip(1)
            .map(move |(record, number)| record.map(|record| Row { number, record, width }));
        rows.filter(|row| !row.as_ref().is_ok_and(Row::is_blank))
    }

    fn records(&self) -> impl Iterator<Item = Result<csv::StringRecord, Unreadable>> + '_ {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(self.text.as_bytes());
        reader.into_records().zip(1..).map(|(record, number)| {
            record.map_err(|_| Unreadable(format!("row {number}: can't be read as CSV")))
        })
    }
}

impl Row {
    /// A cell as it stands there; empty where the row has none.
    pub fn cell(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    /// The cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.record.iter()
    }

    /// What is wrong with the number of cells, if anything.
    pub fn misfit(&self) -> Option<String> {
        (self.record.len() != self.width)
            .then(|| format!("has {} cells, the header has {}", self.record.len(), self.width))
    }

    /// Whether a cell holds a line break: a quote left open swallows the rows after it, and whom they named is lost.
    pub fn swallows(&self) -> bool {
        self.record.iter().any(|cell| cell.trim().contains(['\n', '\r']))
    }

    /// The row as a line of CSV with commas, without its end.
    pub fn line(&self) -> String {
        line(self.record.iter())
    }

    fn is_blank(&self) -> bool {
        self.record.iter().all(|cell| cell.trim().is_empty())
    }
}

/// Cells as a line of CSV with commas, without its end. What a spreadsheet would take for a formula is quoted like all
/// else: it is the owner's own text.
pub fn line<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let mut line = String::new();
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        if cell.contains([',', '"', '\n', '\r', ';', '\t']) {
            let _ = write!(line, "\"{}\"", cell.replace('"', "\"\""));
        } else {
            line.push_str(cell);
        }
    }
    line
}

/// What separates the columns: comma, semicolon or tab, whichever the first line has most of.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| line.bytes().filter(|byte| *byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        let sheet = Sheet::read(bytes).expect("readable");
        let rows: Vec<Row> = sheet.rows().collect::<Result<_, _>>().expect("readable");
        rows.iter().map(|row| row.cells().map(str::to_owned).collect()).collect()
    }

    fn refused(bytes: &[u8]) -> String {
        Sheet::read(bytes).expect_err("must be refused").0
    }

    #[rstest]
    #[case::comma(b"a,b\n1,\"x; y\"\n")]
    #[case::semicolon(b"a;b\n1;x; y\n")]
    #[case::tab(b"a\tb\n1\tx; y\n")]
    fn columns_are_separated_as_spreadsheets_do(#[case] bytes: &[u8]) {
        let sheet = Sheet::read(bytes).expect("readable");
        assert_eq!(sheet.header(), ["a", "b"]);
        assert_eq!(sheet.column(" B").expect("once"), Some(1));
        assert_eq!(sheet.column("c").expect("none"), None);
        assert_eq!(sheet.rows().count(), 1);
    }

    #[test]
    fn rows_keep_their_numbers_and_say_what_does_not_fit() {
        let sheet = Sheet::read(b"a,b\n1,x\n,\n\n3\n4,\"y\n5,z\"\n").expect("readable");
        let rows: Vec<Row> = sheet.rows().collect::<Result<_, _>>().expect("readable");
        let told: Vec<_> = rows.iter().map(|row| (row.number, row.misfit(), row.swallows())).collect();
        let short = Some("has 1 cells, the header has 2".to_owned());
        assert_eq!(told, [(2, None, false), (4, short, false), (5, None, true)]);
        assert_eq!(rows[2].line(), "4,\"y\n5,z\"");
    }

    #[test]
    fn a_file_that_is_no_use_says_why() {
        assert_eq!(refused(b""), "the file is empty");
        assert_eq!(refused(b"a,b\n1,\0\n"), "row 2: holds a zero byte; save the file as CSV in UTF-8");
        let twice = Sheet::read(b"unit,Unit\n").expect("readable").column("unit");
        assert_eq!(twice.expect_err("twice").0, "row 1: column unit stands there twice");
    }

    #[rstest]
    #[case::utf8(b"a\ncaf\xc3\xa9\n", None)]
    #[case::mark(b"\xef\xbb\xbfa\ncaf\xc3\xa9\n", None)]
    #[case::windows(b"a\ncaf\xe9\n", Some(2))]
    fn the_encoding_is_found(#[case] bytes: &[u8], #[case] legacy: Option<usize>) {
        assert_eq!(cells(bytes), [["caf\u{e9}"]]);
        assert_eq!(Sheet::read(bytes).expect("readable").legacy(), legacy);
    }

    #[test]
    fn utf16_needs_its_mark() {
        let wide: Vec<u8> = "a\ncaf\u{e9}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(cells(&[vec![0xff, 0xfe], wide.clone()].concat()), [["caf\u{e9}"]]);
        assert!(refused(&wide).contains("zero byte"));
        assert!(refused(b"\xff\xfe\x00\xd8").contains("not valid UTF-16LE"));
    }

    proptest! {
        /// No bytes whatever make it panic; what was read is written and read again as the same.
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(sheet) = Sheet::read(&bytes) {
                for row in sheet.rows().flatten() {
                    prop_assert!(row.number > 1);
                    let header = line(std::iter::repeat_n("x", row.cells().count()));
                    let again = format!("{header}\n{}\n", row.line());
                    let again = Sheet::read(again.as_bytes()).expect("what was written can be read");
                    let read: Vec<Row> = again.rows().flatten().collect();
                    prop_assert_eq!(read[0].cells().collect::<Vec<_>>(), row.cells().collect::<Vec<_>>());
                }
            }
        }
    }
}
