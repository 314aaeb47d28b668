//! A small organisation and the people who act in it.

use contracts::mentor::{
    common::v1::{ParticipantRole, Profile, Skill, Weekday, WeeklyWindow},
    enrollment::v1::{
        application_service_client::ApplicationServiceClient,
        directory_service_client::DirectoryServiceClient, import_people_request::Part,
        import_people_response::Part as Answer, participant_service_client::ParticipantServiceClient,
        program_service_client::ProgramServiceClient, training_service_client::TrainingServiceClient, *,
    },
};
use enrollment::Enrollment;
use grpc::Channel;
use kernel::{Clock, Error, Role, Uuid};
use testkit::Suite;
use tonic::Status;

/// Who reports to whom, and in which unit: ceo <- lea <- ann, bob; ceo <- max <- eve.
const PEOPLE: [(&str, &str, &str); 6] = [
    ("ceo", "", "Board"),
    ("lea", "ceo", "Finance"),
    ("max", "ceo", "Sales"),
    ("ann", "lea", "Finance"),
    ("bob", "lea", "Finance"),
    ("eve", "max", "Sales"),
];

/// The service with an organisation in it.
pub(crate) struct World {
    pub(crate) suite: Suite,
}

/// What an import answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Imported {
    pub(crate) problems: Vec<RowResult>,
    pub(crate) summary: ImportSummary,
    pub(crate) steps: Vec<String>,
}

impl World {
    /// Starts the service, with nobody in its directory.
    pub(crate) async fn empty() -> World {
        World { suite: Suite::builder().service::<Enrollment>().start().await }
    }

    /// Starts the service and imports the organisation.
    pub(crate) async fn start() -> World {
        let world = World::empty().await;
        let imported =
            world.import(world.snapshot(), rows(&PEOPLE)).await.expect("the organisation is sound");
        assert_eq!(imported.problems, []);
        world
    }

    pub(crate) fn request_id(&self) -> String {
        self.suite.clock.new_id().to_string()
    }

    pub(crate) fn snapshot(&self) -> ImportOptions {
        ImportOptions {
            request_id: self.request_id(),
            mode: ImportMode::Snapshot.into(),
            confirm_mass_deactivation: true,
            source: "test".into(),
            ..ImportOptions::default()
        }
    }

    pub(crate) fn delta(&self) -> ImportOptions {
        ImportOptions { mode: ImportMode::Delta.into(), ..self.snapshot() }
    }

    pub(crate) async fn import(&self, options: ImportOptions, parts: Vec<Part>) -> Result<Imported, Status> {
        import_by(self.suite.acting(Role::HrAdmin, None), options, parts).await
    }

    /// The id of a person of the organisation.
    pub(crate) async fn person(&self, external_id: &str) -> Uuid {
        self.people()
            .await
            .into_iter()
            .find(|p| p.external_id == external_id)
            .map(|p| id(&p.person_id))
            .expect("imported")
    }

    /// Everybody, at most a thousand.
    pub(crate) async fn people(&self) -> Vec<Person> {
        let request = ListPeopleRequest { page_size: 1000, ..ListPeopleRequest::default() };
        let mut directory = DirectoryServiceClient::new(self.suite.acting(Role::HrAdmin, None));
        directory.list_people(request).await.expect("allowed").into_inner().people
    }

    /// A channel of a person who is only an employee.
    pub(crate) async fn employee(&self, external_id: &str) -> Channel {
        self.suite.acting(Role::Employee, Some(self.person(external_id).await))
    }

    /// A channel of the program manager.
    pub(crate) fn manager(&self) -> Channel {
        self.suite.acting(Role::ProgramManager, None)
    }

    pub(crate) fn programs(&self) -> ProgramServiceClient<Channel> {
        ProgramServiceClient::new(self.manager())
    }

    pub(crate) fn applications(&self) -> ApplicationServiceClient<Channel> {
        ApplicationServiceClient::new(self.manager())
    }

    pub(crate) fn participants(&self) -> ParticipantServiceClient<Channel> {
        ParticipantServiceClient::new(self.manager())
    }

    pub(crate) fn training(&self) -> TrainingServiceClient<Channel> {
        TrainingServiceClient::new(self.manager())
    }

    /// A draft.
    pub(crate) async fn draft(&self, spec: ProgramSpec) -> Program {
        let request = CreateProgramRequest { request_id: self.request_id(), spec: Some(spec) };
        self.programs().create_program(request).await.expect("valid").into_inner().program.expect("answered")
    }

    /// A published program for everybody.
    pub(crate) async fn program(&self) -> Program {
        self.published(spec("Leaders of tomorrow")).await
    }

    /// A published program.
    pub(crate) async fn published(&self, spec: ProgramSpec) -> Program {
        let program_id = self.draft(spec).await.program_id;
        let request = PublishProgramRequest { request_id: self.request_id(), program_id };
        self.programs()
            .publish_program(request)
            .await
            .expect("a draft")
            .into_inner()
            .program
            .expect("answered")
    }

    /// Applies.
    pub(crate) async fn apply(
        &self,
        external_id: &str,
        program: &Program,
        role: ParticipantRole,
    ) -> Result<Application, Status> {
        let request = self.application(program, role);
        let mut client = ApplicationServiceClient::new(self.employee(external_id).await);
        Ok(client.submit_application(request).await?.into_inner().application.expect("answered"))
    }

    /// A good application.
    pub(crate) fn application(&self, program: &Program, role: ParticipantRole) -> SubmitApplicationRequest {
        SubmitApplicationRequest {
            request_id: self.request_id(),
            program_id: program.program_id.clone(),
            role: role.into(),
            answers: vec![FormAnswer {
                question: "Why?".into(),
                answer: Some(form_answer::Answer::Text("To learn".into())),
            }],
            profile: Some(profile()),
            capacity: 1,
        }
    }

    /// The line manager endorses.
    pub(crate) async fn endorse(
        &self,
        external_id: &str,
        application: &Application,
    ) -> Result<Application, Status> {
        let mut client = ApplicationServiceClient::new(self.employee(external_id).await);
        let application_id = application.application_id.clone();
        let request = EndorseApplicationRequest { request_id: self.request_id(), application_id };
        Ok(client.endorse_application(request).await?.into_inner().application.expect("answered"))
    }

    /// The program manager decides.
    pub(crate) async fn decide(
        &self,
        application: &Application,
        decision: ApplicationDecision,
        reason: &str,
    ) -> Result<Application, Status> {
        let request = DecideApplicationRequest {
            request_id: self.request_id(),
            application_id: application.application_id.clone(),
            decision: decision.into(),
            reason: reason.into(),
            etag: String::new(),
        };
        Ok(self.applications().decide_application(request).await?.into_inner().application.expect("answered"))
    }

    /// Applies, is endorsed by lea and accepted; the participant.
    pub(crate) async fn join(
        &self,
        external_id: &str,
        program: &Program,
        role: ParticipantRole,
    ) -> Participant {
        let application = self.apply(external_id, program, role).await.expect("may apply");
        self.endorse("lea", &application).await.expect("lea is the line manager");
        let accepted = self.decide(&application, ApplicationDecision::Accept, "").await.expect("endorsed");
        self.participant(&accepted.participant_id).await
    }

    /// Reads a participant as the program manager.
    pub(crate) async fn participant(&self, participant_id: &str) -> Participant {
        let request = GetParticipantRequest { participant_id: participant_id.into() };
        self.participants()
            .get_participant(request)
            .await
            .expect("joined")
            .into_inner()
            .participant
            .expect("answered")
    }

    /// Adds a course.
    pub(crate) async fn course(&self, title: &str) -> Course {
        let request = CreateCourseRequest {
            request_id: self.request_id(),
            title: title.into(),
            description: String::new(),
            duration_minutes: 60,
        };
        self.training().create_course(request).await.expect("valid").into_inner().course.expect("answered")
    }

    /// Requires a course of a role, or no more.
    pub(crate) async fn require(
        &self,
        program: &Program,
        course: &Course,
        role: ParticipantRole,
        required: bool,
    ) {
        let request = SetCourseRequirementRequest {
            request_id: self.request_id(),
            program_id: program.program_id.clone(),
            course_id: course.course_id.clone(),
            role: role.into(),
            required,
        };
        self.training().set_course_requirement(request).await.expect("both exist");
    }

    /// Completes a course as oneself.
    pub(crate) async fn complete(&self, external_id: &str, course: &Course) -> CompleteCourseResponse {
        let mut client = TrainingServiceClient::new(self.employee(external_id).await);
        let course_id = course.course_id.clone();
        let request =
            CompleteCourseRequest { request_id: self.request_id(), course_id, person_id: String::new() };
        client.complete_course(request).await.expect("one's own").into_inner()
    }
}

/// Sends an import and gathers its answers.
pub(crate) async fn import_by(
    channel: Channel,
    options: ImportOptions,
    parts: Vec<Part>,
) -> Result<Imported, Status> {
    let first = ImportPeopleRequest { part: Some(Part::Options(options)) };
    let rest = parts.into_iter().map(|part| ImportPeopleRequest { part: Some(part) });
    let requests = futures::stream::iter(std::iter::once(first).chain(rest));
    let mut answers = DirectoryServiceClient::new(channel).import_people(requests).await?.into_inner();
    let (mut problems, mut summary, mut steps) = (Vec::new(), None, Vec::new());
    while let Some(answer) = answers.message().await? {
        match answer.part.expect("every answer has a part") {
            Answer::Row(row) => problems.push(row),
            Answer::Progress(progress) => steps.push(progress.step),
            Answer::Summary(last) => summary = Some(last),
        }
    }
    steps.dedup();
    Ok(Imported { problems, summary: summary.expect("the last answer"), steps })
}

/// Rows of (id, manager, unit).
pub(crate) fn rows(people: &[(&str, &str, &str)]) -> Vec<Part> {
    let row = |(external_id, manager, unit): &(&str, &str, &str)| PersonRow {
        external_id: (*external_id).into(),
        manager_external_id: (*manager).into(),
        job_title: format!("{external_id} of {unit}"),
        unit: (*unit).into(),
        ..PersonRow::default()
    };
    vec![Part::Rows(PersonRows { rows: people.iter().map(row).collect() })]
}

/// The organisation without some of its people.
pub(crate) fn without(gone: &[&str]) -> Vec<Part> {
    rows(&PEOPLE.into_iter().filter(|(person, ..)| !gone.contains(person)).collect::<Vec<_>>())
}

/// A CSV file in pieces.
pub(crate) fn csv(bytes: &[u8]) -> Vec<Part> {
    bytes.chunks(100_000).map(|piece| Part::CsvChunk(piece.to_vec())).collect()
}

/// A design with defaults.
pub(crate) fn spec(name: &str) -> ProgramSpec {
    ProgramSpec { name: name.into(), ..ProgramSpec::default() }
}

/// A good profile.
pub(crate) fn profile() -> Profile {
    Profile {
        skills_wanted: vec![Skill { id: "negotiation".into(), level: 3 }],
        goals: vec!["Lead a team".into()],
        languages: vec!["en".into()],
        zone: "Europe/London".into(),
        availability: vec![WeeklyWindow { day: Weekday::Monday.into(), start_minute: 540, end_minute: 720 }],
        ..Profile::default()
    }
}

pub(crate) fn id(text: &str) -> Uuid {
    text.parse().expect("answers hold UUIDs")
}

/// The reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, Status>) -> &'static str {
    error(result).reason
}

/// A refusal.
pub(crate) fn error<T: std::fmt::Debug>(result: Result<T, Status>) -> Box<Error> {
    grpc::from_status(result.expect_err("must be refused"))
}

/// The field that a refusal names first.
pub(crate) fn field<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    error(result).violations.first().map(|violation| violation.field.clone()).unwrap_or_default()
}
