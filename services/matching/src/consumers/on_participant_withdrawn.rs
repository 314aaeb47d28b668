//! A participant is out: their matches end, and mentees of a mentor who is out are matched again.

use crate::matches::{closing, relationship::Ending};
use crate::projection::participant::Role;
use crate::{Matching, matches, projection};
use contracts::mentor::enrollment::events::v1::{ParticipantWithdrawn, WithdrawalReason};
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: ParticipantWithdrawn) -> Result<()> {
    let id = parse_id("participant_id", &event.participant_id)?;
    let program = parse_id("program_id", &event.program_id)?;
    let role = Role::read(event.role())?;
    let ending = match event.reason() {
        WithdrawalReason::Leaver => Ending::Leaver,
        _ => Ending::Withdrawn,
    };
    projection::store::lock_program(tx, program).await?;
    // The order of locks: a mentor's row before their matches, a mentee's after.
    if role == Role::Mentor {
        projection::store::withdraw_participant(tx, id).await?;
    }
    let open = matches::store::open_of_participant(tx, program, id).await?;
    closing::end_all(tx, &open, ending, role == Role::Mentor).await?;
    if role == Role::Mentee {
        projection::store::withdraw_participant(tx, id).await?;
    }
    Ok(())
}
