//! The gel review: opened on its day with the evidence, decided once.

use crate::world::*;
use contracts::mentor::{
    common::v1::{HealthClass, MatchEnding},
    evaluation::{
        events::v1::{ReviewDecided, ReviewOpened, ReviewOutcome},
        v1::{
            DecideReviewRequest, GetReviewRequest, ListReviewsRequest, Review, ReviewDecision, ReviewState,
            review_service_client::ReviewServiceClient,
        },
    },
};
use futures::future::join_all;
use kernel::{Clock, Role};
use testkit::Suite;
use tonic::Code;

async fn reviews(suite: &Suite) -> Vec<Review> {
    let mut client = ReviewServiceClient::new(suite.acting(Role::ProgramManager, None));
    client.list_reviews(ListReviewsRequest::default()).await.expect("allowed").into_inner().reviews
}

fn decide(suite: &Suite, review: &Review, decision: ReviewDecision, rematch: bool) -> DecideReviewRequest {
    DecideReviewRequest {
        request_id: suite.clock.new_id().to_string(),
        review_id: review.review_id.clone(),
        decision: decision.into(),
        rematch,
    }
}

#[tokio::test]
async fn opens_on_day_90_with_the_evidence_and_once() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 60).await;
    meet(&suite, 0, 1).await;
    days(&suite, 29).await;
    assert!(reviews(&suite).await.is_empty());
    days(&suite, 1).await;
    days(&suite, 1).await;
    let found = reviews(&suite).await;
    assert_eq!((found.len(), suite.events::<ReviewOpened>().await.len()), (1, 1));
    let evidence = found[0].evidence.expect("evidence");
    assert_eq!((evidence.meetings_required, evidence.meetings_held), (2, 1));
    assert_eq!(evidence.check_ins_opened, 6);
    assert_eq!(evidence.suggestion(), ReviewDecision::Continue);

    let mut mentee = ReviewServiceClient::new(suite.acting(Role::Employee, person(MENTEE)));
    let get = GetReviewRequest { review_id: found[0].review_id.clone() };
    let own = mentee.get_review(get.clone()).await.expect("theirs").into_inner().review.expect("the review");
    assert_eq!(
        own.evidence.expect("evidence").health_class(),
        HealthClass::Unspecified,
        "drawn from both answers"
    );
    let mut stranger = ReviewServiceClient::new(suite.acting(Role::Employee, person(77)));
    assert_eq!(stranger.get_review(get).await.expect_err("not theirs").code(), Code::PermissionDenied);
}

#[tokio::test]
async fn is_decided_by_exactly_one_of_many_at_once() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 90).await;
    let review = reviews(&suite).await.remove(0);
    let client = ReviewServiceClient::new(suite.acting(Role::Employee, person(MENTOR)));
    let results = join_all((0..20).map(|_| {
        let (mut client, request) =
            (client.clone(), decide(&suite, &review, ReviewDecision::EndNoFault, true));
        async move { client.decide_review(request).await }
    }))
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results
            .iter()
            .flat_map(|result| result.as_ref().err())
            .all(|status| reason(status) == "REVIEW_STATE")
    );
    let decided = suite.events::<ReviewDecided>().await;
    assert_eq!(decided.len(), 1);
    assert_eq!((decided[0].outcome(), decided[0].rematch), (ReviewOutcome::EndNoFault, true));
}

#[tokio::test]
async fn a_rematch_goes_with_an_end_only() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 90).await;
    let review = reviews(&suite).await.remove(0);
    let mut client = ReviewServiceClient::new(suite.acting(Role::ProgramManager, None));
    let refused =
        client.decide_review(decide(&suite, &review, ReviewDecision::Continue, true)).await.expect_err("odd");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "FIELD_INVALID"));
    assert_eq!(reviews(&suite).await[0].state(), ReviewState::Open);
}

#[tokio::test]
async fn lapses_when_the_match_ends() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 90).await;
    let review = reviews(&suite).await.remove(0);
    end(&suite, 0, MatchEnding::Leaver).await;
    assert_eq!(reviews(&suite).await[0].state(), ReviewState::Lapsed);
    let mut client = ReviewServiceClient::new(suite.acting(Role::ProgramManager, None));
    let refused = client
        .decide_review(decide(&suite, &review, ReviewDecision::Continue, false))
        .await
        .expect_err("over");
    assert_eq!(reason(&refused), "REVIEW_STATE");
}
