//! Periodic work.

use crate::world::World;
use contracts::mentor::{
    common::v1::ParticipantRole::{Mentee, Mentor},
    enrollment::{
        events::v1::{ApplicationDecided, ApplicationOutcome},
        v1::{ApplicationDecision as Decision, *},
    },
};
use jiff::SignedDuration;

async fn state(world: &World, application: &Application) -> ApplicationState {
    let request = GetApplicationRequest { application_id: application.application_id.clone() };
    let answer = world.applications().get_application(request).await.expect("there").into_inner();
    answer.application.expect("answered").state()
}

#[tokio::test]
async fn undecided_applications_expire_and_waiting_ones_with_their_program() {
    let world = World::start().await;
    let program = world.program().await;
    let undecided = world.apply("ann", &program, Mentee).await.expect("may apply");
    let waiting = world.apply("bob", &program, Mentor).await.expect("may apply");
    world.decide(&waiting, Decision::Waitlist, "").await.expect("open");
    world.suite.advance(SignedDuration::from_hours(24 * 30 - 1));
    world.suite.run_jobs().await;
    assert_eq!(state(&world, &undecided).await, ApplicationState::Submitted);

    world.suite.advance(SignedDuration::from_hours(2));
    world.suite.run_jobs().await;
    assert_eq!(state(&world, &undecided).await, ApplicationState::Expired);
    assert_eq!(state(&world, &waiting).await, ApplicationState::Waitlisted);

    let close =
        CloseProgramRequest { request_id: world.request_id(), program_id: program.program_id.clone() };
    world.programs().close_program(close).await.expect("open");
    world.suite.advance(SignedDuration::from_hours(2));
    world.suite.run_jobs().await;
    assert_eq!(state(&world, &waiting).await, ApplicationState::Expired);
    // Older events are purged by then.
    let told = world.suite.events::<ApplicationDecided>().await;
    assert_eq!(told.iter().filter(|event| event.outcome() == ApplicationOutcome::Expired).count(), 2);
}

#[tokio::test]
async fn two_replicas_expire_each_application_once() {
    let world = World::start().await;
    let program = world.program().await;
    for person in ["ann", "bob", "eve", "lea", "max"] {
        world.apply(person, &program, Mentee).await.expect("may apply");
    }
    let replica = world.suite.replica().await;
    world.suite.advance(SignedDuration::from_hours(24 * 31));
    let (ours, theirs) = tokio::join!(world.suite.host().run_jobs(), replica.run_jobs());
    ours.expect("the job runs");
    theirs.expect("the job runs");
    assert_eq!(world.suite.events::<ApplicationDecided>().await.len(), 5);
    replica.shutdown().await;
}
