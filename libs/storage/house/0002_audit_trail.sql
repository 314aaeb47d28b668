-- The audit trail is read by time, by whom it is about and by who did it, newest first.
create index audit_time on {s}.audit (tenant_id, at, id);
create index audit_actor on {s}.audit (tenant_id, person_id, at, id) where person_id is not null;
drop index {s}.audit_about;
create index audit_about on {s}.audit (tenant_id, about, at, id) where about is not null;

-- The only way for a row to go, since no role may delete: old ones first, and not without a row that says so. It runs as
-- the owner, within the caller's tenant.
create function {s}.forget_audit(tenant uuid, before timestamptz, most bigint, id uuid, now timestamptz, actor text,
                                 operation text, correlation uuid)
returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare gone bigint;
begin
    delete from {s}.audit a using (
        select o.id from {s}.audit o where o.tenant_id = tenant and o.at < before order by o.at, o.id limit most
    ) old
    where a.tenant_id = tenant and a.id = old.id;
    get diagnostics gone = row_count;
    if gone > 0 then
        insert into {s}.audit (tenant_id, id, at, actor, roles, operation, correlation, object, reason, is_read)
        values (tenant, id, now, actor, 'system', operation, correlation, 'audit trail',
                gone || to_char(before at time zone 'UTC', '" records from before "YYYY-MM-DD HH24:MI" UTC were deleted"'),
                false);
    end if;
    return gone;
end $$;
revoke execute on function {s}.forget_audit from public;
grant execute on function {s}.forget_audit to {s};
