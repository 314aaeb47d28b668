//! Instants between jiff, the contract and Postgres.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

/// To bind.
pub(crate) fn at(instant: Timestamp) -> jiff_sqlx::Timestamp {
    instant.to_sqlx()
}

/// To bind, when there is one.
pub(crate) fn at_some(instant: Option<Timestamp>) -> Option<jiff_sqlx::Timestamp> {
    instant.map(at)
}

/// As read.
pub(crate) fn from_some(instant: Option<jiff_sqlx::Timestamp>) -> Option<Timestamp> {
    instant.map(jiff_sqlx::Timestamp::to_jiff)
}

/// For an answer.
pub(crate) fn wire_some(instant: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    instant.map(contracts::time::timestamp)
}
