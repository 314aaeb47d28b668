-- What other services said, kept current by their events.

create table matching.program (
    tenant_id       uuid        not null,
    program_id      uuid        not null,
    name            text        not null,
    state           text        not null constraint program_state check (state in ('published', 'started', 'closed')),
    answer_days     integer     not null constraint program_answer_days check (answer_days > 0),
    duration_months integer     not null constraint program_duration check (duration_months > 0),
    changed_at      timestamptz not null,
    primary key (tenant_id, program_id)
);

create table matching.person (
    tenant_id     uuid        not null,
    person_id     uuid        not null,
    manager_chain uuid[]      not null,
    unit          text        not null,
    grade         text        not null,
    profession    text        not null,
    changed_at    timestamptz not null,
    primary key (tenant_id, person_id)
);

create table matching.participant (
    tenant_id      uuid        not null,
    participant_id uuid        not null,
    program_id     uuid        not null,
    person_id      uuid        not null,
    role           text        not null constraint participant_role check (role in ('mentor', 'mentee')),
    capacity       integer     not null constraint participant_capacity check (capacity >= 1),
    -- mentor.common.v1.Profile, encoded.
    profile        bytea       not null,
    -- Ready and not withdrawn.
    active         boolean     not null,
    -- A mentee who wants to be matched; false from activation to an end with rematch.
    seeking        boolean     not null,
    changed_at     timestamptz not null,
    primary key (tenant_id, participant_id)
);
create index participant_of_program on matching.participant (tenant_id, program_id, role, participant_id);

-- A mentor's places, numbered from 1. A match that holds a place names it, and a place is named once.
create table matching.place (
    tenant_id      uuid    not null,
    participant_id uuid    not null,
    number         integer not null constraint place_number check (number >= 1),
    primary key (tenant_id, participant_id, number),
    constraint place_of_participant foreign key (tenant_id, participant_id)
        references matching.participant (tenant_id, participant_id)
);

-- Criteria never change: a change is a new version.
create table matching.criteria (
    tenant_id  uuid        not null,
    program_id uuid        not null,
    version    integer     not null constraint criteria_version check (version >= 1),
    body       jsonb       not null,
    created_at timestamptz not null,
    constraint criteria_once primary key (tenant_id, program_id, version)
);

-- What is known of a pair. A match in an open state refers to its pair as one that may match, so an excluded
-- pair can't have one, and a pair with one can't be excluded.
create table matching.pair (
    tenant_id             uuid        not null,
    program_id            uuid        not null,
    mentor_participant_id uuid        not null,
    mentee_participant_id uuid        not null,
    kind                  text        not null constraint pair_kind check (kind in ('open', 'pinned', 'forbidden', 'failed')),
    reason                text        not null,
    changed_at            timestamptz not null,
    may_match             boolean     not null generated always as (kind in ('open', 'pinned')) stored,
    primary key (tenant_id, program_id, mentee_participant_id, mentor_participant_id),
    constraint pair_may_match unique (tenant_id, program_id, mentee_participant_id, mentor_participant_id, may_match)
);
create unique index pair_pinned_once on matching.pair (tenant_id, program_id, mentee_participant_id)
    where kind = 'pinned';

create table matching.run (
    tenant_id        uuid        not null,
    run_id           uuid        not null,
    program_id       uuid        not null,
    state            text        not null constraint run_state
        check (state in ('queued', 'solving', 'completed', 'published', 'cancelled', 'failed')),
    mode             text        not null constraint run_mode
        check (mode in ('max_total', 'max_cardinality', 'bottleneck', 'stable')),
    seed             bigint      not null,
    criteria_version integer     not null,
    mentees          integer     not null,
    mentors          integer     not null,
    places           integer     not null,
    feasible_pairs   bigint      not null default 0,
    pairs            integer     not null default 0,
    unmatched        integer     not null default 0,
    total_score      bigint      not null default 0,
    bound            bigint      not null default 0,
    value            bigint      not null default 0,
    progress         integer     not null default 0 constraint run_progress check (progress between 0 and 100),
    phase            text        not null default '',
    failure          text        not null default '',
    input_digest     text        not null,
    result_digest    text        not null default '',
    created_at       timestamptz not null,
    finished_at      timestamptz,
    published_at     timestamptz,
    version          bigint      not null default 1,
    primary key (tenant_id, run_id)
);
create index run_of_program on matching.run (tenant_id, program_id, run_id);

-- Everything a run decided from and what it decided: explanations and replays read nothing else.
create table matching.run_record (
    tenant_id uuid  not null,
    run_id    uuid  not null,
    snapshot  bytea not null,
    result    bytea,
    primary key (tenant_id, run_id),
    constraint run_record_of_run foreign key (tenant_id, run_id) references matching.run (tenant_id, run_id)
);

create table matching.proposal (
    tenant_id             uuid      not null,
    run_id                uuid      not null,
    mentor_participant_id uuid      not null,
    mentor_person_id      uuid      not null,
    mentee_participant_id uuid      not null,
    mentee_person_id      uuid      not null,
    score                 integer   not null constraint proposal_score check (score between 0 and 10000),
    parts                 integer[] not null,
    points_at_most        integer[] not null,
    mentor_rank           integer   not null,
    mentee_rank           integer   not null,
    pinned                boolean   not null,
    primary key (tenant_id, run_id, mentee_participant_id),
    constraint proposal_of_run foreign key (tenant_id, run_id) references matching.run (tenant_id, run_id),
    constraint proposal_parts_sum check (array_length(parts, 1) = 8 and score
        = parts[1] + parts[2] + parts[3] + parts[4] + parts[5] + parts[6] + parts[7] + parts[8])
);
create index proposal_by_score on matching.proposal (tenant_id, run_id, score desc, mentee_participant_id);

create table matching.unmatched (
    tenant_id             uuid    not null,
    run_id                uuid    not null,
    mentee_participant_id uuid    not null,
    mentee_person_id      uuid    not null,
    reason                text    not null constraint unmatched_reason check (reason in ('no_feasible_mentor', 'outbid')),
    feasible_mentors      integer not null,
    primary key (tenant_id, run_id, mentee_participant_id),
    constraint unmatched_of_run foreign key (tenant_id, run_id) references matching.run (tenant_id, run_id)
);

create table matching.match (
    tenant_id             uuid        not null,
    match_id              uuid        not null,
    program_id            uuid        not null,
    run_id                uuid        not null,
    mentor_participant_id uuid        not null,
    mentor_person_id      uuid        not null,
    mentee_participant_id uuid        not null,
    mentee_person_id      uuid        not null,
    state                 text        not null constraint match_state
        check (state in ('proposed', 'accepted', 'active', 'completed', 'dissolved', 'declined', 'expired')),
    score                 integer     not null constraint match_score check (score between 0 and 10000),
    choice                integer     not null constraint match_choice check (choice >= 1),
    place                 integer,
    proposed_at           timestamptz not null,
    expires_at            timestamptz not null,
    mentor_accepted_at    timestamptz,
    mentee_accepted_at    timestamptz,
    activated_at          timestamptz,
    completes_at          timestamptz,
    ended_at              timestamptz,
    ending                text        constraint match_ending check
        (ending in ('completed', 'no_fault', 'leaver', 'withdrawn', 'program_closed', 'reporting_line')),
    rematch               boolean     not null default false,
    declined_by           text        constraint match_declined_by check (declined_by in ('mentor', 'mentee')),
    decline_reason        text        constraint match_decline_reason
        check (decline_reason in ('no_time', 'not_a_fit', 'conflict_of_interest', 'other')),
    note                  text        not null default '',
    version               bigint      not null default 1,
    -- True while the match is open, else null, so that only open matches refer to a pair that may match.
    open                  boolean     generated always as
        (case when state in ('proposed', 'accepted', 'active') then true end) stored,
    primary key (tenant_id, match_id),
    constraint match_people check (mentor_person_id <> mentee_person_id),
    constraint match_holds_place check ((state in ('accepted', 'active')) = (place is not null)),
    constraint match_active_since check (state <> 'active' or (activated_at is not null and completes_at is not null)),
    constraint match_place_exists foreign key (tenant_id, mentor_participant_id, place)
        references matching.place (tenant_id, participant_id, number),
    constraint match_pair_allowed foreign key
        (tenant_id, program_id, mentee_participant_id, mentor_participant_id, open)
        references matching.pair (tenant_id, program_id, mentee_participant_id, mentor_participant_id, may_match)
);
-- Capacity: a place has one holder.
create unique index match_place_once on matching.match (tenant_id, mentor_participant_id, place)
    where place is not null;
-- One open match per mentee and program.
create unique index match_mentee_once on matching.match (tenant_id, program_id, mentee_person_id)
    where state in ('proposed', 'accepted', 'active');
create index match_of_mentor on matching.match (tenant_id, mentor_person_id, match_id);
create index match_of_mentee on matching.match (tenant_id, mentee_person_id, match_id);
create index match_of_program on matching.match (tenant_id, program_id, match_id);
create index match_waiting on matching.match (tenant_id, expires_at) where state in ('proposed', 'accepted');
create index match_running on matching.match (tenant_id, completes_at) where state = 'active';
create index match_open_of_mentor on matching.match (tenant_id, mentor_participant_id)
    where state in ('proposed', 'accepted', 'active');
