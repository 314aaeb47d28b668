//! Health follows the facts, keeps its history, and says when a class changes.

use crate::world::*;
use contracts::mentor::{
    common::v1::HealthClass,
    evaluation::{
        events::v1::HealthChanged,
        v1::{
            GetHealthRequest, HealthSignal, ListHealthHistoryRequest, ListHealthRequest,
            health_service_client::HealthServiceClient,
        },
    },
};
use kernel::Role;
use tonic::Code;

#[tokio::test]
async fn a_silent_pair_goes_from_too_early_to_at_risk_and_a_meeting_helps() {
    let suite = suite().await;
    pair(&suite, 0).await;
    for _ in 0..10 {
        days(&suite, 7).await;
    }
    let mut client = HealthServiceClient::new(suite.acting(Role::ProgramManager, None));
    let get = GetHealthRequest { match_id: id(MATCH) };
    let silent = client.get_health(get.clone()).await.expect("known").into_inner().health.expect("health");
    // 70 days: 2 required and none held costs 40, 70 days of silence 30.
    assert_eq!((silent.class(), silent.score), (HealthClass::AtRisk, 30));
    let signals: Vec<_> = silent.reasons.iter().map(|reason| reason.signal()).collect();
    assert_eq!(signals, [HealthSignal::Cadence, HealthSignal::Silence]);

    meet(&suite, 0, 1).await;
    days(&suite, 1).await;
    let met = client.get_health(get).await.expect("known").into_inner().health.expect("health");
    assert_eq!((met.class(), met.score), (HealthClass::Healthy, 80));

    let last = suite.events::<HealthChanged>().await.pop().expect("it changed");
    assert_eq!((last.before(), last.after()), (HealthClass::AtRisk, HealthClass::Healthy));
    let request = ListHealthHistoryRequest { match_id: id(MATCH), page_size: 2, ..Default::default() };
    let page = client.list_health_history(request.clone()).await.expect("known").into_inner();
    assert_eq!(page.healths.len(), 2);
    assert_eq!(page.healths[0].class(), HealthClass::TooEarly);
    let request = ListHealthHistoryRequest { page_token: page.next_page_token, ..request };
    let next = client.list_health_history(request).await.expect("known").into_inner();
    assert!(next.healths.iter().all(|found| found.score <= page.healths[1].score || found.score == 80));
}

#[tokio::test]
async fn is_listed_by_class_for_managers_only() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 1).await;
    let request = ListHealthRequest { program_id: id(PROGRAM), ..Default::default() };
    let mut manager = HealthServiceClient::new(suite.acting(Role::ProgramManager, None));
    let all = manager.list_health(request.clone()).await.expect("allowed").into_inner().healths;
    assert_eq!(all.len(), 1);
    let at_risk = ListHealthRequest { class: HealthClass::AtRisk.into(), ..request.clone() };
    assert!(manager.list_health(at_risk).await.expect("allowed").into_inner().healths.is_empty());
    let mut mentee = HealthServiceClient::new(suite.acting(Role::Employee, person(MENTEE)));
    assert_eq!(mentee.list_health(request).await.expect_err("not theirs").code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_unknown_match_has_none() {
    let suite = suite().await;
    let mut client = HealthServiceClient::new(suite.acting(Role::ProgramManager, None));
    let refused = client.get_health(GetHealthRequest { match_id: id(MATCH) }).await.expect_err("unknown");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "NOT_FOUND"));
}
