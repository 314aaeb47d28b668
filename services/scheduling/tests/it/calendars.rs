//! iCalendar text, read back with the parser that others use.

use crate::world::{Who, World, mentee, mentor, refused, request_id, stranger, wire};
use contracts::mentor::scheduling::v1::{
    CalendarMethod, CancelMeetingRequest, CancelScope, GetMeetingCalendarRequest, GetPersonCalendarRequest,
    Meeting, RescheduleMeetingRequest,
};
use icalendar::{Calendar, Component};
use tonic::Code;

async fn invitation(world: &World, who: Who, meeting: &Meeting) -> (CalendarMethod, Calendar) {
    let request = GetMeetingCalendarRequest { meeting_id: meeting.meeting_id.clone() };
    let answer = world.meetings(who).get_meeting_calendar(request).await.expect("text").into_inner();
    (answer.method(), answer.calendar.parse().expect("iCalendar"))
}

fn property(calendar: &Calendar, name: &str) -> String {
    let event = calendar.components.first().and_then(|component| component.as_event()).expect("an event");
    event.property_value(name).unwrap_or_default().to_owned()
}

fn feed(person: kernel::Uuid) -> GetPersonCalendarRequest {
    GetPersonCalendarRequest { person_id: person.to_string(), ..GetPersonCalendarRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_updated_and_cancelled_under_one_uid() {
    let world = World::start().await;
    let meeting = world.meeting("2025-01-07T10:00:00Z").await;
    let (method, calendar) = invitation(&world, Who::Mentor, &meeting).await;
    assert_eq!((method, calendar.property_value("METHOD")), (CalendarMethod::Request, Some("REQUEST")));
    assert_eq!(property(&calendar, "UID"), meeting.uid);
    assert_eq!(property(&calendar, "DTSTART"), "20250107T100000Z");
    assert_eq!(property(&calendar, "SUMMARY"), "Mentoring: Ann and Bo");
    assert_eq!(property(&calendar, "ORGANIZER"), "mailto:ann@example.org");

    let moved = RescheduleMeetingRequest {
        request_id: request_id(),
        meeting_id: meeting.meeting_id.clone(),
        starts_at: wire("2025-01-08T10:00:00Z"),
        ..RescheduleMeetingRequest::default()
    };
    world.meetings(Who::Mentor).reschedule_meeting(moved).await.expect("moved");
    let (method, calendar) = invitation(&world, Who::Mentee, &meeting).await;
    assert_eq!((method, property(&calendar, "SEQUENCE").as_str()), (CalendarMethod::Request, "1"));

    let cancel = CancelMeetingRequest {
        request_id: request_id(),
        meeting_id: meeting.meeting_id.clone(),
        scope: CancelScope::One.into(),
        ..CancelMeetingRequest::default()
    };
    world.meetings(Who::Mentor).cancel_meeting(cancel).await.expect("cancelled");
    let (method, calendar) = invitation(&world, Who::Manager, &meeting).await;
    assert_eq!((method, calendar.property_value("METHOD")), (CalendarMethod::Cancel, Some("CANCEL")));
    assert_eq!(
        (property(&calendar, "UID"), property(&calendar, "SEQUENCE")),
        (meeting.uid.clone(), "2".to_owned())
    );
    assert_eq!(property(&calendar, "STATUS"), "CANCELLED");

    let request = GetMeetingCalendarRequest { meeting_id: meeting.meeting_id };
    let denied = world.meetings(Who::Stranger).get_meeting_calendar(request).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_holds_ones_own_meetings() {
    let world = World::start().await;
    for day in 7..=9 {
        world.meeting(&format!("2025-01-{day:02}T10:00:00Z")).await;
    }
    let events = async |who, request| {
        let answer = world.meetings(who).get_person_calendar(request).await.expect("text").into_inner();
        let calendar: Calendar = answer.calendar.parse().expect("iCalendar");
        assert_eq!(calendar.property_value("METHOD"), Some("PUBLISH"));
        calendar.components.len()
    };
    assert_eq!(events(Who::Mentor, feed(mentor())).await, 3);
    assert_eq!(events(Who::Manager, feed(mentee())).await, 3);
    assert_eq!(events(Who::Stranger, feed(stranger())).await, 0);
    let two = GetPersonCalendarRequest { starts_from: wire("2025-01-08T00:00:00Z"), ..feed(mentee()) };
    assert_eq!(events(Who::Mentee, two).await, 2);
    let denied = world.meetings(Who::Stranger).get_person_calendar(feed(mentor())).await;
    refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    let mut long = feed(mentor());
    (long.starts_from, long.starts_before) = (wire("2025-01-08T00:00:00Z"), wire("2029-01-08T00:00:00Z"));
    let status = world.meetings(Who::Mentor).get_person_calendar(long).await;
    refused(status, Code::InvalidArgument, "FIELD_INVALID");
}
