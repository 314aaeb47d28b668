//! How often pairs meet, against what their program asks for.

mod adherence;
mod convert;
mod read;
mod store;

use contracts::mentor::scheduling::v1::{
    GetAdherenceRequest, GetAdherenceResponse, ListAdherenceRequest, ListAdherenceResponse,
    cadence_service_server,
};

grpc::service! {
    impl CadenceService for crate::Scheduling in cadence_service_server {
        read get_adherence(GetAdherenceRequest) -> GetAdherenceResponse = read::get_adherence;
        read list_adherence(ListAdherenceRequest) -> ListAdherenceResponse = read::list_adherence;
    }
}
