-- Availability, meetings and what this service knows of people, programs and matches from others' events.

-- Equality of uuid in the exclusion constraint below.
create extension if not exists btree_gist with schema public;

create table scheduling.person (
    tenant_id    uuid        not null,
    person_id    uuid        not null,
    display_name text        not null,
    email        text        not null,
    active       boolean     not null,
    updated_at   timestamptz not null,
    primary key (tenant_id, person_id)
);

create table scheduling.program (
    tenant_id          uuid        not null,
    program_id         uuid        not null,
    meetings_per_month integer,
    meeting_minutes    integer,
    closed_at          timestamptz,
    primary key (tenant_id, program_id)
);

create table scheduling.match (
    tenant_id        uuid not null,
    match_id         uuid not null,
    program_id       uuid not null,
    mentor_person_id uuid not null,
    mentee_person_id uuid not null,
    activated_at     timestamptz,
    ended_at         timestamptz,
    primary key (tenant_id, match_id)
);
create index match_by_program on scheduling.match (tenant_id, program_id, match_id);
create index match_by_mentor on scheduling.match (tenant_id, mentor_person_id);
create index match_by_mentee on scheduling.match (tenant_id, mentee_person_id);

create table scheduling.availability (
    tenant_id  uuid        not null,
    person_id  uuid        not null,
    zone       text        not null,
    windows    jsonb       not null,
    exceptions jsonb       not null,
    source     text        not null,
    updated_at timestamptz not null,
    version    bigint      not null default 1,
    primary key (tenant_id, person_id),
    constraint availability_source check (source in ('person', 'profile'))
);

create table scheduling.series (
    tenant_id   uuid        not null,
    series_id   uuid        not null,
    match_id    uuid        not null,
    zone        text        not null,
    local_start text        not null,
    rrule       text        not null,
    created_at  timestamptz not null,
    primary key (tenant_id, series_id),
    constraint series_match foreign key (tenant_id, match_id) references scheduling.match
);

create table scheduling.meeting (
    tenant_id        uuid        not null,
    meeting_id       uuid        not null,
    match_id         uuid        not null,
    program_id       uuid        not null,
    series_id        uuid,
    state            text        not null,
    starts_at        timestamptz not null,
    ends_at          timestamptz not null,
    title            text        not null,
    location         text        not null,
    mentor_person_id uuid        not null,
    mentee_person_id uuid        not null,
    mentor_attended  boolean     not null,
    mentee_attended  boolean     not null,
    sequence         integer     not null,
    reason           text        not null,
    unreported       boolean     not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    version          bigint      not null default 1,
    primary key (tenant_id, meeting_id),
    constraint meeting_match foreign key (tenant_id, match_id) references scheduling.match,
    constraint meeting_series foreign key (tenant_id, series_id) references scheduling.series,
    constraint meeting_state check (state in ('scheduled', 'held', 'missed', 'cancelled')),
    constraint meeting_span check (starts_at < ends_at)
);
create index meeting_by_start on scheduling.meeting (tenant_id, starts_at, meeting_id);
create index meeting_by_match on scheduling.meeting (tenant_id, match_id, starts_at, meeting_id);
create index meeting_by_program on scheduling.meeting (tenant_id, program_id, starts_at, meeting_id);
create index meeting_by_mentor on scheduling.meeting (tenant_id, mentor_person_id, starts_at, meeting_id);
create index meeting_by_mentee on scheduling.meeting (tenant_id, mentee_person_id, starts_at, meeting_id);
create index meeting_by_series on scheduling.meeting (tenant_id, series_id, starts_at) where series_id is not null;
create index meeting_open on scheduling.meeting (tenant_id, ends_at) where state = 'scheduled';

-- The time a meeting takes from each of its people; a cancelled meeting takes none. Nobody is in two at once.
create table scheduling.booking (
    tenant_id  uuid        not null,
    meeting_id uuid        not null,
    person_id  uuid        not null,
    starts_at  timestamptz not null,
    ends_at    timestamptz not null,
    primary key (tenant_id, meeting_id, person_id),
    constraint booking_meeting foreign key (tenant_id, meeting_id) references scheduling.meeting,
    constraint booking_one_at_a_time exclude using gist (
        tenant_id with =, person_id with =, tstzrange(starts_at, ends_at) with &&
    )
);
