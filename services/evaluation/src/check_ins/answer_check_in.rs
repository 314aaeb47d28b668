//! Answers one's own check-in.

use super::{convert, store};
use crate::{
    Evaluation,
    events::{DomainEvent, emit},
};
use contracts::mentor::evaluation::v1::{AnswerCheckInRequest, AnswerCheckInResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Evaluation,
    tx: &mut Tx,
    request: AnswerCheckInRequest,
) -> Result<AnswerCheckInResponse> {
    let id = parse_id("check_in_id", &request.check_in_id)?;
    let answer = request.answer.ok_or_else(|| Error::field("answer", "must be set"))?;
    let answer = convert::read_answer(answer);
    let mut check_in = store::lock(tx, id).await?;
    let wants_help = answer.wants_help;
    check_in.answer(&tx.actor().clone(), answer, tx.now())?;
    store::save_answer(tx, &check_in).await?;
    emit(tx, DomainEvent::CheckInAnswered { check_in: id, about: check_in.match_id, wants_help });
    tx.audit(Audit::of("check_in", id).about(check_in.person_id));
    Ok(AnswerCheckInResponse { check_in: Some(convert::check_in(check_in)) })
}
