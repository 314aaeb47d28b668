//! What is heard twice, or in another order than it happened, counts once and comes out right.

use crate::world::*;
use contracts::{
    mentor::{
        common::v1::MatchEnding,
        enrollment::events::v1::{PersonDeactivated, PersonUpserted, ProgramPublished},
        matching::events::v1::MatchActivated,
        scheduling::events::v1::{
            MeetingCancelled, MeetingInfo, MeetingMissed, MeetingRescheduled, MeetingScheduled,
        },
    },
    time::timestamp,
};
use evaluation::Evaluation;
use kernel::Clock;
use testkit::Suite;

async fn count(suite: &Suite, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(suite.sql()).await.expect("counted")
}

#[tokio::test]
async fn an_event_heard_twice_counts_once() {
    let suite = suite().await;
    pair(&suite, 0).await;
    let info = MeetingInfo {
        match_id: id(MATCH),
        program_id: id(PROGRAM),
        starts_at: Some(timestamp(suite.clock.now())),
        ends_at: Some(timestamp(suite.clock.now())),
        sequence: 0,
    };
    let missed =
        suite.envelope(&MeetingMissed { meeting_id: id(3001), meeting: Some(info), unreported: false });
    suite.publish_envelopes(&[missed.clone(), missed]).await;
    suite.settle().await;
    assert_eq!(count(&suite, "select count(*) from evaluation.meeting where state = 'missed'").await, 1);
    assert_eq!(suite.parked("evaluation").await, 0);
}

#[tokio::test]
async fn a_match_heard_before_its_program_and_people_is_kept() {
    let suite = Suite::builder().service::<Evaluation>().start().await;
    let activated = MatchActivated {
        match_id: id(MATCH),
        pair: Some(people_of(0)),
        score: 5_000,
        activated_at: Some(timestamp(suite.clock.now())),
    };
    suite.publish(&activated).await;
    suite.settle().await;
    let published =
        ProgramPublished { program_id: id(PROGRAM), name: "Late".to_owned(), ..Default::default() };
    suite.publish(&published).await;
    suite
        .publish(&PersonUpserted { person_id: id(MENTOR), unit: "Finance".to_owned(), ..Default::default() })
        .await;
    suite.settle().await;
    assert_eq!(count(&suite, "select count(*) from evaluation.match where state = 'active'").await, 1);
    assert_eq!(count(&suite, "select count(*) from evaluation.program where name = 'Late'").await, 1);
    assert_eq!(suite.parked("evaluation").await, 0);
}

#[tokio::test]
async fn a_meeting_is_where_its_last_event_put_it() {
    let suite = suite().await;
    pair(&suite, 0).await;
    let info = |sequence| {
        let at = Some(timestamp(suite.clock.now()));
        MeetingInfo { match_id: id(MATCH), program_id: id(PROGRAM), starts_at: at, ends_at: at, sequence }
    };
    suite.publish(&MeetingScheduled { meeting_id: id(3001), meeting: Some(info(0)) }).await;
    suite.publish(&MeetingRescheduled { meeting_id: id(3001), meeting: Some(info(1)) }).await;
    suite.settle().await;
    assert_eq!(count(&suite, "select count(*) from evaluation.meeting where state = 'scheduled'").await, 1);
    suite.publish(&MeetingCancelled { meeting_id: id(3001), meeting: Some(info(2)) }).await;
    suite.settle().await;
    assert_eq!(count(&suite, "select count(*) from evaluation.meeting where state = 'cancelled'").await, 1);
}

#[tokio::test]
async fn a_leaver_counts_in_no_unit() {
    let suite = suite().await;
    pair(&suite, 0).await;
    let deactivated_at = Some(timestamp(suite.clock.now()));
    suite.publish(&PersonDeactivated { person_id: id(MENTOR), deactivated_at }).await;
    end(&suite, 0, MatchEnding::Leaver).await;
    assert_eq!(count(&suite, "select count(*) from evaluation.person where active").await, 1);
}
