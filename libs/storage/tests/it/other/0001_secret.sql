create table matching.secret (
    tenant_id uuid not null,
    id        uuid not null,
    constraint secret_pkey primary key (tenant_id, id)
);
