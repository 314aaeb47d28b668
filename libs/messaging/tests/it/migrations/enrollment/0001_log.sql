-- What came back.
create table enrollment.log (
    tenant_id uuid not null,
    n bigint generated always as identity,
    subject text not null,
    what text not null,
    causation uuid not null,
    correlation uuid not null,
    traceparent text,
    primary key (tenant_id, n)
);
