-- Identity providers. The client secret is sealed: what this table holds is worth nothing without the key of the settings.
create table gateway.identity_provider (
    tenant_id            uuid        not null,
    provider_id          uuid        not null,
    name                 text        not null,
    issuer               text        not null,
    client_id            text        not null,
    client_secret        bytea,
    scopes               text[]      not null,
    external_id_claim    text        not null,
    link_by_email        boolean     not null,
    emails_are_verified  boolean     not null,
    role_rules           jsonb       not null,
    default_roles        text[]      not null,
    disabled             boolean     not null,
    created_at           timestamptz not null,
    updated_at           timestamptz not null,
    version              bigint      not null default 1,
    constraint identity_provider_pkey primary key (tenant_id, provider_id),
    constraint identity_provider_named check (name <> '')
);
create unique index identity_provider_name_key on gateway.identity_provider (tenant_id, lower(name));

-- People of the directory, as it tells of them: who can sign in.
create table gateway.directory_person (
    tenant_id    uuid    not null,
    person_id    uuid    not null,
    external_id  text    not null,
    email_key    text    not null,
    active       boolean not null,
    constraint directory_person_pkey primary key (tenant_id, person_id)
);
create index directory_person_by_external_id on gateway.directory_person (tenant_id, external_id);
create index directory_person_by_email on gateway.directory_person (tenant_id, email_key) where email_key <> '';
create index resource_by_employee_number on gateway.resource
    (tenant_id, (attributes -> 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' ->> 'employeeNumber'))
    where kind = 'User' and deleted_at is null;

-- Whom a subject of an identity provider was found to be when they first came.
create table gateway.identity (
    tenant_id   uuid        not null,
    provider_id uuid        not null,
    subject     text        not null,
    person_id   uuid        not null,
    because     text        not null,
    linked_at   timestamptz not null,
    constraint identity_pkey primary key (tenant_id, provider_id, subject),
    constraint identity_provider_fkey foreign key (tenant_id, provider_id)
        references gateway.identity_provider (tenant_id, provider_id) on delete cascade
);
create index identity_by_person on gateway.identity (tenant_id, person_id);

-- Sessions, without what makes them usable: that is in the cache, under a key that only the cookie leads to. An ended one is
-- kept until no token of it can live.
create table gateway.session (
    tenant_id        uuid        not null,
    session_id       uuid        not null,
    person_id        uuid        not null,
    provider_id      uuid        not null,
    subject          text        not null,
    provider_session text        not null,
    cache_key        text        not null,
    user_agent       text        not null,
    created_at       timestamptz not null,
    last_used_at     timestamptz not null,
    expires_at       timestamptz not null,
    ended_at         timestamptz,
    constraint session_pkey primary key (tenant_id, session_id)
);
create index session_by_person on gateway.session (tenant_id, person_id) where ended_at is null;
create index session_by_subject on gateway.session (tenant_id, provider_id, subject) where ended_at is null;
create index session_by_provider_session on gateway.session (tenant_id, provider_id, provider_session) where ended_at is null;
create index session_by_end on gateway.session (tenant_id, ended_at) where ended_at is not null;

-- Logout tokens that were taken: none counts twice, also when the cache was lost.
create table gateway.logout_token (
    tenant_id   uuid        not null,
    provider_id uuid        not null,
    token_id    text        not null,
    expires_at  timestamptz not null,
    constraint logout_token_pkey primary key (tenant_id, provider_id, token_id)
);
create index logout_token_by_expiry on gateway.logout_token (tenant_id, expires_at);

-- Machine clients. A secret has 256 random bits, so its SHA-256 is enough.
create table gateway.client (
    tenant_id    uuid        not null,
    client_id    uuid        not null,
    name         text        not null,
    scopes       text[]      not null,
    thumbprint   text        not null,
    jwks         text        not null,
    created_at   timestamptz not null,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    constraint client_pkey primary key (tenant_id, client_id),
    constraint client_named check (name <> '')
);
create unique index client_name_key on gateway.client (tenant_id, lower(name)) where revoked_at is null;
create index client_by_end on gateway.client (tenant_id, revoked_at) where revoked_at is not null;

create table gateway.client_secret (
    tenant_id  uuid        not null,
    secret_id  uuid        not null,
    client_id  uuid        not null,
    hash       bytea       not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    constraint client_secret_pkey primary key (tenant_id, secret_id),
    constraint client_secret_hash_key unique (tenant_id, hash),
    constraint client_secret_client_fkey foreign key (tenant_id, client_id)
        references gateway.client (tenant_id, client_id)
);
create index client_secret_by_client on gateway.client_secret (tenant_id, client_id);
-- Assertions of clients that were taken (RFC 7523, 3): none counts twice.
create table gateway.client_assertion (
    tenant_id  uuid        not null,
    client_id  uuid        not null,
    token_id   text        not null,
    expires_at timestamptz not null,
    constraint client_assertion_pkey primary key (tenant_id, client_id, token_id)
);
create index client_assertion_by_expiry on gateway.client_assertion (tenant_id, expires_at);
