create table enrollment.note (
    tenant_id uuid   not null,
    id        uuid   not null,
    slug      text   not null,
    version   bigint not null default 1,
    constraint note_pkey primary key (tenant_id, id),
    constraint note_slug_key unique (tenant_id, slug)
);
