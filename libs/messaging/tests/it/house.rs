//! Two services over a database and a broker of their own.

use crate::probe::{Owner, Probe, also, consumers, owner};
use contracts::{
    Event,
    mentor::enrollment::events::v1::{PersonDeactivated, PersonUpserted},
};
use kernel::{Clock, Context, ManualClock, TenantId, Uuid};
use lapin::{Connection, ConnectionProperties, options::QueueDeleteOptions, types::FieldTable};
use messaging::{Broker, Handle, Messaging, MessagingSettings, RabbitSettings, settle};
use sqlx::migrate::Migrator;
use std::sync::Arc;
use storage::{Database, DatabaseSettings, MigrateSettings, Tx};
use testkit::TestDatabase;

static ENROLLMENT: Migrator = sqlx::migrate!("tests/it/migrations/enrollment");
static MATCHING: Migrator = sqlx::migrate!("tests/it/migrations/matching");

/// Which broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    InProcess,
    RabbitMq,
}

/// The services and their surroundings.
pub(crate) struct House {
    pub(crate) sql: TestDatabase,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tenant: TenantId,
    pub(crate) broker: Broker,
    pub(crate) prefix: String,
    pub(crate) probe: Probe,
    pub(crate) enrollment: Messaging,
    pub(crate) matching: Messaging,
    pub(crate) enrollment_db: Database,
    pub(crate) matching_db: Database,
}

/// Turns a server's URL into that of a proxy before it.
pub(crate) type Through = Box<dyn Fn(&str) -> String>;

/// How to build a house.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) settings: MessagingSettings,
    /// The broker's URL, for a proxy in between.
    pub(crate) broker_url: Option<String>,
    /// `matching` has a second handler of `PersonUpserted`.
    pub(crate) twice: bool,
    /// What stands between `matching` and its database.
    pub(crate) database_url: Option<Through>,
}

impl House {
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::planned(kind, Plan::default()).await
    }

    pub(crate) async fn planned(kind: Kind, plan: Plan) -> Self {
        let sql = TestDatabase::cloned("messaging_it", async |url| {
            let settings = MigrateSettings::at(url);
            storage::migrate(&settings, &[("enrollment", &ENROLLMENT), ("matching", &MATCHING)])
                .await
                .expect("the schemas are made");
        })
        .await;
        // Says nothing unless RUST_LOG asks for it.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let clock = ManualClock::at(testkit::start_of_time());
        let prefix = format!("{}.", testkit::unique());
        let broker = match kind {
            Kind::InProcess => Broker::in_process(),
            Kind::RabbitMq => {
                let url = match plan.broker_url {
                    Some(url) => url,
                    None => testkit::servers::rabbitmq().await,
                };
                Broker::rabbitmq(&RabbitSettings { url: url.into(), prefix: prefix.clone() })
                    .expect("a valid URL")
            }
        };
        let direct = sql.host_url();
        let matching_url = plan.database_url.map_or_else(|| direct.clone(), |through| through(&direct));
        let enrollment_db = connect(&direct, "enrollment", &clock).await;
        let matching_db = connect(&matching_url, "matching", &clock).await;
        let probe = Probe::default();
        let settings = plan.settings;
        let enrollment =
            Messaging::new(&broker, enrollment_db.clone(), Owner, owner::consumers(), settings.clone());
        let mut handlers = consumers();
        if plan.twice {
            handlers.extend(also::consumers());
        }
        let matching = Messaging::new(&broker, matching_db.clone(), probe.clone(), handlers, settings);
        let tenant = TenantId(clock.new_id());
        let house = House {
            sql,
            clock,
            tenant,
            broker,
            prefix,
            probe,
            enrollment,
            matching,
            enrollment_db,
            matching_db,
        };
        house.enrollment.declare().await.expect("the broker answers");
        house.matching.declare().await.expect("the broker answers");
        house
    }

    pub(crate) fn start(&self) -> Running {
        Running { enrollment: self.enrollment.start(), matching: self.matching.start() }
    }

    pub(crate) async fn settle(&self) {
        settle(&[self.enrollment.clone(), self.matching.clone()]).await.expect("everything comes to rest");
    }

    pub(crate) fn ctx(&self) -> Context {
        Context::system(self.tenant, "enrollment", "test", self.clock.now(), self.clock.new_id())
    }

    pub(crate) async fn tx(&self) -> Tx {
        self.enrollment_db.write(&self.ctx()).await.expect("the database answers")
    }

    /// Publishes one event, as a mutation of its owner would.
    pub(crate) async fn emit(&self, event: &impl Event) {
        let mut tx = self.tx().await;
        tx.emit(event);
        tx.commit().await.expect("committed");
    }

    /// What `matching` has seen: person and what.
    pub(crate) async fn log(&self) -> Vec<(String, String)> {
        sqlx::query_as("select subject, what from matching.log order by n")
            .fetch_all(self.sql.pool())
            .await
            .expect("the log is there")
    }

    /// What `matching` has seen of one person.
    pub(crate) async fn seen(&self, person: &str) -> Vec<String> {
        self.log().await.into_iter().filter(|(subject, _)| subject == person).map(|(_, what)| what).collect()
    }

    /// Waiting and dead events of `matching`.
    pub(crate) async fn parked(&self) -> (i64, i64) {
        let counts = self.matching_db.parked_counts().await.expect("the database answers");
        (counts.waiting, counts.dead)
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(self.sql.pool()).await.expect("a number")
    }

    /// Removes what the test left at the broker.
    pub(crate) async fn close(self) {
        if let Broker::RabbitMq(_) = self.broker {
            let channel = raw_channel().await;
            for queue in ["enrollment.run", "enrollment.dead", "matching.person", "matching.program"]
                .into_iter()
                .chain(["matching.dead", "mentor.unrouted"])
            {
                let name = format!("{}{queue}", self.prefix);
                // Not every test has every queue.
                let _ = channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await;
            }
            for exchange in ["mentor.events", "mentor.unrouted"] {
                let name = format!("{}{exchange}", self.prefix);
                let _ = channel.exchange_delete(name.as_str().into(), Default::default()).await;
            }
        }
    }
}

/// A channel beside the house.
pub(crate) async fn raw_channel() -> lapin::Channel {
    let url = testkit::servers::rabbitmq().await;
    let connection =
        Connection::connect(&url, ConnectionProperties::default()).await.expect("the broker answers");
    connection.create_channel().await.expect("a channel")
}

/// Messages that wait in a queue.
pub(crate) async fn queued(channel: &lapin::Channel, name: &str) -> u32 {
    let passive = lapin::options::QueueDeclareOptions { passive: true, ..Default::default() };
    let queue =
        channel.queue_declare(name.into(), passive, FieldTable::default()).await.expect("the queue is there");
    queue.message_count()
}

async fn connect(url: &str, service: &'static str, clock: &Arc<ManualClock>) -> Database {
    Database::connect(&DatabaseSettings::at(url), service, clock.clone()).await.expect("settings are right")
}

/// Everything that runs.
pub(crate) struct Running {
    pub(crate) enrollment: Handle,
    pub(crate) matching: Handle,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.matching.stop().await;
        self.enrollment.stop().await;
    }
}

pub(crate) fn upserted(person: &str, name: &str) -> PersonUpserted {
    PersonUpserted { person_id: person.to_owned(), display_name: name.to_owned(), ..Default::default() }
}

pub(crate) fn deactivated(person: &str) -> PersonDeactivated {
    PersonDeactivated { person_id: person.to_owned(), ..Default::default() }
}

pub(crate) fn person(n: u64) -> String {
    Uuid::from_u128(u128::from(n)).to_string()
}
