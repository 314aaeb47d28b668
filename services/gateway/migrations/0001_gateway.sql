-- Connections of identity providers. A token is kept as its SHA-256: it has 256 random bits, so nothing slower is needed.
create table gateway.connection (
    tenant_id     uuid        not null,
    connection_id uuid        not null,
    name          text        not null,
    created_at    timestamptz not null,
    revoked_at    timestamptz,
    last_used_at  timestamptz,
    constraint connection_pkey primary key (tenant_id, connection_id),
    constraint connection_name_set check (name <> '')
);
create unique index connection_name_key on gateway.connection (tenant_id, lower(name)) where revoked_at is null;

create table gateway.token (
    tenant_id     uuid        not null,
    token_id      uuid        not null,
    connection_id uuid        not null,
    hash          bytea       not null,
    created_at    timestamptz not null,
    expires_at    timestamptz,
    last_used_at  timestamptz,
    constraint token_pkey primary key (tenant_id, token_id),
    constraint token_hash_key unique (tenant_id, hash),
    constraint token_connection_fkey foreign key (tenant_id, connection_id)
        references gateway.connection (tenant_id, connection_id)
);
create index token_by_connection on gateway.token (tenant_id, connection_id);

-- SCIM resources as sent, with canonical attribute names, and once more with every text in lower case: databases differ
-- in what they take for a letter, so the service folds. What is searched for by index is generated from these, so that it
-- can't differ from them. A deleted one is kept for the retention period and seen by nobody.
create table gateway.resource (
    tenant_id    uuid        not null,
    resource_id  uuid        not null,
    kind         text        not null,
    attributes   jsonb       not null,
    folded       jsonb       not null,
    user_key     text        generated always as (folded ->> 'userName') stored,
    external_id  text        generated always as (attributes ->> 'externalId') stored,
    display_name text        generated always as (attributes ->> 'displayName') stored,
    display_key  text        generated always as (folded ->> 'displayName') stored,
    active       boolean     generated always as ((attributes ->> 'active')::boolean) stored,
    emails       jsonb       generated always as (jsonb_path_query_array(folded, '$.emails[*].value')) stored,
    roles        text[]      not null default '{}',
    audience     text        not null default '',
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    deleted_at   timestamptz,
    version      bigint      not null default 1,
    constraint resource_pkey primary key (tenant_id, resource_id),
    constraint resource_kind_known check (kind in ('User', 'Group')),
    constraint resource_user_named check (kind <> 'User' or user_key <> ''),
    constraint resource_group_named check (kind <> 'Group' or display_name <> '')
);
create unique index resource_user_name_key on gateway.resource (tenant_id, user_key)
    where kind = 'User' and deleted_at is null;
create index resource_by_kind on gateway.resource (tenant_id, kind, resource_id) where deleted_at is null;
create index resource_by_external_id on gateway.resource (tenant_id, external_id) where deleted_at is null;
create index resource_by_display_name on gateway.resource (tenant_id, display_key) where deleted_at is null;
create index resource_by_email on gateway.resource using gin (emails jsonb_path_ops) where deleted_at is null;
create index resource_by_deletion on gateway.resource (tenant_id, deleted_at) where deleted_at is not null;

-- Members of groups. A member need not be known (yet), so it is text.
create table gateway.member (
    tenant_id   uuid   not null,
    group_id    uuid   not null,
    member      text   not null,
    seq         bigint generated always as identity,
    type        text,
    ref         text,
    display     text,
    display_key text,
    constraint member_pkey primary key (tenant_id, group_id, member),
    constraint member_group_fkey foreign key (tenant_id, group_id)
        references gateway.resource (tenant_id, resource_id) on delete cascade
);
create index member_by_member on gateway.member (tenant_id, member);
