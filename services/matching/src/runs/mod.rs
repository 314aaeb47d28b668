//! Match runs: the best assignment of a program's free mentees and mentors, explained, edited, published.

mod allow_pair;
mod cancel_match_run;
mod convert;
pub(crate) mod explain;
mod explain_pair;
mod explain_unmatched;
pub(crate) mod figures;
mod forbid_pair;
pub(crate) mod found;
mod pin_pair;
mod publish_match_run;
mod read;
mod replay_match_run;
pub(crate) mod run;
pub(crate) mod snapshot;
pub(crate) mod solver;
mod start_match_run;
pub(crate) mod store;
pub(crate) mod terms;
mod unpin_pair;
mod watch_match_run;
pub(crate) mod work;

use contracts::mentor::matching::v1::*;

grpc::service! {
    impl RunService for crate::Matching in contracts::mentor::matching::v1::run_service_server {
        write  start_match_run(StartMatchRunRequest) -> StartMatchRunResponse = start_match_run::handle;
        read   get_match_run(GetMatchRunRequest) -> GetMatchRunResponse = read::get_match_run;
        read   list_match_runs(ListMatchRunsRequest) -> ListMatchRunsResponse = read::list_match_runs;
        stream watch_match_run(WatchMatchRunRequest) -> WatchMatchRunResponse = watch_match_run::handle;
        write  cancel_match_run(CancelMatchRunRequest) -> CancelMatchRunResponse = cancel_match_run::handle;
        read   list_proposals(ListProposalsRequest) -> ListProposalsResponse = read::list_proposals;
        read   list_unmatched(ListUnmatchedRequest) -> ListUnmatchedResponse = read::list_unmatched;
        read   explain_pair(ExplainPairRequest) -> ExplainPairResponse = explain_pair::handle;
        read   explain_unmatched(ExplainUnmatchedRequest) -> ExplainUnmatchedResponse = explain_unmatched::handle;
        call   replay_match_run(ReplayMatchRunRequest) -> ReplayMatchRunResponse = replay_match_run::handle;
        write  pin_pair(PinPairRequest) -> PinPairResponse = pin_pair::handle;
        write  unpin_pair(UnpinPairRequest) -> UnpinPairResponse = unpin_pair::handle;
        write  forbid_pair(ForbidPairRequest) -> ForbidPairResponse = forbid_pair::handle;
        write  allow_pair(AllowPairRequest) -> AllowPairResponse = allow_pair::handle;
        read   list_pair_rules(ListPairRulesRequest) -> ListPairRulesResponse = read::list_pair_rules;
        write  publish_match_run(PublishMatchRunRequest) -> PublishMatchRunResponse = publish_match_run::handle;
    }
}
