//! Health: how each relationship is doing, and why.

pub(crate) mod assessment;
mod convert;
mod read;
pub(crate) mod store;

use contracts::mentor::evaluation::v1::*;

grpc::service! {
    impl HealthService for crate::Evaluation in contracts::mentor::evaluation::v1::health_service_server {
        read get_health(GetHealthRequest) -> GetHealthResponse = read::get_health;
        read list_health(ListHealthRequest) -> ListHealthResponse = read::list_health;
        read list_health_history(ListHealthHistoryRequest) -> ListHealthHistoryResponse = read::list_health_history;
    }
}
