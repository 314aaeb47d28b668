//! A match run whose process is killed half-way is finished by another one, to the same bytes.

use contracts::mentor::{
    common::v1::{Profile, Skill, Weekday, WeeklyWindow},
    matching::v1::{run_service_client::RunServiceClient, *},
};
use futures::StreamExt;
use grpc::Channel;
use kernel::Uuid;
use prost::Message;
use sqlx::PgPool;
use testkit::{TestDatabase, eventually};
use tests::{
    life::PATIENCE,
    process::{Fleet, Servers},
};

/// Mentees of the run; as many pairs come of it.
const MENTEES: u128 = 600;
/// Mentors to choose from, so many that a run lasts long enough to be met half-way.
const MENTORS: u128 = 1_500;
const PROGRAM: Uuid = Uuid::from_u128(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_finished_by_another_process_to_the_same_bytes() {
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    people(database.pool(), fleet.tenant.0).await;
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
        program_id: PROGRAM.to_string(),
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

/// Everybody as the events of enrollment leave them in the tables of matching.
async fn people(pool: &PgPool, tenant: Uuid) {
    let ready = |first: u128, count: u128, capacity: i32| {
        (first..first + count).map(move |n| (Uuid::from_u128(n), profile(n).encode_to_vec(), capacity))
    };
    let all: Vec<_> = ready(1_000_000, MENTEES, 1).chain(ready(2_000_000, MENTORS, 1)).collect();
    let ids: Vec<Uuid> = all.iter().map(|(id, ..)| *id).collect();
    let profiles: Vec<Vec<u8>> = all.iter().map(|(_, profile, _)| profile.clone()).collect();
    let program =
        "insert into matching.program (tenant_id, program_id, name, state, answer_days, duration_months,
                       changed_at) values ($1, $2, 'Pairs', 'started', 7, 6, now())";
    sqlx::query(program).bind(tenant).bind(PROGRAM).execute(pool).await.expect("a program");
    for sql in [
        "insert into matching.person (tenant_id, person_id, manager_chain, unit, grade, profession, changed_at)
         select $1, id, '{}', 'Unit ' || (n % 7), '', '', now() from unnest($3::uuid[], $4::bytea[])
             with ordinality as one (id, profile, n) where $2 is not null",
        "insert into matching.participant (tenant_id, participant_id, program_id, person_id, role, capacity, profile,
             active, seeking, changed_at)
         select $1, id, $2, id, case when n <= 600 then 'mentee' else 'mentor' end, 1, profile, true, n <= 600, now()
         from unnest($3::uuid[], $4::bytea[]) with ordinality as one (id, profile, n)",
        "insert into matching.place (tenant_id, participant_id, number)
         select $1, id, 1 from unnest($3::uuid[], $4::bytea[]) with ordinality as one (id, profile, n)
         where n > 600 and $2 is not null",
    ] {
        let inserted = sqlx::query(sql).bind(tenant).bind(PROGRAM).bind(&ids).bind(&profiles).execute(pool).await;
        inserted.expect("the superuser may");
    }
}

/// Wishes, offers and hours that spread.
fn profile(n: u128) -> Profile {
    let number =
        |step: u128, of: u128| i32::try_from((n * 7_919 + n * n * 31 + step * 104_729) % of).unwrap_or(0);
    let skills = |first: u128| {
        let skill =
            |step| Skill { id: format!("skill-{}", number(first + step, 40)), level: 1 + number(step, 5) };
        (0..4).map(skill).collect()
    };
    let window = |day: Weekday, step| {
        let start_minute = 480 + 30 * number(step, 8);
        WeeklyWindow { day: day.into(), start_minute, end_minute: start_minute + 150 }
    };
    Profile {
        skills_wanted: skills(1),
        skills_offered: skills(5),
        languages: vec!["en".to_owned()],
        zone: "Europe/London".to_owned(),
        availability: vec![window(Weekday::Monday, 1), window(Weekday::Thursday, 2)],
        ..Profile::default()
    }
}
