//! Programs from draft to closed.

use crate::world::{World, error, field, reason, spec};
use contracts::mentor::{
    common::v1::Policy,
    enrollment::{
        events::v1::{ProgramClosed, ProgramPublished, ProgramStarted, ProgramUpdated},
        v1::{program_service_client::ProgramServiceClient, *},
    },
};
use kernel::Role;
use prost_types::FieldMask;

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

fn update(world: &World, program: &Program, spec: ProgramSpec, paths: &[&str]) -> UpdateProgramRequest {
    UpdateProgramRequest {
        request_id: world.request_id(),
        program_id: program.program_id.clone(),
        spec: Some(spec),
        update_mask: mask(paths),
        etag: program.etag.clone(),
    }
}

#[tokio::test]
async fn a_program_lives_from_draft_to_closed() {
    let world = World::start().await;
    let finance = ProgramSpec { audience_units: vec!["Finance".into()], ..spec("Finance leaders") };
    let draft = world.draft(finance).await;
    assert_eq!((draft.state(), draft.audience_size), (ProgramState::Draft, 0));
    let policy = draft.spec.as_ref().and_then(|spec| spec.policy.clone()).expect("the default policy");
    assert_eq!((policy.review_day, policy.application_days, policy.endorsement_required), (90, 30, true));
    let id = || draft.program_id.clone();
    let start = || StartProgramRequest { request_id: world.request_id(), program_id: id() };
    assert_eq!(reason(world.programs().start_program(start()).await), "PROGRAM_STATE");

    let publish = PublishProgramRequest { request_id: world.request_id(), program_id: id() };
    let published = world.programs().publish_program(publish.clone()).await.expect("a draft").into_inner();
    let program = published.program.clone().expect("answered");
    assert_eq!((program.state(), program.audience_size), (ProgramState::Published, 3));
    let replayed = world.programs().publish_program(publish).await.expect("the same request").into_inner();
    assert_eq!(replayed, published);

    world.programs().start_program(start()).await.expect("published");
    let close = || CloseProgramRequest { request_id: world.request_id(), program_id: id() };
    let closed = world.programs().close_program(close()).await.expect("started").into_inner().program;
    assert_eq!(closed.expect("answered").state(), ProgramState::Closed);
    assert_eq!(reason(world.programs().close_program(close()).await), "PROGRAM_STATE");
    assert_eq!(world.suite.events::<ProgramPublished>().await[0].audience_size, 3);
    assert_eq!(world.suite.events::<ProgramStarted>().await.len(), 1);
    assert_eq!(world.suite.events::<ProgramClosed>().await.len(), 1);
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names() {
    let world = World::start().await;
    let program = world.program().await;
    let new = ProgramSpec { description: "Half a year, twice a month".into(), ..spec("Not taken over") };
    let changed =
        world.programs().update_program(update(&world, &program, new.clone(), &["description"])).await;
    let changed = changed.expect("valid").into_inner().program.expect("answered");
    let got = changed.spec.clone().expect("answered");
    assert_eq!((got.name.as_str(), got.description), ("Leaders of tomorrow", new.description.clone()));
    assert_eq!(world.suite.events::<ProgramUpdated>().await.len(), 1);

    let stale = update(&world, &program, new.clone(), &["description"]);
    assert_eq!(reason(world.programs().update_program(stale).await), "ETAG_MISMATCH");
    let unknown = update(&world, &changed, new.clone(), &["description", "colour"]);
    assert_eq!(field(world.programs().update_program(unknown).await), "update_mask.paths[1]");
    let nothing = update(&world, &changed, new.clone(), &[]);
    assert_eq!(field(world.programs().update_program(nothing).await), "update_mask");
    let nameless = update(&world, &changed, spec(" "), &["name"]);
    assert_eq!(field(world.programs().update_program(nameless).await), "spec.name");
}

#[tokio::test]
async fn a_program_without_a_name_or_with_a_bad_policy_is_refused() {
    let world = World::empty().await;
    let mut programs = world.programs();
    let mut create = async |spec: ProgramSpec| {
        programs
            .create_program(CreateProgramRequest { request_id: world.request_id(), spec: Some(spec) })
            .await
    };
    assert_eq!(field(create(spec("")).await), "spec.name");
    assert_eq!(field(create(spec("zero\0")).await), "spec.name");
    let policy = Policy { meetings_per_month: 9, ..Policy::default() };
    let refused = error(create(ProgramSpec { policy: Some(policy), ..spec("x") }).await);
    let fields: Vec<_> = refused.violations.iter().map(|violation| violation.field.as_str()).collect();
    assert!(fields.contains(&"spec.policy.meetings_per_month") && fields.contains(&"spec.policy.review_day"));
}

#[tokio::test]
async fn employees_do_not_see_drafts() {
    let world = World::start().await;
    let (draft, program) = (world.draft(spec("Secret")).await, world.program().await);
    let mut employee = ProgramServiceClient::new(world.employee("ann").await);
    let get = GetProgramRequest { program_id: draft.program_id };
    assert_eq!(reason(employee.get_program(get.clone()).await), "NOT_FOUND");
    let seen =
        employee.list_programs(ListProgramsRequest::default()).await.expect("allowed").into_inner().programs;
    assert_eq!(seen, [program]);
    world.programs().get_program(get).await.expect("the program manager does");
    let drafts = ListProgramsRequest { state: ProgramState::Draft.into(), ..ListProgramsRequest::default() };
    assert_eq!(world.programs().list_programs(drafts).await.expect("allowed").into_inner().programs.len(), 1);
}

#[tokio::test]
async fn only_a_program_manager_designs() {
    let world = World::empty().await;
    for role in [Role::HrAdmin, Role::Employee, Role::Auditor, Role::HrClient] {
        let request = CreateProgramRequest { request_id: world.request_id(), spec: Some(spec("x")) };
        let refused = ProgramServiceClient::new(world.suite.acting(role, None)).create_program(request).await;
        assert_eq!(reason(refused), "PERMISSION_DENIED", "{role}");
    }
}

#[tokio::test]
async fn two_who_publish_at_once_publish_once() {
    let world = World::start().await;
    let draft = world.draft(spec("Contested")).await;
    let calls = (0..8).map(|_| {
        let request =
            PublishProgramRequest { request_id: world.request_id(), program_id: draft.program_id.clone() };
        let mut programs = world.programs();
        async move { programs.publish_program(request).await }
    });
    let done = futures::future::join_all(calls).await;
    assert_eq!(done.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(world.suite.events::<ProgramPublished>().await.len(), 1);
}
