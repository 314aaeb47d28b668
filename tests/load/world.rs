//! The services in this process on a real Postgres, and an organisation with many programs.
//!
//! Broker and cache are inside the process, and events move by hand: what is measured is the calls, beside references
//! that talk to Postgres alone. Relay and consumers have a bench of their own.

use crate::driver::CONNECTIONS;
use anyhow::{Result, anyhow};
use contracts::mentor::{
    common::v1::{ParticipantRole, Profile, Skill, Weekday, WeeklyWindow},
    enrollment::v1::{
        CreateProgramRequest, FormAnswer, Objective, ProgramSpec, PublishProgramRequest,
        SubmitApplicationRequest, form_answer::Answer, program_service_client::ProgramServiceClient,
    },
};
use kernel::{Clock, Role, SystemClock};
use runtime::{
    Config,
    telemetry::{Program, Telemetry},
};
use sqlx::AssertSqlSafe;
use storage::Database;
use testkit::{Suite, id};

/// Programs that each connection has for itself: more than it can apply to in a round.
pub(crate) const PROGRAMS_EACH: u32 = 5_000;
/// All of them. Their ids are `testkit::id` of 0 and up; those of the applicants, one a connection, too.
pub(crate) const PROGRAMS: u32 = PROGRAMS_EACH * CONNECTIONS;

/// The services at work.
pub(crate) struct World {
    pub(crate) suite: Suite,
}

impl World {
    /// Starts them as `mentor serve` does, with logs and metrics as configured by default.
    pub(crate) async fn start() -> Result<World> {
        Telemetry::install(&Config::defaults()?.telemetry, Program::named("bench"))?;
        let suite = Suite::builder()
            .service::<enrollment::Enrollment>()
            .service::<matching::Matching>()
            .service::<scheduling::Scheduling>()
            .service::<evaluation::Evaluation>()
            .service::<gateway::Gateway>()
            .in_process()
            .start()
            .await;
        let world = World { suite };
        world.employ().await?;
        world.offer().await?;
        world.sql("vacuum analyze enrollment.person, enrollment.program").await?;
        Ok(world)
    }

    async fn employ(&self) -> Result<()> {
        let tenant = self.suite.tenant;
        self.sql(&format!(
            "insert into enrollment.person (tenant_id, person_id, external_id, display_name, email, unit, job_title, \
                                            grade, profession, organisation, parent_organisation, fte_percent, state, \
                                            created_at, updated_at) \
             select '{tenant}', {}, 'P-' || n, 'Ada Lovelace', 'ada' || n || '@example.com', 'Finance', 'Analyst', \
                    'G7', 'Finance', 'Treasury', 'Government', 100, 'active', to_timestamp(1736154000), \
                    to_timestamp(1736154000) from generate_series(0, {} - 1) n",
            numbered("n"),
            CONNECTIONS
        ))
        .await
    }

    /// One program by the API, the others as its copies.
    async fn offer(&self) -> Result<()> {
        let mut programs = ProgramServiceClient::new(self.suite.acting(Role::ProgramManager, None));
        let created = programs.create_program(draft()).await?.into_inner().program;
        let program_id = created.ok_or_else(|| anyhow!("no program in the answer"))?.program_id;
        let publish = PublishProgramRequest { request_id: request_id(), program_id: program_id.clone() };
        programs.publish_program(publish).await?;
        self.sql(&format!(
            "insert into enrollment.program (tenant_id, program_id, name, description, objectives, audience_units, \
                                             format, policy, state, audience_size, created_at, published_at, version) \
             select tenant_id, {}, name, description, objectives, audience_units, format, policy, state, \
                    audience_size, created_at, published_at, version \
             from enrollment.program, generate_series(0, {PROGRAMS} - 1) n where program_id = '{program_id}'",
            numbered("n")
        ))
        .await
    }

    /// Runs SQL as the superuser.
    pub(crate) async fn sql(&self, sql: &str) -> Result<()> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(self.suite.sql()).await?;
        Ok(())
    }

    /// The database as the service of this role sees it.
    pub(crate) fn url_of(&self, role: &str) -> String {
        let password = self.suite.config().database.password.expose();
        let login = if password.is_empty() { role.to_owned() } else { format!("{role}:{password}") };
        self.suite.database().host_url().replacen("://", &format!("://{login}@"), 1)
    }

    /// Enrollment's connections.
    pub(crate) fn enrollment(&self) -> Result<&Database> {
        self.suite.host().database("enrollment").ok_or_else(|| anyhow!("enrollment does not run"))
    }

    /// The tokens of the applicants, one a connection.
    pub(crate) fn applicants(&self) -> Vec<String> {
        let token = |n| self.suite.token(Role::Employee, Some(id(u64::from(n))));
        (0..CONNECTIONS).map(token).collect()
    }
}

/// SQL for `testkit::id` of a number.
pub(crate) fn numbered(number: &str) -> String {
    format!("('01943a2b-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
}

/// A new request id.
pub(crate) fn request_id() -> String {
    SystemClock.new_id().to_string()
}

/// A program of ordinary size.
pub(crate) fn draft() -> CreateProgramRequest {
    let objective =
        |text: &str| Objective { text: text.to_owned(), organisation_goal: "Retention".to_owned() };
    CreateProgramRequest {
        request_id: request_id(),
        spec: Some(ProgramSpec {
            name: "Leaders of tomorrow".to_owned(),
            description: "Meet once a month for a year, talk about what matters to you. ".repeat(3),
            objectives: vec![objective("Half of the mentees take a new role"), objective("People stay")],
            ..ProgramSpec::default()
        }),
    }
}

/// An application of ordinary size to a program.
pub(crate) fn application(program: u32) -> SubmitApplicationRequest {
    let skill = |id: &str| Skill { id: id.to_owned(), level: 4 };
    let window = |day: Weekday| WeeklyWindow { day: day.into(), start_minute: 540, end_minute: 1_020 };
    SubmitApplicationRequest {
        request_id: request_id(),
        program_id: id(u64::from(program)).to_string(),
        role: ParticipantRole::Mentee.into(),
        answers: vec![FormAnswer {
            question: "What do you hope for?".to_owned(),
            answer: Some(Answer::Text("To lead a team of my own in two years.".to_owned())),
        }],
        profile: Some(Profile {
            skills_wanted: vec![skill("leadership"), skill("negotiation"), skill("statistics")],
            goals: vec!["Lead a team".to_owned()],
            languages: vec!["en".to_owned()],
            zone: "Europe/London".to_owned(),
            availability: vec![window(Weekday::Monday), window(Weekday::Wednesday)],
            ..Profile::default()
        }),
        capacity: 0,
    }
}
