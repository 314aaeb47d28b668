//! A small world, made through the APIs: two pairs in one tenant, one pair in another, each with an application, a
//! participant, a match, a meeting, a check-in and a review.

use super::{
    patient,
    personas::{Ids, Persona},
};
use contracts::mentor::{
    common::v1::ParticipantRole,
    enrollment::v1::ImportMode,
    evaluation::v1::{
        ListCheckInsRequest, ListReviewsRequest, check_in_service_client::CheckInServiceClient,
        review_service_client::ReviewServiceClient,
    },
    gateway::v1::{
        CreateClientRequest, CreateConnectionRequest, CreateIdentityProviderRequest, CreateSourceRequest,
        CreateWebhookRequest, GetSyncRunRequest, IdentityProviderSettings, Source, SourceSettings,
        StartSyncRequest, SyncState, TestWebhookRequest, UploadFileOptions, UploadFileRequest,
        UploadSettings, client_service_client::ClientServiceClient,
        connection_service_client::ConnectionServiceClient,
        identity_provider_service_client::IdentityProviderServiceClient,
        source_service_client::SourceServiceClient, source_settings, upload_file_request,
        webhook_service_client::WebhookServiceClient,
    },
    matching::v1::{Match, MatchState, PinPairRequest, run_service_client::RunServiceClient},
};
use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use grpc::{Channel, Client, StaticToken};
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, Role, SharedClock, TenantId, Uuid};
use matching::Matching;
use scheduling::Scheduling;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::Suite;
use tests::{
    life::{PATIENCE, row},
    stage::Stage,
};

/// A pair and its line manager, with all that is theirs.
struct Pair {
    manager: Uuid,
    mentor: Side,
    mentee: Side,
    shared: Ids,
}

/// Mentor or mentee.
struct Side {
    person: Uuid,
    application: String,
    participant: String,
    check_in: String,
}

pub(crate) struct World {
    suite: Suite,
    other: TenantId,
    pub(crate) personas: Vec<Persona>,
    /// Everything of the other tenant.
    pub(crate) other_tenant: Ids,
    /// Ids that belong to nobody.
    pub(crate) nobody: Ids,
}

impl World {
    pub(crate) async fn build() -> World {
        let suite = Suite::builder()
            .service::<Enrollment>()
            .service::<Matching>()
            .service::<Scheduling>()
            .service::<Evaluation>()
            .service::<Gateway>()
            .configure(with_a_key)
            .start()
            .await;
        let other = TenantId(suite.clock.new_id());
        let (mut here, mut there) = {
            let (own, foreign) = (stage(&suite, suite.tenant), stage(&suite, other));
            let here = Founding::begin(&own, 2).await;
            let there = Founding::begin(&foreign, 1).await;
            // Check-ins open after a month, reviews after three.
            let start = suite.clock.now();
            for days in [31, 91] {
                suite.settle().await;
                suite.clock.set(start + SignedDuration::from_hours(24 * days));
                suite.run_jobs().await;
                suite.settle().await;
            }
            let (mut here, mut there) = (here.finish(&own).await, there.finish(&foreign).await);
            provision(&suite, &own, &mut here).await;
            provision(&suite, &foreign, &mut there).await;
            (here, there)
        };
        suite.settle().await;
        let (second, first) = (here.remove(1), here.remove(0));
        let other_tenant = everything(&there.remove(0));
        let nobody = other_tenant.of_nobody(|| suite.clock.new_id().to_string());
        let personas = personas(&suite, &first, &second);
        World { suite, other, personas, other_tenant, nobody }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.suite.clock.now()
    }

    /// Until every event was handled.
    pub(crate) async fn settle(&self) {
        self.suite.settle().await;
    }

    /// A channel without a token.
    pub(crate) fn anonymous(&self) -> Channel {
        patient(Client::builder(&self.suite.host().url()).expect("the host's own URL"))
    }

    /// For every table: how many rows the other tenant has, and a digest of them. Without the audit trail, which
    /// learns of its own people's reads a moment later.
    pub(crate) async fn rows_of_the_other_tenant(&self) -> Vec<(String, i64, String)> {
        let tables: Vec<(String, String)> = sqlx::query_as(
            "select table_schema::text, table_name::text from information_schema.columns
             where column_name = 'tenant_id' and table_name <> 'audit' order by 1, 2",
        )
        .fetch_all(self.suite.sql())
        .await
        .expect("the catalogue");
        let mut found = Vec::new();
        for (schema, table) in tables {
            let sql = format!(
                "select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), ''))
                 from \"{schema}\".\"{table}\" t where tenant_id = $1"
            );
            let (rows, digest): (i64, String) = sqlx::query_as(AssertSqlSafe(sql))
                .bind(self.other.0)
                .fetch_one(self.suite.sql())
                .await
                .expect("the superuser reads everything");
            found.push((format!("{schema}.{table}"), rows, digest));
        }
        assert!(found.iter().map(|(_, rows, _)| rows).sum::<i64>() > 50, "the other tenant lives: {found:?}");
        found
    }
}

/// The secrets of webhooks need a key.
fn with_a_key(config: &mut runtime::Config) {
    let file = std::env::temp_dir().join(format!("mentor-matrix-{}.key", kernel::SystemClock.new_id()));
    let text = format!("keys_file = {:?}\ngenerate_keys = true\n", file.display().to_string());
    config.services.insert("gateway".to_owned(), text.parse().expect("TOML"));
}

fn stage(suite: &Suite, tenant: TenantId) -> Stage<'_> {
    let clock: SharedClock = suite.clock.clone();
    let connect = |_: &str, token: &str| suite.authorized(token);
    let issue = |tenant, role, person| suite.token_for(tenant, role, person);
    Stage::new(tenant, clock, Box::new(connect), Box::new(issue))
}

/// The world until the meetings are in the calendars.
struct Founding {
    program: String,
    run: String,
    courses: [String; 2],
    pairs: Vec<(Uuid, [Joined; 2])>,
    matches: Vec<(Match, String)>,
}

struct Joined {
    person: Uuid,
    application: String,
    participant: String,
}

impl Founding {
    async fn begin(stage: &Stage<'_>, pairs: usize) -> Founding {
        let mut rows = vec![row("board", "", "Board")];
        for n in 0..pairs {
            rows.push(row(&format!("line{n}"), "board", "Line"));
            rows.push(row(&format!("mentor{n}"), &format!("line{n}"), "Line"));
            rows.push(row(&format!("mentee{n}"), &format!("line{n}"), "Line"));
        }
        stage.import(ImportMode::Snapshot, rows).await;
        let people = stage.people().await;
        let program = stage.program("Leaders of tomorrow").await;
        let roles = [ParticipantRole::Mentor, ParticipantRole::Mentee];
        let courses = [stage.course(&program, roles[0]).await, stage.course(&program, roles[1]).await];
        let mut joined = Vec::new();
        for n in 0..pairs {
            let manager = people[&format!("line{n}")];
            let join = async |name: &str, role, course: &str| {
                let person = people[&format!("{name}{n}")];
                let application = stage.apply(&program, person, role, 1).await.application_id;
                stage.endorse(manager, &application).await;
                let participant = stage.accept(&application).await;
                stage.complete(person, course).await;
                Joined { person, application, participant }
            };
            let sides =
                [join("mentor", roles[0], &courses[0]).await, join("mentee", roles[1], &courses[1]).await];
            joined.push((manager, sides));
        }
        let count = i32::try_from(pairs).expect("few");
        // Who meets whom is said by pins, which matching takes once it knows both.
        stage.run(&program, count, Some(count)).await;
        for (_, [mentor, mentee]) in &joined {
            pin(stage, &program, &mentor.participant, &mentee.participant).await;
        }
        let run = stage.run(&program, count, Some(count)).await.run_id;
        stage.publish_run(&run).await;
        let mut founding = Founding { program, run, courses, pairs: joined, matches: Vec::new() };
        founding.meet(stage).await;
        founding
    }

    async fn meet(&mut self, stage: &Stage<'_>) {
        let proposed = stage.matches(&self.program, &[MatchState::Proposed]).await;
        for (_, [mentor, mentee]) in &self.pairs {
            let found = proposed.iter().find(|found| found.mentor_participant_id == mentor.participant);
            let found = found.expect("the pin was kept");
            assert_eq!(found.mentee_participant_id, mentee.participant);
            stage.accept_match(mentor.person, &found.match_id).await;
            let active = stage.accept_match(mentee.person, &found.match_id).await;
            assert_eq!(active.state(), MatchState::Active);
            // After the time that the world will have: to be moved and cancelled still.
            let meetings = stage
                .series(mentee.person, &active.match_id, "2025-06-02T10:00:00", "FREQ=WEEKLY;COUNT=3")
                .await;
            let meeting = meetings.first().expect("three meetings").meeting_id.clone();
            self.matches.push((active, meeting));
        }
    }

    /// What the jobs have opened meanwhile.
    async fn finish(self, stage: &Stage<'_>) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for ((manager, sides), (active, meeting)) in self.pairs.into_iter().zip(self.matches) {
            let review = review_of(stage, &active.match_id).await;
            let people = sides.each_ref().map(|side| side.person.to_string());
            let shared = Ids::default()
                .with("program_id", &[&self.program])
                .with("run_id", &[&self.run])
                .with("previous_run_id", &[&self.run])
                .with("match_id", &[&active.match_id])
                .with("meeting_id", &[&meeting])
                .with("ignore_meeting_id", &[&meeting])
                .with("review_id", &[&review])
                .with("manager_id", &[&manager.to_string()])
                .with("mentor_participant_id", &[&sides[0].participant])
                .with("mentee_participant_id", &[&sides[1].participant])
                .with("person_ids", &[&people[0], &people[1]])
                .with("attended_person_ids", &[&people[0], &people[1]])
                .with("course_id", &[&self.courses[0], &self.courses[1]]);
            let [mentor, mentee] = sides;
            let mentor = side(stage, mentor, &active.match_id).await;
            let mentee = side(stage, mentee, &active.match_id).await;
            pairs.push(Pair { manager, mentor, mentee, shared });
        }
        pairs
    }
}

/// For each pair a connection, and a user and a group that it has pushed.
async fn provision(suite: &Suite, stage: &Stage<'_>, pairs: &mut [Pair]) {
    let root = format!("http://{}/scim/v2", suite.host().http_address().expect("the gateway serves HTTP"));
    let push = async |token: &str, endpoint: &str, body: Value| -> String {
        let request = reqwest::Client::new().post(format!("{root}/{endpoint}")).bearer_auth(token);
        let answer = request.header("content-type", "application/scim+json").body(body.to_string()).send();
        let answer = answer.await.expect("answered").text().await.expect("a whole answer");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        answer["id"].as_str().unwrap_or_else(|| panic!("refused: {answer}")).to_owned()
    };
    for (n, pair) in pairs.iter_mut().enumerate() {
        let mut client = ConnectionServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
        let request =
            CreateConnectionRequest { request_id: stage.request_id(), name: format!("Provider {n}") };
        let made = client.create_connection(request).await.expect("allowed").into_inner();
        let connection = made.connection.expect("answered").connection_id;
        let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("scim{n}"), "active": false });
        let user = push(&made.token, "Users", user).await;
        let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team", "members": [{ "value": user }] });
        let group = push(&made.token, "Groups", group).await;
        let mut client = WebhookServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
        let request = CreateWebhookRequest {
            request_id: stage.request_id(),
            name: format!("Receiver {n}"),
            // Never resolves.
            url: "https://webhook.invalid/".to_owned(),
            event_types: vec!["mentor.gateway.events.v1.GroupDeleted".to_owned()],
        };
        let made = client.create_webhook(request).await.expect("allowed").into_inner();
        let webhook = made.webhook.expect("answered").webhook_id;
        let request = TestWebhookRequest { request_id: stage.request_id(), webhook_id: webhook.clone() };
        let tested = client.test_webhook(request).await.expect("enabled").into_inner();
        let event = tested.delivery.expect("answered").event_id;
        let shared = std::mem::take(&mut pair.shared);
        pair.shared = shared
            .with("connection_id", &[&connection])
            .with("webhook_id", &[&webhook])
            .with("event_id", &[&event])
            .with("user_id", &[&user])
            .with("group_id", &[&group]);
        sign_in(suite, stage, pair, n).await;
        synchronise(suite, stage, n, pair).await;
    }
}

/// An identity provider, a session that came by it, and a machine client.
async fn sign_in(suite: &Suite, stage: &Stage<'_>, pair: &mut Pair, n: usize) {
    let mut providers = IdentityProviderServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
    let settings = IdentityProviderSettings {
        name: format!("Staff {n}"),
        issuer: "https://idp.example.com".to_owned(),
        client_id: "mentor".to_owned(),
        link_by_email: true,
        ..IdentityProviderSettings::default()
    };
    let request = CreateIdentityProviderRequest {
        request_id: stage.request_id(),
        settings: Some(settings),
        ..CreateIdentityProviderRequest::default()
    };
    let made = providers.create_identity_provider(request).await.expect("allowed").into_inner();
    let provider = made.provider.expect("answered").provider_id;
    let mut clients = ClientServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
    let request = CreateClientRequest {
        request_id: stage.request_id(),
        name: format!("Export {n}"),
        scopes: vec!["directory".to_owned()],
        ..CreateClientRequest::default()
    };
    let made = clients.create_client(request).await.expect("allowed").into_inner();
    let client = made.client.expect("answered").client_id;
    let session = suite.clock.new_id();
    sqlx::query(
        "insert into gateway.session (tenant_id, session_id, person_id, provider_id, subject, provider_session, \
             cache_key, user_agent, created_at, last_used_at, expires_at) \
         values ($1, $2, $3, $4::uuid, 'ann', '', 'none', '', $5::timestamptz, $5::timestamptz, \
             $5::timestamptz + interval '10 years')",
    )
    .bind(stage.tenant.0)
    .bind(session)
    .bind(pair.mentee.person)
    .bind(&provider)
    .bind(suite.clock.now().to_string())
    .execute(suite.sql())
    .await
    .expect("the table is there");
    let shared = std::mem::take(&mut pair.shared);
    pair.shared = shared
        .with("provider_id", &[&provider])
        .with("client_id", &[&client])
        .with("session_id", &[&session.to_string()]);
}

/// For each pair a source with a file and a run of it.
async fn synchronise(suite: &Suite, stage: &Stage<'_>, n: usize, pair: &mut Pair) {
    let mut client = SourceServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
    let settings = SourceSettings { kind: Some(source_settings::Kind::Upload(UploadSettings::default())) };
    let source = Source { name: format!("Files {n}"), settings: Some(settings), ..Source::default() };
    let request = CreateSourceRequest { request_id: stage.request_id(), source: Some(source) };
    let source =
        client.create_source(request).await.expect("allowed").into_inner().source.expect("the source");
    let options = UploadFileOptions {
        request_id: stage.request_id(),
        source_id: source.source_id.clone(),
        file_name: "none.csv".into(),
    };
    let bytes = format!("employee_id,manager_id,job_title,unit\nnobody{n},,Clerk,Unit\n").into_bytes();
    let parts = [upload_file_request::Part::Options(options), upload_file_request::Part::Chunk(bytes)];
    let requests = parts.map(|part| UploadFileRequest { part: Some(part) });
    let mut answers = client.upload_file(tokio_stream::iter(requests)).await.expect("allowed").into_inner();
    let file = answers.message().await.expect("answered").expect("one answer").file_id;
    let request = StartSyncRequest {
        request_id: stage.request_id(),
        source_id: source.source_id.clone(),
        dry_run: true,
        file_id: file.clone(),
        ..StartSyncRequest::default()
    };
    let run = client.start_sync(request).await.expect("allowed").into_inner().run.expect("the run");
    // To its end: whoever watches it is told and goes.
    suite.advance(SignedDuration::from_secs(1));
    suite.run_jobs().await;
    testkit::eventually!(std::time::Duration::from_secs(30), {
        let mut client = client.clone();
        let request = GetSyncRunRequest { sync_run_id: run.sync_run_id.clone() };
        let run = client.get_sync_run(request).await.expect("allowed").into_inner().run.expect("the run");
        ![SyncState::Queued, SyncState::Running].contains(&run.state())
    });
    let shared = std::mem::take(&mut pair.shared);
    pair.shared = shared
        .with("source_id", &[&source.source_id])
        .with("file_id", &[&file])
        .with("sync_run_id", &[&run.sync_run_id]);
}

async fn pin(stage: &Stage<'_>, program: &str, mentor: &str, mentee: &str) {
    let request = PinPairRequest {
        request_id: stage.request_id(),
        program_id: program.to_owned(),
        mentor_participant_id: mentor.to_owned(),
        mentee_participant_id: mentee.to_owned(),
        reason: "they know what they want".to_owned(),
    };
    RunServiceClient::new(stage.manager("matching")).pin_pair(request).await.expect("both are ready");
}

async fn review_of(stage: &Stage<'_>, match_id: &str) -> String {
    let mut client = ReviewServiceClient::new(stage.manager("evaluation"));
    let request = ListReviewsRequest { match_id: match_id.to_owned(), ..ListReviewsRequest::default() };
    testkit::eventually!(PATIENCE, {
        let reviews = client.list_reviews(request.clone()).await.expect("allowed").into_inner().reviews;
        reviews.first().map(|review| review.review_id.clone())
    })
}

async fn side(stage: &Stage<'_>, joined: Joined, match_id: &str) -> Side {
    let mut client = CheckInServiceClient::new(stage.manager("evaluation"));
    let request = ListCheckInsRequest {
        match_id: match_id.to_owned(),
        person_id: joined.person.to_string(),
        ..ListCheckInsRequest::default()
    };
    let check_in = testkit::eventually!(PATIENCE, {
        let found = client.list_check_ins(request.clone()).await.expect("allowed").into_inner().check_ins;
        found.last().map(|check_in| check_in.check_in_id.clone())
    });
    let Joined { person, application, participant } = joined;
    Side { person, application, participant, check_in }
}

/// What is this person's of the pair's.
fn ids_of(pair: &Pair, side: &Side) -> Ids {
    pair.shared
        .clone()
        .with("person_id", &[&side.person.to_string()])
        .with("actor_person_id", &[&side.person.to_string()])
        .with("about_person_id", &[&side.person.to_string()])
        .with("application_id", &[&side.application])
        .with("participant_id", &[&side.participant])
        .with("check_in_id", &[&side.check_in])
}

/// All ids of the pair, as many as fit into one field each.
fn everything(pair: &Pair) -> Ids {
    let (mentor, mentee) = (&pair.mentor, &pair.mentee);
    ids_of(pair, mentee)
        .with("person_id", &[&mentee.person.to_string(), &mentor.person.to_string()])
        .with("application_id", &[&mentee.application, &mentor.application])
        .with("participant_id", &[&mentee.participant, &mentor.participant])
        .with("check_in_id", &[&mentee.check_in, &mentor.check_in])
}

fn personas(suite: &Suite, first: &Pair, second: &Pair) -> Vec<Persona> {
    let persona = |name, role, person: Option<Uuid>, own: Ids| {
        let token = StaticToken(suite.token(role, person));
        let client = Client::builder(&suite.host().url()).expect("the host's own URL").token(token);
        Persona { name, role, person, channel: patient(client), own, foreign: everything(second) }
    };
    let mentee_ids = || ids_of(first, &first.mentee);
    let (mentor, mentee) = (first.mentor.person, first.mentee.person);
    vec![
        persona("hr_admin", Role::HrAdmin, None, mentee_ids()),
        persona("program_manager", Role::ProgramManager, None, mentee_ids()),
        persona("auditor", Role::Auditor, None, mentee_ids()),
        persona("hr_client", Role::HrClient, None, mentee_ids()),
        persona("mentor", Role::Employee, Some(mentor), ids_of(first, &first.mentor)),
        persona("mentee", Role::Employee, Some(mentee), mentee_ids()),
        // The application and the participation are a report's.
        persona("line_manager", Role::Employee, Some(first.manager), mentee_ids()),
    ]
}
