//! All faults, in an order that the seed says, while the services work. `MENTOR_CHAOS_SECONDS` makes it longer.

use crate::{
    load::{BACKLOG, RECOVERY, before, pool, rounds, shared, taker},
    seed::Dice,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use testkit::{
    Fault, FaultProxy, eventually,
    servers::{Private, Server},
};
use tests::{audit::Auditor, process::Fleet};

/// How long a slice is in the ordinary run of the tests.
const SECONDS: u64 = 25;

/// Everything that can be broken.
struct Parts<'a> {
    fleet: &'a mut Fleet,
    postgres: &'a mut Private,
    redis: &'a mut Private,
    broker: &'a FaultProxy,
}

impl Parts<'_> {
    /// Breaks something and mends it.
    async fn fault(&mut self, kind: usize, dice: &mut Dice, auditor: &Auditor) -> &'static str {
        match kind {
            0 => {
                self.fleet.kill("enrollment");
                self.fleet.start("enrollment").await;
                "enrollment killed"
            }
            1 => {
                let victim = taker(dice.below(3));
                self.fleet.kill(victim);
                self.fleet.start(victim).await;
                "a consumer killed"
            }
            2 | 3 => {
                self.broker.set([Fault::Cut, Fault::Reset, Fault::Hang][dice.below(3)]);
                let felt = async || {
                    auditor.unpublished("enrollment").await > 0 || auditor.backlog().await >= BACKLOG
                };
                eventually!(Duration::from_secs(60), felt().await);
                self.broker.set(Fault::None);
                "broker away"
            }
            4 => {
                self.postgres.kill();
                self.postgres.run().await;
                "Postgres crashed"
            }
            _ => {
                self.redis.kill();
                self.redis.run().await;
                "Redis lost everything"
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slice_of_everything() {
    let mut dice = Dice::new("a_slice_of_everything");
    let seconds = std::env::var("MENTOR_CHAOS_SECONDS").ok().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(SECONDS));
    let mut postgres = Private::start(Server::Postgres).await;
    let mut redis = Private::start(Server::Redis).await;
    let mut servers = shared(postgres.url()).await;
    let broker = before(&servers.rabbitmq).await;
    servers.rabbitmq = broker.url(&servers.rabbitmq);
    servers.redis = redis.url().to_owned();
    let mut fleet = Fleet::prepare(&servers).await;
    let auditor = Auditor::begin(pool(postgres.url()), fleet.tenant).await;
    fleet.start_all().await;
    let (stage, stop) = (fleet.stage(), AtomicBool::new(false));
    let mut parts = Parts { fleet: &mut fleet, postgres: &mut postgres, redis: &mut redis, broker: &broker };
    let faults = async {
        let (began, mut kinds) = (Instant::now(), Vec::new());
        while began.elapsed() < length {
            if kinds.is_empty() {
                kinds = (0..6).collect();
                dice.shuffle(&mut kinds);
            }
            let more =
                auditor.published("enrollment").await + i64::try_from(1 + dice.below(50)).expect("small");
            eventually!(Duration::from_secs(60), auditor.published("enrollment").await >= more);
            let what = parts.fault(kinds.pop().unwrap_or(0), &mut dice, &auditor).await;
            println!("{:>5.1} s: {what}", began.elapsed().as_secs_f64());
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    println!("{done} rounds");
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}
