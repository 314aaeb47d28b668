//! Who leaves is out of everything the same day.

use crate::world::{World, reason, rows, without};
use contracts::mentor::{
    common::v1::ParticipantRole::{Mentee, Mentor},
    enrollment::{
        events::v1::{
            ApplicationDecided, ApplicationOutcome, ParticipantWithdrawn, PersonDeactivated, WithdrawalReason,
        },
        v1::{ApplicationDecision as Decision, program_service_client::ProgramServiceClient, *},
    },
};
use std::time::Duration;
use testkit::eventually;

#[tokio::test]
async fn applications_and_participations_end_and_tokens_are_refused() {
    let world = World::start().await;
    let program = world.program().await;
    let participant = world.join("ann", &program, Mentee).await;
    world.apply("ann", &program, Mentor).await.expect("may apply");
    let mut ann = ProgramServiceClient::new(world.employee("ann").await);
    ann.list_programs(ListProgramsRequest::default()).await.expect("still here");

    world.import(world.snapshot(), without(&["ann"])).await.expect("confirmed");
    world.suite.settle().await;
    let gone = world.participant(&participant.participant_id).await;
    assert_eq!(gone.withdrawal_reason(), ParticipantWithdrawalReason::Leaver);
    assert_eq!(world.suite.events::<ParticipantWithdrawn>().await[0].reason(), WithdrawalReason::Leaver);
    let outcomes: Vec<_> =
        world.suite.events::<ApplicationDecided>().await.iter().map(|e| e.outcome()).collect();
    assert_eq!(outcomes, [ApplicationOutcome::Accepted, ApplicationOutcome::Withdrawn]);
    let mut refused = async || reason_if_refused(&mut ann).await == Some("PERSON_DEACTIVATED");
    eventually!(Duration::from_secs(5), refused().await);

    world.import(world.delta(), rows(&[("ann", "lea", "Finance")])).await.expect("back again");
    let mut welcome = async || reason_if_refused(&mut ann).await.is_none();
    eventually!(Duration::from_secs(5), welcome().await);
}

async fn reason_if_refused(client: &mut ProgramServiceClient<grpc::Channel>) -> Option<&'static str> {
    match client.list_programs(ListProgramsRequest::default()).await {
        Ok(_) => None,
        refused => Some(reason(refused)),
    }
}

#[tokio::test]
async fn the_event_twice_or_late_changes_nothing_more() {
    let world = World::start().await;
    let program = world.program().await;
    world.join("ann", &program, Mentee).await;
    let ann = world.person("ann").await;
    // Told late of somebody who has come back long since.
    let late = PersonDeactivated { person_id: ann.to_string(), deactivated_at: None };
    let envelope = world.suite.envelope(&late);
    world.suite.publish_envelopes(&[envelope.clone(), envelope]).await;
    world.suite.settle().await;
    assert_eq!(world.suite.events::<ParticipantWithdrawn>().await, []);

    world.import(world.snapshot(), without(&["ann"])).await.expect("confirmed");
    world.suite.settle().await;
    world.suite.publish(&late).await;
    world.suite.settle().await;
    assert_eq!(world.suite.events::<ParticipantWithdrawn>().await.len(), 1);
    assert_eq!(world.suite.parked("enrollment").await, 0);
}

#[tokio::test]
async fn a_leaver_is_not_accepted() {
    let world = World::start().await;
    let program = world.program().await;
    let application = world.apply("ann", &program, Mentee).await.expect("may apply");
    world.endorse("lea", &application).await.expect("the line manager");
    world.import(world.snapshot(), without(&["ann"])).await.expect("confirmed");
    let refused = reason(world.decide(&application, Decision::Accept, "").await);
    assert!(["NOT_IN_AUDIENCE", "APPLICATION_STATE"].contains(&refused), "{refused}");
    world.suite.settle().await;
    assert_eq!(reason(world.decide(&application, Decision::Accept, "").await), "APPLICATION_STATE");
}
