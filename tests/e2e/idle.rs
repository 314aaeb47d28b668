//! What a tenant costs in which nothing happens: jobs look at every tenant, and there may be thousands.

use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use jiff::SignedDuration;
use kernel::{Clock, Context, Role, TenantId};
use matching::Matching;
use scheduling::Scheduling;
use storage::Database;
use testkit::Suite;

const TENANTS: u64 = 10;
/// Of jobs that run at least once a second: what each asks for all tenants, which is their list.
const LISTS: [u64; 5] = [1, 0, 0, 0, 3];
/// For syncs and for webhooks: each begins a transaction and asks once. Who left, and which sessions ended, is in the cache.
const LOOKS: u64 = 2 * 2;
/// The least of so many seconds counts: relays ask the database from time to time, too.
const SECONDS: usize = 20;

/// Makes as many tenants known to a service.
async fn make_known(suite: &Suite, db: &Database) {
    for _ in 0..TENANTS {
        let tenant = TenantId(suite.clock.new_id());
        let ctx = Context {
            actor: kernel::Actor::system(tenant, db.service()),
            ..suite.context(Role::System, None)
        };
        let mut tx = db.write(&ctx).await.expect("a transaction");
        tx.audit(storage::Audit::of("test", "1").because("a first write"));
        tx.commit().await.expect("commits");
    }
}

#[tokio::test]
async fn a_second_costs_an_idle_tenant_two_looks() {
    let builder = Suite::builder().service::<Enrollment>().service::<Matching>();
    let builder = builder.service::<Scheduling>().service::<Evaluation>().service::<Gateway>();
    let suite = builder.start().await;
    let services = ["enrollment", "matching", "scheduling", "evaluation", "gateway"];
    let databases = services.map(|service| suite.host().database(service).expect("runs").clone());
    for db in &databases {
        make_known(&suite, db).await;
    }
    // What runs once an hour or a day runs now, and what is kept in the cache is filled.
    suite.run_jobs().await;
    let mut least = [u64::MAX; 5];
    for _ in 0..SECONDS {
        let before = databases.each_ref().map(Database::round_trips);
        suite.advance(SignedDuration::from_secs(1));
        suite.run_jobs().await;
        for (least, (db, before)) in least.iter_mut().zip(databases.iter().zip(before)) {
            *least = (*least).min(db.round_trips() - before);
        }
    }
    let mut expected = LISTS;
    expected[4] += TENANTS * LOOKS;
    assert_eq!(least, expected, "round trips of {services:?}");
}
