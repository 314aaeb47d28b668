//! Browser sessions: who is signed in, until when, and how it ends. What makes a session usable is in the cache, sealed, under
//! a key that only the cookie leads to; that it is there, and that it was ended, is in the database.

mod end;
pub(crate) mod live;
mod read;
mod revoke;
mod session;
pub(crate) mod store;

pub(crate) use end::{Whose, end};
pub(crate) use session::{Limits, Session};

use contracts::mentor::gateway::v1::*;

grpc::service! {
    impl SessionService for crate::Gateway in contracts::mentor::gateway::v1::session_service_server {
        read  list_sessions(ListSessionsRequest) -> ListSessionsResponse = read::list_sessions;
        write revoke_session(RevokeSessionRequest) -> RevokeSessionResponse = revoke::revoke_session;
        write revoke_person_sessions(RevokePersonSessionsRequest) -> RevokePersonSessionsResponse = revoke::revoke_person_sessions;
    }
}
