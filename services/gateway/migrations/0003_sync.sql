-- Sources of people and the runs that read them. Settings are kept as the contract's message; they name secrets and hold none.
create table gateway.source (
    tenant_id   uuid        not null,
    source_id   uuid        not null,
    name        text        not null,
    kind        text        not null,
    settings    bytea       not null,
    times       text[]      not null,
    zone        text        not null,
    max_percent integer     not null,
    id_prefix   text        not null,
    paused      boolean     not null,
    created_at  timestamptz not null,
    next_run_at timestamptz,
    -- From where the next run asks for changes, and when everybody was read last.
    mark        text,
    full_at     timestamptz,
    version     bigint      not null default 1,
    constraint source_pkey primary key (tenant_id, source_id),
    constraint source_name_set check (name <> '')
);
create unique index source_name_key on gateway.source (tenant_id, lower(name));
create index source_by_next_run on gateway.source (tenant_id, next_run_at) where next_run_at is not null and not paused;

-- The canonical employees, by source and its id. The hash is over all that is told of them.
create table gateway.employee (
    tenant_id   uuid        not null,
    source_id   uuid        not null,
    external_id text        not null,
    person_id   uuid        not null,
    said        jsonb       not null,
    hash        bytea       not null,
    active      boolean     not null,
    updated_at  timestamptz not null,
    constraint employee_pkey primary key (tenant_id, source_id, external_id),
    constraint employee_person_key unique (tenant_id, person_id),
    constraint employee_source_fkey foreign key (tenant_id, source_id)
        references gateway.source (tenant_id, source_id) on delete cascade
);
create index employee_active on gateway.employee (tenant_id, source_id) where active;

-- Files as they were taken, in parts, so that any process can go on with them.
create table gateway.sync_file (
    tenant_id  uuid        not null,
    file_id    uuid        not null,
    source_id  uuid        not null,
    name       text        not null,
    digest     bytea       not null,
    size       bigint      not null,
    created_at timestamptz not null,
    constraint sync_file_pkey primary key (tenant_id, file_id),
    constraint sync_file_digest_key unique (tenant_id, source_id, digest),
    constraint sync_file_source_fkey foreign key (tenant_id, source_id)
        references gateway.source (tenant_id, source_id) on delete cascade
);
create table gateway.sync_file_part (
    tenant_id uuid    not null,
    file_id   uuid    not null,
    number    integer not null,
    bytes     bytea   not null,
    constraint sync_file_part_pkey primary key (tenant_id, file_id, number),
    constraint sync_file_part_file_fkey foreign key (tenant_id, file_id)
        references gateway.sync_file (tenant_id, file_id) on delete cascade
);

create table gateway.sync_run (
    tenant_id   uuid        not null,
    run_id      uuid        not null,
    source_id   uuid        not null,
    state       text        not null,
    dry_run     boolean     not null,
    automatic   boolean     not null,
    mode        text        not null,
    csv         bytea,
    file_id     uuid,
    file_name   text        not null,
    more        boolean     not null,
    header      text        not null,
    since       text,
    cursor      text,
    mark        text,
    complete    boolean     not null,
    doubtful    boolean     not null,
    leaving     boolean     not null,
    confirmed   boolean     not null,
    read        bigint      not null,
    total       bigint      not null,
    created     bigint      not null,
    updated     bigint      not null,
    reactivated bigint      not null,
    deactivated bigint      not null,
    unchanged   bigint      not null,
    rejected    bigint      not null,
    errors      bigint      not null,
    pages       integer     not null,
    attempts    integer     not null,
    message     text        not null,
    worker      uuid,
    lease_until timestamptz,
    next_at     timestamptz not null,
    created_at  timestamptz not null,
    finished_at timestamptz,
    constraint sync_run_pkey primary key (tenant_id, run_id),
    constraint sync_run_state_known check (state in
        ('queued', 'running', 'awaiting_confirmation', 'succeeded', 'failed', 'cancelled')),
    constraint sync_run_source_fkey foreign key (tenant_id, source_id)
        references gateway.source (tenant_id, source_id) on delete cascade
);
-- One run of a source at a time.
create unique index sync_run_one_key on gateway.sync_run (tenant_id, source_id) where state in ('queued', 'running');
create index sync_run_by_source on gateway.sync_run (tenant_id, source_id, run_id);
create index sync_run_by_end on gateway.sync_run (tenant_id, finished_at) where finished_at is not null;

-- The pages that a run has committed: whom they named, and whom as a leaver. They go with the end of the run.
create table gateway.sync_page (
    tenant_id uuid    not null,
    run_id    uuid    not null,
    number    integer not null,
    here      text[]  not null,
    gone      text[]  not null,
    rows      bigint[] not null,
    constraint sync_page_pkey primary key (tenant_id, run_id, number),
    constraint sync_page_run_fkey foreign key (tenant_id, run_id)
        references gateway.sync_run (tenant_id, run_id) on delete cascade
);

create table gateway.sync_error (
    tenant_id   uuid    not null,
    run_id      uuid    not null,
    number      bigint  not null,
    line        bigint  not null,
    external_id text    not null,
    field       text    not null,
    message     text    not null,
    rejected    boolean not null,
    raw         text    not null,
    constraint sync_error_pkey primary key (tenant_id, run_id, number),
    constraint sync_error_run_fkey foreign key (tenant_id, run_id)
        references gateway.sync_run (tenant_id, run_id) on delete cascade
);

-- Who comes, changes and leaves by a dry run, and who would leave by one that waits for confirmation.
create table gateway.sync_change (
    tenant_id   uuid   not null,
    run_id      uuid   not null,
    external_id text   not null,
    kind        text   not null,
    fields      text[] not null,
    constraint sync_change_pkey primary key (tenant_id, run_id, external_id),
    constraint sync_change_run_fkey foreign key (tenant_id, run_id)
        references gateway.sync_run (tenant_id, run_id) on delete cascade
);
