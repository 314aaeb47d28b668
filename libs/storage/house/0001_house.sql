-- The tables that every service has, in its own schema (`{s}`), made and used by the storage library.

-- Tenants that this service ever wrote for: what jobs go through.
create table {s}.tenant (
    tenant_id     uuid        not null,
    first_seen_at timestamptz not null,
    constraint tenant_pkey primary key (tenant_id)
);

-- Facts to publish, written with the change that they tell of.
create table {s}.outbox (
    tenant_id    uuid        not null,
    seq          bigint      not null generated always as identity,
    id           uuid        not null,
    type         text        not null,
    routing_key  text        not null,
    aggregate    text        not null,
    subject      text        not null,
    lane         smallint    not null,
    occurred_at  timestamptz not null,
    correlation  uuid        not null,
    causation    uuid,
    actor        text        not null,
    traceparent  text,
    payload      bytea       not null,
    published_at timestamptz,
    constraint outbox_pkey primary key (tenant_id, seq)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

create index outbox_unpublished on {s}.outbox (lane, seq) where published_at is null;
create index outbox_age on {s}.outbox using brin (occurred_at);

-- Events of other services that were handled.
create table {s}.inbox (
    tenant_id   uuid        not null,
    event_id    uuid        not null,
    received_at timestamptz not null,
    constraint inbox_pkey primary key (tenant_id, event_id)
);

create index inbox_age on {s}.inbox using brin (received_at);

-- Events of other services that could not be handled yet, in order per aggregate.
create table {s}.parked (
    tenant_id   uuid        not null,
    event_id    uuid        not null,
    seq         bigint      not null generated always as identity,
    type        text        not null,
    aggregate   text        not null,
    subject     text        not null,
    payload     bytea       not null,
    occurred_at timestamptz not null,
    correlation uuid        not null,
    causation   uuid,
    actor       text        not null,
    traceparent text,
    attempts    integer     not null,
    next_at     timestamptz not null,
    dead        boolean     not null,
    error       text        not null,
    parked_at   timestamptz not null,
    constraint parked_pkey primary key (tenant_id, event_id)
);

create index parked_order on {s}.parked (tenant_id, aggregate, subject, seq);

-- Request ids with what they were used for and the first answer.
create table {s}.idempotency (
    tenant_id   uuid        not null,
    request_id  uuid        not null,
    fingerprint bytea       not null,
    response    bytea,
    created_at  timestamptz not null,
    constraint idempotency_pkey primary key (tenant_id, request_id)
) with (fillfactor = 80);

create index idempotency_age on {s}.idempotency using brin (created_at);

-- Who did or saw what of whom, when and why. Nobody but the owner can change or delete a row.
create table {s}.audit (
    tenant_id   uuid        not null,
    id          uuid        not null,
    at          timestamptz not null,
    actor       text        not null,
    person_id   uuid,
    roles       text        not null,
    operation   text        not null,
    correlation uuid        not null,
    request_id  uuid,
    object      text        not null,
    object_id   text,
    about       uuid,
    reason      text,
    is_read     boolean     not null,
    constraint audit_pkey primary key (tenant_id, id)
);

create index audit_about on {s}.audit (tenant_id, about, id) where about is not null;
