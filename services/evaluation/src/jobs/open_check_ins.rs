//! Opens the rounds of check-ins that are due.

use crate::{
    Evaluation,
    check_ins::{
        check_in::{CheckIn, closes_at, rounds_due},
        store::{self, Rounds},
    },
    events::{DomainEvent, emit},
    words::{CheckInState, Role},
};
use jiff::SignedDuration;
use kernel::{Context, Result};
use storage::Tx;

/// The first round is due after this many days; younger matches need no look.
const FIRST_DAYS: i64 = 30;

pub(crate) async fn run(service: &Evaluation, ctx: &Context) -> Result<()> {
    let mut tx = service.db().write(ctx).await?;
    let rounds = store::rounds(&mut tx, ctx.now - SignedDuration::from_hours(24 * FIRST_DAYS)).await?;
    for rounds in rounds {
        for number in rounds.opened + 1..=rounds_due(rounds.activated_at, ctx.now) {
            open(&mut tx, &rounds, number, Role::Mentor).await?;
            open(&mut tx, &rounds, number, Role::Mentee).await?;
        }
    }
    tx.commit().await
}

async fn open(tx: &mut Tx, rounds: &Rounds, number: i32, role: Role) -> Result<()> {
    let person_id = match role {
        Role::Mentor => rounds.mentor_person_id,
        Role::Mentee => rounds.mentee_person_id,
    };
    let check_in = CheckIn {
        id: tx.new_id(),
        match_id: rounds.match_id,
        program_id: rounds.program_id,
        person_id,
        role,
        number,
        state: CheckInState::Open,
        opened_at: tx.now(),
        closes_at: closes_at(tx.now(), rounds.check_in_days),
        answered_at: None,
        answer: None,
    };
    if store::open(tx, &check_in).await? {
        let (check_in, about, closes_at) = (check_in.id, check_in.match_id, check_in.closes_at);
        emit(tx, DomainEvent::CheckInOpened { check_in, about, person: person_id, role, closes_at });
    }
    Ok(())
}
