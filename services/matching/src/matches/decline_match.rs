//! One side declines; the mentee is offered the next choice of the run.

use super::{convert, next_choice, store};
use crate::{Matching, events::DomainEvent, projection, runs};
use contracts::mentor::matching::v1::{DeclineMatchRequest, DeclineMatchResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: DeclineMatchRequest,
) -> Result<DeclineMatchResponse> {
    let id = parse_id("match_id", &request.match_id)?;
    let reason = convert::read_reason(request.reason)?;
    let seen = store::get(tx, id).await?;
    let side = seen.side_of(tx.actor())?;
    projection::store::lock_program(tx, seen.program).await?;
    projection::store::lock_chains(tx, &[seen.mentee.person]).await?;
    let mut declined = store::lock(tx, id).await?;
    declined.decline(side, reason, &request.note, tx.now())?;
    store::save(tx, &mut declined).await?;
    projection::store::drop_spare_places(tx, &[declined.mentor.participant]).await?;
    runs::store::pairs::mark_failed(
        tx,
        declined.program,
        declined.mentor.participant,
        declined.mentee.participant,
    )
    .await?;
    DomainEvent::Declined(&declined, side).emit(tx);
    let moved_on = next_choice::offer(tx, &declined).await?;
    tx.audit(
        Audit::of("match", id).about(declined.mentee.person).because(format!("declined: {}", reason.name())),
    );
    Ok(DeclineMatchResponse { r#match: Some(convert::shown(&declined, tx.actor())), moved_on })
}
