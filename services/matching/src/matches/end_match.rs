//! A match ends without fault.

use super::{closing, convert, relationship::Ending, store};
use crate::Matching;
use contracts::mentor::matching::v1::{EndMatchRequest, EndMatchResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, request: EndMatchRequest) -> Result<EndMatchResponse> {
    let id = parse_id("match_id", &request.match_id)?;
    let mut ended = store::lock(tx, id).await?;
    ended.check_end(tx.actor())?;
    check_etag("match", &request.etag, ended.version)?;
    request.note.clone_into(&mut ended.note);
    closing::end(tx, &mut ended, Ending::NoFault, request.rematch).await?;
    tx.audit(Audit::of("match", id).about(ended.mentee.person).because("ended without fault"));
    Ok(EndMatchResponse { r#match: Some(convert::shown(&ended, tx.actor())) })
}
