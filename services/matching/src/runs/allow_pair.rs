//! A pair that was forbidden or had failed is allowed again.

use super::convert;
use super::snapshot::Mark;
use super::store::pairs;
use crate::{Matching, projection};
use contracts::mentor::matching::v1::{AllowPairRequest, AllowPairResponse};
use kernel::{Error, Result};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: AllowPairRequest,
) -> Result<AllowPairResponse> {
    let key = convert::read_key(
        &request.program_id,
        &request.mentor_participant_id,
        &request.mentee_participant_id,
    )?;
    projection::store::lock_program(tx, key.program).await?;
    if !matches!(pairs::mark(tx, key).await?, Some(Mark::Forbidden | Mark::Failed)) {
        return Err(Error::not_found("exclusion of the pair", format_args!("{}/{}", key.mentor, key.mentee)));
    }
    pairs::put(tx, key, None, "").await?;
    tx.audit(Audit::of("pair", format_args!("{}/{}", key.mentor, key.mentee)).because("allowed again"));
    Ok(AllowPairResponse {})
}
