//! When people have time, and when several of them have it together.

#[expect(clippy::module_inception, reason = "the area's domain is named like the area")]
pub(crate) mod availability;
pub(crate) mod convert;
mod find_slots;
mod read;
mod set_availability;
mod slots;
pub(crate) mod store;

use contracts::mentor::scheduling::v1::{
    FindSlotsRequest, FindSlotsResponse, GetAvailabilityRequest, GetAvailabilityResponse,
    SetAvailabilityRequest, SetAvailabilityResponse, availability_service_server,
};

grpc::service! {
    impl AvailabilityService for crate::Scheduling in availability_service_server {
        write set_availability(SetAvailabilityRequest) -> SetAvailabilityResponse = set_availability::handle;
        read  get_availability(GetAvailabilityRequest) -> GetAvailabilityResponse = read::get_availability;
        read  find_slots(FindSlotsRequest) -> FindSlotsResponse = find_slots::handle;
    }
}
