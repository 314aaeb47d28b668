//! One side accepts. The mentor's row is locked first, so that those who want a place of one mentor come one
//! after the other; the unique index over places has the last word.

use super::{convert, relationship::Accepted, store};
use crate::{Matching, events::DomainEvent, projection};
use contracts::mentor::matching::v1::{AcceptMatchRequest, AcceptMatchResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: AcceptMatchRequest,
) -> Result<AcceptMatchResponse> {
    let id = parse_id("match_id", &request.match_id)?;
    let seen = store::get(tx, id).await?;
    let side = seen.side_of(tx.actor())?;
    projection::store::lock_mentor(tx, seen.mentor.participant).await?;
    let mut accepted = store::lock(tx, id).await?;
    accepted.check_acceptable(side, tx.now())?;
    let free_place = match accepted.place {
        Some(_) => None,
        None => projection::store::free_place(tx, accepted.mentor.participant).await?,
    };
    let program = projection::store::program(tx, accepted.program).await?;
    let outcome = accepted.accept(side, tx.now(), free_place, program.duration_months)?;
    store::save(tx, &mut accepted).await?;
    if outcome == Accepted::ByBoth {
        projection::store::set_seeking(tx, accepted.mentee.participant, false).await?;
        DomainEvent::Activated(&accepted).emit(tx);
    }
    tx.audit(
        Audit::of("match", id)
            .about(accepted.mentee.person)
            .because(format!("accepted by the {}", side.name())),
    );
    Ok(AcceptMatchResponse { r#match: Some(convert::shown(&accepted, tx.actor())) })
}
