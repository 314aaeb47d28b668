-- Addresses that events are sent to. `version` counts what people change; failures and pauses are the sender's.
create table gateway.webhook (
    tenant_id       uuid        not null,
    webhook_id      uuid        not null,
    name            text        not null,
    url             text        not null,
    event_types     text[]      not null,
    enabled         boolean     not null default true,
    disabled_reason text        not null default '',
    failures        integer     not null default 0,
    paused_until    timestamptz,
    created_at      timestamptz not null,
    version         bigint      not null default 1,
    constraint webhook_pkey primary key (tenant_id, webhook_id),
    constraint webhook_name_set check (name <> ''),
    constraint webhook_has_types check (cardinality(event_types) > 0)
);
create unique index webhook_name_key on gateway.webhook (tenant_id, lower(name));

-- Secrets, sealed with a key that is not in the database.
create table gateway.webhook_secret (
    tenant_id  uuid        not null,
    secret_id  uuid        not null,
    webhook_id uuid        not null,
    sealed     bytea       not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    constraint webhook_secret_pkey primary key (tenant_id, secret_id),
    constraint webhook_secret_webhook_fkey foreign key (tenant_id, webhook_id)
        references gateway.webhook (tenant_id, webhook_id) on delete cascade
);
create index webhook_secret_by_webhook on gateway.webhook_secret (tenant_id, webhook_id);

-- What is sent, byte for byte, once for all webhooks that want it; kept as long as the log of its deliveries.
create table gateway.webhook_message (
    tenant_id  uuid        not null,
    event_id   uuid        not null,
    type       text        not null,
    aggregate  text        not null,
    subject    text        not null,
    body       text        not null,
    created_at timestamptz not null,
    constraint webhook_message_pkey primary key (tenant_id, event_id)
);
create index webhook_message_by_time on gateway.webhook_message (tenant_id, created_at);

-- One message for one webhook. In hand of a sender while it has a lease; the lease ends at `next_at`, like every wait.
create table gateway.webhook_delivery (
    tenant_id   uuid        not null,
    webhook_id  uuid        not null,
    event_id    uuid        not null,
    aggregate   text        not null,
    subject     text        not null,
    state       text        not null default 'pending',
    attempts    integer     not null default 0,
    failed      integer     not null default 0,
    created_at  timestamptz not null,
    next_at     timestamptz not null,
    give_up_at  timestamptz not null,
    finished_at timestamptz,
    lease       uuid,
    constraint webhook_delivery_pkey primary key (tenant_id, webhook_id, event_id),
    constraint webhook_delivery_state_known check (state in ('pending', 'delivered', 'dead')),
    constraint webhook_delivery_finished check ((state = 'pending') = (finished_at is null)),
    constraint webhook_delivery_webhook_fkey foreign key (tenant_id, webhook_id)
        references gateway.webhook (tenant_id, webhook_id) on delete cascade,
    constraint webhook_delivery_message_fkey foreign key (tenant_id, event_id)
        references gateway.webhook_message (tenant_id, event_id)
);
create index webhook_delivery_due on gateway.webhook_delivery (tenant_id, webhook_id, next_at, event_id)
    where state = 'pending';
create index webhook_delivery_given_up on gateway.webhook_delivery (tenant_id, webhook_id, give_up_at)
    where state = 'pending';
create index webhook_delivery_of_aggregate on gateway.webhook_delivery (tenant_id, webhook_id, aggregate, subject, event_id)
    where state = 'pending';
create index webhook_delivery_by_message on gateway.webhook_delivery (tenant_id, event_id);
create index webhook_delivery_done on gateway.webhook_delivery (tenant_id, finished_at) where state <> 'pending';

-- The log.
create table gateway.webhook_attempt (
    tenant_id  uuid        not null,
    webhook_id uuid        not null,
    event_id   uuid        not null,
    number     integer     not null,
    began_at   timestamptz not null,
    millis     bigint      not null,
    status     integer     not null default 0,
    error      text        not null default '',
    answer     text        not null default '',
    constraint webhook_attempt_pkey primary key (tenant_id, webhook_id, event_id, number),
    constraint webhook_attempt_delivery_fkey foreign key (tenant_id, webhook_id, event_id)
        references gateway.webhook_delivery (tenant_id, webhook_id, event_id) on delete cascade
);
