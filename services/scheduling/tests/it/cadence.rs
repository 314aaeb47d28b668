//! Meetings held against policy.

use crate::world::{Who, World, activated, at, mentor, missed, program, refused, stranger, the_match};
use contracts::mentor::scheduling::v1::{Adherence, GetAdherenceRequest, ListAdherenceRequest};
use testkit::id;
use tonic::Code;

async fn adherence(world: &World, who: Who) -> Adherence {
    let request = GetAdherenceRequest { match_id: the_match().to_string() };
    world.cadence(who).get_adherence(request).await.expect("read").into_inner().adherence.expect("adherence")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_is_set_against_the_policy() {
    let world = World::start().await;
    let fresh = adherence(&world, Who::Mentee).await;
    assert_eq!((fresh.required, fresh.held, fresh.planned, fresh.percent), (0, 0, 0, 100));

    world.held("2025-01-10T10:00:00Z").await;
    let lost = world.meeting("2025-01-24T10:00:00Z").await;
    world.suite.clock.set(at("2025-01-24T11:00:00Z"));
    world.meetings(Who::Mentee).record_attendance(missed(&lost, "ill")).await.expect("recorded");
    world.suite.clock.set(at("2025-03-10T09:00:00Z")); // 63 days: 2.07 months at 2 a month
    world.meeting("2025-03-20T10:00:00Z").await;
    for who in [Who::Mentor, Who::Manager, Who::HrClient] {
        let now = adherence(&world, who).await;
        assert_eq!((now.required, now.held, now.missed, now.planned), (4, 1, 1, 1));
        assert_eq!((now.percent, now.unreported, now.cancelled, now.ended_at), (25, 0, 0, None));
    }
    world.suite.publish(&world.ended()).await;
    world.settle().await;
    world.suite.clock.set(at("2025-06-10T09:00:00Z"));
    let ended = adherence(&world, Who::Mentee).await;
    assert_eq!((ended.required, ended.planned, ended.cancelled, ended.ended_at.is_some()), (4, 0, 1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn others_see_nothing() {
    let world = World::start().await;
    let request = GetAdherenceRequest { match_id: the_match().to_string() };
    let denied = world.cadence(Who::Stranger).get_adherence(request).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    let unknown = GetAdherenceRequest { match_id: id(99).to_string() };
    refused(world.cadence(Who::Manager).get_adherence(unknown).await, Code::NotFound, "NOT_FOUND");
    let nonsense = GetAdherenceRequest { match_id: "nonsense".to_owned() };
    refused(
        world.cadence(Who::Manager).get_adherence(nonsense).await,
        Code::InvalidArgument,
        "FIELD_INVALID",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_listed_in_pages() {
    let world = World::start().await;
    for n in 21..=25 {
        world.suite.publish(&activated(id(n), mentor(), id(n + 100))).await;
    }
    world.suite.publish(&activated(id(26), id(5), stranger())).await;
    world.suite.publish(&world.ended()).await;
    world.settle().await;

    let mut request = ListAdherenceRequest {
        program_id: program().to_string(),
        page_size: 3,
        ..ListAdherenceRequest::default()
    };
    let (mut client, mut matches) = (world.cadence(Who::Manager), Vec::new());
    loop {
        let page = client.list_adherence(request.clone()).await.expect("listed").into_inner();
        matches.extend(page.adherences.into_iter().map(|adherence| adherence.match_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected: Vec<String> = (20..=26).map(|n| id(n).to_string()).collect();
    assert_eq!(matches, expected);

    let count = async |who, active_only| {
        let program_id = program().to_string();
        let request = ListAdherenceRequest { program_id, active_only, ..ListAdherenceRequest::default() };
        world.cadence(who).list_adherence(request).await.expect("listed").into_inner().adherences.len()
    };
    assert_eq!((count(Who::HrClient, true).await, count(Who::HrClient, false).await), (6, 7));
    assert_eq!((count(Who::Mentor, true).await, count(Who::Mentee, true).await), (5, 0), "one's own only");
    assert_eq!(count(Who::Stranger, false).await, 1);
}
