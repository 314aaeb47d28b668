//! Decides a gel review.

use super::{convert, store};
use crate::{
    Evaluation,
    convert::read_decision,
    events::{DomainEvent, emit},
};
use contracts::mentor::evaluation::v1::{DecideReviewRequest, DecideReviewResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Evaluation,
    tx: &mut Tx,
    request: DecideReviewRequest,
) -> Result<DecideReviewResponse> {
    let id = parse_id("review_id", &request.review_id)?;
    let decision =
        read_decision(request.decision()).ok_or_else(|| Error::field("decision", "must be set"))?;
    let mut review = store::lock(tx, id).await?;
    let actor = tx.actor().clone();
    review.decide(&actor, decision, request.rematch, tx.now())?;
    store::save_decision(tx, &review).await?;
    emit(
        tx,
        DomainEvent::ReviewDecided { review: id, about: review.match_id, decision, rematch: review.rematch },
    );
    tx.audit(Audit::of("review", id).because(decision.name()));
    Ok(DecideReviewResponse { review: Some(convert::review(review, actor.manages_programs())) })
}
