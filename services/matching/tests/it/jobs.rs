//! The jobs.

use crate::world::{World, participant, reason};
use contracts::mentor::common::v1::MatchEnding;
use contracts::mentor::matching::events::v1::{MatchEnded, MatchExpired, MatchProposed};
use contracts::mentor::matching::v1::*;
use jiff::SignedDuration;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn an_unanswered_match_expires_and_moves_on() {
    let world = World::new().await;
    world.mentee(1, 5).await;
    world.mentor(101, 1, 5).await;
    world.mentor(102, 1, 4).await;
    world.suite.settle().await;
    let first = world.matched().await.remove(0);
    world.accept(1, &first).await.expect("the mentee accepts, the mentor is silent");
    world.suite.advance(6 * DAY);
    world.suite.run_jobs().await;
    assert!(world.suite.events::<MatchExpired>().await.is_empty(), "a day is left");
    world.suite.advance(DAY);
    assert_eq!(reason(world.accept(101, &first).await), "MATCH_STATE", "too late, before the job, too");
    world.suite.run_jobs().await;
    world.suite.advance(SignedDuration::from_hours(1));
    world.suite.run_jobs().await;
    assert_eq!(world.suite.events::<MatchExpired>().await.len(), 1);
    assert_eq!(world.current(&first).await.state(), MatchState::Expired);
    let next = world.all(&[MatchState::Proposed]).await;
    assert_eq!((next[0].choice, &next[0].mentor_participant_id), (2, &participant(102).to_string()));
    let told = world.suite.events::<MatchProposed>().await;
    assert_eq!(told.last().map(|event| &event.match_id), Some(&next[0].match_id));
    world.suite.advance(7 * DAY);
    world.suite.run_jobs().await;
    assert_eq!(world.all(&[MatchState::Expired]).await.len(), 2);
    assert_eq!(world.all(&[MatchState::Proposed]).await.len(), 0, "nobody is left to offer");
    assert_eq!(
        world.run(MatchMode::MaxTotal, 1).await.pairs,
        1,
        "an expired pair may be tried in another run"
    );
}

#[tokio::test]
async fn two_replicas_expire_a_match_once() {
    let world = World::with(4, &[4]).await;
    world.matched().await;
    let replica = world.suite.replica().await;
    world.suite.advance(8 * DAY);
    let (first, second) = tokio::join!(world.suite.host().run_jobs(), replica.run_jobs());
    first.expect("one replica");
    second.expect("the other");
    assert_eq!(world.suite.events::<MatchExpired>().await.len(), 4);
    replica.shutdown().await;
}

#[tokio::test]
async fn a_match_completes_when_its_time_is_over() {
    let world = World::with(1, &[1]).await;
    let matches = world.matched().await;
    world.activate(1, 101, &matches[0]).await;
    world.suite.clock.set("2025-07-06T08:59:59Z".parse().expect("an instant"));
    world.suite.run_jobs().await;
    assert!(world.suite.events::<MatchEnded>().await.is_empty());
    world.suite.clock.set("2025-07-06T10:00:00Z".parse().expect("an instant"));
    world.suite.run_jobs().await;
    world.suite.advance(DAY);
    world.suite.run_jobs().await;
    let events = world.suite.events::<MatchEnded>().await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].ending(), events[0].rematch, events[0].was_active),
        (MatchEnding::Completed, false, true)
    );
    assert_eq!(world.current(&matches[0]).await.state(), MatchState::Completed);
}
