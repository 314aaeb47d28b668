//! An administrator ends sessions.

use super::{Whose, end, store};
use crate::{Gateway, people};
use contracts::mentor::gateway::v1::{
    RevokePersonSessionsRequest, RevokePersonSessionsResponse, RevokeSessionRequest, RevokeSessionResponse,
};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

/// What the audit trail says.
const WHY: &str = "revoked by an administrator";

pub(crate) async fn revoke_session(
    gateway: &Gateway,
    tx: &mut Tx,
    request: RevokeSessionRequest,
) -> Result<RevokeSessionResponse> {
    let id = parse_id("session_id", &request.session_id)?;
    if end(gateway, tx, Whose::Session(id), WHY).await? == 0 && !store::is_known(tx, id).await? {
        return Err(Error::not_found("session", id));
    }
    Ok(RevokeSessionResponse {})
}

pub(crate) async fn revoke_person_sessions(
    gateway: &Gateway,
    tx: &mut Tx,
    request: RevokePersonSessionsRequest,
) -> Result<RevokePersonSessionsResponse> {
    let person = parse_id("person_id", &request.person_id)?;
    let sessions_ended = end(gateway, tx, Whose::Person(person), WHY).await?;
    if sessions_ended == 0 && !people::store::is_known(tx, person).await? {
        return Err(Error::not_found("person", person));
    }
    tx.audit(Audit::of("person", person).about(person).because("all sessions revoked by an administrator"));
    Ok(RevokePersonSessionsResponse { sessions_ended })
}
