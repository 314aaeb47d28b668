//! The HRIS drops a file: who leaves with it ends their pair the same day, and who comes to report to their mentor does, too.

use contracts::mentor::{
    common::v1::ParticipantRole::{Mentee, Mentor},
    gateway::v1::{
        CreateSourceRequest, GetSyncRunRequest, Source, SourceSettings, StartSyncRequest, SyncState,
        UploadFileOptions, UploadFileRequest, UploadSettings, source_service_client::SourceServiceClient,
        source_settings::Kind, upload_file_request::Part,
    },
    matching::v1::{MatchState, PinPairRequest, run_service_client::RunServiceClient},
};
use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use grpc::Channel;
use jiff::SignedDuration;
use kernel::{Role, SharedClock};
use matching::Matching;
use scheduling::Scheduling;
use std::time::Duration;
use testkit::Suite;
use tests::stage::Stage;

const ORGANISATION: [(&str, &str); 7] = [
    ("mentee1", "line"),
    ("mentee2", "line"),
    ("mentor1", "board"),
    ("mentor2", "board"),
    ("line", "board"),
    ("other", "board"),
    ("board", ""),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_and_a_moved_report_by_file_end_their_pairs_the_same_day() {
    let builder = Suite::builder().service::<Enrollment>().service::<Matching>();
    let builder = builder.service::<Scheduling>().service::<Evaluation>().service::<Gateway>();
    let suite = builder.start().await;
    let clock: SharedClock = suite.clock.clone();
    let connect = |_: &str, token: &str| suite.authorized(token);
    let issue = |tenant, role, person| suite.token_for(tenant, role, person);
    let stage = Stage::new(suite.tenant, clock, Box::new(connect), Box::new(issue));
    let mut hris = Hris::connect(&suite, &stage).await;

    hris.send(&ORGANISATION).await;
    suite.settle().await;
    let people = stage.people().await;
    let program = stage.program("Leaders of tomorrow").await;
    let mut participants = Vec::new();
    for (name, role, manager) in [
        ("mentor1", Mentor, "board"),
        ("mentor2", Mentor, "board"),
        ("mentee1", Mentee, "line"),
        ("mentee2", Mentee, "line"),
    ] {
        let application = stage.apply(&program, people[name], role, 1).await.application_id;
        stage.endorse(people[manager], &application).await;
        participants.push(stage.accept(&application).await);
    }
    stage.run(&program, 2, Some(2)).await;
    for (mentor, mentee) in [(0, 2), (1, 3)] {
        let request = PinPairRequest {
            request_id: stage.request_id(),
            program_id: program.clone(),
            mentor_participant_id: participants[mentor].clone(),
            mentee_participant_id: participants[mentee].clone(),
            reason: "they know what they want".to_owned(),
        };
        RunServiceClient::new(stage.manager("matching")).pin_pair(request).await.expect("both are ready");
    }
    let run = stage.run(&program, 2, Some(2)).await.run_id;
    stage.publish_run(&run).await;
    for proposed in stage.matches(&program, &[MatchState::Proposed]).await {
        let first = proposed.mentor_participant_id == participants[0];
        let (mentor, mentee) = if first { ("mentor1", "mentee1") } else { ("mentor2", "mentee2") };
        stage.accept_match(people[mentor], &proposed.match_id).await;
        assert_eq!(stage.accept_match(people[mentee], &proposed.match_id).await.state(), MatchState::Active);
    }
    assert_eq!(stage.matches(&program, &[MatchState::Active]).await.len(), 2);

    // mentee1 leaves; mentee2 comes to report to mentor2.
    let later: Vec<(&str, &str)> = ORGANISATION
        .into_iter()
        .filter(|(name, _)| *name != "mentee1")
        .map(|(name, manager)| if name == "mentee2" { (name, "mentor2") } else { (name, manager) })
        .collect();
    hris.send(&later).await;
    suite.settle().await;
    assert_eq!(stage.matches(&program, &[MatchState::Active]).await, []);
    let ended = stage.matches(&program, &[MatchState::Dissolved]).await;
    assert_eq!(ended.len(), 2, "{ended:?}");

    // Once more the same: nothing is told.
    let before = told(&suite).await;
    hris.send(&later).await;
    assert_eq!(told(&suite).await, before);
    for service in ["enrollment", "matching", "scheduling", "evaluation"] {
        assert_eq!(suite.parked(service).await, 0, "{service}");
    }
}

async fn told(suite: &Suite) -> i64 {
    let sql = "select count(*) from gateway.outbox where type like '%Person%'";
    sqlx::query_scalar(sql).fetch_one(suite.sql()).await.expect("the outbox")
}

/// The HR system, which hands files over.
struct Hris<'s> {
    suite: &'s Suite,
    source: String,
    sources: SourceServiceClient<Channel>,
}

impl<'s> Hris<'s> {
    async fn connect(suite: &'s Suite, stage: &Stage<'_>) -> Hris<'s> {
        let mut sources = SourceServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
        let settings = SourceSettings { kind: Some(Kind::Upload(UploadSettings::default())) };
        let source = Source {
            name: "HR system".into(),
            settings: Some(settings),
            max_deactivation_percent: 50,
            ..Source::default()
        };
        let request = CreateSourceRequest { request_id: stage.request_id(), source: Some(source) };
        let made =
            sources.create_source(request).await.expect("allowed").into_inner().source.expect("the source");
        Hris { suite, source: made.source_id, sources }
    }

    /// Hands a file of everybody over and waits until it was taken in.
    async fn send(&mut self, people: &[(&str, &str)]) {
        let rows: String =
            people.iter().map(|(name, manager)| format!("{name},{manager},Clerk,Unit of {name}\n")).collect();
        let bytes = format!("employee_id,manager_id,job_title,unit\n{rows}").into_bytes();
        let options = UploadFileOptions {
            request_id: kernel::Uuid::new_v4().to_string(),
            source_id: self.source.clone(),
            file_name: "staff.csv".into(),
        };
        let requests =
            [Part::Options(options), Part::Chunk(bytes)].map(|part| UploadFileRequest { part: Some(part) });
        let mut answers =
            self.sources.upload_file(tokio_stream::iter(requests)).await.expect("allowed").into_inner();
        let file = answers.message().await.expect("answered").expect("one answer");
        let request = StartSyncRequest {
            request_id: kernel::Uuid::new_v4().to_string(),
            source_id: self.source.clone(),
            file_id: file.file_id,
            ..StartSyncRequest::default()
        };
        let run = self
            .sources
            .start_sync(request)
            .await
            .expect("nothing is under way")
            .into_inner()
            .run
            .expect("the run");
        let mut sources = self.sources.clone();
        let ended = testkit::eventually!(Duration::from_secs(60), {
            self.suite.advance(SignedDuration::from_secs(1));
            self.suite.run_jobs().await;
            let request = GetSyncRunRequest { sync_run_id: run.sync_run_id.clone() };
            let run =
                sources.get_sync_run(request).await.expect("the run").into_inner().run.expect("the run");
            (![SyncState::Queued, SyncState::Running].contains(&run.state())).then_some(run)
        });
        assert_eq!(ended.state(), SyncState::Succeeded, "{ended:?}");
    }
}
