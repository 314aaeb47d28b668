//! Check-ins: short questions to mentor and mentee.

mod answer_check_in;
pub(crate) mod check_in;
mod convert;
mod read;
pub(crate) mod store;

use contracts::mentor::evaluation::v1::*;

grpc::service! {
    impl CheckInService for crate::Evaluation in contracts::mentor::evaluation::v1::check_in_service_server {
        read  get_check_in(GetCheckInRequest) -> GetCheckInResponse = read::get_check_in;
        read  list_check_ins(ListCheckInsRequest) -> ListCheckInsResponse = read::list_check_ins;
        write answer_check_in(AnswerCheckInRequest) -> AnswerCheckInResponse = answer_check_in::handle;
    }
}
