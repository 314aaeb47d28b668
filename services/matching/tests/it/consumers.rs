//! Each consumer: applied, twice, out of order.

use crate::world::{World, participant, person, profile, program, ready, reason, start, upserted};
use contracts::mentor::common::v1::{MatchEnding, ParticipantRole, Policy};
use contracts::mentor::enrollment::events::v1::{
    ProgramClosed, ProgramStarted, ProgramUpdated, WithdrawalReason,
};
use contracts::mentor::evaluation::events::v1::{ReviewDecided, ReviewOutcome};
use contracts::mentor::matching::events::v1::{MatchEnded, MatchProposed};
use contracts::mentor::matching::v1::*;
use testkit::id;

async fn endings(world: &World) -> Vec<(MatchEnding, bool, bool)> {
    let events = world.suite.events::<MatchEnded>().await;
    events.iter().map(|event| (event.ending(), event.rematch, event.was_active)).collect()
}

#[tokio::test]
async fn events_of_different_aggregates_come_in_any_order() {
    let world = World::empty().await;
    world.suite.publish(&ready(101, ParticipantRole::Mentor, 1, profile(3))).await;
    world.suite.publish(&ready(1, ParticipantRole::Mentee, 1, profile(3))).await;
    world.suite.settle().await;
    world.suite.publish(&world.published()).await;
    world.suite.settle().await;
    let refused = world.runs().start_match_run(start(MatchMode::MaxTotal, 1)).await;
    assert_eq!(reason(refused), "NOBODY_TO_MATCH", "nobody is matched while their reporting line is unknown");
    for number in [1, 101] {
        let event = world.suite.envelope(&upserted(person(number), &[]));
        world.suite.publish_envelopes(&[event.clone(), event]).await;
    }
    world.suite.settle().await;
    assert_eq!(world.run(MatchMode::MaxTotal, 1).await.pairs, 1);
    assert_eq!(world.suite.parked("matching").await, 0);
}

#[tokio::test]
async fn a_new_manager_ends_the_match_with_a_mentor_of_the_line() {
    let world = World::with(1, &[1, 1]).await;
    let matches = world.matched().await;
    let mentor = (101..=102).find(|n| participant(*n).to_string() == matches[0].mentor_participant_id);
    let mentor = mentor.expect("a mentor");
    world.activate(1, mentor, &matches[0]).await;
    world.suite.publish(&upserted(person(1), &[id(4)])).await;
    world.suite.settle().await;
    assert!(endings(&world).await.is_empty(), "another manager is no reason");
    let event = world.suite.envelope(&upserted(person(1), &[id(4), person(mentor)]));
    world.suite.publish_envelopes(&[event.clone(), event]).await;
    world.suite.settle().await;
    assert_eq!(endings(&world).await, [(MatchEnding::ReportingLine, true, true)]);
    let again = world.matched().await;
    assert_eq!(again.len(), 1);
    assert_ne!(again[0].mentor_participant_id, matches[0].mentor_participant_id);
}

#[tokio::test]
async fn a_leaving_mentor_frees_the_mentee_and_a_leaving_mentee_the_place() {
    let world = World::with(2, &[1, 1]).await;
    let matches = world.matched().await;
    let mentor_of = |found: &Match| {
        (101..=102).find(|n| participant(*n).to_string() == found.mentor_participant_id).expect("a mentor")
    };
    world.activate(1, mentor_of(&matches[0]), &matches[0]).await;
    world.activate(2, mentor_of(&matches[1]), &matches[1]).await;
    world.withdraw(mentor_of(&matches[0]), ParticipantRole::Mentor, WithdrawalReason::Leaver).await;
    world.withdraw(2, ParticipantRole::Mentee, WithdrawalReason::OwnWish).await;
    world.withdraw(2, ParticipantRole::Mentee, WithdrawalReason::OwnWish).await;
    assert_eq!(
        endings(&world).await,
        [(MatchEnding::Leaver, true, true), (MatchEnding::Withdrawn, false, true)]
    );
    let again = world.matched().await;
    assert_eq!(again.len(), 1, "the mentee who is left gets the mentor who is left");
    assert_eq!(again[0].mentee_participant_id, participant(1).to_string());
    assert_eq!(again[0].mentor_participant_id, matches[1].mentor_participant_id);
}

#[tokio::test]
async fn a_closed_program_ends_everything() {
    let world = World::with(2, &[1, 1]).await;
    world.suite.publish(&ProgramStarted { program_id: program().to_string(), started_at: None }).await;
    world.suite.settle().await;
    let matches = world.matched().await;
    let mentor = (101..=102).find(|n| participant(*n).to_string() == matches[0].mentor_participant_id);
    world.activate(1, mentor.expect("a mentor"), &matches[0]).await;
    let event = world.suite.envelope(&ProgramClosed { program_id: program().to_string(), closed_at: None });
    world.suite.publish_envelopes(&[event.clone(), event]).await;
    world.suite.settle().await;
    let mut endings = endings(&world).await;
    endings.sort_by_key(|ending| ending.2);
    assert_eq!(
        endings,
        [(MatchEnding::ProgramClosed, false, false), (MatchEnding::ProgramClosed, false, true)]
    );
}

#[tokio::test]
async fn a_new_policy_counts_for_what_is_proposed_later() {
    let world = World::with(1, &[1]).await;
    let policy = Some(Policy { answer_days: 3, duration_months: 1, ..Policy::default() });
    let event = ProgramUpdated { program_id: program().to_string(), name: "Pairs".into(), policy };
    world.suite.publish(&event).await;
    world.suite.settle().await;
    world.matched().await;
    let proposed = world.suite.events::<MatchProposed>().await;
    let expires_at = proposed[0].expires_at.expect("a deadline").seconds;
    assert_eq!(expires_at, testkit::start_of_time().as_second() + 3 * 86_400);
}

#[tokio::test]
async fn capacity_follows_the_profile() {
    let world = World::with(3, &[1]).await;
    assert_eq!(world.run(MatchMode::MaxTotal, 1).await.pairs, 1);
    world.change_mentor(101, 3).await;
    let matches = world.matched().await;
    assert_eq!(matches.len(), 3);
    world.activate(1, 101, &matches[0]).await;
    world.activate(2, 101, &matches[1]).await;
    world.change_mentor(101, 1).await;
    assert_eq!(reason(world.accept(3, &matches[2]).await), "MENTOR_FULL");
    assert_eq!(world.all(&[MatchState::Active]).await.len(), 2, "what has begun goes on");
    world.withdraw(1, ParticipantRole::Mentee, WithdrawalReason::OwnWish).await;
    assert_eq!(reason(world.accept(3, &matches[2]).await), "MENTOR_FULL", "one place, one match");
    world.withdraw(2, ParticipantRole::Mentee, WithdrawalReason::OwnWish).await;
    world.accept(3, &matches[2]).await.expect("now there is a place");
    let places: i64 = sqlx::query_scalar("select count(*) from matching.place")
        .fetch_one(world.suite.sql())
        .await
        .expect("counted");
    assert_eq!(places, 1, "places above the capacity are gone");
}

#[tokio::test]
async fn a_profile_change_before_readiness_is_left_to_the_readiness() {
    let world = World::new().await;
    world.change_mentor(101, 2).await;
    assert_eq!(world.suite.parked("matching").await, 0);
    let known: i64 = sqlx::query_scalar("select count(*) from matching.participant")
        .fetch_one(world.suite.sql())
        .await
        .expect("counted");
    assert_eq!(known, 0);
}

#[tokio::test]
async fn a_review_ends_a_pair_without_fault() {
    let world = World::with(1, &[1, 1]).await;
    let matches = world.matched().await;
    let mentor = (101..=102).find(|n| participant(*n).to_string() == matches[0].mentor_participant_id);
    world.activate(1, mentor.expect("a mentor"), &matches[0]).await;
    let decided = |outcome: ReviewOutcome, match_id: &str| ReviewDecided {
        review_id: id(50).to_string(),
        match_id: match_id.to_owned(),
        outcome: outcome.into(),
        rematch: true,
    };
    world.suite.publish(&decided(ReviewOutcome::Continue, &matches[0].match_id)).await;
    world.suite.publish(&decided(ReviewOutcome::EndNoFault, &id(51).to_string())).await;
    world.suite.settle().await;
    assert!(endings(&world).await.is_empty());
    let event = world.suite.envelope(&decided(ReviewOutcome::EndNoFault, &matches[0].match_id));
    world.suite.publish_envelopes(&[event.clone(), event]).await;
    world.suite.settle().await;
    assert_eq!(endings(&world).await, [(MatchEnding::NoFault, true, true)]);
    let again = world.matched().await;
    assert_ne!(
        again[0].mentor_participant_id, matches[0].mentor_participant_id,
        "a failed pair is not tried again"
    );
}
