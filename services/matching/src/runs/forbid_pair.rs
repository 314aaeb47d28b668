//! A pair is forbidden from now on.

use super::convert;
use super::snapshot::Mark;
use super::store::pairs::{self, Key, PairRule, contradiction};
use crate::{Matching, projection};
use contracts::mentor::matching::v1::{ForbidPairRequest, ForbidPairResponse};
use kernel::{Error, Result, Uuid};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: ForbidPairRequest,
) -> Result<ForbidPairResponse> {
    let key = convert::read_key(
        &request.program_id,
        &request.mentor_participant_id,
        &request.mentee_participant_id,
    )?;
    projection::store::lock_program(tx, key.program).await?;
    let (_, mentee) = people(tx, key).await?;
    if pairs::mark(tx, key).await? == Some(Mark::Pinned) {
        return Err(contradiction("the pair is pinned; take the pin back first"));
    }
    pairs::put(tx, key, Some(Mark::Forbidden), &request.reason).await?;
    tx.audit(
        Audit::of("pair", format_args!("{}/{}", key.mentor, key.mentee))
            .about(mentee)
            .because(request.reason.clone()),
    );
    let rule = PairRule { key, mark: Mark::Forbidden, reason: request.reason, changed_at: tx.now() };
    Ok(ForbidPairResponse { rule: Some(convert::pair_rule(&rule)) })
}

/// The two people of a pair.
///
/// # Errors
/// `NOT_FOUND` unless they are a mentor and a mentee of the program.
pub(super) async fn people(tx: &mut Tx, key: Key) -> Result<(Uuid, Uuid)> {
    let mentor = projection::store::participant(tx, key.program, key.mentor).await?;
    let mentee = projection::store::participant(tx, key.program, key.mentee).await?;
    let of = |found: Option<(Uuid, String)>, role: &'static str, id: Uuid| match found {
        Some((person, name)) if name == role => Ok(person),
        _ => Err(Error::not_found(role, id)),
    };
    Ok((of(mentor, "mentor", key.mentor)?, of(mentee, "mentee", key.mentee)?))
}
