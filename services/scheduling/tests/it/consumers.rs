//! Events of others: applied, twice, and in another order. (Availability from profiles: `availability.rs`.)

use crate::world::{
    Who, World, activated, held, mentee, mentor, person, policy, program, refused, request_id, schedule,
    stranger, the_match, wire,
};
use contracts::mentor::{
    common::v1::{CivilTime, Policy},
    enrollment::events::v1::{ProgramClosed, ProgramUpdated},
    matching::events::v1::MatchEnded,
    scheduling::{
        events::v1::MeetingCancelled,
        v1::{
            CalendarMethod, GetMeetingCalendarRequest, GetMeetingRequest, MeetingState,
            ScheduleMeetingRequest, ScheduleSeriesRequest,
        },
    },
};
use testkit::id;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_match_calls_off_what_lies_ahead() {
    let world = World::start().await;
    let past = world.held("2025-01-06T10:00:00Z").await;
    let series = ScheduleSeriesRequest {
        request_id: request_id(),
        match_id: the_match().to_string(),
        start: Some(CivilTime { local: "2025-01-07T15:00:00".to_owned(), zone: "Europe/London".to_owned() }),
        rrule: "FREQ=WEEKLY;COUNT=3".to_owned(),
        ..ScheduleSeriesRequest::default()
    };
    let ahead =
        world.meetings(Who::Mentor).schedule_series(series).await.expect("scheduled").into_inner().meetings;

    let ended = world.suite.envelope(&world.ended());
    world.suite.publish_envelopes(&[ended.clone(), ended]).await;
    world.settle().await;
    world.suite.publish(&world.ended()).await; // the same fact under another event id
    world.settle().await;

    let told = world.suite.events::<MeetingCancelled>().await;
    assert_eq!(told.len(), 3);
    for (event, meeting) in told.iter().zip(&ahead) {
        let info = event.meeting.clone().expect("info");
        assert_eq!(
            (event.meeting_id.as_str(), info.sequence),
            (meeting.meeting_id.as_str(), meeting.sequence + 1)
        );
        let request = GetMeetingCalendarRequest { meeting_id: meeting.meeting_id.clone() };
        let text =
            world.meetings(Who::Mentee).get_meeting_calendar(request).await.expect("text").into_inner();
        assert_eq!(text.method(), CalendarMethod::Cancel);
        assert!(text.calendar.contains(&format!("UID:{}\r\n", meeting.uid)), "{}", text.calendar);
        assert!(text.calendar.contains("SEQUENCE:1\r\n"), "{}", text.calendar);
    }
    let kept = GetMeetingRequest { meeting_id: past.meeting_id };
    let kept = world.meetings(Who::Mentee).get_meeting(kept).await.expect("read").into_inner();
    assert_eq!(kept.meeting.expect("a meeting").state(), MeetingState::Held);
    let late = world.meetings(Who::Mentee).schedule_meeting(schedule("2025-01-20T10:00:00Z")).await;
    refused(late, Code::FailedPrecondition, "MATCH_NOT_ACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begun_before_the_end_can_still_be_recorded() {
    let world = World::start().await;
    let meeting = world.meeting("2025-01-06T10:00:00Z").await;
    world.suite.clock.set(crate::world::at("2025-01-06T10:30:00Z"));
    world.suite.publish(&world.ended()).await;
    world.settle().await;
    world.meetings(Who::Mentee).record_attendance(held(&meeting)).await.expect("recorded");
    assert_eq!(world.suite.events::<MeetingCancelled>().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_and_the_end_of_its_match_at_once_leave_no_meeting_behind() {
    let world = World::start().await;
    let calls = (10..20).map(|hour| {
        let mut client = world.meetings(Who::Mentee);
        tokio::spawn(
            async move { client.schedule_meeting(schedule(&format!("2025-01-07T{hour}:00:00Z"))).await },
        )
    });
    let calls: Vec<_> = calls.collect();
    world.suite.publish(&world.ended()).await;
    let mut scheduled = 0;
    for call in calls {
        match call.await.expect("no panic") {
            Ok(_) => scheduled += 1,
            Err(status) => {
                refused::<()>(Err(status), Code::FailedPrecondition, "MATCH_NOT_ACTIVE");
            }
        }
    }
    world.settle().await;
    assert_eq!(world.suite.events::<MeetingCancelled>().await.len(), scheduled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_can_come_before_its_program_and_people() {
    let world = World::start().await;
    let late = id(11);
    let mut active = activated(id(22), stranger(), id(4));
    if let Some(pair) = &mut active.pair {
        pair.program_id = late.to_string();
    }
    world.suite.publish(&active).await;
    world.settle().await;
    let request =
        || ScheduleMeetingRequest { match_id: id(22).to_string(), ..schedule("2025-01-07T10:00:00Z") };
    let mut client = world.meetings(Who::Stranger);
    refused(client.schedule_meeting(request()).await, Code::InvalidArgument, "FIELD_INVALID"); // no policy yet
    let said = ScheduleMeetingRequest { duration_minutes: 30, ..request() };
    client.schedule_meeting(said).await.expect("the length was said");

    let policy = Some(Policy { meeting_minutes: 60, ..policy() });
    world
        .suite
        .publish(&ProgramUpdated { program_id: late.to_string(), name: "Late".to_owned(), policy })
        .await;
    world.suite.publish(&person(id(4), "Di")).await;
    world.settle().await;
    let mut next = request();
    next.starts_at = wire("2025-01-08T10:00:00Z");
    let meeting =
        client.schedule_meeting(next).await.expect("scheduled").into_inner().meeting.expect("a meeting");
    assert_eq!(meeting.ends_at, wire("2025-01-08T11:00:00Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_comes_first_wins_and_a_proposal_that_ended_leaves_nothing() {
    let world = World::start().await;
    let ended = MatchEnded { match_id: id(23).to_string(), ..world.ended() };
    world.suite.publish(&ended).await;
    world.settle().await;
    world.suite.publish(&activated(id(23), mentor(), mentee())).await;
    world.settle().await;
    let request = |match_id| ScheduleMeetingRequest { match_id, ..schedule("2025-01-07T10:00:00Z") };
    let mut client = world.meetings(Who::Mentee);
    let late = client.schedule_meeting(request(id(23).to_string())).await;
    refused(late, Code::FailedPrecondition, "MATCH_NOT_ACTIVE");

    let proposal = MatchEnded { match_id: id(24).to_string(), was_active: false, ..world.ended() };
    world.suite.publish(&proposal).await;
    world.settle().await;
    refused(client.schedule_meeting(request(id(24).to_string())).await, Code::NotFound, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_program_schedules_no_more() {
    let world = World::start().await;
    world.meeting("2025-01-07T10:00:00Z").await;
    let closed = ProgramClosed { program_id: program().to_string(), closed_at: wire("2025-01-06T09:00:00Z") };
    world.suite.publish(&closed).await;
    world.settle().await;
    let late = world.meetings(Who::Mentee).schedule_meeting(schedule("2025-01-08T10:00:00Z")).await;
    refused(late, Code::FailedPrecondition, "PROGRAM_STATE");
}
