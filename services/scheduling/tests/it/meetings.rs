//! Single meetings: scheduled, moved, cancelled, recorded, listed.

use crate::world::{
    Who, World, activated, at, fields, held, mentee, mentor, missed, refused, request_id, schedule, stranger,
    the_match, wire,
};
use contracts::mentor::scheduling::{
    events::v1::{MeetingCancelled, MeetingHeld, MeetingMissed, MeetingRescheduled, MeetingScheduled},
    v1::{
        CancelMeetingRequest, CancelScope, GetMeetingRequest, ListMeetingsRequest, Meeting, MeetingState,
        RescheduleMeetingRequest, meeting_service_client::MeetingServiceClient,
    },
};
use kernel::{Role, TenantId};
use std::collections::HashSet;
use testkit::id;
use tonic::Code;

fn cancel(meeting: &Meeting) -> CancelMeetingRequest {
    CancelMeetingRequest {
        request_id: request_id(),
        meeting_id: meeting.meeting_id.clone(),
        scope: CancelScope::One.into(),
        reason: "ill".to_owned(),
        etag: String::new(),
    }
}

fn to(meeting: &Meeting, starts_at: &str) -> RescheduleMeetingRequest {
    RescheduleMeetingRequest {
        request_id: request_id(),
        meeting_id: meeting.meeting_id.clone(),
        starts_at: wire(starts_at),
        ..RescheduleMeetingRequest::default()
    }
}

fn get(meeting: &Meeting) -> GetMeetingRequest {
    GetMeetingRequest { meeting_id: meeting.meeting_id.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_is_scheduled_and_told() {
    let world = World::start().await;
    let mut client = world.meetings(Who::Mentee);
    let request = schedule("2025-01-07T10:00:00Z");
    let first = client.schedule_meeting(request.clone()).await.expect("scheduled").into_inner();
    let again = client.schedule_meeting(request).await.expect("replayed").into_inner();
    assert_eq!(first, again);
    let meeting = first.meeting.expect("a meeting");
    assert_eq!((meeting.state(), meeting.sequence), (MeetingState::Scheduled, 0));
    assert_eq!(meeting.ends_at, wire("2025-01-07T10:45:00Z"), "the policy says 45 minutes");
    let people: Vec<&str> = meeting.participants.iter().map(|one| one.person_id.as_str()).collect();
    assert_eq!(people, [mentor().to_string(), mentee().to_string()]);

    for who in [Who::Mentor, Who::Mentee, Who::Manager] {
        let read = world.meetings(who).get_meeting(get(&meeting)).await.expect("read").into_inner();
        assert_eq!(read.meeting.as_ref(), Some(&meeting));
    }
    let told = world.suite.events::<MeetingScheduled>().await;
    assert_eq!(told.len(), 1);
    let info = told[0].meeting.clone().expect("info");
    assert_eq!(
        (told[0].meeting_id.as_str(), info.starts_at),
        (meeting.meeting_id.as_str(), meeting.starts_at)
    );
    assert_eq!(world.audits("ScheduleMeeting").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_refused() {
    let world = World::start().await;
    let meeting = world.meeting("2025-01-07T10:00:00Z").await;
    let mut client = world.meetings(Who::Stranger);
    let denied = "PERMISSION_DENIED";
    refused(client.schedule_meeting(schedule("2025-01-08T10:00:00Z")).await, Code::PermissionDenied, denied);
    refused(client.get_meeting(get(&meeting)).await, Code::PermissionDenied, denied);
    refused(
        client.reschedule_meeting(to(&meeting, "2025-01-08T10:00:00Z")).await,
        Code::PermissionDenied,
        denied,
    );
    refused(client.cancel_meeting(cancel(&meeting)).await, Code::PermissionDenied, denied);
    refused(client.record_attendance(held(&meeting)).await, Code::PermissionDenied, denied);
    refused(world.meetings(Who::HrClient).get_meeting(get(&meeting)).await, Code::PermissionDenied, denied);
    let nobody = GetMeetingRequest { meeting_id: id(99).to_string() };
    refused(client.get_meeting(nobody).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.suite.events::<MeetingCancelled>().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_are_named() {
    let world = World::start().await;
    let mut client = world.meetings(Who::Mentee);
    let valid = || schedule("2025-01-07T10:00:00Z");
    let mut wrong = [valid(), valid(), valid(), valid(), valid(), valid()];
    wrong[0].match_id = "nonsense".to_owned();
    wrong[1].starts_at = None;
    wrong[2].starts_at = wire("2025-01-06T08:59:59Z");
    wrong[3].duration_minutes = 4;
    wrong[4].title = "x".repeat(201);
    wrong[5].request_id = String::new();
    let expected = ["match_id", "starts_at", "starts_at", "duration_minutes", "title", "request_id"];
    for (request, field) in wrong.into_iter().zip(expected) {
        let status = refused(client.schedule_meeting(request).await, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(fields(&status), [field]);
    }
    let mut unknown = valid();
    unknown.match_id = id(99).to_string();
    refused(client.schedule_meeting(unknown).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.suite.events::<MeetingScheduled>().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_in_two_meetings_at_once() {
    let world = World::start().await;
    // The mentor's other match.
    world.suite.publish(&activated(id(21), mentor(), stranger())).await;
    world.settle().await;
    let meeting = world.meeting("2025-01-07T10:00:00Z").await;
    let mut other = schedule("2025-01-07T10:30:00Z");
    other.match_id = id(21).to_string();
    let mut client = world.meetings(Who::Stranger);
    refused(client.schedule_meeting(other.clone()).await, Code::FailedPrecondition, "SLOT_TAKEN");
    // Back to back is fine.
    other.request_id = request_id();
    other.starts_at = wire("2025-01-07T10:45:00Z");
    client.schedule_meeting(other.clone()).await.expect("back to back");
    // Moving onto it is not; cancelling gives the time back.
    let mut mentee = world.meetings(Who::Mentee);
    let onto = to(&meeting, "2025-01-07T10:15:00Z");
    refused(mentee.reschedule_meeting(onto).await, Code::FailedPrecondition, "SLOT_TAKEN");
    mentee.cancel_meeting(cancel(&meeting)).await.expect("cancelled");
    other.request_id = request_id();
    other.starts_at = wire("2025-01-07T10:00:00Z");
    client.schedule_meeting(other).await.expect("the time is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_gets_the_slot() {
    let world = World::start().await;
    let calls = (0..20).map(|i| {
        let mut client = world.meetings(if i % 2 == 0 { Who::Mentor } else { Who::Mentee });
        let request = schedule(&format!("2025-01-07T10:{:02}:00Z", i + 10)); // each overlaps every other
        tokio::spawn(async move { client.schedule_meeting(request).await })
    });
    let calls: Vec<_> = calls.collect();
    let mut scheduled = 0;
    for call in calls {
        match call.await.expect("no panic") {
            Ok(_) => scheduled += 1,
            // A deadlock between two inserts is a lost race, too, and safe to repeat.
            Err(status) => {
                assert!(matches!(status.code(), Code::FailedPrecondition | Code::Aborted), "{status:?}")
            }
        }
    }
    assert_eq!(scheduled, 1);
    assert_eq!(world.suite.events::<MeetingScheduled>().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_in_parallel_has_one_effect() {
    let world = World::start().await;
    let request = schedule("2025-01-07T10:00:00Z");
    let calls = (0..20).map(|_| {
        let (mut client, request) = (world.meetings(Who::Mentee), request.clone());
        tokio::spawn(
            async move { client.schedule_meeting(request).await.expect("the same answer").into_inner() },
        )
    });
    let calls: Vec<_> = calls.collect();
    let mut ids = HashSet::new();
    for call in calls {
        ids.insert(call.await.expect("no panic").meeting.expect("a meeting").meeting_id);
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(world.suite.events::<MeetingScheduled>().await.len(), 1);
    let mut other = schedule("2025-01-08T10:00:00Z");
    other.request_id = request.request_id;
    let reused = world.meetings(Who::Mentee).schedule_meeting(other).await;
    refused(reused, Code::AlreadyExists, "REQUEST_ID_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_moves_and_is_called_off() {
    let world = World::start().await;
    let meeting = world.meeting("2025-01-07T10:00:00Z").await;
    let mut client = world.meetings(Who::Mentor);
    let mut request = to(&meeting, "2025-01-09T12:00:00Z");
    request.etag = meeting.etag.clone();
    let moved = client.reschedule_meeting(request.clone()).await.expect("moved").into_inner();
    let again = client.reschedule_meeting(request.clone()).await.expect("replayed").into_inner();
    assert_eq!(moved, again);
    let moved = moved.meeting.expect("a meeting");
    assert_eq!((moved.sequence, &moved.uid), (1, &meeting.uid));
    assert_eq!(moved.ends_at, wire("2025-01-09T12:45:00Z"), "the length is kept");
    request.request_id = request_id();
    refused(client.reschedule_meeting(request).await, Code::Aborted, "ETAG_MISMATCH");

    let mut rest = cancel(&meeting);
    rest.scope = CancelScope::RestOfSeries.into();
    let status = refused(client.cancel_meeting(rest).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(fields(&status), ["scope"]);
    let mut unsaid = cancel(&meeting);
    unsaid.scope = 0;
    refused(client.cancel_meeting(unsaid).await, Code::InvalidArgument, "FIELD_INVALID");

    let request = cancel(&meeting);
    let cancelled = client.cancel_meeting(request.clone()).await.expect("cancelled").into_inner();
    assert_eq!(cancelled, client.cancel_meeting(request).await.expect("replayed").into_inner());
    let cancelled = &cancelled.meetings[0];
    assert_eq!((cancelled.state(), cancelled.sequence), (MeetingState::Cancelled, 2));
    assert_eq!((cancelled.reason.as_str(), &cancelled.uid), ("ill", &meeting.uid));
    refused(client.cancel_meeting(cancel(&meeting)).await, Code::FailedPrecondition, "MEETING_STATE");
    let again = to(&meeting, "2025-01-10T10:00:00Z");
    refused(client.reschedule_meeting(again).await, Code::FailedPrecondition, "MEETING_STATE");

    let moves = world.suite.events::<MeetingRescheduled>().await;
    let ends = world.suite.events::<MeetingCancelled>().await;
    let sequence = |info: &Option<contracts::mentor::scheduling::events::v1::MeetingInfo>| {
        info.as_ref().map(|info| info.sequence)
    };
    assert_eq!((moves.len(), sequence(&moves[0].meeting)), (1, Some(1)));
    assert_eq!((ends.len(), sequence(&ends[0].meeting)), (1, Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn attendance_is_recorded_once_after_the_start() {
    let world = World::start().await;
    let meeting = world.meeting("2025-01-07T10:00:00Z").await;
    let early = world.meetings(Who::Mentee).record_attendance(held(&meeting)).await;
    refused(early, Code::FailedPrecondition, "MEETING_STATE");
    world.suite.clock.set(at("2025-01-07T10:45:00Z"));

    let mut client = world.meetings(Who::Mentee);
    let mut alone = held(&meeting);
    if let Some(contracts::mentor::scheduling::v1::record_attendance_request::Outcome::Held(held)) =
        &mut alone.outcome
    {
        held.attended_person_ids[1] = stranger().to_string();
    }
    let status =
        refused(client.record_attendance(alone.clone()).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(fields(&status), ["held.attended_person_ids[1]"]);
    alone.outcome = None;
    refused(client.record_attendance(alone).await, Code::InvalidArgument, "FIELD_INVALID");

    let request = held(&meeting);
    let first = client.record_attendance(request.clone()).await.expect("recorded").into_inner();
    assert_eq!(first, client.record_attendance(request).await.expect("replayed").into_inner());
    let recorded = first.meeting.expect("a meeting");
    assert!(recorded.state() == MeetingState::Held && recorded.participants.iter().all(|one| one.attended));
    let late = client.record_attendance(missed(&meeting, "no")).await;
    refused(late, Code::FailedPrecondition, "MEETING_STATE");
    refused(client.cancel_meeting(cancel(&meeting)).await, Code::FailedPrecondition, "MEETING_STATE");

    let other = world.meeting("2025-01-08T10:00:00Z").await;
    world.suite.clock.set(at("2025-01-08T10:30:00Z"));
    let recorded = world.meetings(Who::Mentor).record_attendance(missed(&other, "the mentor was ill")).await;
    let recorded = recorded.expect("recorded").into_inner().meeting.expect("a meeting");
    assert_eq!((recorded.state(), recorded.unreported), (MeetingState::Missed, false));
    assert_eq!(recorded.participants.iter().map(|one| one.attended).collect::<Vec<_>>(), [false, true]);

    assert_eq!(world.suite.events::<MeetingHeld>().await.len(), 1);
    let told = world.suite.events::<MeetingMissed>().await;
    assert_eq!((told.len(), told[0].unreported), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page_and_filter() {
    let world = World::start().await;
    let mut ids = Vec::new();
    for day in 7..=13 {
        ids.push(world.meeting(&format!("2025-01-{day:02}T10:00:00Z")).await.meeting_id);
    }
    let mut client = world.meetings(Who::Mentee);
    let mut listed = Vec::new();
    let mut request = ListMeetingsRequest { page_size: 3, ..ListMeetingsRequest::default() };
    loop {
        let page = client.list_meetings(request.clone()).await.expect("listed").into_inner();
        listed.extend(page.meetings.into_iter().map(|meeting| meeting.meeting_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(listed, ids);
    let foreign = ListMeetingsRequest { state: MeetingState::Held.into(), ..request };
    refused(client.list_meetings(foreign).await, Code::InvalidArgument, "PAGE_TOKEN_INVALID");

    let count = async |who, change: fn(&mut ListMeetingsRequest)| {
        let mut request = ListMeetingsRequest::default();
        change(&mut request);
        world.meetings(who).list_meetings(request).await.expect("listed").into_inner().meetings.len()
    };
    assert_eq!(count(Who::Manager, |r| r.match_id = the_match().to_string()).await, 7);
    assert_eq!(count(Who::Manager, |r| r.person_id = mentor().to_string()).await, 7);
    assert_eq!(count(Who::Manager, |r| r.person_id = stranger().to_string()).await, 0);
    assert_eq!(count(Who::Manager, |r| r.program_id = id(99).to_string()).await, 0);
    assert_eq!(count(Who::Mentor, |r| r.match_id = the_match().to_string()).await, 7);
    assert_eq!(count(Who::Stranger, |_| {}).await, 0, "one's own only");
    let between = |r: &mut ListMeetingsRequest| {
        (r.starts_from, r.starts_before) = (wire("2025-01-08T10:00:00Z"), wire("2025-01-10T10:00:00Z"));
    };
    assert_eq!(count(Who::Mentee, between).await, 2);
    assert_eq!(count(Who::Mentee, |r| r.set_state(MeetingState::Cancelled)).await, 0);

    let mut strange = world.meetings(Who::Stranger);
    let by_match =
        ListMeetingsRequest { match_id: the_match().to_string(), ..ListMeetingsRequest::default() };
    refused(strange.list_meetings(by_match).await, Code::PermissionDenied, "PERMISSION_DENIED");
    let by_person = ListMeetingsRequest { person_id: mentor().to_string(), ..ListMeetingsRequest::default() };
    refused(strange.list_meetings(by_person).await, Code::PermissionDenied, "PERMISSION_DENIED");
    let mut backwards = ListMeetingsRequest::default();
    (backwards.starts_from, backwards.starts_before) =
        (wire("2025-01-10T10:00:00Z"), wire("2025-01-08T10:00:00Z"));
    let status = refused(strange.list_meetings(backwards).await, Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(fields(&status), ["starts_before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_sees_nothing() {
    let world = World::start().await;
    let meeting = world.meeting("2025-01-07T10:00:00Z").await;
    let token = world.suite.token_for(TenantId(id(77)), Role::ProgramManager, None);
    let mut client = MeetingServiceClient::new(world.suite.authorized(token));
    refused(client.get_meeting(get(&meeting)).await, Code::NotFound, "NOT_FOUND");
    refused(client.cancel_meeting(cancel(&meeting)).await, Code::NotFound, "NOT_FOUND");
    refused(client.record_attendance(held(&meeting)).await, Code::NotFound, "NOT_FOUND");
    refused(client.schedule_meeting(schedule("2025-01-08T10:00:00Z")).await, Code::NotFound, "NOT_FOUND");
    let listed = client.list_meetings(ListMeetingsRequest::default()).await.expect("listed").into_inner();
    assert_eq!(listed.meetings.len(), 0);
}
