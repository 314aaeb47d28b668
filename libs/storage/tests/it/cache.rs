//! One suite for both forms of the cache.

use std::time::Duration;
use storage::{Cache, CacheSettings, Limit, Taken};
use testkit::{Fault, FaultProxy, eventually, servers};

const MINUTE: Duration = Duration::from_secs(60);

async fn redis() -> Cache {
    redis_at(&servers::redis().await)
}

fn redis_at(url: &str) -> Cache {
    let settings =
        CacheSettings { url: Some(url.into()), prefix: testkit::unique(), ..CacheSettings::default() };
    Cache::connect(&settings).expect("a readable address")
}

macro_rules! both {
    ($($name:ident),* $(,)?) => {
        mod in_redis { $(#[tokio::test] async fn $name() { super::$name(super::redis().await).await; })* }
        mod in_process { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(storage::Cache::in_process()).await; })* }
    };
}

both!(
    values_come_back_until_they_expire,
    deleted_values_are_gone,
    a_value_is_pulled_by_one_alone,
    a_value_is_loaded_once,
    a_failed_load_is_not_kept,
    a_set_is_unknown_until_it_is_filled,
    a_bucket_lets_a_burst_through_and_then_says_when,
    a_bucket_takes_all_or_nothing,
    one_bucket_does_not_know_of_another,
    parallel_takers_get_no_more_than_there_is,
);

async fn values_come_back_until_they_expire(cache: Cache) {
    assert_eq!(cache.get("a").await, None);
    cache.set("a", b"\x00one", MINUTE).await;
    cache.set("b", b"two", Duration::from_millis(30)).await;
    assert_eq!(cache.get("a").await.as_deref(), Some(&b"\x00one"[..]));
    eventually!(Duration::from_secs(5), cache.get("b").await.is_none());
    assert!(cache.get("a").await.is_some());
}

async fn deleted_values_are_gone(cache: Cache) {
    cache.set("a", b"one", MINUTE).await;
    cache.delete("a").await;
    cache.delete("never there").await;
    assert_eq!(cache.get("a").await, None);
}

async fn a_value_is_pulled_by_one_alone(cache: Cache) {
    cache.set("a", b"one", MINUTE).await;
    let takers = (0..20).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.pull("a").await })
    });
    let mut got = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        got.extend(taker.await.expect("it ends"));
    }
    assert_eq!(got, [b"one"]);
    assert_eq!((cache.pull("a").await, cache.get("a").await), (None, None));
}

async fn a_value_is_loaded_once(cache: Cache) {
    let load = |value: &'static [u8]| move || async move { Ok(value.to_vec()) };
    assert_eq!(cache.get_or_load("a", MINUTE, load(b"first")).await.expect("loads"), b"first");
    assert_eq!(cache.get_or_load("a", MINUTE, load(b"second")).await.expect("is there"), b"first");
}

async fn a_failed_load_is_not_kept(cache: Cache) {
    let failed = cache.get_or_load("a", MINUTE, || async { Err(kernel::Error::not_found("note", 1)) }).await;
    assert_eq!(failed.expect_err("the loader's error").reason, "NOT_FOUND");
    assert_eq!(cache.get("a").await, None);
}

async fn a_set_is_unknown_until_it_is_filled(cache: Cache) {
    assert_eq!(cache.set_contains("gone", "ada").await, None);
    cache.set_add("gone", "ada").await;
    assert_eq!(cache.set_contains("gone", "ada").await, None, "others may be missing");
    cache.set_fill("gone", &["bob".to_owned()], MINUTE).await;
    assert_eq!(cache.set_contains("gone", "ada").await, Some(true), "added before the filling");
    assert_eq!(cache.set_contains("gone", "bob").await, Some(true));
    assert_eq!(cache.set_contains("gone", "eve").await, Some(false));
    cache.set_add("gone", "eve").await;
    cache.set_remove("gone", "bob").await;
    assert_eq!(cache.set_contains("gone", "eve").await, Some(true));
    assert_eq!(cache.set_contains("gone", "bob").await, Some(false));
    cache.delete("gone").await;
    assert_eq!(cache.set_contains("gone", "eve").await, None);
    cache.set_fill("brief", &[], Duration::from_millis(30)).await;
    eventually!(Duration::from_secs(5), cache.set_contains("brief", "ada").await.is_none());
}

async fn a_bucket_lets_a_burst_through_and_then_says_when(cache: Cache) {
    let limit = Limit { per_second: 10.0, burst: 5.0 };
    for _ in 0..5 {
        assert_eq!(cache.take("ada", limit, 1.0).await, Taken::Allowed);
    }
    let Taken::Refused(wait) = cache.take("ada", limit, 1.0).await else { panic!("the bucket is empty") };
    assert!(wait <= Duration::from_millis(100), "{wait:?}");
    eventually!(Duration::from_secs(5), cache.take("ada", limit, 1.0).await == Taken::Allowed);
}

async fn a_bucket_takes_all_or_nothing(cache: Cache) {
    let limit = Limit { per_second: 0.1, burst: 5.0 };
    assert_eq!(cache.take("ada", limit, 3.0).await, Taken::Allowed);
    assert!(matches!(cache.take("ada", limit, 3.0).await, Taken::Refused(_)));
    assert_eq!(cache.take("ada", limit, 2.0).await, Taken::Allowed);
}

async fn one_bucket_does_not_know_of_another(cache: Cache) {
    let limit = Limit { per_second: 0.1, burst: 1.0 };
    assert_eq!(cache.take("ada", limit, 1.0).await, Taken::Allowed);
    assert_eq!(cache.take("bob", limit, 1.0).await, Taken::Allowed);
    assert!(matches!(cache.take("ada", limit, 1.0).await, Taken::Refused(_)));
}

async fn parallel_takers_get_no_more_than_there_is(cache: Cache) {
    let limit = Limit { per_second: 0.01, burst: 20.0 };
    let mut takers = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let cache = cache.clone();
        takers.spawn(async move { cache.take("ada", limit, 1.0).await });
    }
    let taken = takers.join_all().await;
    assert_eq!(taken.iter().filter(|taken| **taken == Taken::Allowed).count(), 20);
}

#[tokio::test]
async fn two_prefixes_share_nothing() {
    let (one, two) = (redis().await, redis().await);
    one.set("a", b"one", MINUTE).await;
    assert_eq!(two.get("a").await, None);
}

#[tokio::test]
async fn without_the_server_reads_miss_limits_let_through_and_it_mends_itself() {
    let target = servers::redis().await;
    let address = target.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = FaultProxy::to(address).await;
    let cache = redis_at(&proxy.url(&target));
    cache.set("a", b"one", MINUTE).await;
    cache.set_fill("gone", &["ada".to_owned()], MINUTE).await;
    for fault in [Fault::Cut, Fault::Reset, Fault::Hang] {
        proxy.set(fault);
        assert_eq!(cache.get("a").await, None, "{fault:?}");
        cache.set("b", b"two", MINUTE).await;
        assert_eq!(cache.set_contains("gone", "ada").await, None, "{fault:?}");
        let limit = Limit { per_second: 0.1, burst: 1.0 };
        for _ in 0..3 {
            assert_eq!(cache.take("ada", limit, 1.0).await, Taken::Allowed, "{fault:?}");
        }
        assert!(!cache.ping().await);
        proxy.set(Fault::None);
        eventually!(Duration::from_secs(10), cache.get("a").await.is_some());
    }
}

#[tokio::test]
async fn a_server_that_never_was_there_costs_little() {
    let cache = redis_at("redis://127.0.0.1:1");
    let started = tokio::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.get("a").await, None);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
