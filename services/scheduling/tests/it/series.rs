//! Recurring meetings.

use crate::world::{Who, World, fields, refused, request_id, the_match, wire};
use contracts::mentor::{
    common::v1::CivilTime,
    scheduling::{
        events::v1::{MeetingCancelled, MeetingScheduled},
        v1::{CancelMeetingRequest, CancelScope, ListMeetingsRequest, MeetingState, ScheduleSeriesRequest},
    },
};
use tonic::Code;

fn weekly(rrule: &str) -> ScheduleSeriesRequest {
    ScheduleSeriesRequest {
        request_id: request_id(),
        match_id: the_match().to_string(),
        start: Some(CivilTime {
            local: "2025-03-03T15:00:00".to_owned(),
            zone: "America/Chicago".to_owned(),
        }),
        rrule: rrule.to_owned(),
        ..ScheduleSeriesRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weekly_three_in_chicago_stays_three() {
    let world = World::start().await;
    let mut client = world.meetings(Who::Mentor);
    let request = weekly("FREQ=WEEKLY;COUNT=3");
    let series = client.schedule_series(request.clone()).await.expect("scheduled").into_inner();
    assert_eq!(series, client.schedule_series(request).await.expect("replayed").into_inner());
    let starts: Vec<_> = series.meetings.iter().map(|meeting| meeting.starts_at).collect();
    assert_eq!(
        starts,
        [wire("2025-03-03T21:00:00Z"), wire("2025-03-10T20:00:00Z"), wire("2025-03-17T20:00:00Z")]
    );
    assert!(series.meetings.iter().all(|meeting| meeting.series_id == series.series_id));
    assert_eq!(world.suite.events::<MeetingScheduled>().await.len(), 3);
    let listed = client.list_meetings(ListMeetingsRequest::default()).await.expect("listed").into_inner();
    assert_eq!(listed.meetings, series.meetings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_without_end_or_zone_is_refused_as_a_whole() {
    let world = World::start().await;
    let mut client = world.meetings(Who::Mentor);
    for (rrule, reason) in [
        ("FREQ=WEEKLY", "RECURRENCE_UNBOUNDED"),
        ("FREQ=DAILY;COUNT=201", "RECURRENCE_UNBOUNDED"),
        ("FREQ=DAILY;UNTIL=20270101", "RECURRENCE_UNBOUNDED"),
        ("FREQ=YEARLY;COUNT=5", "FIELD_INVALID"), // more than 1,100 days ahead
        ("every Monday", "FIELD_INVALID"),
    ] {
        let status = refused(client.schedule_series(weekly(rrule)).await, Code::InvalidArgument, reason);
        assert_eq!(fields(&status), ["rrule"], "{rrule}");
    }
    let start = |local: &str, zone: &str| ScheduleSeriesRequest {
        start: Some(CivilTime { local: local.to_owned(), zone: zone.to_owned() }),
        ..weekly("FREQ=WEEKLY;COUNT=2")
    };
    let mars = client.schedule_series(start("2025-03-03T15:00:00", "Mars/Olympus")).await;
    assert_eq!(fields(&refused(mars, Code::InvalidArgument, "ZONE_UNKNOWN")), ["start.zone"]);
    for local in ["2025-02-30T15:00:00", "2025-03-03T25:00:00", "2024-03-03T15:00:00", "3 March"] {
        let status = client.schedule_series(start(local, "America/Chicago")).await;
        let status = refused(status, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(fields(&status), ["start.local"], "{local}");
    }
    let mut nobody = world.meetings(Who::Stranger);
    let denied = nobody.schedule_series(weekly("FREQ=WEEKLY;COUNT=2")).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    assert_eq!(world.suite.events::<MeetingScheduled>().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_taken_slot_refuses_the_series_and_says_which() {
    let world = World::start().await;
    world.meeting("2025-03-17T20:30:00Z").await;
    let taken = world.meetings(Who::Mentor).schedule_series(weekly("FREQ=WEEKLY;COUNT=3")).await;
    let status = refused(taken, Code::FailedPrecondition, "SLOT_TAKEN");
    assert!(status.message().contains("2025-03-17T20:30:00Z"), "{}", status.message());
    assert_eq!(world.suite.events::<MeetingScheduled>().await.len(), 1, "only the single one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_series_is_cancelled() {
    let world = World::start().await;
    let mut client = world.meetings(Who::Mentor);
    let series = client.schedule_series(weekly("FREQ=WEEKLY;COUNT=5")).await.expect("scheduled").into_inner();
    let rest = CancelMeetingRequest {
        request_id: request_id(),
        meeting_id: series.meetings[2].meeting_id.clone(),
        scope: CancelScope::RestOfSeries.into(),
        ..CancelMeetingRequest::default()
    };
    let cancelled = client.cancel_meeting(rest).await.expect("cancelled").into_inner().meetings;
    let ids = |meetings: &[contracts::mentor::scheduling::v1::Meeting]| {
        meetings.iter().map(|meeting| meeting.meeting_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&cancelled), ids(&series.meetings[2..]));
    assert!(
        cancelled.iter().all(|meeting| meeting.state() == MeetingState::Cancelled && meeting.sequence == 1)
    );
    assert_eq!(world.suite.events::<MeetingCancelled>().await.len(), 3);
    let mut request = ListMeetingsRequest::default();
    request.set_state(MeetingState::Scheduled);
    let left = client.list_meetings(request).await.expect("listed").into_inner().meetings;
    assert_eq!(ids(&left), ids(&series.meetings[..2]));
}
