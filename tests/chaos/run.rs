//! A match run whose process is killed half-way is finished by another one, to the same bytes.

use contracts::mentor::matching::v1::{run_service_client::RunServiceClient, *};
use futures::StreamExt;
use grpc::Channel;
use sqlx::PgPool;
use testkit::{TestDatabase, eventually};
use tests::{
    life::PATIENCE,
    process::{Fleet, Servers},
    seekers,
};

/// Mentees of the run; as many pairs come of it.
const MENTEES: u32 = 600;
/// Mentors to choose from, so many that a run lasts long enough to be met half-way.
const MENTORS: u32 = 1_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_finished_by_another_process_to_the_same_bytes() {
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    seekers::insert(database.pool(), fleet.tenant, MENTEES, MENTORS).await;
    fleet.start("matching").await;
    let mut client = RunServiceClient::new(fleet.stage().manager("matching"));

    let undisturbed = start(&fleet, &mut client).await;
    let done = eventually!(PATIENCE * 4, Some(get(&mut client, &undisturbed).await).filter(is_over));
    assert_eq!((done.state(), done.pairs), (MatchRunState::Completed, 600), "{}", done.failure);

    let killed = start(&fleet, &mut client).await;
    let watch = WatchMatchRunRequest { run_id: killed.clone() };
    let mut watch = client.watch_match_run(watch).await.expect("a run can be watched").into_inner();
    while let Some(update) = watch.next().await {
        let run = update.expect("the process lives").run.expect("a run");
        if run.state() == MatchRunState::Solving {
            break;
        }
    }
    fleet.kill("matching");
    let (state, half) = record(database.pool(), &killed).await;
    assert_eq!((state.as_str(), half.1), ("solving", None), "the process died half-way");

    fleet.start("matching").await;
    let mut client = RunServiceClient::new(fleet.stage().manager("matching"));
    let done = eventually!(PATIENCE * 4, Some(get(&mut client, &killed).await).filter(is_over));
    assert_eq!((done.state(), done.pairs), (MatchRunState::Completed, 600), "{}", done.failure);
    assert!(fleet.log("matching").contains("solving a match run"), "this process has solved it");
    let first = record(database.pool(), &undisturbed).await;
    let second = record(database.pool(), &killed).await;
    assert!(first.1.1.is_some() && first == second, "the same input gives the same bytes");
    fleet.stop().await;
}

fn is_over(run: &MatchRun) -> bool {
    !matches!(run.state(), MatchRunState::Queued | MatchRunState::Solving)
}

async fn start(fleet: &Fleet, client: &mut RunServiceClient<Channel>) -> String {
    let request = StartMatchRunRequest {
        request_id: fleet.stage().request_id(),
        program_id: seekers::PROGRAM.to_string(),
        mode: MatchMode::MaxCardinality.into(),
        seed: 11,
        ..StartMatchRunRequest::default()
    };
    let started = client.start_match_run(request).await.expect("the run starts").into_inner();
    started.run.expect("a run").run_id
}

async fn get(client: &mut RunServiceClient<Channel>, run: &str) -> MatchRun {
    let request = GetMatchRunRequest { run_id: run.to_owned() };
    client.get_match_run(request).await.expect("the run is there").into_inner().run.expect("a run")
}

/// The state of a run, what it decides from and what it decided.
async fn record(pool: &PgPool, run: &str) -> (String, (Vec<u8>, Option<Vec<u8>>)) {
    let sql =
        "select state, snapshot, result from matching.run join matching.run_record using (tenant_id, run_id)
               where run_id = $1::uuid";
    let row: (String, Vec<u8>, Option<Vec<u8>>) =
        sqlx::query_as(sql).bind(run).fetch_one(pool).await.expect("the run is there");
    (row.0, (row.1, row.2))
}
