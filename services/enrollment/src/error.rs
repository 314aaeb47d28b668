//! Refusals that more than one RPC of this service can give.

use kernel::{Error, ErrorKind, Uuid};

/// No such program for this caller.
pub(crate) fn no_program(id: Uuid) -> Box<Error> {
    Error::not_found("program", id)
}

/// No such person in the directory.
pub(crate) fn no_person(id: Uuid) -> Box<Error> {
    Error::not_found("person", id)
}

/// There already.
pub(crate) fn exists(message: &'static str) -> Box<Error> {
    Error::new(ErrorKind::AlreadyExists, "ALREADY_EXISTS", message)
}

/// The person has left.
pub(crate) fn left() -> Box<Error> {
    Error::precondition("NOT_IN_AUDIENCE", "this person is no longer active in the directory")
}
