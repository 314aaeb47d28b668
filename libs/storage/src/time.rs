//! Instants between jiff and Postgres.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

/// To bind.
pub fn at(instant: Timestamp) -> jiff_sqlx::Timestamp {
    instant.to_sqlx()
}

/// To bind, when there is one.
pub fn at_some(instant: Option<Timestamp>) -> Option<jiff_sqlx::Timestamp> {
    instant.map(at)
}

/// As read.
pub fn from_some(instant: Option<jiff_sqlx::Timestamp>) -> Option<Timestamp> {
    instant.map(jiff_sqlx::Timestamp::to_jiff)
}
