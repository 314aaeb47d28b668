//! What an answer gives away.

use super::call::Answer;
use contracts::mentor::common::v1::ErrorReason;
use std::collections::BTreeSet;
use tonic::{Code, Status};
use tonic_types::StatusExt;

fn reason(status: &Status) -> Option<String> {
    status.get_error_details().error_info().map(|info| info.reason.clone())
}

fn described(answer: &Answer) -> String {
    match answer {
        Answer::Ok(bytes) => format!("OK with {} bytes", bytes.len()),
        Answer::Refused(status) => {
            format!("{:?} {} ({})", status.code(), reason(status).unwrap_or_default(), status.message())
        }
    }
}

/// Every refusal says why, by a reason of the contract.
pub(crate) fn explained(answer: &Answer) -> Option<String> {
    let Answer::Refused(status) = answer else { return None };
    let details = status.get_error_details();
    let known = details.error_info().is_some_and(|info| {
        let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason));
        reason.is_some_and(|reason| reason != ErrorReason::Unspecified) && info.domain.starts_with("mentor")
    });
    (!known || status.code() == Code::Internal)
        .then(|| format!("refused without a reason of the contract: {}", described(answer)))
}

/// Refused, with this code and reason.
pub(crate) fn refused(answer: &Answer, code: Code, expected: &str) -> Option<String> {
    let right = match answer {
        Answer::Refused(status) => status.code() == code && reason(status).as_deref() == Some(expected),
        Answer::Ok(_) => false,
    };
    (!right).then(|| format!("expected {code:?} {expected}, got {}", described(answer)))
}

/// An answer that names none of these ids.
pub(crate) fn silent(answer: &Answer, secret: &BTreeSet<String>) -> Option<String> {
    let Answer::Ok(bytes) = answer else { return None };
    let text = String::from_utf8_lossy(bytes);
    secret.iter().find(|id| text.contains(id.as_str())).map(|id| format!("the answer names {id}"))
}

/// Whether both answers are the same but for the ids that were asked for.
pub(crate) fn echo(answer: &Answer, other: &Answer, ids: &[Vec<String>], nobody: &[Vec<String>]) -> bool {
    let (Answer::Ok(answer), Answer::Ok(other)) = (answer, other) else { return false };
    let mut text = String::from_utf8_lossy(answer).into_owned();
    for (id, other) in ids.iter().flatten().zip(nobody.iter().flatten()) {
        text = text.replace(id.as_str(), other);
    }
    text == String::from_utf8_lossy(other)
}

/// Both answers say the same.
pub(crate) fn same(answer: &Answer, other: &Answer) -> Option<String> {
    let key = |answer: &Answer| match answer {
        Answer::Ok(_) => (Code::Ok, None),
        Answer::Refused(status) => (status.code(), reason(status)),
    };
    (key(answer) != key(other))
        .then(|| format!("{}; for an id of nobody: {}", described(answer), described(other)))
}

/// What somebody with the permission may get for a valid request.
pub(crate) fn sensible(answer: &Answer) -> Option<String> {
    if let Some(what) = explained(answer) {
        return Some(what);
    }
    let Answer::Refused(status) = answer else { return None };
    let invalid =
        status.code() == Code::InvalidArgument && reason(status).as_deref() == Some("FIELD_INVALID");
    let bad = invalid
        || matches!(status.code(), Code::Unauthenticated | Code::Unavailable | Code::DeadlineExceeded);
    bad.then(|| {
        let teach =
            if invalid { "; teach tests/contracts/matrix/request.rs to make a valid one" } else { "" };
        format!("{}{teach}", described(answer))
    })
}
