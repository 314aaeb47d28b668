"""deploy/citus can distribute every table by tenant: keys, constraints and statements stay within one tenant."""

import json
import re

import pytest
from conftest import ROOT, SERVICES
from pglast import parse_sql
from pglast.ast import AlterTableStmt, CreateStmt, CreateTrigStmt, IndexStmt
from pglast.enums import ConstrType
from sql import TENANT, loose_tables

# What goes through all tenants, with the reason. Everything else is held to one.
ACROSS = {
    "purge.rs": "old rows of all tenants are deleted by age, shard by shard",
    "outbox.rs": "the relay publishes for all tenants",
    "parked.rs": "retries are looked for in all tenants; each is then handled within its own",
    "jobs.rs": "the list of tenants that a job goes through",
}


def migrations():
    """(service, statement) of every migration, the house's own for each service."""
    for service in SERVICES:
        files = sorted((ROOT / "libs/storage/house").glob("*.sql")) + sorted((ROOT / f"services/{service}/migrations").glob("*.sql"))
        for file in files:
            for raw in parse_sql(file.read_text().replace("{s}", service)):
                yield service, raw.stmt


def name(var):
    return f"{var.schemaname}.{var.relname}"


def constraints():
    """(table, kind, constraint) of every constraint that spans rows."""
    for _, statement in migrations():
        if isinstance(statement, CreateStmt):
            for element in statement.tableElts:
                if hasattr(element, "contype"):
                    yield name(statement.relation), element, None
                for inner in getattr(element, "constraints", None) or ():
                    yield name(statement.relation), inner, element.colname
        if isinstance(statement, AlterTableStmt):
            for command in statement.cmds:
                if hasattr(command.def_, "contype"):
                    yield name(statement.relation), command.def_, None


def tables():
    return {name(s.relation) for _, s in migrations() if isinstance(s, CreateStmt)}


def keys(constraint, column):
    return [key.sval for key in constraint.keys or ()] or [column]


def test_every_table_has_the_tenant_first_in_its_key():
    primary = {table: keys(c, column) for table, c, column in constraints() if c.contype == ConstrType.CONSTR_PRIMARY}
    assert primary.keys() == tables() and len(primary) > 40
    for table, columns in primary.items():
        assert columns[0] == TENANT, table


def test_every_unique_and_exclusion_constraint_has_the_tenant():
    seen = 0
    for table, constraint, column in constraints():
        if constraint.contype == ConstrType.CONSTR_UNIQUE:
            assert TENANT in keys(constraint, column), f"{table} {constraint.conname}"
            seen += 1
        if constraint.contype == ConstrType.CONSTR_EXCLUSION:
            pairs = [(element.name, operator[-1].sval) for element, operator in constraint.exclusions]
            assert (TENANT, "=") in pairs, f"{table} {constraint.conname}"
            seen += 1
    for _, statement in migrations():
        if isinstance(statement, IndexStmt) and statement.unique:
            assert TENANT in [p.name for p in statement.indexParams], statement.idxname
            seen += 1
    assert seen > 8


def test_every_foreign_key_stays_within_the_tenant():
    seen = 0
    for table, constraint, _ in constraints():
        if constraint.contype != ConstrType.CONSTR_FOREIGN:
            continue
        target = name(constraint.pktable)
        assert table.split(".")[0] == target.split(".")[0], f"{constraint.conname} leaves the schema"
        assert constraint.fk_attrs[0].sval == TENANT, constraint.conname
        # Without a list of columns it is the primary key, which starts with the tenant.
        assert not constraint.pk_attrs or constraint.pk_attrs[0].sval == TENANT, constraint.conname
        # Citus can't set the column to null that it distributes by.
        assert constraint.fk_del_action in ("a", "r", "c") and constraint.fk_upd_action in ("a", "r"), constraint.conname
        seen += 1
    assert seen > 10


def test_nothing_stands_in_the_way_of_distribution():
    assert not [s.trigname for _, s in migrations() if isinstance(s, CreateTrigStmt)], "Citus knows no triggers on distributed tables"
    for _, statement in migrations():
        if isinstance(statement, CreateStmt):
            assert not statement.inhRelations and statement.relation.relpersistence == "p", name(statement.relation)


QUERIES = {path.name: json.loads(path.read_text())["query"] for path in sorted((ROOT / ".sqlx").glob("*.json"))}


def test_every_query_of_the_services_is_held_to_one_tenant():
    assert len(QUERIES) > 100
    loose = {file: (loose_tables(query), query) for file, query in QUERIES.items() if loose_tables(query)}
    assert not loose


@pytest.mark.parametrize("query, expected", [
    ("select 1 from a.t where tenant_id = $1", []),
    ("select 1 from a.t where id = $1", ["a.t"]),
    ("select 1 from a.t join a.u on u.tenant_id = t.tenant_id where t.tenant_id = $1", []),
    ("select 1 from a.t join a.u on u.id = t.id where t.tenant_id = $1", ["a.u"]),
    ("select 1 from a.t join a.u using (tenant_id, id) where t.tenant_id = $1", []),
    ("select 1 from a.t where tenant_id = $1 and exists (select from a.u where u.id = t.id)", ["a.u"]),
    ("select 1 from a.t where tenant_id = $1 and exists (select from a.u where u.tenant_id = t.tenant_id)", []),
    ("with w as (select 1 from a.t where id = $1) select * from w", ["a.t"]),
    ("update a.t set x = $2 where id = $1", ["a.t"]),
    ("delete from a.t where tenant_id = $1 and id = $2", []),
    ("insert into a.t (tenant_id, id) select $1, u.id from a.u where u.id = $2", ["a.u"]),
    ("insert into a.t (id) values ($1)", ["a.t"]),
    ("select 1 from a.t t join a.u u on (u.tenant_id, u.id) = (t.tenant_id, t.id) where t.tenant_id = $1", []),
])
def test_the_reader_of_queries_finds_what_is_loose(query, expected):
    assert loose_tables(query) == expected


def test_the_houses_own_statements_are_held_to_one_tenant_or_known():
    """The storage library makes its statements for each schema; they are found in its sources."""
    loose = set()
    for file in sorted((ROOT / "libs").rglob("src/**/*.rs")):
        for text in re.findall(r'"((?:[^"\\]|\\.)*\{s\}(?:[^"\\]|\\.)*)"', file.read_text(), re.S):
            if re.search(r"\b(from|into|update|join) \{s\}\.", text) and TENANT not in text:
                loose.add(file.name)
    assert loose <= ACROSS.keys(), f"statements across tenants in {loose - ACROSS.keys()}"
    assert loose, "the pattern finds nothing"


def test_the_script_distributes_whatever_there_is():
    script = (ROOT / "deploy/citus/distribute.sql").read_text()
    for service in SERVICES:
        assert f"'{service}'" in script
    assert "create_distributed_table" in script and f"'{TENANT}'" in script
    assert parse_sql(script)
