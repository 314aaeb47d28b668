//! Bytes as text.

use crate::Unreadable;
use encoding_rs::{Encoding, WINDOWS_1252};

/// The text of a file, and the first row that was not UTF-8 when it had to be read as Windows-1252.
pub(crate) fn text(bytes: &[u8]) -> Result<(String, Option<usize>), Unreadable> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let body = bytes.get(mark..).unwrap_or_default();
        let (text, broken) = encoding.decode_without_bom_handling(body);
        if broken {
            let name = encoding.name();
            let message = format!("the file begins as {name} and is not valid {name}; save it as UTF-8");
            return Err(Unreadable(message));
        }
        return Ok((no_nul(text.into_owned())?, None));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((no_nul(text.to_owned())?, None)),
        Err(error) => {
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            Ok((no_nul(text.into_owned())?, Some(row_of(bytes, error.valid_up_to()))))
        }
    }
}

/// A zero byte is never text: the file is binary, or UTF-16 without its mark.
fn no_nul(text: String) -> Result<String, Unreadable> {
    match text.find('\0') {
        None => Ok(text),
        Some(at) => {
            let row = row_of(text.as_bytes(), at);
            Err(Unreadable(format!("row {row}: holds a zero byte; save the file as CSV in UTF-8")))
        }
    }
}

fn row_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count()
}
