-- Distributes every table of the suite by tenant. Run it as the owner on the coordinator, after each migration:
--   psql "$OWNER_URL" --set ON_ERROR_STOP=1 --file distribute.sql
-- What is distributed already stays as it is. All tables share one colocation group, so that a tenant's rows of all
-- tables are on one node, and keys, constraints and statements that hold the tenant stay there.
create extension if not exists citus;

-- A table may refer to tables that are distributed, or to none: so those that are referred to go first.
do $$
declare
    next record;
    anchor text;
begin
    -- tenant_id is set for each transaction; workers need it for row-level security.
    execute format('alter database %I set citus.propagate_set_commands = %L', current_database(), 'local');
    loop
        select min(logicalrelid::text) into anchor from pg_dist_partition where partmethod = 'h';
        select c.oid::regclass as name into next
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where n.nspname in ('enrollment', 'matching', 'scheduling', 'evaluation') and c.relkind = 'r'
          and not exists (select from pg_dist_partition d where d.logicalrelid = c.oid)
          and not exists (
              select from pg_constraint f
              where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid
                and not exists (select from pg_dist_partition d where d.logicalrelid = f.confrelid))
        order by n.nspname, c.relname
        limit 1;
        exit when next is null;
        perform create_distributed_table(next.name, 'tenant_id', colocate_with => coalesce(anchor, 'none'));
        raise notice 'distributed %', next.name;
    end loop;
end
$$;

-- Ledgers of migrations have no tenant and stay on the coordinator. Anything else that is left is a mistake.
do $$
declare
    forgotten text;
begin
    select string_agg(c.oid::regclass::text, ', ') into forgotten
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('enrollment', 'matching', 'scheduling', 'evaluation') and c.relkind = 'r'
      and c.relname not in ('_migrations', '_house_migrations')
      and not exists (select from pg_dist_partition d where d.logicalrelid = c.oid);
    if forgotten is not null then
        raise exception 'not distributed: %', forgotten;
    end if;
end
$$;
