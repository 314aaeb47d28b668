-- Which person an identity provider's user is, and whom it names as their manager, be they known or not. Keys are in lower
-- case, made by the service: databases differ in what they take for a letter.
create table enrollment.provisioned (
    tenant_id   uuid not null,
    user_id     uuid not null,
    person_id   uuid not null,
    user_key    text not null,
    provider_id text not null,
    manager_key text not null,
    constraint provisioned_pkey primary key (tenant_id, user_id),
    constraint provisioned_person_fkey foreign key (tenant_id, person_id)
        references enrollment.person (tenant_id, person_id)
);
create index provisioned_by_person on enrollment.provisioned (tenant_id, person_id);
create index provisioned_by_user_key on enrollment.provisioned (tenant_id, user_key);
create index provisioned_by_provider_id on enrollment.provisioned (tenant_id, provider_id);
create index provisioned_by_manager on enrollment.provisioned (tenant_id, manager_key) where manager_key <> '';

-- Audiences: what groups of the identity provider are mapped to, and who is in the groups. Members are users or groups.
create table enrollment.audience_group (
    tenant_id uuid not null,
    group_id  text not null,
    audience  text not null,
    constraint audience_group_pkey primary key (tenant_id, group_id)
);
create index audience_group_by_audience on enrollment.audience_group (tenant_id, audience);

create table enrollment.audience_member (
    tenant_id uuid not null,
    group_id  text not null,
    member    text not null,
    constraint audience_member_pkey primary key (tenant_id, group_id, member)
);
create index audience_member_by_member on enrollment.audience_member (tenant_id, member);

alter table enrollment.program add column audience_groups text[] not null default '{}';
