"""Which tables a statement touches, and whether each is held to one tenant."""

from dataclasses import dataclass, field

from pglast import parse_sql
from pglast.ast import (
    A_Expr, ColumnRef, DeleteStmt, InsertStmt, JoinExpr, Node, ParamRef, RangeVar, RowExpr, SelectStmt, TypeCast,
    UpdateStmt,
)

TENANT = "tenant_id"


@dataclass
class Scope:
    """The tables of one SELECT, UPDATE or DELETE, inside of the scopes around it."""

    parent: "Scope | None"
    ctes: set = field(default_factory=set)
    tables: dict = field(default_factory=dict)  # alias -> relation

    def find(self, alias):
        scope = self
        while scope:
            if alias in scope.tables:
                return id(scope), alias
            scope = scope.parent
        return None

    def only(self):
        """The table that an unqualified column belongs to, where there is one only."""
        return (id(self), next(iter(self.tables))) if len(self.tables) == 1 else None

    def is_cte(self, name):
        return name in self.ctes or (self.parent is not None and self.parent.is_cte(name))


class Statement:
    """Joins what is equal: a table is held to a tenant when its tenant_id is a parameter, directly or by others."""

    def __init__(self, sql):
        self.relations, self.parents, self.scopes = {}, {}, []
        for raw in parse_sql(sql):
            self.enter(raw.stmt, None)

    def group(self, item):
        while self.parents.get(item, item) != item:
            item = self.parents[item]
        return item

    def equal(self, left, right):
        self.parents[self.group(left)] = self.group(right)

    def loose(self):
        """The tables that are not held to a tenant."""
        held = self.group("tenant")
        return sorted(name for item, name in self.relations.items() if self.group(item) != held)

    def enter(self, node, parent):
        scope = Scope(parent)
        self.scopes.append(scope)  # kept, so that no later one gets its id
        clause = getattr(node, "withClause", None)
        for cte in clause.ctes if clause else ():
            scope.ctes.add(cte.ctename)
        for cte in clause.ctes if clause else ():
            self.enter(cte.ctequery, scope)
        target = getattr(node, "relation", None)
        if isinstance(node, (InsertStmt, UpdateStmt, DeleteStmt)) and target:
            self.table(target, scope)
        if isinstance(node, InsertStmt):
            columns = [column.name for column in node.cols or ()]
            if TENANT in columns:
                self.equal(scope.find(target.alias.aliasname if target.alias else target.relname), "tenant")
        for source in [*(getattr(node, "fromClause", None) or ()), *(getattr(node, "usingClause", None) or ())]:
            self.source(source, scope)
        for name in node.__slots__:
            if name not in ("withClause", "relation", "fromClause", "usingClause"):
                self.walk(getattr(node, name, None), scope)

    def table(self, var, scope):
        alias = var.alias.aliasname if var.alias else var.relname
        if var.schemaname is None and scope.is_cte(var.relname):
            scope.tables[alias] = None
            self.equal((id(scope), alias), "tenant")
            return
        scope.tables[alias] = f"{var.schemaname}.{var.relname}"
        self.relations[id(scope), alias] = scope.tables[alias]

    def source(self, node, scope):
        match node:
            case RangeVar():
                self.table(node, scope)
            case JoinExpr():
                self.source(node.larg, scope)
                self.source(node.rarg, scope)
                if any(column.sval == TENANT for column in node.usingClause or ()):
                    names = [name for name in scope.tables]
                    for name in names[1:]:
                        self.equal((id(scope), name), (id(scope), names[0]))
                self.walk(node.quals, scope)
            case _:
                self.walk(node, scope)
                if alias := getattr(getattr(node, "alias", None), "aliasname", None):
                    scope.tables.setdefault(alias, None)
                    self.equal((id(scope), alias), "tenant")

    def walk(self, node, scope):
        if isinstance(node, (tuple, list)):
            for item in node:
                self.walk(item, scope)
        elif isinstance(node, (SelectStmt, InsertStmt, UpdateStmt, DeleteStmt)):
            self.enter(node, scope)
        elif isinstance(node, Node):
            if isinstance(node, A_Expr) and node.name[-1].sval == "=":
                self.equals(node.lexpr, node.rexpr, scope)
            for name in node.__slots__:
                self.walk(getattr(node, name, None), scope)

    def equals(self, left, right, scope):
        rows = [side.args if isinstance(side, RowExpr) else None for side in (left, right)]
        if all(rows) and len(rows[0]) == len(rows[1]):
            for one, other in zip(*rows):
                self.equals(one, other, scope)
            return
        sides = [self.side(left, scope), self.side(right, scope)]
        if all(sides):
            self.equal(*sides)

    def side(self, node, scope):
        while isinstance(node, TypeCast):
            node = node.arg
        if isinstance(node, ParamRef):
            return "tenant"
        if isinstance(node, ColumnRef) and getattr(node.fields[-1], "sval", None) == TENANT:
            if len(node.fields) == 1:
                return scope.only()
            return scope.find(node.fields[0].sval)
        return None


def loose_tables(sql):
    """The tables of a statement that it does not hold to one tenant."""
    return Statement(sql).loose()
