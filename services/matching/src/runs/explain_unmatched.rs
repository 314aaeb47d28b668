//! Why a mentee got nobody, from the stored record alone.

use super::explain::Explainer;
use super::snapshot::Scores;
use super::{convert, store};
use crate::Matching;
use contracts::mentor::matching::v1::{ExplainUnmatchedRequest, ExplainUnmatchedResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: ExplainUnmatchedRequest,
) -> Result<ExplainUnmatchedResponse> {
    let run = parse_id("run_id", &request.run_id)?;
    let mentee_id = parse_id("mentee_participant_id", &request.mentee_participant_id)?;
    store::get(tx, run).await?.check_result()?;
    let (snapshot, solved) = store::record(tx, run).await?;
    let mentee =
        snapshot.mentee(mentee_id).ok_or_else(|| Error::not_found("mentee of this run", mentee_id))?;
    if let Some(person) = snapshot.mentees.get(mentee) {
        tx.audit(Audit::of("match run", run).about(person.person));
    }
    let answer = Explainer::new(Scores::new(&snapshot), &solved).unmatched(mentee);
    let matched =
        || Error::precondition("RUN_STATE", "the mentee got a mentor in this run; ask to explain the pair");
    Ok(convert::unmatched_answer(answer.ok_or_else(matched)?, &snapshot))
}
