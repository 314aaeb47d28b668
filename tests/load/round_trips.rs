//! How often a call waits for Postgres: exact numbers, the same on every machine.

use crate::world::{World, application, draft, request_id};
use anyhow::{Result, anyhow};
use contracts::mentor::enrollment::v1::{
    GetProgramRequest, ListProgramsRequest, ProgramSpec, PublishProgramRequest, UpdateProgramRequest,
    application_service_client::ApplicationServiceClient, program_service_client::ProgramServiceClient,
};
use grpc::Channel;
use kernel::Role;
use testkit::id;
use tonic::{Response, Status};

/// Prints the number of each kind of call.
pub(crate) async fn report(world: &World) -> Result<()> {
    let mut programs = ProgramServiceClient::new(world.suite.acting(Role::ProgramManager, None));
    let mut applications = ApplicationServiceClient::new(world.suite.acting(Role::Employee, Some(id(0))));
    let program_id = id(1).to_string();
    let get = GetProgramRequest { program_id };
    count(world, "GetProgram", programs.get_program(get.clone())).await?;
    // The second time: what a process learns once is not a call's price.
    count(world, "GetProgram", programs.get_program(get)).await?.print();
    let list = ListProgramsRequest { page_size: 50, ..ListProgramsRequest::default() };
    count(world, "ListPrograms", programs.list_programs(list)).await?.print();
    change(world, &mut programs).await?;
    // Here too: the first employee's call learns who has left.
    count(world, "SubmitApplication", applications.submit_application(application(0))).await?;
    let apply = application(1);
    count(world, "SubmitApplication", applications.submit_application(apply.clone())).await?.print();
    count(world, "SubmitApplication again with its request id", applications.submit_application(apply))
        .await?
        .print();
    Ok(())
}

async fn change(world: &World, programs: &mut ProgramServiceClient<Channel>) -> Result<()> {
    let created = count(world, "CreateProgram", programs.create_program(draft())).await?;
    created.print();
    let program = created.answer.program.ok_or_else(|| anyhow!("no program in the answer"))?;
    let update = UpdateProgramRequest {
        request_id: request_id(),
        program_id: program.program_id.clone(),
        spec: Some(ProgramSpec { name: "Leaders of today".to_owned(), ..ProgramSpec::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["name".to_owned()] }),
        etag: program.etag,
    };
    count(world, "UpdateProgram", programs.update_program(update)).await?.print();
    let publish = PublishProgramRequest { request_id: request_id(), program_id: program.program_id };
    count(world, "PublishProgram", programs.publish_program(publish)).await?.print();
    Ok(())
}

/// A call's answer and price.
struct Counted<T> {
    what: &'static str,
    round_trips: u64,
    answer: T,
}

impl<T> Counted<T> {
    fn print(&self) {
        println!("SQL of {}: {} round trips", self.what, self.round_trips);
    }
}

async fn count<T>(
    world: &World,
    what: &'static str,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<Counted<T>> {
    let enrollment = world.enrollment()?;
    let before = enrollment.round_trips();
    let answer = call.await?.into_inner();
    Ok(Counted { what, round_trips: enrollment.round_trips() - before, answer })
}
