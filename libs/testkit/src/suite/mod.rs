//! Whole services in the test's own process, on real servers, with the time in the test's hand.

mod broker;
mod build;

pub use broker::Prefix;
pub use build::SuiteBuilder;

use crate::TestDatabase;
use contracts::Event;
use grpc::{Channel, Client, NewToken, StaticToken};
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Clock, Context, ManualClock, Role, SharedClock, TenantId, Uuid};
use messaging::Envelope;
use runtime::Host;
use sqlx::{AssertSqlSafe, PgPool};
use std::{sync::Arc, time::Duration};

/// Services under test. Each suite has a database, a broker prefix and a cache prefix of its own; all of it goes
/// when the suite is dropped. Its methods fail the test when something does not work.
pub struct Suite {
    /// The time, which stands still until the test moves it. Starts at [`crate::start_of_time`].
    pub clock: Arc<ManualClock>,
    /// The tenant of the test.
    pub tenant: TenantId,
    host: Option<Host>,
    config: runtime::Config,
    entries: Vec<runtime::Entry>,
    // Dropped after the host, whose connections it ends.
    database: TestDatabase,
    _broker: Option<broker::Prefix>,
}

impl Suite {
    /// Begins a suite.
    pub fn builder() -> SuiteBuilder {
        SuiteBuilder::default()
    }

    /// The process under test.
    pub fn host(&self) -> &Host {
        self.host.as_ref().expect("the host runs until the suite ends")
    }

    /// Another process of the same services on the same database, broker and cache: a second replica.
    pub async fn replica(&self) -> Host {
        self.replica_with(|_| ()).await
    }

    /// The same, with another configuration, such as another port.
    pub async fn replica_with(&self, change: impl FnOnce(&mut runtime::Config)) -> Host {
        let clock: SharedClock = self.clock.clone();
        let mut config = self.config.clone();
        change(&mut config);
        let mut builder = Host::builder(config).clock(clock);
        for entry in &self.entries {
            builder = builder.entry(*entry);
        }
        match builder.start().await {
            Ok(host) => host,
            Err(error) => panic!("the replica does not start: {error}"),
        }
    }

    /// A channel that sends no token.
    pub fn channel(&self) -> Channel {
        self.client().build().expect("a channel to the host")
    }

    /// A channel that sends this token: `ProgramServiceClient::new(suite.authorized(token))`.
    pub fn authorized(&self, token: impl Into<String>) -> Channel {
        self.client().token(StaticToken(token.into())).build().expect("a channel to the host")
    }

    /// A channel of somebody with this role, and who they are in the directory.
    pub fn acting(&self, role: Role, person: Option<Uuid>) -> Channel {
        self.authorized(self.token(role, person))
    }

    /// One attempt only: a test wants to see what happens.
    fn client(&self) -> Client {
        Client::builder(&self.host().url())
            .expect("the host's own URL")
            .attempts(1)
            .deadline(Duration::from_secs(30))
    }

    /// A token of the suite's tenant.
    pub fn token(&self, role: Role, person: Option<Uuid>) -> String {
        self.token_for(self.tenant, role, person)
    }

    /// A token of another tenant.
    pub fn token_for(&self, tenant: TenantId, role: Role, person: Option<Uuid>) -> String {
        let subject = person.map_or_else(|| format!("test-{role}"), |person| format!("person-{person}"));
        let ttl = Duration::from_secs(20 * 365 * 86_400);
        let token = NewToken { tenant, subject: &subject, roles: &[role], person, ttl };
        let issuer = self.host().issuer().expect("suites have the development issuer");
        issuer.token(&token).expect("the development issuer signs")
    }

    /// The context of a call by somebody, for functions that are tested below the API.
    pub fn context(&self, role: Role, person: Option<Uuid>) -> Context {
        let actor = Actor { tenant: self.tenant, subject: format!("test-{role}"), person, roles: vec![role] };
        let (operation, correlation) = ("test".to_owned(), self.clock.new_id());
        Context { actor, operation, correlation, causation: None, traceparent: None, now: self.clock.now() }
    }

    /// Publishes a foreign event as its owner would, through the broker. [`Suite::settle`] sees it handled.
    pub async fn publish<E: Event>(&self, event: &E) {
        self.publish_envelopes(&[self.envelope(event)]).await;
    }

    /// An event on its way, to be published twice or out of order.
    pub fn envelope<E: Event>(&self, event: &E) -> Envelope {
        Envelope::of(event, self.tenant, self.clock.as_ref())
    }

    /// Publishes envelopes in this order.
    pub async fn publish_envelopes(&self, envelopes: &[Envelope]) {
        if let Err(error) = self.host().broker().publish(envelopes).await {
            panic!("the event was not published: {}", explained(&error));
        }
    }

    /// Waits until every published event was handled, also those that handlers emit.
    pub async fn settle(&self) {
        if let Err(error) = self.host().settle().await {
            panic!("not settled: {}", explained(&error));
        }
    }

    /// Runs every job whose period has passed by the clock.
    pub async fn run_jobs(&self) {
        if let Err(error) = self.host().run_jobs().await {
            panic!("a job failed: {}", explained(&error));
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Moves the clock to a later instant, day by day, running the due jobs and settling on every day.
    pub async fn live_until(&self, end: Timestamp) {
        while self.clock.now() < end {
            let tomorrow = self.clock.now() + SignedDuration::from_hours(24);
            self.clock.set(tomorrow.min(end));
            self.run_jobs().await;
            self.settle().await;
        }
    }

    /// The events of this type that the owner has emitted in the suite's tenant, in order, published or not.
    pub async fn events<E: Event>(&self) -> Vec<E> {
        let sql = format!(
            "select payload from {}.outbox where type = $1 and tenant_id = $2 order by seq",
            E::SERVICE
        );
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(E::TYPE)
            .bind(self.tenant.0)
            .fetch_all(self.sql())
            .await
            .unwrap_or_else(|error| panic!("the outbox of {} cannot be read: {error}", E::SERVICE));
        rows.iter()
            .map(|payload| E::decode(payload.as_slice()).expect("what was encoded can be decoded"))
            .collect()
    }

    /// How many events could not be handled and wait for a retry or a person, in one service.
    pub async fn parked(&self, service: &str) -> i64 {
        let sql = format!("select count(*) from {service}.parked");
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(self.sql())
            .await
            .unwrap_or_else(|error| panic!("the parked events of {service} cannot be counted: {error}"))
    }

    /// The superuser's connections, for assertions: row-level security does not apply.
    pub fn sql(&self) -> &PgPool {
        self.database.pool()
    }

    /// The suite's database.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The configuration that the services run with.
    pub fn config(&self) -> &runtime::Config {
        &self.config
    }

    /// Ends the host in order, as SIGTERM would.
    pub async fn shutdown(mut self) -> runtime::Shutdown {
        self.host.take().expect("the host runs until the suite ends").shutdown().await
    }
}

pub(crate) fn explained(error: &kernel::Error) -> String {
    match &error.source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
