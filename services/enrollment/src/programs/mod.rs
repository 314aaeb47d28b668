//! Programs: what is offered to whom, under which policy.

mod close_program;
pub(crate) mod convert;
mod create_program;
pub(crate) mod program;
mod publish_program;
mod read;
mod start_program;
pub(crate) mod store;
mod update_program;

use contracts::mentor::enrollment::v1::*;

grpc::service! {
    impl ProgramService for crate::Enrollment in contracts::mentor::enrollment::v1::program_service_server {
        write create_program(CreateProgramRequest) -> CreateProgramResponse = create_program::handle;
        read get_program(GetProgramRequest) -> GetProgramResponse = read::get_program;
        read list_programs(ListProgramsRequest) -> ListProgramsResponse = read::list_programs;
        write update_program(UpdateProgramRequest) -> UpdateProgramResponse = update_program::handle;
        write publish_program(PublishProgramRequest) -> PublishProgramResponse = publish_program::handle;
        write start_program(StartProgramRequest) -> StartProgramResponse = start_program::handle;
        write close_program(CloseProgramRequest) -> CloseProgramResponse = close_program::handle;
    }
}
