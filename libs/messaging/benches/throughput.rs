//! Relay and consumer, each against its reference in the same minute: ABAB, five rounds, the median counts.
//!
//! - relay: outbox to a quorum queue, against publishing the same bodies with confirms, 500 at a time;
//! - consumer: queue to inbox row and effect in batches of 100, against pgbench with the same SQL.
//!
//! `cargo bench -p messaging`; `EVENTS=50000` for more than the default 20,000 events a round.

#[path = "../tests/it/house.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod house;
#[path = "../tests/it/probe.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod probe;

use house::{House, Kind, raw_channel};
use kernel::Clock;
use lapin::{
    BasicProperties, Channel,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable},
};
use prost::Message;
use std::{io::Write, path::PathBuf, process::Command, time::Instant};

const ROUNDS: usize = 5;
const WINDOW: usize = 500;
const BATCH: u32 = 100;

type Anything<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Anything<()> {
    let events = std::env::var("EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    tokio::runtime::Runtime::new()?.block_on(async {
        let (relay, raw) = relay_against_raw(events).await?;
        report("relay, quorum queue", &relay, "raw confirmed publish, window 500", &raw);
        let (consumer, pgbench) = consumer_against_pgbench(events).await?;
        report("consumer with inbox", &consumer, "pgbench, the same SQL in batches of 100", &pgbench);
        Ok(())
    })
}

fn report(what: &str, figures: &[f64], reference: &str, reference_figures: &[f64]) {
    let (ours, theirs) = (median(figures), median(reference_figures));
    println!("{what}: {ours:.0} events/s; {reference}: {theirs:.0} events/s; ratio {:.2}", ours / theirs);
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn per_second(events: u32, start: Instant) -> f64 {
    f64::from(events) / start.elapsed().as_secs_f64()
}

fn body(n: u32) -> Vec<u8> {
    house::upserted(&house::person(u64::from(n)), "Ada Lovelace").encode_to_vec()
}

async fn relay_against_raw(events: u32) -> Anything<(Vec<f64>, Vec<f64>)> {
    let house = House::new(Kind::RabbitMq).await;
    let channel = raw_channel().await;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let (mut relay, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        fill_outbox(&house, events).await?;
        let start = Instant::now();
        let moved = house.enrollment.pump().await.map_err(|error| error.to_string())?;
        relay.push(per_second(events, start));
        assert_eq!(moved, u64::from(events), "the relay moved everything");
        purge(&channel, &house).await?;
        raw.push(publish_raw(&channel, &house.prefix, events).await?);
    }
    house.close().await;
    Ok((relay, raw))
}

/// Rows as `tx.emit` writes them, each of another person.
async fn fill_outbox(house: &House, events: u32) -> Anything<()> {
    for chunk in (0..events).collect::<Vec<_>>().chunks(1_000) {
        let mut tx = house.tx().await;
        for n in chunk {
            tx.emit(&house::upserted(&house::person(u64::from(*n)), "Ada Lovelace"));
        }
        tx.commit().await.map_err(|error| error.to_string())?;
    }
    sqlx::query("vacuum analyze enrollment.outbox").execute(house.sql.pool()).await?;
    Ok(())
}

async fn purge(channel: &Channel, house: &House) -> Anything<()> {
    let queue = format!("{}matching.person", house.prefix);
    channel.queue_purge(queue.as_str().into(), Default::default()).await?;
    Ok(())
}

/// The least that publishing safely can cost: the body, persistent, through the default exchange.
async fn publish_raw(channel: &Channel, prefix: &str, events: u32) -> Anything<f64> {
    let queue = format!("{prefix}raw");
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.as_str().into(), options, arguments).await?;
    let bodies: Vec<Vec<u8>> = (0..events).map(body).collect();
    let start = Instant::now();
    for window in bodies.chunks(WINDOW) {
        let mut confirms = Vec::with_capacity(WINDOW);
        for body in window {
            let properties = BasicProperties::default().with_delivery_mode(2);
            let options = BasicPublishOptions { mandatory: true, immediate: false };
            confirms.push(
                channel.basic_publish("".into(), queue.as_str().into(), options, body, properties).await?,
            );
        }
        for confirm in confirms {
            assert!(confirm.await?.is_ack(), "the broker takes it");
        }
    }
    let figure = per_second(events, start);
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
    Ok(figure)
}

async fn consumer_against_pgbench(events: u32) -> Anything<(Vec<f64>, Vec<f64>)> {
    let house = House::new(Kind::RabbitMq).await;
    let (mut consumer, mut reference) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        fill_outbox(&house, events).await?;
        house.enrollment.pump().await.map_err(|error| error.to_string())?;
        let start = Instant::now();
        let running = house.matching.start();
        messaging::settle(std::slice::from_ref(&house.matching)).await.map_err(|error| error.to_string())?;
        consumer.push(per_second(events, start));
        running.stop().await;
        assert_eq!(house.log().await.len(), events as usize, "every event was handled");
        clear(&house).await?;
        reference.push(pgbench(&house, events)?);
        clear(&house).await?;
    }
    house.close().await;
    Ok((consumer, reference))
}

async fn clear(house: &House) -> Anything<()> {
    sqlx::raw_sql("truncate matching.log, matching.inbox; truncate enrollment.outbox")
        .execute(house.sql.pool())
        .await?;
    Ok(())
}

/// One transaction: the tenant, a hundred inbox rows in one statement, what is parked of them, a hundred effects.
fn pgbench(house: &House, events: u32) -> Anything<f64> {
    let tenant = house.tenant;
    let now = house.clock.now();
    let mut script = tempfile()?;
    writeln!(script.1, "begin;")?;
    writeln!(script.1, "set local mentor.tenant = '{tenant}';")?;
    writeln!(
        script.1,
        "insert into matching.inbox (tenant_id, event_id, received_at) \
         select '{tenant}', gen_random_uuid(), '{now}' from generate_series(1, {BATCH}) \
         on conflict (tenant_id, event_id) do nothing;"
    )?;
    writeln!(
        script.1,
        "select distinct subject from matching.parked where tenant_id = '{tenant}' and aggregate = 'person' \
         and subject = any(array(select generate_series(1, {BATCH})::text));"
    )?;
    for n in 0..BATCH {
        writeln!(
            script.1,
            "insert into matching.log (tenant_id, subject, what, causation, correlation) \
             values ('{tenant}', '{}', 'Ada Lovelace', '{tenant}', '{tenant}');",
            house::person(u64::from(n))
        )?;
    }
    writeln!(script.1, "commit;")?;
    script.1.flush()?;
    let transactions = (events / BATCH).to_string();
    let url = house.sql.host_url().replace("postgres://", "postgres://matching@");
    let start = Instant::now();
    let output = Command::new(program()?)
        .args(["-n", "-M", "prepared", "-c", "1", "-j", "1", "-t", &transactions, "-f"])
        .arg(&script.0)
        .arg(url)
        .output()?;
    let figure = per_second(events, start);
    std::fs::remove_file(&script.0)?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(figure)
}

fn tempfile() -> Anything<(PathBuf, std::fs::File)> {
    let path = std::env::temp_dir().join(format!("{}.sql", testkit::unique()));
    let file = std::fs::File::create(&path)?;
    Ok((path, file))
}

/// `pgbench` from the PATH, or from where Debian keeps it.
fn program() -> Anything<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let places = std::env::split_paths(&path).chain(debian.map(|version| version.path().join("bin")));
    places
        .map(|place| place.join("pgbench"))
        .find(|program| program.is_file())
        .ok_or_else(|| "pgbench is not installed (Debian: postgresql-contrib or postgresql)".into())
}
