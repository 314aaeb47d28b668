create table enrollment.person (
    tenant_id uuid not null,
    id uuid not null,
    primary key (tenant_id, id)
);
