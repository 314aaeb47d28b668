//! Check-ins are opened by the job, answered once, closed in time.

use crate::world::*;
use contracts::mentor::{
    common::v1::{MatchEnding, ParticipantRole},
    evaluation::{
        events::v1::{CheckInAnswered, CheckInOpened},
        v1::{
            AnswerCheckInRequest, CheckInAnswer, CheckInState, GetCheckInRequest, ListCheckInsRequest,
            check_in_service_client::CheckInServiceClient,
        },
    },
};
use futures::future::join_all;
use kernel::{Clock, Role, Uuid};
use tonic::Code;
use tonic_types::StatusExt;

#[tokio::test]
async fn rounds_open_after_a_month_for_both_sides_and_once() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 29).await;
    assert!(open_check_ins(&suite).await.is_empty());
    days(&suite, 1).await;
    let open = open_check_ins(&suite).await;
    let roles: Vec<_> = open.iter().map(|found| (found.role(), found.number)).collect();
    assert_eq!(roles, [(ParticipantRole::Mentor, 1), (ParticipantRole::Mentee, 1)]);
    suite.advance(jiff::SignedDuration::from_hours(2));
    suite.run_jobs().await;
    assert_eq!(suite.events::<CheckInOpened>().await.len(), 2, "a second run opens nothing");
}

#[tokio::test]
async fn is_answered_once_and_read_by_the_person_and_the_manager_only() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 30).await;
    let open = open_check_ins(&suite).await;
    let mine = open.iter().find(|found| found.role() == ParticipantRole::Mentee).expect("asked");
    let answered = answer(&suite, mine, 4).await.expect("open");
    assert_eq!((answered.state(), answered.answer.expect("given").rating), (CheckInState::Answered, 4));
    let again = answer(&suite, mine, 5).await.expect_err("answered before");
    assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "CHECK_IN_STATE"));
    assert_eq!(suite.events::<CheckInAnswered>().await.len(), 1);

    let get = GetCheckInRequest { check_in_id: mine.check_in_id.clone() };
    let mut partner = CheckInServiceClient::new(suite.acting(Role::Employee, person(MENTOR)));
    assert_eq!(
        partner.get_check_in(get.clone()).await.expect_err("not theirs").code(),
        Code::PermissionDenied
    );
    let mut own = CheckInServiceClient::new(suite.acting(Role::Employee, person(MENTEE)));
    own.get_check_in(get.clone()).await.expect("theirs");
    let listed = own.list_check_ins(ListCheckInsRequest::default()).await.expect("theirs").into_inner();
    assert_eq!(listed.check_ins.len(), 1);
    let foreign = ListCheckInsRequest { person_id: id(MENTOR), ..Default::default() };
    assert_eq!(own.list_check_ins(foreign).await.expect_err("not theirs").code(), Code::PermissionDenied);
    let mut auditor = CheckInServiceClient::new(suite.acting(Role::Auditor, None));
    assert_eq!(auditor.get_check_in(get).await.expect_err("no role").code(), Code::PermissionDenied);
}

#[tokio::test]
async fn the_same_request_in_parallel_has_one_effect_and_one_answer() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 30).await;
    let mine = open_check_ins(&suite).await.remove(0);
    let request = AnswerCheckInRequest {
        request_id: suite.clock.new_id().to_string(),
        check_in_id: mine.check_in_id.clone(),
        answer: Some(CheckInAnswer { rating: 3, progress: 2, ..Default::default() }),
    };
    let who = Uuid::parse_str(&mine.person_id).expect("an id");
    let client = CheckInServiceClient::new(suite.acting(Role::Employee, Some(who)));
    let answers = join_all((0..20).map(|_| {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.answer_check_in(request).await.expect("replayed").into_inner() }
    }))
    .await;
    assert!(answers.windows(2).all(|two| two[0] == two[1]));
    assert_eq!(suite.events::<CheckInAnswered>().await.len(), 1);
}

#[tokio::test]
async fn a_bad_answer_names_its_field() {
    let suite = suite().await;
    let mut client = CheckInServiceClient::new(suite.acting(Role::Employee, person(MENTEE)));
    let request = AnswerCheckInRequest {
        request_id: suite.clock.new_id().to_string(),
        check_in_id: id(1),
        answer: Some(CheckInAnswer { rating: 6, progress: 3, ..Default::default() }),
    };
    let refused = client.answer_check_in(request).await.expect_err("out of bounds");
    let fields: Vec<String> = refused
        .get_details_bad_request()
        .expect("details")
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    assert_eq!((refused.code(), fields), (Code::InvalidArgument, vec!["answer.rating".to_owned()]));
}

#[tokio::test]
async fn closes_when_nobody_answers_and_when_the_match_ends() {
    let suite = suite().await;
    pair(&suite, 0).await;
    pair(&suite, 1).await;
    days(&suite, 30).await;
    assert_eq!(open_check_ins(&suite).await.len(), 4);
    end(&suite, 1, MatchEnding::NoFault).await;
    let open = open_check_ins(&suite).await;
    assert!(open.len() == 2 && open.iter().all(|found| found.match_id == id(MATCH)));
    days(&suite, 14).await;
    assert!(open_check_ins(&suite).await.is_empty());
    let late = answer(&suite, &open[0], 4).await.expect_err("closed");
    assert_eq!(reason(&late), "CHECK_IN_STATE");
}

#[tokio::test]
async fn another_tenant_sees_nothing() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 30).await;
    let mine = open_check_ins(&suite).await.remove(0);
    let other = suite.token_for(kernel::TenantId(testkit::id(99)), Role::ProgramManager, None);
    let mut client = CheckInServiceClient::new(suite.authorized(other));
    let refused =
        client.get_check_in(GetCheckInRequest { check_in_id: mine.check_in_id }).await.expect_err("foreign");
    assert!(matches!(refused.code(), Code::NotFound | Code::Unauthenticated), "{refused:?}");
}
