//! Redis is wiped, and away: slower, never wrong.

use crate::load::{RECOVERY, pool, round, shared};
use contracts::mentor::enrollment::v1::{
    GetProgramRequest, ImportMode, program_service_client::ProgramServiceClient,
};
use kernel::Uuid;
use std::process::Command;
use testkit::{
    TestDatabase, eventually,
    servers::{Private, Server},
};
use tests::{
    audit::Auditor,
    life::{PATIENCE, row},
    process::Fleet,
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_wiped_and_away() {
    let database = TestDatabase::empty().await;
    let mut redis = Private::start(Server::Redis).await;
    let mut servers = shared(&database.url()).await;
    servers.redis = redis.url().to_owned();
    let mut fleet = Fleet::prepare(&servers).await;
    let auditor = Auditor::begin(pool(&database.url()), fleet.tenant).await;
    fleet.start_all().await;
    let stage = fleet.stage();
    round(&stage, 0).await;
    let leaver = leave(&stage).await;
    eventually!(PATIENCE, is_refused(&stage, leaver).await);

    wipe(redis.url());
    assert!(is_refused(&stage, leaver).await, "the truth is in the directory");
    round(&stage, 1).await;
    // A process that knows nothing yet, with an empty cache.
    fleet.kill("enrollment");
    wipe(redis.url());
    fleet.start("enrollment").await;
    assert!(is_refused(&stage, leaver).await, "the truth is in the directory");

    redis.kill();
    assert!(is_refused(&stage, leaver).await, "without the cache the directory is asked");
    round(&stage, 2).await;
    redis.run().await;
    assert!(is_refused(&stage, leaver).await, "an empty cache is no empty set");
    round(&stage, 3).await;
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}

/// Somebody joins and leaves.
async fn leave(stage: &Stage<'_>) -> Uuid {
    stage.import(ImportMode::Delta, vec![row("leaver", "", "r0")]).await;
    let leaver = stage.people().await["leaver"];
    assert!(!is_refused(stage, leaver).await, "still here");
    let mut left = row("leaver", "", "r0");
    left.left = true;
    stage.import(ImportMode::Delta, vec![left]).await;
    leaver
}

async fn is_refused(stage: &Stage<'_>, person: Uuid) -> bool {
    let mut client = ProgramServiceClient::new(stage.employee("enrollment", person));
    let request = GetProgramRequest { program_id: stage.request_id() };
    let error = grpc::from_status(client.get_program(request).await.expect_err("there is no such program"));
    assert!(["NOT_FOUND", "PERSON_DEACTIVATED"].contains(&error.reason), "{error:?}");
    error.reason == "PERSON_DEACTIVATED"
}

fn wipe(url: &str) {
    let status = Command::new("redis-cli").args(["-u", url, "flushall"]).status();
    assert!(status.is_ok_and(|status| status.success()), "redis-cli comes with redis-server");
}
