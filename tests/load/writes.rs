//! A mutation: rights, one row, one event, the audit row and the answer for replays, in one transaction.

use crate::{
    Plan, compare,
    driver::{self, Line},
    pgbench::Pgbench,
    reference,
    world::{PROGRAMS_EACH, World, application},
};
use anyhow::{Result, ensure};
use contracts::mentor::enrollment::v1::application_service_client::ApplicationServiceClient;
use kernel::{Clock, SystemClock};

/// What a transaction leaves one row in.
const WRITTEN: [&str; 4] = ["application", "outbox", "audit", "idempotency"];

/// `SubmitApplication` beside pgbench with the same SQL.
pub(crate) async fn report(world: &World, pgbench: &Pgbench, plan: Plan) -> Result<()> {
    clear(world).await?;
    let script = reference::script(world).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        clear(world).await?;
        let url = world.suite.host().url();
        ours.push(driver::per_second(&url, world.applicants(), plan.seconds, apply).await?);
        check(world).await?;
        clear(world).await?;
        let run = u64::try_from(SystemClock.now().as_microsecond())?;
        theirs.push(pgbench.script(&world.url_of("enrollment"), plan.seconds, script.path(), run).await?);
        check(world).await?;
    }
    compare(
        "insert with outbox, audit and idempotency in one RPC",
        &ours,
        "pgbench with the same SQL, 8 clients",
        &theirs,
    );
    Ok(())
}

/// Each connection applies to programs of its own.
async fn apply(line: Line) -> Result<u32> {
    let mut client = ApplicationServiceClient::new(line.channel.clone());
    let mut calls = 0;
    while line.goes_on() {
        ensure!(calls < PROGRAMS_EACH, "there are too few programs for {PROGRAMS_EACH} calls in a round");
        let request = application(line.number * PROGRAMS_EACH + calls);
        client.submit_application(line.request(request)).await?;
        calls += 1;
    }
    Ok(calls)
}

/// Both sides begin each time with empty tables.
pub(crate) async fn clear(world: &World) -> Result<()> {
    let tables = WRITTEN.map(|table| format!("enrollment.{table}")).join(", ");
    world.sql(&format!("truncate {tables} cascade")).await
}

/// Both sides did all of it.
async fn check(world: &World) -> Result<()> {
    let mut counts = Vec::new();
    for table in WRITTEN {
        let sql = format!("select count(*) from enrollment.{table}");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(world.suite.sql()).await?;
        counts.push(count);
    }
    let first = counts.first().copied().unwrap_or_default();
    ensure!(
        first > 0 && counts.iter().all(|count| *count == first),
        "one row in each of {WRITTEN:?} for each call, not {counts:?}"
    );
    Ok(())
}
