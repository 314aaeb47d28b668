//! Reads sessions.

use super::{Session, store};
use crate::Gateway;
use contracts::{
    mentor::gateway::v1::{self as wire, ListSessionsRequest, ListSessionsResponse},
    time::timestamp,
};
use kernel::{Page, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn list_sessions(
    _: &Gateway,
    tx: &mut Tx,
    request: ListSessionsRequest,
) -> Result<ListSessionsResponse> {
    let person = match request.person_id.as_str() {
        "" => None,
        id => Some(parse_id("person_id", id)?),
    };
    let page = Page::read(request.page_size, &request.page_token, format!("sessions {person:?}"))?;
    let (found, next_page_token) =
        page.finish(store::list(tx, page.after, page.limit(), person).await?, |session| session.id);
    if let Some(person) = person {
        tx.audit(Audit::of("session", person).about(person));
    }
    Ok(ListSessionsResponse { sessions: found.iter().map(session_out).collect(), next_page_token })
}

fn session_out(session: &Session) -> wire::Session {
    wire::Session {
        session_id: session.id.to_string(),
        person_id: session.person.to_string(),
        provider_id: session.provider.to_string(),
        created_at: Some(timestamp(session.created_at)),
        last_used_at: Some(timestamp(session.last_used_at)),
        expires_at: Some(timestamp(session.expires_at)),
        user_agent: session.user_agent.clone(),
    }
}
