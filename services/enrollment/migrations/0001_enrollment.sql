-- The directory.
create table enrollment.person (
    tenant_id           uuid        not null,
    person_id           uuid        not null,
    external_id         text        not null,
    display_name        text        not null,
    email               text        not null,
    manager_id          uuid,
    manager_chain       uuid[]      not null default '{}',
    unit                text        not null,
    job_title           text        not null,
    grade               text        not null,
    profession          text        not null,
    organisation        text        not null,
    parent_organisation text        not null,
    fte_percent         integer     not null,
    state               text        not null,
    deactivated_at      timestamptz,
    created_at          timestamptz not null,
    updated_at          timestamptz not null,
    version             bigint      not null default 1,
    constraint person_pkey primary key (tenant_id, person_id),
    constraint person_external_id_key unique (tenant_id, external_id),
    constraint person_manager_other check (manager_id <> person_id),
    constraint person_chain_bounded check (cardinality(manager_chain) <= 20),
    constraint person_state_known check (state in ('active', 'deactivated')),
    constraint person_deactivated_at_set check ((state = 'deactivated') = (deactivated_at is not null))
);
create index person_by_manager on enrollment.person (tenant_id, manager_id);
create index person_by_unit on enrollment.person (tenant_id, unit, external_id);

-- Programs.
create table enrollment.program (
    tenant_id      uuid        not null,
    program_id     uuid        not null,
    name           text        not null,
    description    text        not null,
    objectives     jsonb       not null,
    audience_units text[]      not null,
    format         text        not null,
    policy         jsonb       not null,
    state          text        not null,
    audience_size  integer     not null default 0,
    created_at     timestamptz not null,
    published_at   timestamptz,
    started_at     timestamptz,
    closed_at      timestamptz,
    version        bigint      not null default 1,
    constraint program_pkey primary key (tenant_id, program_id),
    constraint program_name_set check (name <> ''),
    constraint program_format_known check (format in ('one_on_one', 'group', 'peer', 'reverse', 'flash')),
    constraint program_state_known check (state in ('draft', 'published', 'started', 'closed')),
    constraint program_closed_at_set check ((state = 'closed') = (closed_at is not null))
);

-- Applications: at most one open per person, program and role.
create table enrollment.application (
    tenant_id       uuid        not null,
    application_id  uuid        not null,
    program_id      uuid        not null,
    person_id       uuid        not null,
    role            text        not null,
    state           text        not null,
    answers         jsonb       not null,
    profile         jsonb       not null,
    capacity        integer     not null,
    submitted_at    timestamptz not null,
    expires_at      timestamptz not null,
    endorsed_at     timestamptz,
    endorsed_by     uuid,
    decided_at      timestamptz,
    decision_reason text        not null default '',
    participant_id  uuid,
    version         bigint      not null default 1,
    constraint application_pkey primary key (tenant_id, application_id),
    constraint application_program_fkey foreign key (tenant_id, program_id)
        references enrollment.program (tenant_id, program_id),
    constraint application_person_fkey foreign key (tenant_id, person_id)
        references enrollment.person (tenant_id, person_id),
    constraint application_role_known check (role in ('mentor', 'mentee')),
    constraint application_state_known check
        (state in ('submitted', 'endorsed', 'waitlisted', 'accepted', 'rejected', 'withdrawn', 'expired')),
    constraint application_capacity_bounded check (capacity between 1 and 10),
    constraint application_mentee_one_place check (role = 'mentor' or capacity = 1),
    constraint application_accepted_participant check ((state = 'accepted') = (participant_id is not null))
);
create unique index application_open_key on enrollment.application (tenant_id, program_id, person_id, role)
    where state in ('submitted', 'endorsed', 'waitlisted');
create index application_by_program on enrollment.application (tenant_id, program_id, application_id);
create index application_by_person on enrollment.application (tenant_id, person_id);
create index application_by_expiry on enrollment.application (tenant_id, expires_at)
    where state in ('submitted', 'endorsed', 'waitlisted');

-- Participants: at most one in a program per person and role, besides those who withdrew.
create table enrollment.participant (
    tenant_id         uuid        not null,
    participant_id    uuid        not null,
    program_id        uuid        not null,
    person_id         uuid        not null,
    role              text        not null,
    state             text        not null,
    capacity          integer     not null,
    profile           jsonb       not null,
    application_id    uuid        not null,
    joined_at         timestamptz not null,
    ready_at          timestamptz,
    withdrawn_at      timestamptz,
    withdrawal_reason text,
    version           bigint      not null default 1,
    constraint participant_pkey primary key (tenant_id, participant_id),
    constraint participant_program_fkey foreign key (tenant_id, program_id)
        references enrollment.program (tenant_id, program_id),
    constraint participant_person_fkey foreign key (tenant_id, person_id)
        references enrollment.person (tenant_id, person_id),
    constraint participant_application_key unique (tenant_id, application_id),
    constraint participant_role_known check (role in ('mentor', 'mentee')),
    constraint participant_state_known check (state in ('in_training', 'ready', 'withdrawn')),
    constraint participant_capacity_bounded check (capacity between 1 and 10),
    constraint participant_mentee_one_place check (role = 'mentor' or capacity = 1),
    constraint participant_withdrawal_told check
        ((state = 'withdrawn') = (withdrawn_at is not null and withdrawal_reason is not null)),
    constraint participant_withdrawal_known check
        (withdrawal_reason in ('own_wish', 'leaver', 'program_manager'))
);
create unique index participant_present_key on enrollment.participant (tenant_id, program_id, person_id, role)
    where state <> 'withdrawn';
create index participant_by_program on enrollment.participant (tenant_id, program_id, participant_id);
create index participant_by_person on enrollment.participant (tenant_id, person_id);

-- Training.
create table enrollment.course (
    tenant_id        uuid        not null,
    course_id        uuid        not null,
    title            text        not null,
    description      text        not null,
    duration_minutes integer     not null,
    created_at       timestamptz not null,
    constraint course_pkey primary key (tenant_id, course_id),
    constraint course_title_key unique (tenant_id, title),
    constraint course_duration_bounded check (duration_minutes between 0 and 10000)
);

create table enrollment.course_requirement (
    tenant_id  uuid not null,
    program_id uuid not null,
    role       text not null,
    course_id  uuid not null,
    constraint course_requirement_pkey primary key (tenant_id, program_id, role, course_id),
    constraint course_requirement_program_fkey foreign key (tenant_id, program_id)
        references enrollment.program (tenant_id, program_id),
    constraint course_requirement_course_fkey foreign key (tenant_id, course_id)
        references enrollment.course (tenant_id, course_id),
    constraint course_requirement_role_known check (role in ('mentor', 'mentee'))
);
create index course_requirement_by_course on enrollment.course_requirement (tenant_id, course_id);

create table enrollment.completion (
    tenant_id    uuid        not null,
    person_id    uuid        not null,
    course_id    uuid        not null,
    completed_at timestamptz not null,
    constraint completion_pkey primary key (tenant_id, person_id, course_id),
    constraint completion_person_fkey foreign key (tenant_id, person_id)
        references enrollment.person (tenant_id, person_id),
    constraint completion_course_fkey foreign key (tenant_id, course_id)
        references enrollment.course (tenant_id, course_id)
);
