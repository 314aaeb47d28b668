//! `SubmitApplication`'s SQL as a script of pgbench: the same statements in the same round trips, with the bytes that a
//! call really writes. It keeps to the service by a check: as many round trips, one row in each table.

use crate::world::{PROGRAMS_EACH, World, application, numbered};
use anyhow::{Context, Result, ensure};
use contracts::mentor::enrollment::v1::application_service_client::ApplicationServiceClient;
use kernel::{Role, TenantId};
use sqlx::AssertSqlSafe;
use std::io::Write;
use tempfile::NamedTempFile;
use testkit::id;

/// The instant of every row.
const AT: &str = "to_timestamp(1736154000)";

/// What one call wrote, as SQL literals without quotes.
#[derive(sqlx::FromRow)]
struct Written {
    answers: String,
    profile: String,
    fingerprint: String,
    response: String,
    r#type: String,
    routing_key: String,
    aggregate: String,
    actor: String,
    payload: String,
    roles: String,
    operation: String,
}

/// Makes one call and writes what it did as a script.
pub(crate) async fn script(world: &World) -> Result<NamedTempFile> {
    let enrollment = world.enrollment()?;
    let before = enrollment.round_trips();
    let channel = world.suite.acting(Role::Employee, Some(id(0)));
    ApplicationServiceClient::new(channel).submit_application(application(0)).await?;
    let round_trips = enrollment.round_trips() - before;
    let sql = "select a.answers::text, a.profile::text, encode(i.fingerprint, 'hex') as fingerprint, \
                      encode(i.response, 'hex') as response, o.type, o.routing_key, o.aggregate, o.actor, \
                      encode(o.payload, 'hex') as payload, t.roles, t.operation \
               from enrollment.application a, enrollment.idempotency i, enrollment.outbox o, enrollment.audit t";
    let written: Written = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(world.suite.sql()).await?;
    let text = written.script(world.suite.tenant);
    let waits = waits(&text);
    ensure!(
        waits == round_trips,
        "the reference waits {waits} times and the call {round_trips} times: they no longer do the same"
    );
    let mut file = tempfile::Builder::new().suffix(".sql").tempfile().context("the script")?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// How often a script waits for the server: once for each statement, once for a pipeline.
fn waits(script: &str) -> u64 {
    let mut in_pipeline = false;
    let mut waits = 0;
    for line in script.lines() {
        in_pipeline = (in_pipeline || line == r"\startpipeline") && line != r"\endpipeline";
        if line == r"\endpipeline" || (line.ends_with(';') && !in_pipeline) {
            waits += 1;
        }
    }
    waits
}

/// An id that nobody else uses, growing with time as the service's do; `kind` tells those of a call apart.
fn unique(kind: u32) -> String {
    format!(
        "(:run::text || lpad(to_hex(:client_id::bigint + {}), 4, '0') || lpad(to_hex(:n::bigint), 12, '0'))::uuid",
        kind * 256
    )
}

impl Written {
    fn script(&self, tenant: TenantId) -> String {
        let (request, application) = (unique(0), unique(1));
        let (program, person) = (numbered(":p::bigint"), numbered(":client_id::bigint"));
        let Written { answers, profile, fingerprint, .. } = self;
        format!(
            r"\set n :n + 1
\set p :client_id * {PROGRAMS_EACH} + :n
\startpipeline
begin;
set local mentor.tenant = '{tenant}';
insert into enrollment.idempotency (tenant_id, request_id, fingerprint, created_at)
values ('{tenant}', {request}, '\x{fingerprint}', {AT});
\endpipeline
select program_id, name, description, objectives, audience_units, format, policy, state, audience_size, created_at,
       published_at, started_at, closed_at, version
from enrollment.program where tenant_id = '{tenant}' and program_id = {program} for share;
select state, unit, manager_id from enrollment.person
where tenant_id = '{tenant}' and person_id = {person} for no key update;
select exists (select 1 from enrollment.participant
               where tenant_id = '{tenant}' and program_id = {program} and person_id = {person} and role = 'mentee'
                 and state <> 'withdrawn');
insert into enrollment.application (tenant_id, application_id, program_id, person_id, role, state, answers, profile,
                                    capacity, submitted_at, expires_at, version)
values ('{tenant}', {application}, {program}, {person}, 'mentee', 'submitted', '{answers}', '{profile}', 1, {AT},
        {AT} + interval '30 days', 1);
{flush}
commit;
",
            flush = self.flush(tenant, &request, &application, &person),
        )
    }

    /// What every commit of a mutation writes, in one statement.
    fn flush(&self, tenant: TenantId, request: &str, application: &str, person: &str) -> String {
        let (event, trail, correlation) = (unique(2), unique(3), unique(4));
        let Written { response, r#type, routing_key, aggregate, actor, payload, roles, operation, .. } = self;
        format!(
            r"with event as (
  insert into enrollment.outbox (tenant_id, id, type, routing_key, aggregate, subject, lane, occurred_at,
                                 correlation, causation, actor, traceparent, payload)
  select '{tenant}', id, type, routing_key, aggregate, subject, lane, occurred_at,
         correlation, causation, actor, traceparent, payload
  from unnest(array[{event}]::uuid[], array['{type}']::text[], array['{routing_key}']::text[],
              array['{aggregate}']::text[], array[{application}]::text[], array[:n::bigint % 16]::smallint[],
              array[{AT}]::timestamptz[], array[{correlation}]::uuid[], array[null]::uuid[], array['{actor}']::text[],
              array[null]::text[], array['\x{payload}']::bytea[])
       with ordinality as e(id, type, routing_key, aggregate, subject, lane, occurred_at, correlation, causation,
                            actor, traceparent, payload, n)
  order by n
), audited as (
  insert into enrollment.audit (tenant_id, id, at, actor, person_id, roles, operation, correlation, request_id,
                                object, object_id, about, reason, is_read)
  select tenant_id, id, at, actor, person_id, roles, operation, correlation, request_id, object, object_id, about,
         reason, is_read
  from unnest(array['{tenant}']::uuid[], array[{trail}]::uuid[], array[{AT}]::timestamptz[], array['{actor}']::text[],
              array[{person}]::uuid[], array['{roles}']::text[], array['{operation}']::text[],
              array[{correlation}]::uuid[], array[{request}]::uuid[], array['application']::text[],
              array[{application}]::text[], array[{person}]::uuid[], array[null]::text[], array[false]::boolean[])
       as a(tenant_id, id, at, actor, person_id, roles, operation, correlation, request_id, object, object_id, about,
            reason, is_read)
), answered as (
  update enrollment.idempotency set response = '\x{response}' where tenant_id = '{tenant}' and request_id = {request}
)
insert into enrollment.tenant (tenant_id, first_seen_at)
select '{tenant}'::uuid, {AT} where false on conflict (tenant_id) do nothing;"
        )
    }
}
