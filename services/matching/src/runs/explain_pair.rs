//! Why a pair was made, or why not, from the stored record alone.

use super::explain::Explainer;
use super::snapshot::Scores;
use super::{convert, store};
use crate::Matching;
use contracts::mentor::matching::v1::{ExplainPairRequest, ExplainPairResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: ExplainPairRequest,
) -> Result<ExplainPairResponse> {
    let run = parse_id("run_id", &request.run_id)?;
    let mentor_id = parse_id("mentor_participant_id", &request.mentor_participant_id)?;
    let mentee_id = parse_id("mentee_participant_id", &request.mentee_participant_id)?;
    store::get(tx, run).await?.check_result()?;
    let (snapshot, solved) = store::record(tx, run).await?;
    let mentor =
        snapshot.mentor(mentor_id).ok_or_else(|| Error::not_found("mentor of this run", mentor_id))?;
    let mentee =
        snapshot.mentee(mentee_id).ok_or_else(|| Error::not_found("mentee of this run", mentee_id))?;
    if let Some(person) = snapshot.mentees.get(mentee) {
        tx.audit(Audit::of("match run", run).about(person.person));
    }
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let answer =
        explainer.pair(mentee, mentor).ok_or_else(|| Error::not_found("mentee of this run", mentee_id))?;
    Ok(convert::pair_answer(answer, &explainer.points(), &snapshot))
}
