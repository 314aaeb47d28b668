//! Mentoring relationships from proposal to end.

mod accept_match;
pub(crate) mod closing;
mod convert;
mod decline_match;
mod end_match;
pub(crate) mod next_choice;
mod read;
pub(crate) mod relationship;
pub(crate) mod store;

use contracts::mentor::matching::v1::*;

grpc::service! {
    impl MatchService for crate::Matching in contracts::mentor::matching::v1::match_service_server {
        read  get_match(GetMatchRequest) -> GetMatchResponse = read::get_match;
        read  list_matches(ListMatchesRequest) -> ListMatchesResponse = read::list_matches;
        write accept_match(AcceptMatchRequest) -> AcceptMatchResponse = accept_match::handle;
        write decline_match(DeclineMatchRequest) -> DeclineMatchResponse = decline_match::handle;
        write end_match(EndMatchRequest) -> EndMatchResponse = end_match::handle;
    }
}
