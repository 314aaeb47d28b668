-- What other services told: projections, kept current by their events.

create table evaluation.person (
    tenant_id uuid not null,
    person_id uuid not null,
    unit text not null default '',
    active boolean not null default true,
    primary key (tenant_id, person_id)
);

create table evaluation.program (
    tenant_id uuid not null,
    program_id uuid not null,
    name text not null default '',
    meetings_per_month int not null default 1,
    review_day int not null default 90,
    check_in_days int not null default 14,
    audience_size int not null default 0,
    published_at timestamptz,
    started_at timestamptz,
    closed_at timestamptz,
    primary key (tenant_id, program_id)
);

create table evaluation.application (
    tenant_id uuid not null,
    application_id uuid not null,
    program_id uuid not null,
    person_id uuid not null,
    role text not null constraint application_role check (role in ('mentor', 'mentee')),
    endorsed boolean not null default false,
    outcome text not null default 'open' constraint application_outcome
        check (outcome in ('open', 'accepted', 'waitlisted', 'rejected', 'withdrawn', 'expired')),
    primary key (tenant_id, application_id)
);
create index application_by_program on evaluation.application (tenant_id, program_id);

create table evaluation.participant (
    tenant_id uuid not null,
    participant_id uuid not null,
    program_id uuid not null,
    person_id uuid not null,
    role text not null constraint participant_role check (role in ('mentor', 'mentee')),
    ready boolean not null default false,
    withdrawal text not null default '' constraint participant_withdrawal
        check (withdrawal in ('', 'own_wish', 'leaver', 'program_manager')),
    primary key (tenant_id, participant_id)
);
create index participant_by_program on evaluation.participant (tenant_id, program_id);

create table evaluation.match (
    tenant_id uuid not null,
    match_id uuid not null,
    program_id uuid not null,
    mentor_participant_id uuid not null,
    mentor_person_id uuid not null,
    mentee_participant_id uuid not null,
    mentee_person_id uuid not null,
    state text not null constraint match_state
        check (state in ('proposed', 'declined', 'expired', 'active', 'ended')),
    score int not null default 0,
    activated_at timestamptz,
    ended_at timestamptz,
    ending text not null default '',
    primary key (tenant_id, match_id)
);
create index match_by_program on evaluation.match (tenant_id, program_id, state);

create table evaluation.meeting (
    tenant_id uuid not null,
    meeting_id uuid not null,
    match_id uuid not null,
    program_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    state text not null constraint meeting_state check (state in ('scheduled', 'cancelled', 'held', 'missed')),
    primary key (tenant_id, meeting_id)
);
create index meeting_by_match on evaluation.meeting (tenant_id, match_id, starts_at);
create index meeting_by_program on evaluation.meeting (tenant_id, program_id, starts_at);

-- What this service owns.

create table evaluation.check_in (
    tenant_id uuid not null,
    check_in_id uuid not null,
    match_id uuid not null,
    program_id uuid not null,
    person_id uuid not null,
    role text not null constraint check_in_role check (role in ('mentor', 'mentee')),
    number int not null constraint check_in_number check (number >= 1),
    state text not null constraint check_in_state check (state in ('open', 'answered', 'closed')),
    opened_at timestamptz not null,
    closes_at timestamptz not null,
    answered_at timestamptz,
    rating int constraint check_in_rating check (rating between 1 and 5),
    met_as_agreed boolean,
    progress int constraint check_in_progress check (progress between 1 and 5),
    wants_help boolean,
    comment text,
    version bigint not null default 1,
    primary key (tenant_id, check_in_id),
    -- Two replicas of the job open a round once.
    constraint check_in_once unique (tenant_id, match_id, role, number),
    constraint check_in_answer check ((state = 'answered') = (rating is not null and answered_at is not null))
);
create index check_in_by_program on evaluation.check_in (tenant_id, program_id, check_in_id);
create index check_in_by_person on evaluation.check_in (tenant_id, person_id, check_in_id);
create index check_in_open on evaluation.check_in (tenant_id, closes_at) where state = 'open';

create table evaluation.health (
    tenant_id uuid not null,
    match_id uuid not null,
    program_id uuid not null,
    class text not null constraint health_class check (class in ('too_early', 'healthy', 'watch', 'at_risk')),
    score int not null constraint health_score check (score between 0 and 100),
    reasons jsonb not null,
    computed_at timestamptz not null,
    primary key (tenant_id, match_id)
);
create index health_by_program on evaluation.health (tenant_id, program_id, match_id);

-- One row for each change of class or score.
create table evaluation.health_history (
    tenant_id uuid not null,
    match_id uuid not null,
    computed_at timestamptz not null,
    program_id uuid not null,
    class text not null constraint health_history_class check (class in ('too_early', 'healthy', 'watch', 'at_risk')),
    score int not null constraint health_history_score check (score between 0 and 100),
    reasons jsonb not null,
    primary key (tenant_id, match_id, computed_at)
);
create index health_history_by_program on evaluation.health_history (tenant_id, program_id, computed_at);

create table evaluation.review (
    tenant_id uuid not null,
    review_id uuid not null,
    match_id uuid not null,
    program_id uuid not null,
    mentor_person_id uuid not null,
    mentee_person_id uuid not null,
    state text not null constraint review_state check (state in ('open', 'decided', 'lapsed')),
    opened_at timestamptz not null,
    meetings_required int not null,
    meetings_held int not null,
    meetings_missed int not null,
    check_ins_opened int not null,
    check_ins_answered int not null,
    health_class text not null,
    health_score int not null,
    suggestion text not null constraint review_suggestion check (suggestion in ('continue', 'end_no_fault')),
    decision text not null default '' constraint review_decision
        check (decision in ('', 'continue', 'end_no_fault')),
    rematch boolean not null default false,
    decided_at timestamptz,
    version bigint not null default 1,
    primary key (tenant_id, review_id),
    -- One review per match, whatever the replicas of the job do.
    constraint review_once unique (tenant_id, match_id)
);
create index review_by_program on evaluation.review (tenant_id, program_id, review_id);
