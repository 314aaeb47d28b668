//! Who sees and touches whose application and participation.

use crate::world::{World, reason};
use contracts::mentor::{
    common::v1::ParticipantRole::Mentee,
    enrollment::v1::{
        ApplicationDecision as Decision, application_service_client::ApplicationServiceClient,
        participant_service_client::ParticipantServiceClient, *,
    },
};
use kernel::Role;

#[tokio::test]
async fn a_line_manager_sees_that_and_how_it_stands_and_no_more() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    let get = || GetApplicationRequest { application_id: application.application_id.clone() };
    let mut own = ApplicationServiceClient::new(world.employee("ann").await);
    let seen =
        own.get_application(get()).await.expect("one's own").into_inner().application.expect("answered");
    assert_eq!((seen.answers.len(), seen.profile.is_some()), (1, true));
    let mut lea = ApplicationServiceClient::new(world.employee("lea").await);
    let seen =
        lea.get_application(get()).await.expect("a report's").into_inner().application.expect("answered");
    assert_eq!(
        (seen.answers.len(), seen.profile, seen.capacity, seen.decision_reason),
        (0, None, 0, String::new())
    );
    assert_eq!(seen.state, i32::from(ApplicationState::Submitted));
    for stranger in ["bob", "ceo", "eve"] {
        let mut client = ApplicationServiceClient::new(world.employee(stranger).await);
        assert_eq!(reason(client.get_application(get()).await), "PERMISSION_DENIED", "{stranger}");
    }
    for (person, expected) in
        [("ann", "NOT_LINE_MANAGER"), ("max", "NOT_LINE_MANAGER"), ("ceo", "NOT_LINE_MANAGER")]
    {
        assert_eq!(reason(world.endorse(person, &application).await), expected, "{person}");
    }
    let endorsed = world.endorse("lea", &application).await.expect("the line manager");
    assert_eq!((endorsed.answers.len(), endorsed.profile), (0, None));
}

#[tokio::test]
async fn lists_are_narrowed_to_ones_own_and_ones_reports() {
    let world = World::start().await;
    let program = world.program().await;
    for person in ["ann", "bob"] {
        world.join(person, &program, Mentee).await;
    }
    world.apply("eve", &program, Mentee).await.expect("may apply");
    for (person, count) in [("ann", 1), ("lea", 2), ("eve", 1), ("ceo", 0)] {
        let mut client = ApplicationServiceClient::new(world.employee(person).await);
        let request =
            ListApplicationsRequest { program_id: program.program_id.clone(), ..Default::default() };
        let seen = client.list_applications(request).await.expect("allowed").into_inner().applications;
        assert_eq!(seen.len(), count, "{person}");
    }
    let mut lea = ParticipantServiceClient::new(world.employee("lea").await);
    let reports =
        ListParticipantsRequest { manager_id: world.person("lea").await.to_string(), ..Default::default() };
    let seen = lea.list_participants(reports).await.expect("allowed").into_inner().participants;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|participant| participant.profile.is_none() && participant.capacity == 0));
    let foreign =
        ListParticipantsRequest { person_id: world.person("ann").await.to_string(), ..Default::default() };
    let mut eve = ParticipantServiceClient::new(world.employee("eve").await);
    assert_eq!(eve.list_participants(foreign).await.expect("allowed").into_inner().participants, []);
}

#[tokio::test]
async fn an_auditor_sees_no_profile_and_the_hr_platform_does() {
    let world = World::start().await;
    let program = world.program().await;
    let participant = world.join("ann", &program, Mentee).await;
    let get = || GetParticipantRequest { participant_id: participant.participant_id.clone() };
    for (role, sees) in [(Role::Auditor, false), (Role::HrClient, true), (Role::ProgramManager, true)] {
        let mut client = ParticipantServiceClient::new(world.suite.acting(role, None));
        let seen =
            client.get_participant(get()).await.expect("allowed").into_inner().participant.expect("answered");
        assert_eq!(seen.profile.is_some(), sees, "{role}");
    }
    let mut eve = ParticipantServiceClient::new(world.employee("eve").await);
    assert_eq!(reason(eve.get_participant(get()).await), "PERMISSION_DENIED");
    let mut nobody = ParticipantServiceClient::new(world.suite.acting(Role::Employee, None));
    assert_eq!(
        reason(nobody.list_participants(ListParticipantsRequest::default()).await),
        "PERMISSION_DENIED"
    );
}

#[tokio::test]
async fn an_employee_does_not_decide_and_a_manager_does_not_apply() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    let decide = DecideApplicationRequest {
        request_id: world.request_id(),
        application_id: application.application_id.clone(),
        decision: Decision::Accept.into(),
        ..Default::default()
    };
    let mut ann = ApplicationServiceClient::new(world.employee("ann").await);
    assert_eq!(reason(ann.decide_application(decide).await), "PERMISSION_DENIED");
    let submit = world.application(&program, Mentee);
    assert_eq!(reason(world.applications().submit_application(submit).await), "PERMISSION_DENIED");
}

#[tokio::test]
async fn every_decision_leaves_a_row_in_the_trail() {
    let world = World::start().await;
    let program = world.program().await;
    let ann = world.person("ann").await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    world.decide(&application, Decision::Reject, "no place").await.expect("open");
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(
        "select operation, reason from enrollment.audit where about = $1 and object = 'application' and not is_read order by at, id",
    )
    .bind(ann)
    .fetch_all(world.suite.sql())
    .await
    .expect("readable");
    let decided =
        rows.iter().find(|(operation, _)| operation.ends_with("DecideApplication")).expect("in the trail");
    assert_eq!(decided.1.as_deref(), Some("no place"));
    assert!(rows.iter().any(|(operation, _)| operation.ends_with("SubmitApplication")));
}
