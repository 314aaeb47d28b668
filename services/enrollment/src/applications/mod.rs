//! Applications: people ask to take part, their line manager endorses, the program manager decides.

pub(crate) mod application;
mod convert;
mod decide_application;
mod endorse_application;
mod read;
pub(crate) mod store;
mod submit_application;
mod withdraw_application;

use contracts::mentor::enrollment::v1::*;

grpc::service! {
    impl ApplicationService for crate::Enrollment in contracts::mentor::enrollment::v1::application_service_server {
        write submit_application(SubmitApplicationRequest) -> SubmitApplicationResponse = submit_application::handle;
        read get_application(GetApplicationRequest) -> GetApplicationResponse = read::get_application;
        read list_applications(ListApplicationsRequest) -> ListApplicationsResponse = read::list_applications;
        write endorse_application(EndorseApplicationRequest) -> EndorseApplicationResponse = endorse_application::handle;
        write decide_application(DecideApplicationRequest) -> DecideApplicationResponse = decide_application::handle;
        write withdraw_application(WithdrawApplicationRequest) -> WithdrawApplicationResponse = withdraw_application::handle;
    }
}
