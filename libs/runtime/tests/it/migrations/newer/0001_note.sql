create table evaluation.note (
    tenant_id uuid not null,
    id uuid not null,
    text text not null,
    primary key (tenant_id, id)
);
