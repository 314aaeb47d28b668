//! What a commit writes besides the service's own rows: one statement, whatever there is.

use crate::{audit::AuditRow, schema::in_schema};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{TenantId, Uuid};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgConnection};
use std::sync::Arc;

/// Lanes of the outbox. Events of one aggregate share a lane; a relay takes whole lanes.
pub(crate) const LANES: u8 = 16;

/// An event on its way into the outbox.
pub(crate) struct NewEvent {
    pub(crate) id: Uuid,
    pub(crate) type_name: &'static str,
    pub(crate) routing_key: &'static str,
    pub(crate) aggregate: &'static str,
    pub(crate) subject: String,
    pub(crate) occurred_at: Timestamp,
    pub(crate) correlation: Uuid,
    pub(crate) causation: Option<Uuid>,
    pub(crate) actor: String,
    pub(crate) traceparent: Option<String>,
    pub(crate) payload: Vec<u8>,
}

/// The commit's own part.
pub(crate) struct Flush {
    pub(crate) tenant: TenantId,
    pub(crate) now: Timestamp,
    pub(crate) new_tenant: bool,
    pub(crate) answer: Option<(Uuid, Vec<u8>)>,
}

/// The statement for a schema. Rows of the outbox get their sequence in the order of emitting.
pub(crate) fn statement(service: &str) -> String {
    in_schema(
        "with event as (
           insert into {s}.outbox (tenant_id, id, type, routing_key, aggregate, subject, lane, occurred_at,
                                   correlation, causation, actor, traceparent, payload)
           select $1, id, type, routing_key, aggregate, subject, lane, occurred_at,
                  correlation, causation, actor, traceparent, payload
           from unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::smallint[],
                       $12::timestamptz[], $13::uuid[], $14::uuid[], $15::text[], $16::text[], $17::bytea[])
                with ordinality as e(id, type, routing_key, aggregate, subject, lane, occurred_at, correlation,
                                     causation, actor, traceparent, payload, n)
           order by n
         ), audited as (
           insert into {s}.audit (tenant_id, id, at, actor, person_id, roles, operation, correlation, request_id,
                                  object, object_id, about, reason, is_read)
           select tenant_id, id, at, actor, person_id, roles, operation, correlation, request_id,
                  object, object_id, about, reason, is_read
           from unnest($18::uuid[], $19::uuid[], $20::timestamptz[], $21::text[], $22::uuid[], $23::text[],
                       $24::text[], $25::uuid[], $26::uuid[], $27::text[], $28::text[], $29::uuid[], $30::text[],
                       $31::boolean[])
                as a(tenant_id, id, at, actor, person_id, roles, operation, correlation, request_id, object,
                     object_id, about, reason, is_read)
         ), answered as (
           update {s}.idempotency set response = $4 where tenant_id = $1 and request_id = $5
         )
         insert into {s}.tenant (tenant_id, first_seen_at)
         select $1, $2 where $3 on conflict (tenant_id) do nothing",
        service,
    )
}

impl Flush {
    pub(crate) fn is_needed(&self, events: &[NewEvent], audits: &[AuditRow]) -> bool {
        self.new_tenant || self.answer.is_some() || !events.is_empty() || !audits.is_empty()
    }

    pub(crate) async fn run(
        self,
        conn: &mut PgConnection,
        statement: Arc<str>,
        events: Vec<NewEvent>,
        audits: Vec<AuditRow>,
    ) -> Result<(), sqlx::Error> {
        let (request_id, answer) = self.answer.unzip();
        let lanes: Vec<i16> = events.iter().map(|e| lane(self.tenant, e.aggregate, &e.subject)).collect();
        let mut e = EventColumns::default();
        events.into_iter().for_each(|event| e.push(event));
        let query = sqlx::query(AssertSqlSafe(statement))
            .bind(self.tenant.0)
            .bind(self.now.to_sqlx())
            .bind(self.new_tenant)
            .bind(answer)
            .bind(request_id)
            .bind(e.id)
            .bind(e.type_name)
            .bind(e.routing_key)
            .bind(e.aggregate)
            .bind(e.subject)
            .bind(lanes)
            .bind(e.occurred_at)
            .bind(e.correlation)
            .bind(e.causation)
            .bind(e.actor)
            .bind(e.traceparent)
            .bind(e.payload);
        crate::audit::bind(query, audits).execute(conn).await?;
        Ok(())
    }
}

#[derive(Default)]
struct EventColumns {
    id: Vec<Uuid>,
    type_name: Vec<&'static str>,
    routing_key: Vec<&'static str>,
    aggregate: Vec<&'static str>,
    subject: Vec<String>,
    occurred_at: Vec<jiff_sqlx::Timestamp>,
    correlation: Vec<Uuid>,
    causation: Vec<Option<Uuid>>,
    actor: Vec<String>,
    traceparent: Vec<Option<String>>,
    payload: Vec<Vec<u8>>,
}

impl EventColumns {
    fn push(&mut self, event: NewEvent) {
        self.id.push(event.id);
        self.type_name.push(event.type_name);
        self.routing_key.push(event.routing_key);
        self.aggregate.push(event.aggregate);
        self.subject.push(event.subject);
        self.occurred_at.push(event.occurred_at.to_sqlx());
        self.correlation.push(event.correlation);
        self.causation.push(event.causation);
        self.actor.push(event.actor);
        self.traceparent.push(event.traceparent);
        self.payload.push(event.payload);
    }
}

/// The lane of an aggregate: the same in every process and every release.
fn lane(tenant: TenantId, aggregate: &str, subject: &str) -> i16 {
    let hash =
        Sha256::new().chain_update(tenant.0).chain_update(aggregate).chain_update([0]).chain_update(subject);
    let first = hash.finalize().first().copied().unwrap_or_default();
    i16::from(first % LANES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_keeps_its_lane_and_lanes_fill_evenly() {
        let tenant = TenantId(Uuid::from_u128(7));
        let mut filled = [0_u32; LANES as usize];
        for n in 0..1600 {
            let lane = lane(tenant, "match", &Uuid::from_u128(n).to_string());
            filled[usize::try_from(lane).expect("not negative")] += 1;
        }
        assert!(filled.iter().all(|n| (60..150).contains(n)), "{filled:?}");
        assert_eq!(lane(tenant, "match", "a"), lane(tenant, "match", "a"));
    }
}
