//! Who has left is refused by every service at once, however long their token lives, and also after the shared
//! cache has lost everything.

use contracts::mentor::enrollment::v1::ImportMode;
use kernel::Uuid;
use std::{
    process::Command,
    time::{Duration, Instant},
};
use testkit::{
    TestDatabase, eventually,
    servers::{Private, Server},
    start_of_time,
};
use tests::{
    leaving::{self, Departures},
    life::{PATIENCE, row},
    process::{Fleet, SERVICES, Servers},
    stage::Stage,
};

/// The event has to arrive, and an answer of the cache is believed for a moment (`limits.deactivation_check`). On a
/// quiet machine less than a second in all, which is printed here and judged by `cargo xtask bench leaving`.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_is_refused_everywhere() {
    let database = TestDatabase::empty().await;
    // One's own: it will be wiped.
    let redis = Private::start(Server::Redis).await;
    let mut servers = Servers::shared(&database.url()).await;
    servers.redis = redis.url().to_owned();
    let mut fleet = Fleet::prepare(&servers).await;
    fleet.begin_at(start_of_time());
    fleet.start_all().await;
    let stage = fleet.stage();
    let rows = ["ada", "bob", "eve"].map(|name| row(name, "", "Finance")).to_vec();
    stage.import(ImportMode::Snapshot, rows).await;
    let people = stage.people().await;

    for service in SERVICES {
        assert_eq!(refusal(&stage, service, people["ada"]).await, None, "{service}");
    }
    leave(&stage, "ada").await;
    let began = Instant::now();
    for service in SERVICES {
        eventually!(AT_ONCE, refusal(&stage, service, people["ada"]).await == Some("PERSON_DEACTIVATED"));
    }
    println!("refused everywhere after {} ms", began.elapsed().as_millis());
    assert_eq!(refusal(&stage, "enrollment", people["eve"]).await, None, "who is here is let in");

    wipe(redis.url());
    for service in SERVICES {
        assert_eq!(refusal(&stage, service, people["ada"]).await, Some("PERSON_DEACTIVATED"), "{service}");
    }

    // Somebody whom most processes have never seen, and a cache that has forgotten them.
    leave(&stage, "bob").await;
    eventually!(AT_ONCE, refusal(&stage, "enrollment", people["bob"]).await == Some("PERSON_DEACTIVATED"));
    wipe(redis.url());
    // The directory fills a lost set again at once.
    for service in SERVICES {
        eventually!(PATIENCE, refusal(&stage, service, people["bob"]).await == Some("PERSON_DEACTIVATED"));
    }
    // Whoever comes back is let in again.
    stage.import(ImportMode::Delta, vec![row("bob", "", "Finance")]).await;
    for service in SERVICES {
        eventually!(PATIENCE, refusal(&stage, service, people["bob"]).await.is_none());
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_left_by_scim_or_signed_out_is_refused_everywhere() {
    let database = TestDatabase::empty().await;
    let redis = Private::start(Server::Redis).await;
    let mut servers = Servers::shared(&database.url()).await;
    servers.redis = redis.url().to_owned();
    let mut departures = Departures::start(Fleet::prepare(&servers).await).await;
    let (_, eve) = departures.arrive("eve").await;
    let left = departures.leaves("ada").await;
    println!("refused everywhere {} ms after the identity provider began to say so", left.as_millis());
    let signed_out = departures.signs_out("bob").await;
    println!("signed out everywhere {} ms after the back channel began to say so", signed_out.as_millis());
    assert!(left < AT_ONCE && signed_out < AT_ONCE, "{left:?}, {signed_out:?}");

    // The shared cache loses everything, and each process what it had heard: somebody else starts in its place. Whoever is
    // out is let in nowhere for longer than it takes to fill the cache again.
    let out = departures.out().to_vec();
    wipe(redis.url());
    for service in SERVICES {
        departures.fleet.kill(service);
        departures.fleet.start(service).await;
    }
    wipe(redis.url());
    let began = Instant::now();
    for (token, reason) in &out {
        for (service, channel) in departures.callers(token) {
            eventually!(AT_ONCE, leaving::refusal(service, channel.clone()).await == Some(*reason));
        }
    }
    println!("refused everywhere again {} ms after the cache was wiped", began.elapsed().as_millis());
    let stage = departures.fleet.stage();
    for service in SERVICES {
        assert_eq!(refusal(&stage, service, eve).await, None, "who is here is let in by {service}");
    }
    departures.fleet.stop().await;
}

async fn leave(stage: &Stage<'_>, name: &str) {
    let mut left = row(name, "", "Finance");
    left.left = true;
    assert_eq!(stage.import(ImportMode::Delta, vec![left]).await.deactivated, 1);
}

/// Why a person's own list is refused by a service, if it is.
async fn refusal(stage: &Stage<'_>, service: &str, person: Uuid) -> Option<&'static str> {
    leaving::refusal(service, stage.employee(service, person)).await
}

fn wipe(url: &str) {
    let status = Command::new("redis-cli").args(["-u", url, "flushall"]).status();
    assert!(status.is_ok_and(|status| status.success()), "redis-cli comes with redis-server");
}
