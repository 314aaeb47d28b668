//! A program with a pair that may meet, and the people around it.

use contracts::{
    mentor::{
        common::v1::{Policy, Profile, WeeklyWindow},
        enrollment::events::v1::{ParticipantReady, PersonUpserted, ProgramPublished},
        matching::events::v1::{MatchActivated, MatchEnded, Pair},
        scheduling::v1::{
            Meeting, RecordAttendanceRequest, ScheduleMeetingRequest,
            availability_service_client::AvailabilityServiceClient,
            cadence_service_client::CadenceServiceClient, meeting_service_client::MeetingServiceClient,
        },
    },
    time::timestamp,
};
use grpc::Channel;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, Role, SystemClock};
use scheduling::Scheduling;
use testkit::{Suite, id};
use tonic::{Code, Status};
use uuid::Uuid;

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Mentor,
    Mentee,
    /// An employee who is in no match.
    Stranger,
    Manager,
    HrClient,
}

/// The suite with the scheduling service, and one active match.
pub(crate) struct World {
    pub(crate) suite: Suite,
}

pub(crate) fn mentor() -> Uuid {
    id(1)
}

pub(crate) fn mentee() -> Uuid {
    id(2)
}

pub(crate) fn stranger() -> Uuid {
    id(3)
}

pub(crate) fn program() -> Uuid {
    id(10)
}

/// The match that is active from the start.
pub(crate) fn the_match() -> Uuid {
    id(20)
}

/// A new request id.
pub(crate) fn request_id() -> String {
    SystemClock.new_id().to_string()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn wire(text: &str) -> Option<prost_types::Timestamp> {
    Some(timestamp(at(text)))
}

/// The reason in the status' ErrorInfo.
pub(crate) fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The fields in the status' BadRequest.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    use tonic_types::StatusExt;
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

/// That a call was refused so.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Status>, code: Code, why: &str) -> Status {
    let status = result.expect_err("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (code, why), "{status:?}");
    status
}

pub(crate) fn policy() -> Policy {
    Policy { meetings_per_month: 2, meeting_minutes: 45, ..Policy::default() }
}

pub(crate) fn activated(match_id: Uuid, mentor: Uuid, mentee: Uuid) -> MatchActivated {
    MatchActivated {
        match_id: match_id.to_string(),
        pair: Some(pair(mentor, mentee)),
        score: 8_000,
        activated_at: wire("2025-01-06T09:00:00Z"),
    }
}

pub(crate) fn pair(mentor: Uuid, mentee: Uuid) -> Pair {
    Pair {
        program_id: program().to_string(),
        mentor_participant_id: id(101).to_string(),
        mentor_person_id: mentor.to_string(),
        mentee_participant_id: id(102).to_string(),
        mentee_person_id: mentee.to_string(),
    }
}

pub(crate) fn person(id: Uuid, name: &str) -> PersonUpserted {
    let email = format!("{}@example.org", name.to_lowercase());
    PersonUpserted {
        person_id: id.to_string(),
        display_name: name.to_owned(),
        email,
        ..PersonUpserted::default()
    }
}

/// Ready with nine to five, Monday to Friday, in a zone.
pub(crate) fn ready(person: Uuid, zone: &str) -> ParticipantReady {
    let window = |day| WeeklyWindow { day, start_minute: 9 * 60, end_minute: 17 * 60 };
    ParticipantReady {
        participant_id: SystemClock.new_id().to_string(),
        program_id: program().to_string(),
        person_id: person.to_string(),
        role: 1,
        capacity: 1,
        profile: Some(Profile {
            zone: zone.to_owned(),
            availability: (1..=5).map(window).collect(),
            ..Profile::default()
        }),
    }
}

impl World {
    /// A published program, three people, one active match. It is Monday, 6 January 2025, 09:00 UTC.
    pub(crate) async fn start() -> World {
        let suite = Suite::builder().service::<Scheduling>().start().await;
        let published = ProgramPublished {
            program_id: program().to_string(),
            name: "Mentoring".to_owned(),
            policy: Some(policy()),
            audience_size: 3,
        };
        suite.publish(&published).await;
        for (id, name) in [(mentor(), "Ann"), (mentee(), "Bo"), (stranger(), "Cy")] {
            suite.publish(&person(id, name)).await;
        }
        suite.publish(&activated(the_match(), mentor(), mentee())).await;
        let world = World { suite };
        world.settle().await;
        world
    }

    /// Waits until every event was handled; none was refused.
    pub(crate) async fn settle(&self) {
        self.suite.settle().await;
        assert_eq!(self.suite.parked("scheduling").await, 0, "an event could not be handled");
    }

    fn channel(&self, who: Who) -> Channel {
        match who {
            Who::Mentor => self.suite.acting(Role::Employee, Some(mentor())),
            Who::Mentee => self.suite.acting(Role::Employee, Some(mentee())),
            Who::Stranger => self.suite.acting(Role::Employee, Some(stranger())),
            Who::Manager => self.suite.acting(Role::ProgramManager, None),
            Who::HrClient => self.suite.acting(Role::HrClient, None),
        }
    }

    pub(crate) fn meetings(&self, who: Who) -> MeetingServiceClient<Channel> {
        MeetingServiceClient::new(self.channel(who))
    }

    pub(crate) fn availability(&self, who: Who) -> AvailabilityServiceClient<Channel> {
        AvailabilityServiceClient::new(self.channel(who))
    }

    pub(crate) fn cadence(&self, who: Who) -> CadenceServiceClient<Channel> {
        CadenceServiceClient::new(self.channel(who))
    }

    /// A meeting of the match, put into the calendars by its mentee.
    pub(crate) async fn meeting(&self, starts_at: &str) -> Meeting {
        let response = self.meetings(Who::Mentee).schedule_meeting(schedule(starts_at)).await;
        response.expect("scheduled").into_inner().meeting.expect("a meeting")
    }

    /// A meeting of the match that both came to. Moves the clock to its end.
    pub(crate) async fn held(&self, starts_at: &str) -> Meeting {
        let meeting = self.meeting(starts_at).await;
        self.suite.clock.set(at(starts_at) + SignedDuration::from_mins(45));
        let response = self.meetings(Who::Mentor).record_attendance(held(&meeting)).await;
        response.expect("recorded").into_inner().meeting.expect("a meeting")
    }

    /// The match ends now.
    pub(crate) fn ended(&self) -> MatchEnded {
        MatchEnded {
            match_id: the_match().to_string(),
            pair: Some(pair(mentor(), mentee())),
            ending: 2,
            rematch: true,
            ended_at: Some(timestamp(self.suite.clock.now())),
            was_active: true,
        }
    }

    /// Rows of the audit trail that name this operation.
    pub(crate) async fn audits(&self, operation: &str) -> i64 {
        let count =
            sqlx::query_scalar("select count(*) from scheduling.audit where operation like '%' || $1");
        count.bind(operation).fetch_one(self.suite.sql()).await.expect("counted")
    }
}

pub(crate) fn schedule(starts_at: &str) -> ScheduleMeetingRequest {
    ScheduleMeetingRequest {
        request_id: request_id(),
        match_id: the_match().to_string(),
        starts_at: wire(starts_at),
        ..ScheduleMeetingRequest::default()
    }
}

/// Both came.
pub(crate) fn held(meeting: &Meeting) -> RecordAttendanceRequest {
    use contracts::mentor::scheduling::v1::{AttendanceHeld, record_attendance_request::Outcome};
    let attended_person_ids = vec![mentor().to_string(), mentee().to_string()];
    RecordAttendanceRequest {
        request_id: request_id(),
        meeting_id: meeting.meeting_id.clone(),
        outcome: Some(Outcome::Held(AttendanceHeld { attended_person_ids })),
    }
}

/// It did not take place.
pub(crate) fn missed(meeting: &Meeting, why: &str) -> RecordAttendanceRequest {
    use contracts::mentor::scheduling::v1::{AttendanceMissed, record_attendance_request::Outcome};
    let outcome =
        AttendanceMissed { reason: why.to_owned(), attended_person_ids: vec![mentee().to_string()] };
    RecordAttendanceRequest {
        request_id: request_id(),
        meeting_id: meeting.meeting_id.clone(),
        outcome: Some(Outcome::Missed(outcome)),
    }
}
