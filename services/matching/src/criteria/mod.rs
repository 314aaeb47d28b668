//! Matching criteria per program, in versions.

pub(crate) mod convert;
pub(crate) mod domain;
pub(crate) mod facts;
pub(crate) mod person;
mod read;
pub(crate) mod score;
pub(crate) mod store;
mod update_criteria;
pub(crate) mod week;

use contracts::mentor::matching::v1::*;

grpc::service! {
    impl CriteriaService for crate::Matching in contracts::mentor::matching::v1::criteria_service_server {
        read  get_criteria(GetCriteriaRequest) -> GetCriteriaResponse = read::get_criteria;
        write update_criteria(UpdateCriteriaRequest) -> UpdateCriteriaResponse = update_criteria::handle;
        read  list_criteria_versions(ListCriteriaVersionsRequest) -> ListCriteriaVersionsResponse = read::list_criteria_versions;
    }
}
