//! From the driver's errors to the suite's, in exactly one place.

use kernel::{Error, ErrorKind, Result};
use std::time::Duration;

/// A driver's error, or the reason that a violated constraint stands for.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Not mapped yet.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A constraint's meaning.
    #[error(transparent)]
    Mapped(Box<Error>),
}

impl From<Box<Error>> for DbError {
    fn from(error: Box<Error>) -> Self {
        DbError::Mapped(error)
    }
}

/// What Postgres says when a file can't grow.
const DISK_FULL: &str = "53100";

/// Turns the driver's results into the suite's.
pub trait DbResult<T>: Sized {
    /// Says what a violated constraint (or unique index) of this name means. Chain before [`DbResult::db`].
    ///
    /// # Errors
    /// The given error if that constraint was violated, else the error as it was.
    fn violates(self, constraint: &str, error: impl FnOnce() -> Box<Error>) -> Result<T, DbError>;

    /// The suite's error.
    ///
    /// # Errors
    /// `CONFLICT` for a lost serialisation or a deadlock, `DEPENDENCY_UNAVAILABLE` when the server is away,
    /// `DEADLINE_EXCEEDED` for a statement that took too long, else `INTERNAL`.
    fn db(self) -> Result<T>;
}

impl<T, E: Into<DbError>> DbResult<T> for Result<T, E> {
    fn violates(self, constraint: &str, error: impl FnOnce() -> Box<Error>) -> Result<T, DbError> {
        self.map_err(|cause| match cause.into() {
            DbError::Sql(sql) if violated(&sql) == Some(constraint) => {
                DbError::Mapped(error().caused_by(sql))
            }
            other => other,
        })
    }

    fn db(self) -> Result<T> {
        self.map_err(|cause| match cause.into() {
            DbError::Sql(sql) => map(sql),
            DbError::Mapped(error) => error,
        })
    }
}

/// The name of the constraint that an error is about.
pub(crate) fn violated(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|e| e.constraint())
}

/// Whether the connection or the server is gone, so that another connection may do better.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(e) => e.code().is_some_and(|code| {
            // Connection exceptions; shutdown, crash, starting up; idle sessions ended by the server.
            code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03" | "25P03" | "57P05")
        }),
        _ => false,
    }
}

fn map(error: sqlx::Error) -> Box<Error> {
    let code = error.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned());
    let code = code.as_deref().unwrap_or_default();
    if matches!(code, "40001" | "40P01" | "55P03") {
        return Error::new(ErrorKind::Aborted, "CONFLICT", "another change came first; try again")
            .retry_after(Duration::from_millis(50))
            .caused_by(error);
    }
    if code == DISK_FULL {
        let message = "the database's disk is full: nothing is written until it has room; try again then";
        return unavailable(message).retry_after(Duration::from_secs(5)).caused_by(error);
    }
    let busy = matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) || code.starts_with("53");
    if busy || is_away(&error) {
        return unavailable("the database does not answer; try again").caused_by(error);
    }
    if code == "57014" {
        let message = "the database took too long; try again with a longer deadline";
        return Error::new(ErrorKind::DeadlineExceeded, "DEADLINE_EXCEEDED", message).caused_by(error);
    }
    Error::internal(error)
}

pub(crate) fn unavailable(message: &'static str) -> Box<Error> {
    Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", message)
        .retry_after(Duration::from_millis(500))
}

/// The etag of a row's version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Compares an etag that a caller gave; an empty one is not compared.
///
/// # Errors
/// `ETAG_MISMATCH`, also for an etag that was never given out.
pub fn check_etag(what: &'static str, given: &str, version: i64) -> Result<()> {
    if given.is_empty() || given == etag(version) { Ok(()) } else { Err(Error::stale(what)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_compared_unless_empty() {
        assert!(check_etag("program", "", 3).is_ok());
        assert!(check_etag("program", &etag(3), 3).is_ok());
        assert_eq!(check_etag("program", "3", 3).expect_err("never given out").reason, "ETAG_MISMATCH");
        assert_eq!(check_etag("program", &etag(2), 3).expect_err("stale").reason, "ETAG_MISMATCH");
    }

    #[test]
    fn a_lost_connection_is_unavailable_and_the_rest_internal() {
        let io = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        let error = Err::<(), _>(io).db().expect_err("lost");
        assert_eq!((error.kind, error.reason), (ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE"));
        assert!(error.retry_after.is_some() && error.source.is_some());
        let error = Err::<(), _>(sqlx::Error::PoolTimedOut).db().expect_err("busy");
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let error = Err::<(), _>(sqlx::Error::RowNotFound).db().expect_err("a fault");
        assert_eq!((error.kind, &*error.message), (ErrorKind::Internal, "internal error"));
    }
}
