//! All faults, in an order that the seed says, while the services work. `MENTOR_CHAOS_SECONDS` makes it longer.

use crate::{
    load::{BACKLOG, RECOVERY, at_work, before, flows_again, pool, rounds, taker},
    postgres::{crowd, terminations},
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
use tests::{
    audit::Auditor,
    process::{Fleet, Servers},
};

/// How long a slice is in the ordinary run of the tests.
const SECONDS: u64 = 90;

/// Everything that can be broken.
struct Parts {
    fleet: Fleet,
    postgres: Private,
    redis: Private,
    rabbitmq: Private,
    /// Before RabbitMQ.
    network: FaultProxy,
}

/// How many kinds of fault [`Parts::fault`] knows.
const KINDS: usize = 9;

impl Parts {
    /// Servers of its own, so that what is broken here disturbs no other test.
    async fn prepare() -> Parts {
        let postgres = Private::start(Server::Postgres).await;
        let redis = Private::start(Server::Redis).await;
        let rabbitmq = Private::start(Server::RabbitMq).await;
        let network = before(rabbitmq.url()).await;
        let servers = Servers {
            postgres: postgres.url().to_owned(),
            rabbitmq: network.url(rabbitmq.url()),
            redis: redis.url().to_owned(),
        };
        Parts { fleet: Fleet::prepare(&servers).await, postgres, redis, rabbitmq, network }
    }

    /// Breaks something and mends it.
    async fn fault(&mut self, kind: usize, dice: &mut Dice, auditor: &Auditor) -> &'static str {
        match kind {
            0 => {
                self.restart("enrollment").await;
                "enrollment killed"
            }
            1 => {
                self.restart(taker(dice.below(3))).await;
                "a consumer killed"
            }
            2 | 3 => {
                self.partition([Fault::Cut, Fault::Reset, Fault::Hang][dice.below(3)], auditor).await;
                "broker out of reach"
            }
            4 => {
                self.rabbitmq.kill();
                self.rabbitmq.run().await;
                "RabbitMQ killed"
            }
            5 => {
                self.rabbitmq.stop().await;
                self.rabbitmq.run().await;
                "RabbitMQ stopped"
            }
            6 => {
                self.postgres.kill();
                self.postgres.run().await;
                "Postgres crashed"
            }
            7 => {
                let idle = crowd(self.postgres.url()).await;
                terminations(&pool(self.postgres.url()), 3).await;
                drop(idle);
                "connections to Postgres ended every second, between 300 idle ones"
            }
            _ => {
                self.redis.kill();
                self.redis.run().await;
                "Redis lost everything"
            }
        }
    }

    async fn restart(&mut self, service: &'static str) {
        self.fleet.kill(service);
        self.fleet.start(service).await;
    }

    async fn partition(&self, fault: Fault, auditor: &Auditor) {
        self.network.set(fault);
        let felt = async || auditor.unpublished("enrollment").await > 0 || auditor.backlog().await >= BACKLOG;
        eventually!(Duration::from_secs(60), felt().await);
        self.network.set(Fault::None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slice_of_everything() {
    let mut dice = Dice::new("a_slice_of_everything");
    let seconds = std::env::var("MENTOR_CHAOS_SECONDS").ok().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(SECONDS));
    let mut parts = Parts::prepare().await;
    let auditor = Auditor::begin(pool(parts.postgres.url()), parts.fleet.tenant).await;
    parts.fleet.start_all().await;
    let (stage, stop) = (parts.fleet.stage(), AtomicBool::new(false));
    let (mut count, mut slowest) = (0, Duration::ZERO);
    let faults = async {
        let (began, mut kinds) = (Instant::now(), Vec::new());
        while began.elapsed() < length {
            if kinds.is_empty() {
                kinds = (0..KINDS).collect();
                dice.shuffle(&mut kinds);
            }
            at_work(&auditor, &mut dice).await;
            let what = parts.fault(kinds.pop().unwrap_or(0), &mut dice, &auditor).await;
            let after = flows_again(&auditor).await;
            println!("{:>5.1} s: {what}; events flow after {after:.1?}", began.elapsed().as_secs_f64());
            (count, slowest) = (count + 1, slowest.max(after));
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    auditor.satisfied(RECOVERY).await;
    let events = auditor.events().await;
    println!("{count} faults, {done} rounds, {events} events: none lost, doubled or out of order");
    println!("events flowed again after {slowest:.1?} at most");
    parts.fleet.stop().await;
}
