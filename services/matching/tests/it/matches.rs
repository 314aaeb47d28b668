//! Matches: read, accept, decline, end.

use crate::world::{World, decline, participant, person, program, reason, request_id, stranger};
use contracts::mentor::common::v1::{MatchEnding, ParticipantRole};
use contracts::mentor::matching::events::v1::{MatchActivated, MatchDeclined, MatchEnded, MatchProposed};
use contracts::mentor::matching::v1::*;
use kernel::Role;
use match_service_client::MatchServiceClient;
use testkit::id;

#[tokio::test]
async fn both_accept_and_the_match_is_active() {
    let world = World::with(1, &[1]).await;
    let matches = world.matched().await;
    let request = AcceptMatchRequest { request_id: request_id(), match_id: matches[0].match_id.clone() };
    let accepted = world.matches_of(1).accept_match(request.clone()).await.expect("accepted").into_inner();
    assert_eq!(accepted.r#match.as_ref().map(Match::state), Some(MatchState::Accepted));
    assert_eq!(world.matches_of(1).accept_match(request).await.expect("replayed").into_inner(), accepted);
    assert_eq!(reason(world.accept(1, &matches[0]).await), "MATCH_STATE", "once is enough");
    assert!(world.suite.events::<MatchActivated>().await.is_empty());
    let active = world.accept(101, &matches[0]).await.expect("accepted");
    assert_eq!(active.state(), MatchState::Active);
    let six_months: jiff::Timestamp = "2025-07-06T09:00:00Z".parse().expect("an instant");
    assert_eq!(active.completes_at.map(|at| at.seconds), Some(six_months.as_second()));
    let events = world.suite.events::<MatchActivated>().await;
    assert_eq!(events.len(), 1);
    let pair = events[0].pair.clone().expect("a pair");
    assert_eq!(pair.mentee_person_id, person(1).to_string());
    assert_eq!((pair.mentor_person_id, pair.program_id), (person(101).to_string(), program().to_string()));
    let start = crate::world::start(MatchMode::MaxTotal, 1);
    assert_eq!(reason(world.runs().start_match_run(start).await), "NOBODY_TO_MATCH");
}

#[tokio::test]
async fn only_the_two_see_and_answer_their_match() {
    let world = World::with(2, &[1, 1]).await;
    let matches = world.matched().await;
    let own = &matches[0];
    let get = || GetMatchRequest { match_id: own.match_id.clone() };
    for (role, person, allowed) in [
        (Role::Employee, person(1), true),
        (Role::Employee, person(2), false),
        (Role::Employee, stranger(), false),
        (Role::Auditor, stranger(), true),
        (Role::HrClient, stranger(), true),
        (Role::ProgramManager, stranger(), true),
        (Role::HrAdmin, stranger(), false),
    ] {
        let mut client = MatchServiceClient::new(world.suite.acting(role, Some(person)));
        let got = client.get_match(get()).await;
        assert_eq!(got.is_ok(), allowed, "{role} {person}");
        if !allowed {
            assert_eq!(reason(got), "PERMISSION_DENIED");
        }
    }
    assert_eq!(reason(world.accept(2, own).await), "PERMISSION_DENIED");
    assert_eq!(reason(world.decline(2, own).await), "PERMISSION_DENIED");
    let accept = AcceptMatchRequest { request_id: request_id(), match_id: own.match_id.clone() };
    assert_eq!(
        reason(world.matches().accept_match(accept.clone()).await),
        "PERMISSION_DENIED",
        "not the manager's"
    );
    let list = ListMatchesRequest::default();
    let listed = world.matches_of(1).list_matches(list.clone()).await.expect("listed").into_inner().matches;
    assert_eq!(listed.iter().map(|found| &found.match_id).collect::<Vec<_>>(), [&own.match_id]);
    let foreign = ListMatchesRequest { person_id: person(2).to_string(), ..list.clone() };
    assert!(world.matches_of(1).list_matches(foreign).await.expect("listed").into_inner().matches.is_empty());
    let other = world.suite.token_for(kernel::TenantId(id(99)), Role::ProgramManager, None);
    let mut other = MatchServiceClient::new(world.suite.authorized(other));
    assert_eq!(reason(other.get_match(get()).await), "NOT_FOUND");
    assert!(other.list_matches(list).await.expect("listed").into_inner().matches.is_empty());
}

#[tokio::test]
async fn lists_by_filter_and_page() {
    let world = World::with(3, &[2, 1]).await;
    let matches = world.matched().await;
    let base = ListMatchesRequest {
        program_id: program().to_string(),
        page_size: 2,
        ..ListMatchesRequest::default()
    };
    let first = world.matches().list_matches(base.clone()).await.expect("listed").into_inner();
    let next = ListMatchesRequest { page_token: first.next_page_token.clone(), ..base.clone() };
    let second = world.matches().list_matches(next).await.expect("listed").into_inner();
    assert_eq!((first.matches.len(), second.matches.len(), second.next_page_token.as_str()), (2, 1, ""));
    let foreign = ListMatchesRequest {
        page_token: first.next_page_token,
        states: vec![MatchState::Active.into()],
        ..base.clone()
    };
    assert_eq!(reason(world.matches().list_matches(foreign).await), "PAGE_TOKEN_INVALID");
    let one =
        ListMatchesRequest { participant_id: participant(101).to_string(), page_size: 0, ..base.clone() };
    let listed = world.matches().list_matches(one).await.expect("listed").into_inner().matches;
    let expected = matches.iter().filter(|found| found.mentor_participant_id == participant(101).to_string());
    assert_eq!(listed.len(), expected.count());
    let active = ListMatchesRequest { states: vec![MatchState::Active.into()], ..base };
    assert!(world.matches().list_matches(active).await.expect("listed").into_inner().matches.is_empty());
}

#[tokio::test]
async fn a_decline_moves_on_to_the_next_choice_until_there_is_none() {
    let world = World::new().await;
    world.mentee(1, 5).await;
    for (mentor, level) in [(101, 5), (102, 4), (103, 3)] {
        world.mentor(mentor, 1, level).await;
    }
    world.suite.settle().await;
    let mut current = world.matched().await.remove(0);
    for (choice, mentor) in [(1, 101), (2, 102), (3, 103)] {
        assert_eq!(current.mentor_participant_id, participant(mentor).to_string());
        assert_eq!(current.choice, choice);
        let (declined, moved_on) = world.decline(mentor, &current).await.expect("declined");
        assert_eq!(
            (declined.state(), declined.declined_by()),
            (MatchState::Declined, ParticipantRole::Mentor)
        );
        assert_eq!(
            (declined.decline_reason(), declined.note.as_str()),
            (DeclineReason::NoTime, ""),
            "the note is hidden"
        );
        assert_eq!(moved_on, choice < 3);
        if let Some(next) = world.all(&[MatchState::Proposed]).await.pop() {
            current = next;
        }
    }
    assert_eq!(world.suite.events::<MatchDeclined>().await.len(), 3);
    assert_eq!(world.suite.events::<MatchProposed>().await.len(), 3);
    assert_eq!(world.current(&current).await.note, "away till May", "the manager reads it");
    assert_eq!(reason(world.accept(1, &current).await), "MATCH_STATE");
    world.mentor(104, 1, 1).await;
    world.suite.settle().await;
    let again = world.matched().await;
    assert_eq!(
        again[0].mentor_participant_id,
        participant(104).to_string(),
        "back in the pool, failed pairs left out"
    );
}

#[tokio::test]
async fn the_next_choice_passes_over_the_full_the_gone_and_the_line() {
    use contracts::mentor::enrollment::events::v1::WithdrawalReason;
    let world = World::new().await;
    world.mentee(1, 5).await;
    world.mentee(2, 4).await;
    for (mentor, level) in [(101, 5), (102, 4), (103, 3), (104, 2), (105, 1)] {
        world.mentor(mentor, 1, level).await;
    }
    world.suite.settle().await;
    let matches = world.matched().await;
    assert_eq!(matches[1].mentor_participant_id, participant(102).to_string(), "102 is full");
    world.withdraw(103, ParticipantRole::Mentor, WithdrawalReason::OwnWish).await;
    world.suite.publish(&crate::world::upserted(person(104), &[person(1)])).await;
    world.suite.settle().await;
    let (_, moved_on) = world.decline(1, &matches[0]).await.expect("declined");
    assert!(moved_on);
    let next = world.all(&[MatchState::Proposed]).await;
    assert_eq!(next[0].mentor_participant_id, participant(105).to_string());
}

#[tokio::test]
async fn a_manager_ends_any_open_match_and_the_two_an_active_one() {
    let world = World::with(2, &[1, 1]).await;
    let matches = world.matched().await;
    let end = |found: &Match| EndMatchRequest {
        request_id: request_id(),
        match_id: found.match_id.clone(),
        rematch: true,
        note: "no common ground".into(),
        etag: String::new(),
    };
    let number = |found: &Match, from: u64| {
        (from..from + 2)
            .find(|n| participant(*n).to_string() == found.mentor_participant_id)
            .expect("a mentor")
    };
    let (first, mentor) = (&matches[0], number(&matches[0], 101));
    assert_eq!(reason(world.matches_of(1).end_match(end(first)).await), "MATCH_STATE", "decline it instead");
    let active = world.activate(1, mentor, first).await;
    let stale = EndMatchRequest { etag: first.etag.clone(), ..end(first) };
    assert_eq!(reason(world.matches_of(1).end_match(stale).await), "ETAG_MISMATCH");
    assert_eq!(reason(world.matches_of(2).end_match(end(first)).await), "PERMISSION_DENIED");
    let request = EndMatchRequest { etag: active.etag.clone(), ..end(first) };
    let ended = world.matches_of(1).end_match(request.clone()).await.expect("ended").into_inner();
    assert_eq!(world.matches_of(1).end_match(request).await.expect("replayed").into_inner(), ended);
    let ended = ended.r#match.expect("a match");
    assert_eq!(
        (ended.state(), ended.ending(), ended.rematch),
        (MatchState::Dissolved, MatchEnding::NoFault, true)
    );
    let proposed = world.matches().end_match(end(&matches[1])).await.expect("ended").into_inner();
    assert_eq!(proposed.r#match.expect("a match").state(), MatchState::Dissolved);
    assert_eq!(reason(world.matches().end_match(end(&matches[1])).await), "MATCH_STATE");
    let events = world.suite.events::<MatchEnded>().await;
    assert_eq!(events.iter().map(|event| event.was_active).collect::<Vec<_>>(), [true, false]);
    let run = world.run(MatchMode::MaxTotal, 1).await;
    assert_eq!((run.mentees, run.pairs), (2, 2), "both are back, each with the other mentor");
}

#[tokio::test]
async fn refuses_malformed_answers() {
    let world = World::with(1, &[1]).await;
    let matches = world.matched().await;
    let unspecified = DeclineMatchRequest { reason: 0, ..decline(&matches[0]) };
    assert_eq!(reason(world.matches_of(1).decline_match(unspecified).await), "FIELD_INVALID");
    let long = DeclineMatchRequest { note: "x".repeat(501), ..decline(&matches[0]) };
    assert_eq!(reason(world.matches_of(1).decline_match(long).await), "FIELD_INVALID");
    let accept = AcceptMatchRequest { request_id: "1".into(), match_id: matches[0].match_id.clone() };
    assert_eq!(reason(world.matches_of(1).accept_match(accept).await), "FIELD_INVALID");
    let missing = AcceptMatchRequest { request_id: request_id(), match_id: id(7).to_string() };
    assert_eq!(reason(world.matches_of(1).accept_match(missing).await), "NOT_FOUND");
}
