-- Which person an identity provider's user is, and whom it names as their manager, be they known or not.
create table enrollment.provisioned (
    tenant_id   uuid not null,
    user_id     uuid not null,
    person_id   uuid not null,
    user_name   text not null,
    provider_id text not null,
    manager     text not null,
    constraint provisioned_pkey primary key (tenant_id, user_id),
    constraint provisioned_person_fkey foreign key (tenant_id, person_id)
        references enrollment.person (tenant_id, person_id)
);
create index provisioned_by_person on enrollment.provisioned (tenant_id, person_id);
create index provisioned_by_user_name on enrollment.provisioned (tenant_id, lower(user_name));
create index provisioned_by_provider_id on enrollment.provisioned (tenant_id, provider_id);
create index provisioned_by_manager on enrollment.provisioned (tenant_id, lower(manager)) where manager <> '';

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
