//! An auditor that reads only the databases: what was published, and what every service made of it.

use contracts::{Event, mentor::enrollment::events::v1::PersonUpserted};
use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use kernel::{TenantId, Uuid};
use matching::Matching;
use prost::Message;
use runtime::Service;
use scheduling::Scheduling;
use sqlx::{AssertSqlSafe, PgPool};
use std::{collections::BTreeMap, time::Duration};

/// Where a service keeps what `PersonUpserted` says: in which column, and by which rows (not those of a
/// `PersonDeactivated`).
const PROJECTIONS: [(&str, &str, &str); 3] = [
    ("matching", "unit", "true"),
    ("scheduling", "display_name", "new.active"),
    ("evaluation", "unit", "new.active"),
];

/// What each service handles: its name and the event types.
pub fn subscriptions() -> Vec<(&'static str, Vec<&'static str>)> {
    fn of<S: Service>() -> (&'static str, Vec<&'static str>) {
        (S::NAME, S::consumers().iter().map(|consumer| consumer.type_name).collect())
    }
    vec![of::<Enrollment>(), of::<Matching>(), of::<Scheduling>(), of::<Evaluation>(), of::<Gateway>()]
}

/// Reads one tenant's rows as the superuser.
pub struct Auditor {
    pool: PgPool,
    tenant: TenantId,
}

impl Auditor {
    /// Begins: from now on the database itself writes down, in the same transaction and in order, each event that a
    /// service publishes and each time that one applies a `PersonUpserted`. The services know nothing of it.
    pub async fn begin(pool: PgPool, tenant: TenantId) -> Self {
        let mut sql = "create schema witness;
             create table witness.applied (n bigserial primary key, service text not null,
                 tenant_id uuid not null, person_id uuid not null, label text not null);
             create table witness.published (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id));
             create function witness.published() returns trigger language plpgsql security definer as $$
             begin
                 insert into witness.published values (new.tenant_id, new.id);
                 return null;
             end $$;"
            .to_owned();
        for (owner, _) in subscriptions() {
            sql.push_str(&format!(
                "create trigger witness after insert on {owner}.outbox
                     for each row execute function witness.published();
                 insert into witness.published select tenant_id, id from {owner}.outbox;"
            ));
        }
        for (service, column, condition) in PROJECTIONS {
            sql.push_str(&format!(
                "create function witness.{service}() returns trigger language plpgsql security definer as $$
                 begin
                     insert into witness.applied (service, tenant_id, person_id, label)
                     values ('{service}', new.tenant_id, new.person_id, new.{column});
                     return null;
                 end $$;
                 create trigger witness after insert or update on {service}.person
                     for each row when ({condition}) execute function witness.{service}();"
            ));
        }
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.expect("the superuser may");
        Auditor { pool, tenant }
    }

    /// Waits until everything published was applied exactly once and in order by everybody it concerns.
    ///
    /// # Panics
    /// With what is wrong, when that does not come about in time.
    pub async fn satisfied(&self, patience: Duration) {
        let mut last = Vec::new();
        let found = testkit::poll(patience * 2, "the auditor is satisfied", async || {
            last = self.wrong().await;
            last.is_empty()
        });
        let timely = tokio::time::timeout(patience, found).await.is_ok();
        assert!(timely, "after {patience:?}:\n{}", last.join("\n"));
    }

    /// How many events of a service wait to be published; none are seen while the database is away.
    pub async fn unpublished(&self, service: &str) -> i64 {
        self.count(&format!(
            "select count(*) from {service}.outbox where tenant_id = $1 and published_at is null"
        ))
        .await
        .unwrap_or(0)
    }

    /// How many events of a service were published.
    pub async fn published(&self, service: &str) -> i64 {
        self.count(&format!(
            "select count(*) from {service}.outbox where tenant_id = $1 and published_at is not null"
        ))
        .await
        .unwrap_or(0)
    }

    /// How many times the published changes of people are not applied yet, over all services; many while the
    /// database is away.
    pub async fn backlog(&self) -> i64 {
        let takers = PROJECTIONS.len();
        let sql = format!(
            "select (select count(*) from enrollment.outbox where tenant_id = $1 and type = '{}') * {takers}
                 - (select count(*) from witness.applied where tenant_id = $1)",
            PersonUpserted::TYPE
        );
        self.count(&sql).await.unwrap_or(i64::MAX)
    }

    /// How many changes each service has applied; `None` while the database is away.
    pub async fn applied(&self) -> Option<[i64; 3]> {
        let mut applied = [0; 3];
        for (slot, (service, ..)) in applied.iter_mut().zip(PROJECTIONS) {
            let sql = format!(
                "select count(*) from witness.applied where tenant_id = $1 and service = '{service}'"
            );
            *slot = self.count(&sql).await.ok()?;
        }
        Some(applied)
    }

    /// All events of all services.
    pub async fn events(&self) -> i64 {
        let mut events = 0;
        for (owner, _) in subscriptions() {
            let sql = format!("select count(*) from {owner}.outbox where tenant_id = $1");
            events += self.count(&sql).await.unwrap_or(0);
        }
        events
    }

    /// Everything that is not as it must be in the end. While the database is away, that.
    pub async fn wrong(&self) -> Vec<String> {
        match self.examine().await {
            Ok(wrong) => wrong,
            Err(error) => vec![format!("the database does not answer: {error}")],
        }
    }

    async fn examine(&self) -> Result<Vec<String>, sqlx::Error> {
        let mut wrong = Vec::new();
        let subscriptions = subscriptions();
        for (owner, _) in &subscriptions {
            let waiting =
                format!("select count(*) from {owner}.outbox where tenant_id = $1 and published_at is null");
            note(&mut wrong, self.count(&waiting).await?, &format!("events of {owner} are not published"));
            let parked = format!("select count(*) from {owner}.parked where tenant_id = $1");
            note(&mut wrong, self.count(&parked).await?, &format!("events are parked at {owner}"));
        }
        for (taker, types) in &subscriptions {
            for (owner, _) in &subscriptions {
                wrong.extend(self.lost(owner, taker, types).await?);
                wrong.extend(self.out_of_order(owner, taker, types).await?);
            }
            wrong.extend(self.invented(taker).await?);
        }
        wrong.extend(self.applied_otherwise().await?);
        Ok(wrong)
    }

    /// Published by the owner and not in the taker's inbox.
    async fn lost(&self, owner: &str, taker: &str, types: &[&str]) -> Result<Vec<String>, sqlx::Error> {
        let sql = format!(
            "select count(*) from {owner}.outbox o where o.tenant_id = $1 and o.type = any($2) and not exists (
                 select from {taker}.inbox i where i.tenant_id = o.tenant_id and i.event_id = o.id)"
        );
        let lost = self.count_of(&sql, types).await?;
        let mut wrong = Vec::new();
        note(&mut wrong, lost, &format!("events of {owner} never reached {taker}"));
        Ok(wrong)
    }

    /// Later events of an aggregate that were received before earlier ones.
    async fn out_of_order(
        &self,
        owner: &str,
        taker: &str,
        types: &[&str],
    ) -> Result<Vec<String>, sqlx::Error> {
        let sql = format!(
            "select count(*) from (
                 select i.received_at < lag(i.received_at) over (partition by o.aggregate, o.subject order by o.seq)
                     as early
                 from {owner}.outbox o join {taker}.inbox i on i.tenant_id = o.tenant_id and i.event_id = o.id
                 where o.tenant_id = $1 and o.type = any($2)) as pairs
             where early"
        );
        let early = self.count_of(&sql, types).await?;
        let mut wrong = Vec::new();
        note(&mut wrong, early, &format!("events of {owner} reached {taker} before earlier ones"));
        Ok(wrong)
    }

    /// In an inbox, but published by nobody: outboxes forget what is old, the witness does not.
    async fn invented(&self, taker: &str) -> Result<Vec<String>, sqlx::Error> {
        let sql = format!(
            "select count(*) from {taker}.inbox i where i.tenant_id = $1 and not exists (
                 select from witness.published p where p.tenant_id = i.tenant_id and p.id = i.event_id)"
        );
        let mut wrong = Vec::new();
        note(&mut wrong, self.count(&sql).await?, &format!("events at {taker} were published by nobody"));
        Ok(wrong)
    }

    /// What the database wrote down beside each service must be the owner's outbox, person by person.
    async fn applied_otherwise(&self) -> Result<Vec<String>, sqlx::Error> {
        let mut wrong = Vec::new();
        for (service, column, _) in PROJECTIONS {
            let told = self.told(column).await?;
            let rows: Vec<(Uuid, String)> = sqlx::query_as(
                "select person_id, label from witness.applied where service = $1 and tenant_id = $2 order by n",
            )
            .bind(service)
            .bind(self.tenant.0)
            .fetch_all(&self.pool)
            .await?;
            let mut applied: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
            for (person, label) in rows {
                applied.entry(person).or_default().push(label);
            }
            let differs = told.iter().find(|(person, labels)| applied.get(person) != Some(labels));
            if let Some((person, labels)) = differs {
                let was = applied.get(person);
                wrong.push(format!("{service} applied {was:?} to {person}, published was {labels:?}"));
            }
        }
        Ok(wrong)
    }

    /// What the directory published of each person, in order.
    async fn told(&self, column: &str) -> Result<BTreeMap<Uuid, Vec<String>>, sqlx::Error> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
            "select payload from enrollment.outbox where tenant_id = $1 and type = $2 order by seq",
        )
        .bind(self.tenant.0)
        .bind(PersonUpserted::TYPE)
        .fetch_all(&self.pool)
        .await?;
        let mut told: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for payload in payloads {
            let event = PersonUpserted::decode(payload.as_slice()).expect("what was encoded can be decoded");
            let person = event.person_id.parse().expect("a UUID");
            let label = if column == "unit" { event.unit } else { event.display_name };
            told.entry(person).or_default().push(label);
        }
        Ok(told)
    }

    async fn count(&self, sql: &str) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).bind(self.tenant.0).fetch_one(&self.pool).await
    }

    async fn count_of(&self, sql: &str, types: &[&str]) -> Result<i64, sqlx::Error> {
        let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        query.bind(self.tenant.0).bind(types).fetch_one(&self.pool).await
    }
}

fn note(wrong: &mut Vec<String>, count: i64, what: &str) {
    if count > 0 {
        wrong.push(format!("{count} {what}"));
    }
}
