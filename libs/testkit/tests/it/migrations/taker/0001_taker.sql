create table matching.person (
    tenant_id uuid not null,
    id uuid not null,
    seen int not null,
    primary key (tenant_id, id)
);
