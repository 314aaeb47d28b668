//! Ids as text.

use crate::{Error, Result};
use uuid::Uuid;

/// Reads an id; `field` is its path in the request.
///
/// # Errors
/// `FIELD_INVALID` naming the field.
pub fn parse_id(field: &str, text: &str) -> Result<Uuid> {
    Uuid::try_parse(text)
        .map_err(|_| Error::field(field, "must be a UUID, such as 01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11"))
}
