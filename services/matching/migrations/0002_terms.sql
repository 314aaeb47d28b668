-- What is asked of a run beyond its mode, how it goes on, and what came of it.

alter table matching.run drop constraint run_mode;
alter table matching.run add constraint run_mode
    check (mode in ('max_total', 'max_cardinality', 'bottleneck', 'stable', 'fair'));
alter table matching.run
    add column terms jsonb not null default '{}',
    -- Null until the run has a result.
    add column found jsonb,
    add column round integer not null default 0 constraint run_round check (round >= 0),
    -- Null while it is unknown.
    add column gap   bigint  constraint run_gap check (gap >= 0);

alter table matching.proposal add column kept boolean not null default false;
