//! The steps of a program's life, through the public gRPC APIs alone. A step that another service has to hear of
//! first is tried until it works, within [`PATIENCE`].

use crate::stage::Stage;
use contracts::mentor::{
    common::v1::{CivilTime, ParticipantRole, Profile, Skill, Weekday, WeeklyWindow},
    enrollment::v1::{
        application_service_client::ApplicationServiceClient,
        directory_service_client::DirectoryServiceClient, import_people_request::Part,
        import_people_response::Part as Answer, program_service_client::ProgramServiceClient,
        training_service_client::TrainingServiceClient, *,
    },
    matching::v1::{match_service_client::MatchServiceClient, run_service_client::RunServiceClient, *},
    scheduling::v1::{meeting_service_client::MeetingServiceClient, *},
};
use kernel::{Role, Uuid};
use std::{collections::BTreeMap, time::Duration};
use testkit::eventually;
use tonic::Status;

/// How long an event may take to arrive on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A person of an organisation, as the HRIS has them.
pub fn row(external_id: &str, manager: &str, unit: &str) -> PersonRow {
    PersonRow {
        external_id: external_id.to_owned(),
        manager_external_id: manager.to_owned(),
        display_name: format!("Person {external_id}"),
        email: format!("{external_id}@example.org"),
        job_title: format!("Role of {external_id}"),
        unit: unit.to_owned(),
        ..PersonRow::default()
    }
}

/// Everything about somebody who would do as mentor and as mentee.
pub fn profile() -> Profile {
    let skill = |level| vec![Skill { id: "negotiation".to_owned(), level }];
    let window = |day: Weekday| WeeklyWindow { day: day.into(), start_minute: 540, end_minute: 1020 };
    Profile {
        skills_wanted: skill(2),
        skills_offered: skill(4),
        goals: vec!["Lead a team".to_owned()],
        languages: vec!["en".to_owned()],
        zone: "Europe/London".to_owned(),
        availability: vec![window(Weekday::Monday), window(Weekday::Wednesday)],
        ..Profile::default()
    }
}

/// A parsed id.
pub fn id(text: &str) -> Uuid {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no UUID"))
}

/// A value, or nothing where another service has not heard yet.
fn heard<T>(result: Result<tonic::Response<T>, Status>, early: &[&str]) -> Option<T> {
    match result {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            let error = grpc::from_status(status);
            assert!(early.contains(&error.reason), "{}: {error}", error.reason);
            None
        }
    }
}

fn done<T>(what: &str, result: Result<tonic::Response<T>, Status>) -> T {
    match result {
        Ok(answer) => answer.into_inner(),
        Err(status) => panic!("{what}: {}: {}", status.code(), status.message()),
    }
}

impl Stage<'_> {
    /// Imports rows as the HR platform.
    pub async fn import(&self, mode: ImportMode, rows: Vec<PersonRow>) -> ImportSummary {
        match self.try_import(self.request_id(), mode, rows).await {
            Ok(summary) => summary,
            Err(status) => panic!("the import: {status}"),
        }
    }

    /// Imports rows as the HR platform, under a request id that can be used again.
    pub async fn try_import(
        &self,
        request_id: String,
        mode: ImportMode,
        rows: Vec<PersonRow>,
    ) -> Result<ImportSummary, Status> {
        let options = ImportOptions {
            request_id,
            mode: mode.into(),
            confirm_mass_deactivation: true,
            source: "tests".to_owned(),
            ..ImportOptions::default()
        };
        let parts = [Part::Options(options), Part::Rows(PersonRows { rows })];
        let requests = parts.map(|part| ImportPeopleRequest { part: Some(part) });
        let channel = self.channel("enrollment", Role::HrClient, None);
        let mut client = DirectoryServiceClient::new(channel);
        let mut answers = client.import_people(futures::stream::iter(requests)).await?.into_inner();
        let mut summary = None;
        while let Some(answer) = answers.message().await? {
            match answer.part {
                Some(Answer::Row(row)) => panic!("row {}: {}", row.row, row.message),
                Some(Answer::Summary(last)) => summary = Some(last),
                Some(Answer::Progress(_)) | None => {}
            }
        }
        summary.ok_or_else(|| Status::internal("the import ended without a summary"))
    }

    /// Everybody who is active, by external id.
    pub async fn people(&self) -> BTreeMap<String, Uuid> {
        let request =
            ListPeopleRequest { page_size: 1000, state: PersonState::Active.into(), ..Default::default() };
        let mut client = DirectoryServiceClient::new(self.channel("enrollment", Role::HrAdmin, None));
        let people = done("people", client.list_people(request).await).people;
        people.into_iter().map(|person| (person.external_id, id(&person.person_id))).collect()
    }

    /// A program that has started.
    pub async fn program(&self, name: &str) -> String {
        let mut client = ProgramServiceClient::new(self.manager("enrollment"));
        let spec = ProgramSpec { name: name.to_owned(), ..ProgramSpec::default() };
        let request = CreateProgramRequest { request_id: self.request_id(), spec: Some(spec) };
        let program = done("create", client.create_program(request).await).program.expect("answered");
        let program_id = program.program_id;
        let request = PublishProgramRequest { request_id: self.request_id(), program_id: program_id.clone() };
        done("publish", client.publish_program(request).await);
        let request = StartProgramRequest { request_id: self.request_id(), program_id: program_id.clone() };
        done("start", client.start_program(request).await);
        program_id
    }

    /// A course that the program requires of a role.
    pub async fn course(&self, program_id: &str, role: ParticipantRole) -> String {
        let mut client = TrainingServiceClient::new(self.manager("enrollment"));
        let request = CreateCourseRequest {
            request_id: self.request_id(),
            title: format!("Course {}", self.request_id()),
            description: String::new(),
            duration_minutes: 60,
        };
        let course = done("course", client.create_course(request).await).course.expect("answered");
        let request = SetCourseRequirementRequest {
            request_id: self.request_id(),
            program_id: program_id.to_owned(),
            course_id: course.course_id.clone(),
            role: role.into(),
            required: true,
        };
        done("requirement", client.set_course_requirement(request).await);
        course.course_id
    }

    /// Applies; the application.
    pub async fn apply(
        &self,
        program_id: &str,
        person: Uuid,
        role: ParticipantRole,
        capacity: i32,
    ) -> Application {
        let request = SubmitApplicationRequest {
            request_id: self.request_id(),
            program_id: program_id.to_owned(),
            role: role.into(),
            answers: Vec::new(),
            profile: Some(profile()),
            capacity,
        };
        let mut client = ApplicationServiceClient::new(self.employee("enrollment", person));
        done("apply", client.submit_application(request).await).application.expect("answered")
    }

    /// The line manager endorses.
    pub async fn endorse(&self, manager: Uuid, application_id: &str) {
        let request = EndorseApplicationRequest {
            request_id: self.request_id(),
            application_id: application_id.to_owned(),
        };
        let mut client = ApplicationServiceClient::new(self.employee("enrollment", manager));
        done("endorse", client.endorse_application(request).await);
    }

    /// The program manager accepts; the participant.
    pub async fn accept(&self, application_id: &str) -> String {
        let request = DecideApplicationRequest {
            request_id: self.request_id(),
            application_id: application_id.to_owned(),
            decision: ApplicationDecision::Accept.into(),
            ..DecideApplicationRequest::default()
        };
        let mut client = ApplicationServiceClient::new(self.manager("enrollment"));
        let decided = done("decide", client.decide_application(request).await);
        decided.application.expect("answered").participant_id
    }

    /// A person completes a course, and is ready by it or not.
    pub async fn complete(&self, person: Uuid, course_id: &str) -> CompleteCourseResponse {
        let request = CompleteCourseRequest {
            request_id: self.request_id(),
            course_id: course_id.to_owned(),
            person_id: String::new(),
        };
        let mut client = TrainingServiceClient::new(self.employee("enrollment", person));
        done("complete", client.complete_course(request).await)
    }

    /// A match run over so many mentees (and mentors, if that matters), completed. Runs that began before matching had heard of all
    /// of them are left alone.
    pub async fn run(&self, program_id: &str, mentees: i32, mentors: Option<i32>) -> MatchRun {
        let mut client = RunServiceClient::new(self.manager("matching"));
        eventually!(PATIENCE, {
            let request = StartMatchRunRequest {
                request_id: self.request_id(),
                program_id: program_id.to_owned(),
                mode: MatchMode::MaxCardinality.into(),
                ..StartMatchRunRequest::default()
            };
            let early = ["NOT_FOUND", "NOBODY_TO_MATCH", "PROGRAM_STATE"];
            match heard(client.start_match_run(request).await, &early).and_then(|answer| answer.run) {
                Some(run)
                    if run.mentees == mentees && mentors.is_none_or(|mentors| mentors == run.mentors) =>
                {
                    Some(watched(&mut client, run.run_id).await)
                }
                _ => None,
            }
        })
    }

    /// Publishes a run; how many matches it proposed.
    pub async fn publish_run(&self, run_id: &str) -> i32 {
        let request = PublishMatchRunRequest { request_id: self.request_id(), run_id: run_id.to_owned() };
        let mut client = RunServiceClient::new(self.manager("matching"));
        done("publish", client.publish_match_run(request).await).proposed
    }

    /// Matches of a program in some states.
    pub async fn matches(&self, program_id: &str, states: &[MatchState]) -> Vec<Match> {
        let request = ListMatchesRequest {
            program_id: program_id.to_owned(),
            states: states.iter().map(|state| (*state).into()).collect(),
            page_size: 1000,
            ..ListMatchesRequest::default()
        };
        let mut client = MatchServiceClient::new(self.manager("matching"));
        done("matches", client.list_matches(request).await).matches
    }

    /// A person accepts a match.
    pub async fn accept_match(&self, person: Uuid, match_id: &str) -> Match {
        let request = AcceptMatchRequest { request_id: self.request_id(), match_id: match_id.to_owned() };
        let mut client = MatchServiceClient::new(self.employee("matching", person));
        done("accept", client.accept_match(request).await).r#match.expect("answered")
    }

    /// A series of meetings, once scheduling has heard that the match is active.
    pub async fn series(&self, person: Uuid, match_id: &str, local: &str, rrule: &str) -> Vec<Meeting> {
        let start = CivilTime { local: local.to_owned(), zone: "Europe/London".to_owned() };
        let request = ScheduleSeriesRequest {
            request_id: self.request_id(),
            match_id: match_id.to_owned(),
            start: Some(start),
            rrule: rrule.to_owned(),
            duration_minutes: 60,
            title: "Mentoring".to_owned(),
            location: String::new(),
        };
        let mut client = MeetingServiceClient::new(self.employee("scheduling", person));
        eventually!(PATIENCE, {
            heard(client.schedule_series(request.clone()).await, &["NOT_FOUND", "MATCH_NOT_ACTIVE"])
        })
        .meetings
    }

    /// Meetings of a match by start.
    pub async fn meetings(&self, match_id: &str) -> Vec<Meeting> {
        let request = ListMeetingsRequest {
            page_size: 1000,
            match_id: match_id.to_owned(),
            ..ListMeetingsRequest::default()
        };
        let mut client = MeetingServiceClient::new(self.manager("scheduling"));
        done("meetings", client.list_meetings(request).await).meetings
    }
}

/// The run's last state.
async fn watched(client: &mut RunServiceClient<grpc::Channel>, run_id: String) -> MatchRun {
    let mut watch = done("watch", client.watch_match_run(WatchMatchRunRequest { run_id }).await);
    let mut last = None;
    loop {
        match watch.message().await {
            Ok(Some(update)) => last = update.run,
            Ok(None) => break,
            Err(status) => panic!("watching the run: {status}"),
        }
    }
    let run = last.expect("a run has a state");
    assert_eq!(run.state(), MatchRunState::Completed, "{}", run.failure);
    run
}
