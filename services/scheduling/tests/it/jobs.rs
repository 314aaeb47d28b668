//! Meetings that nobody reported.

use crate::world::{Who, World, at, missed, refused};
use contracts::mentor::scheduling::{
    events::v1::MeetingMissed,
    v1::{GetMeetingRequest, MeetingState},
};
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn silence_counts_as_missed_after_seven_days() {
    let world = World::start().await;
    let silent = world.meeting("2025-01-07T10:00:00Z").await; // ends at 10:45
    let reported = world.meeting("2025-01-07T12:00:00Z").await;
    let later = world.meeting("2025-01-08T10:00:00Z").await;
    world.suite.clock.set(at("2025-01-07T13:00:00Z"));
    world.meetings(Who::Mentee).record_attendance(missed(&reported, "ill")).await.expect("recorded");

    world.suite.clock.set(at("2025-01-14T10:44:59Z"));
    world.suite.run_jobs().await;
    assert_eq!(world.suite.events::<MeetingMissed>().await.len(), 1, "only the reported one");
    world.suite.clock.set(at("2025-01-14T11:45:00Z"));
    world.suite.run_jobs().await;
    world.suite.clock.set(at("2025-01-14T12:45:00Z"));
    world.suite.run_jobs().await;

    let told = world.suite.events::<MeetingMissed>().await;
    assert_eq!(told.len(), 2);
    assert_eq!((told[1].meeting_id.as_str(), told[1].unreported), (silent.meeting_id.as_str(), true));
    let state = async |id: &str| {
        let request = GetMeetingRequest { meeting_id: id.to_owned() };
        let meeting =
            world.meetings(Who::Mentee).get_meeting(request).await.expect("read").into_inner().meeting;
        meeting.map(|meeting| (meeting.state(), meeting.unreported)).expect("a meeting")
    };
    assert_eq!(state(&silent.meeting_id).await, (MeetingState::Missed, true));
    assert_eq!(state(&reported.meeting_id).await, (MeetingState::Missed, false));
    assert_eq!(state(&later.meeting_id).await, (MeetingState::Scheduled, false));
    let late = world.meetings(Who::Mentee).record_attendance(missed(&silent, "ill")).await;
    refused(late, Code::FailedPrecondition, "MEETING_STATE");
}
