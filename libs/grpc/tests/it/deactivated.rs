//! People who left, in both forms of the cache, with and without it.

use crate::{
    assert_refused,
    echo::{Options, TestServer, with_token},
    limits::redis,
};
use grpc::{Deactivated, Loader};
use kernel::{Clock, Error, ErrorKind, ManualClock, Role, TenantId, Uuid};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use storage::{Cache, CacheSettings};
use testkit::eventually;
use tonic::Code;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_person_is_refused_at_once_though_the_token_lives() {
    let deactivated = Deactivated::new(Cache::in_process(), None);
    let options = Options { deactivated: Some(deactivated.clone()), ..Options::default() };
    let server = TestServer::with(options).await;
    let mut client = server.client().await;
    let person = server.clock.new_id();
    let token = server.token_of("ada", &[Role::Employee], Some(person));
    client.get_echo(with_token("", &token)).await.expect("active");
    deactivated.add(server.tenant, person).await;
    assert_refused(
        client.get_echo(with_token("", &token)).await,
        Code::Unauthenticated,
        "PERSON_DEACTIVATED",
    );
    let other = server.token_of("bob", &[Role::Employee], Some(server.clock.new_id()));
    client.get_echo(with_token("", &other)).await.expect("another person");
    deactivated.remove(server.tenant, person).await;
    client.get_echo(with_token("", &token)).await.expect("back again");
}

/// The truth, and how often it was asked.
#[derive(Clone, Default)]
struct Truth {
    people: Arc<Mutex<Vec<Uuid>>>,
    asked: Arc<AtomicU32>,
}

impl Truth {
    fn loader(&self) -> Loader {
        let truth = self.clone();
        Arc::new(move |_| {
            truth.asked.fetch_add(1, Ordering::SeqCst);
            let people = truth.people.lock().expect("not poisoned").clone();
            Box::pin(async move { Ok(people) })
        })
    }
}

fn ids() -> (TenantId, Uuid, Uuid) {
    let clock = ManualClock::at("2025-01-06T09:00:00Z".parse().expect("a time"));
    (TenantId(clock.new_id()), clock.new_id(), clock.new_id())
}

async fn lost_set_is_rebuilt(cache: Cache, lose: impl AsyncFn(&Cache, &str)) {
    let (tenant, gone, here) = ids();
    let truth = Truth::default();
    truth.people.lock().expect("not poisoned").push(gone);
    let set = Deactivated::keeping(cache.clone(), Some(truth.loader()), Duration::from_millis(1));
    let contains = async |person| set.contains(tenant, person).await.expect("the truth answers");
    assert!(contains(gone).await && !contains(here).await);
    lose(&cache, &format!("deactivated:{tenant}")).await;
    eventually!(SOON, contains(gone).await && !contains(here).await);
    set.add(tenant, here).await;
    assert!(contains(here).await, "this process is never behind itself");
    set.remove(tenant, here).await;
    assert!(!contains(here).await);
}

#[tokio::test]
async fn a_lost_set_is_rebuilt_in_process() {
    lost_set_is_rebuilt(Cache::in_process(), async |cache, key| cache.delete(key).await).await;
}

#[tokio::test]
async fn a_lost_set_is_rebuilt_in_redis() {
    lost_set_is_rebuilt(redis().await, async |cache, key| cache.delete(key).await).await;
}

#[tokio::test]
async fn another_process_learns_it_soon() {
    let cache = redis().await;
    let (tenant, gone, _) = ids();
    let truth = Truth::default();
    let owner = Deactivated::new(cache.clone(), Some(truth.loader()));
    let other = Deactivated::new(cache, None);
    assert!(!owner.contains(tenant, gone).await.expect("answers"));
    assert!(!other.contains(tenant, gone).await.expect("answers"));
    owner.add(tenant, gone).await;
    eventually!(SOON, other.contains(tenant, gone).await.expect("answers"));
    owner.remove(tenant, gone).await;
    eventually!(SOON, !other.contains(tenant, gone).await.expect("answers"));
}

#[tokio::test]
async fn without_the_cache_the_truth_is_asked_but_not_for_every_call() {
    let settings = CacheSettings {
        url: Some("redis://127.0.0.1:1".to_owned().into()),
        prefix: "nowhere".to_owned(),
        response_timeout_ms: 50,
    };
    let (tenant, gone, here) = ids();
    let truth = Truth::default();
    truth.people.lock().expect("not poisoned").push(gone);
    let cache = Cache::connect(&settings).expect("a URL");
    let set = Deactivated::new(cache, Some(truth.loader()));
    for _ in 0..10 {
        assert!(set.contains(tenant, gone).await.expect("answers"));
        assert!(!set.contains(tenant, here).await.expect("answers"));
    }
    assert!(truth.asked.load(Ordering::SeqCst) <= 3, "{}", truth.asked.load(Ordering::SeqCst));
    set.add(tenant, here).await;
    assert!(set.contains(tenant, here).await.expect("answers"));
}

#[tokio::test]
async fn a_failing_loader_refuses_rather_than_guesses() {
    let (tenant, gone, _) = ids();
    let loader: Loader = Arc::new(|_| {
        Box::pin(async {
            Err(Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", "the database is away"))
        })
    });
    let set = Deactivated::new(Cache::in_process(), Some(loader));
    let error = set.contains(tenant, gone).await.expect_err("nobody can say");
    assert_eq!(error.reason, "DEPENDENCY_UNAVAILABLE");
}
