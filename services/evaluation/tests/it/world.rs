//! A program with a pair, told by the events that the other services would publish.

use contracts::{
    mentor::{
        common::v1::{MatchEnding, ParticipantRole, Policy},
        enrollment::events::v1::{
            ApplicationDecided, ApplicationOutcome, ApplicationSubmitted, ParticipantReady, PersonUpserted,
            ProgramPublished, ProgramStarted,
        },
        evaluation::v1::{
            AnswerCheckInRequest, CheckIn, CheckInAnswer, CheckInState, ListCheckInsRequest,
            check_in_service_client::CheckInServiceClient,
        },
        matching::events::v1::{MatchActivated, MatchEnded, Pair},
        scheduling::events::v1::{MeetingHeld, MeetingInfo},
    },
    time::timestamp,
};
use evaluation::Evaluation;
use jiff::SignedDuration;
use kernel::{Clock, Role, Uuid};
use testkit::Suite;
use tonic::Status;
use tonic_types::StatusExt;

pub(crate) const PROGRAM: u64 = 1;
pub(crate) const MENTOR: u64 = 10;
pub(crate) const MENTEE: u64 = 20;
pub(crate) const MATCH: u64 = 30;

pub(crate) fn id(number: u64) -> String {
    testkit::id(number).to_string()
}

/// The service alone, with a published and started program.
pub(crate) async fn suite() -> Suite {
    let suite = Suite::builder().service::<Evaluation>().start().await;
    let policy = Policy {
        meetings_per_month: 1,
        meeting_minutes: 60,
        review_day: 90,
        answer_days: 10,
        application_days: 30,
        check_in_days: 14,
        duration_months: 9,
        ..Policy::default()
    };
    let published = ProgramPublished {
        program_id: id(PROGRAM),
        name: "Grow".to_owned(),
        policy: Some(policy),
        audience_size: 40,
    };
    suite.publish(&published).await;
    let started_at = Some(timestamp(suite.clock.now()));
    suite.publish(&ProgramStarted { program_id: id(PROGRAM), started_at }).await;
    suite.settle().await;
    suite
}

/// The pair `number`: people, applications, participants and an active match.
pub(crate) async fn pair(suite: &Suite, number: u64) {
    let people = [(MENTOR + number, ParticipantRole::Mentor), (MENTEE + number, ParticipantRole::Mentee)];
    for (person, role) in people {
        suite
            .publish(&PersonUpserted {
                person_id: id(person),
                unit: "Finance".to_owned(),
                ..Default::default()
            })
            .await;
        let application = ApplicationSubmitted {
            application_id: id(1000 + person),
            program_id: id(PROGRAM),
            person_id: id(person),
            role: role.into(),
        };
        suite.publish(&application).await;
        let decided = ApplicationDecided {
            application_id: id(1000 + person),
            program_id: id(PROGRAM),
            person_id: id(person),
            role: role.into(),
            outcome: ApplicationOutcome::Accepted.into(),
            participant_id: id(2000 + person),
        };
        suite.publish(&decided).await;
        let ready = ParticipantReady {
            participant_id: id(2000 + person),
            program_id: id(PROGRAM),
            person_id: id(person),
            role: role.into(),
            capacity: 1,
            profile: None,
        };
        suite.publish(&ready).await;
    }
    let activated = MatchActivated {
        match_id: id(MATCH + number),
        pair: Some(people_of(number)),
        score: 7_250,
        activated_at: Some(timestamp(suite.clock.now())),
    };
    suite.publish(&activated).await;
    suite.settle().await;
}

pub(crate) fn people_of(number: u64) -> Pair {
    Pair {
        program_id: id(PROGRAM),
        mentor_participant_id: id(2000 + MENTOR + number),
        mentor_person_id: id(MENTOR + number),
        mentee_participant_id: id(2000 + MENTEE + number),
        mentee_person_id: id(MENTEE + number),
    }
}

/// The match `number` ends now.
pub(crate) async fn end(suite: &Suite, number: u64, ending: MatchEnding) {
    let ended = MatchEnded {
        match_id: id(MATCH + number),
        pair: Some(people_of(number)),
        ending: ending.into(),
        rematch: false,
        ended_at: Some(timestamp(suite.clock.now())),
        was_active: true,
    };
    suite.publish(&ended).await;
    suite.settle().await;
}

/// A meeting of the match, held today.
pub(crate) async fn meet(suite: &Suite, number: u64, meeting: u64) {
    let now = suite.clock.now();
    let info = MeetingInfo {
        match_id: id(MATCH + number),
        program_id: id(PROGRAM),
        starts_at: Some(timestamp(now - SignedDuration::from_hours(2))),
        ends_at: Some(timestamp(now - SignedDuration::from_hours(1))),
        sequence: 0,
    };
    suite.publish(&MeetingHeld { meeting_id: id(3000 + meeting), meeting: Some(info) }).await;
    suite.settle().await;
}

/// Days pass, and the jobs that are due run.
pub(crate) async fn days(suite: &Suite, days: i64) {
    suite.advance(SignedDuration::from_hours(24 * days));
    suite.run_jobs().await;
    suite.settle().await;
}

pub(crate) fn person(number: u64) -> Option<Uuid> {
    Some(testkit::id(number))
}

/// The check-ins that are open, as the program manager sees them.
pub(crate) async fn open_check_ins(suite: &Suite) -> Vec<CheckIn> {
    let request = ListCheckInsRequest { state: CheckInState::Open.into(), ..Default::default() };
    let mut client = CheckInServiceClient::new(suite.acting(Role::ProgramManager, None));
    client.list_check_ins(request).await.expect("allowed").into_inner().check_ins
}

/// Answers with a rating; every other answer is a good one.
pub(crate) async fn answer(suite: &Suite, check_in: &CheckIn, rating: i32) -> Result<CheckIn, Status> {
    let who = Uuid::parse_str(&check_in.person_id).expect("an id");
    let mut client = CheckInServiceClient::new(suite.acting(Role::Employee, Some(who)));
    let answer = CheckInAnswer {
        rating,
        met_as_agreed: true,
        progress: 3,
        wants_help: false,
        comment: "fine".to_owned(),
    };
    let request = AnswerCheckInRequest {
        request_id: suite.clock.new_id().to_string(),
        check_in_id: check_in.check_in_id.clone(),
        answer: Some(answer),
    };
    Ok(client.answer_check_in(request).await?.into_inner().check_in.expect("the check-in"))
}

/// The reason in a refusal.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("every refusal has a reason").reason
}
