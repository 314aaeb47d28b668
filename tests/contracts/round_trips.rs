//! How often a call waits for Postgres: exact, so that one more is seen. `cargo xtask bench` prints the same figures.

use contracts::mentor::{
    common::v1::ParticipantRole,
    enrollment::v1::{
        CreateProgramRequest, GetProgramRequest, ImportMode, ListProgramsRequest, ProgramSpec,
        PublishProgramRequest, SubmitApplicationRequest, UpdateProgramRequest,
        application_service_client::ApplicationServiceClient, program_service_client::ProgramServiceClient,
    },
};
use enrollment::Enrollment;
use kernel::SharedClock;
use testkit::Suite;
use tests::{
    life::{profile, row},
    stage::Stage,
};
use tonic::{Response, Status};

/// A call's answer and price.
async fn cost<T>(suite: &Suite, call: impl Future<Output = Result<Response<T>, Status>>) -> (T, u64) {
    let db = suite.host().database("enrollment").expect("it runs");
    let before = db.round_trips();
    let answer = call.await.expect("done").into_inner();
    (answer, db.round_trips() - before)
}

fn stage(suite: &Suite) -> Stage<'_> {
    let clock: SharedClock = suite.clock.clone();
    let connect = |_: &str, token: &str| suite.authorized(token);
    let issue = |tenant, role, person| suite.token_for(tenant, role, person);
    Stage::new(suite.tenant, clock, Box::new(connect), Box::new(issue))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_cost_one_for_the_transaction_one_a_statement_and_two_for_a_commit() {
    let suite = Suite::builder().service::<Enrollment>().in_process().start().await;
    let stage = stage(&suite);
    let spec = |name: &str| Some(ProgramSpec { name: name.to_owned(), ..ProgramSpec::default() });
    let mut programs = ProgramServiceClient::new(stage.manager("enrollment"));
    let create = CreateProgramRequest { request_id: stage.request_id(), spec: spec("Leaders of tomorrow") };
    let (created, price) = cost(&suite, programs.create_program(create)).await;
    assert_eq!(price, 4, "CreateProgram");
    let program = created.program.expect("answered");
    let program_id = program.program_id;
    let get = GetProgramRequest { program_id: program_id.clone() };
    assert_eq!(cost(&suite, programs.get_program(get)).await.1, 2, "GetProgram");
    let list = ListProgramsRequest { page_size: 50, ..ListProgramsRequest::default() };
    assert_eq!(cost(&suite, programs.list_programs(list)).await.1, 2, "ListPrograms");
    let update = UpdateProgramRequest {
        request_id: stage.request_id(),
        program_id: program_id.clone(),
        spec: spec("Leaders of today"),
        update_mask: Some(prost_types::FieldMask { paths: vec!["name".to_owned()] }),
        etag: program.etag,
    };
    assert_eq!(cost(&suite, programs.update_program(update)).await.1, 5, "UpdateProgram");
    let publish = PublishProgramRequest { request_id: stage.request_id(), program_id };
    assert_eq!(cost(&suite, programs.publish_program(publish)).await.1, 6, "PublishProgram");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_costs_seven_and_its_repetition_three() {
    let suite = Suite::builder().service::<Enrollment>().in_process().start().await;
    let stage = stage(&suite);
    stage.import(ImportMode::Snapshot, vec![row("board", "", "Board"), row("ada", "board", "Line")]).await;
    let ada = stage.people().await["ada"];
    let request = |program_id: String| SubmitApplicationRequest {
        request_id: stage.request_id(),
        program_id,
        role: ParticipantRole::Mentee.into(),
        answers: Vec::new(),
        profile: Some(profile()),
        capacity: 0,
    };
    let mut applications = ApplicationServiceClient::new(stage.employee("enrollment", ada));
    // What a process learns once, here who has left, is not a call's price.
    let warm = request(stage.program("Leaders of tomorrow").await);
    applications.submit_application(warm).await.expect("done");
    let apply = request(stage.program("Leaders of today").await);
    assert_eq!(cost(&suite, applications.submit_application(apply.clone())).await.1, 7, "SubmitApplication");
    assert_eq!(cost(&suite, applications.submit_application(apply)).await.1, 3, "the same once more");
}
