//! A CSV file, row by row, without copies.

use super::{BadInput, Result, What};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// A file that is being read.
pub(crate) struct Table {
    file: PathBuf,
    reader: Reader<File>,
    header: Vec<String>,
    record: ByteRecord,
}

/// One row of it.
pub(crate) struct Row<'a> {
    file: &'a Path,
    header: &'a [String],
    record: &'a ByteRecord,
}

impl Table {
    /// Opens a file and reads its header.
    pub(crate) fn open(file: &Path) -> Result<Self> {
        let unreadable = |error: std::io::Error| BadInput::file(file, What::Unreadable(error.to_string()));
        let opened = File::open(file).map_err(unreadable)?;
        let mut reader = ReaderBuilder::new().buffer_capacity(1 << 20).from_reader(opened);
        let names = reader.byte_headers().map_err(|error| explain(file, &error))?;
        let text = |name: &[u8]| std::str::from_utf8(name.trim_ascii()).map(str::to_owned);
        let header: std::result::Result<Vec<String>, _> = names.iter().map(text).collect();
        let header = header.map_err(|_| BadInput::row(file, 1, What::NotText))?;
        for (at, name) in header.iter().enumerate() {
            if !name.is_empty() && header.iter().take(at).any(|before| before == name) {
                return Err(BadInput::cell(file, 1, name, What::ColumnTwice));
            }
        }
        Ok(Self { file: file.to_owned(), reader, header, record: ByteRecord::new() })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Where a column is that must be there.
    pub(crate) fn column(&self, name: &str) -> Result<usize> {
        find(&self.file, &self.header, name)
    }

    /// The next row, until there is none.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Ok(Some(Row { file: &self.file, header: &self.header, record: &self.record })),
            Ok(false) => Ok(None),
            Err(error) => Err(explain(&self.file, &error)),
        }
    }
}

/// Where a column is that must be there.
pub(super) fn find(file: &Path, header: &[String], name: &str) -> Result<usize> {
    header.iter().position(|column| column == name).ok_or_else(|| {
        let what = What::NoColumn { wanted: name.to_owned(), has: header.to_vec() };
        BadInput::cell(file, 1, name, what)
    })
}

fn explain(file: &Path, error: &csv::Error) -> Box<BadInput> {
    let row = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            BadInput::row(file, row, What::Fields { given: *len, expected: *expected_len })
        }
        ErrorKind::Utf8 { .. } => BadInput::row(file, row, What::NotText),
        _ => BadInput::file(file, What::Unreadable(error.to_string())),
    }
}

impl<'a> Row<'a> {
    /// The row as an editor counts lines.
    pub(crate) fn number(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// The bytes of a value, without blanks around them.
    pub(crate) fn bytes(&self, column: usize) -> &'a [u8] {
        self.record.get(column).unwrap_or_default().trim_ascii()
    }

    /// A value as text; may be empty.
    pub(crate) fn text(&self, column: usize) -> Result<&'a str> {
        std::str::from_utf8(self.bytes(column)).map_err(|_| self.wrong(column, What::NotText))
    }

    /// An id, which must not be empty.
    pub(crate) fn id(&self, column: usize) -> Result<&'a str> {
        match self.text(column)? {
            "" => Err(self.wrong(column, What::NoValue)),
            id => Ok(id),
        }
    }

    /// A whole number.
    pub(crate) fn whole(&self, column: usize) -> Result<i64> {
        match digits(self.bytes(column)) {
            Some(value) => Ok(value),
            None => whole(self.text(column)?, i64::MIN, i64::MAX).map_err(|what| self.wrong(column, what)),
        }
    }

    /// An error about a value of this row.
    pub(crate) fn wrong(&self, column: usize, what: What) -> Box<BadInput> {
        let name = self.header.get(column).map_or("", String::as_str);
        BadInput::cell(self.file, self.number(), name, what)
    }
}

/// The usual case, fast: up to 18 digits and nothing else.
fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes
        .iter()
        .try_fold(0i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

/// A whole number within a range.
pub(crate) fn whole(text: &str, least: i64, most: i64) -> std::result::Result<i64, What> {
    if text.is_empty() {
        return Err(What::NoValue);
    }
    let past = || What::PastRange { text: text.to_owned(), least, most };
    match text.parse::<i64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        Ok(_) => Err(past()),
        Err(error) => match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => Err(past()),
            _ => Err(What::NotWhole(text.to_owned())),
        },
    }
}
