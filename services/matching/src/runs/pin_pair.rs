//! A pair is demanded in every later run.

use super::convert;
use super::snapshot::Mark;
use super::store::pairs::{self, PairRule, contradiction};
use crate::criteria::score::in_reporting_line;
use crate::{Matching, criteria, projection};
use contracts::mentor::matching::v1::{PinPairRequest, PinPairResponse};
use kernel::Result;
use storage::{Audit, Tx};

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, request: PinPairRequest) -> Result<PinPairResponse> {
    let key = convert::read_key(
        &request.program_id,
        &request.mentor_participant_id,
        &request.mentee_participant_id,
    )?;
    projection::store::lock_program(tx, key.program).await?;
    let (mentor, mentee) = super::forbid_pair::people(tx, key).await?;
    match pairs::mark(tx, key).await? {
        Some(Mark::Forbidden) => return Err(contradiction("the pair is forbidden; allow it first")),
        Some(Mark::Failed) => {
            return Err(contradiction("the pair was declined or ended before; allow it first"));
        }
        Some(Mark::Pinned) | None => {}
    }
    if mentor == mentee {
        return Err(contradiction("mentor and mentee are the same person"));
    }
    let depth = criteria::store::latest(tx, key.program).await?.criteria.rules.reporting_line_depth;
    let chains = projection::store::lock_chains(tx, &[mentor, mentee]).await?;
    let chain =
        |person| chains.iter().find(|(id, _)| *id == person).map_or(&[][..], |(_, chain)| chain.as_slice());
    if in_reporting_line((mentor, chain(mentor)), (mentee, chain(mentee)), depth) {
        return Err(contradiction("one stands in the other's reporting line"));
    }
    pairs::put(tx, key, Some(Mark::Pinned), &request.reason).await?;
    tx.audit(
        Audit::of("pair", format_args!("{}/{}", key.mentor, key.mentee))
            .about(mentee)
            .because(request.reason.clone()),
    );
    let rule = PairRule { key, mark: Mark::Pinned, reason: request.reason, changed_at: tx.now() };
    Ok(PinPairResponse { rule: Some(convert::pair_rule(&rule)) })
}
