//! Conditions as SQL. Names in the statement come from the schema and from this file; whatever a client chose is bound.

use super::super::{
    filter::{Column, Condition, Field, Literal, Many, Op, Shape, Test},
    schema::Kind,
};
use kernel::{Result, Uuid};
use sqlx::{Postgres, QueryBuilder};
use storage::{DbResult, Tx};

/// A kind of resource and what it must satisfy, and what it is sorted by.
pub(crate) struct Query {
    pub(crate) kind: Kind,
    pub(crate) condition: Option<Condition>,
    pub(crate) sort: Option<(Option<Many>, Field)>,
}

/// How many resources satisfy the queries, and the ids of a page of them.
pub(crate) async fn find_page(
    tx: &mut Tx,
    queries: &[Query],
    descending: bool,
    start: i64,
    count: i64,
) -> Result<(i64, Vec<Uuid>)> {
    let tenant = tx.tenant();
    let mut total = QueryBuilder::new("select coalesce(sum(found), 0)::bigint from (");
    each(&mut total, queries, " union all ", |sql, query| {
        sql.push("select count(*) as found");
        from(sql, tenant, query);
    });
    total.push(") as counted");
    let found: i64 = total.build_query_scalar().fetch_one(tx.conn()).await.db()?;
    if count == 0 || start > found {
        return Ok((found, Vec::new()));
    }
    let mut page = QueryBuilder::new("select resource_id from (");
    each(&mut page, queries, " union all ", |sql, query| {
        sql.push("select r.resource_id, ");
        sort_key(sql, query.sort.as_ref());
        sql.push(" as sort_key");
        from(sql, tenant, query);
    });
    // Values that are missing come last ascending and first descending, as the RFC wants it.
    page.push(") as matching order by sort_key ").push(if descending { "desc" } else { "asc" });
    page.push(", resource_id limit ").push_bind(count).push(" offset ").push_bind(start.saturating_sub(1));
    let ids = page.build_query_scalar().fetch_all(tx.conn()).await.db()?;
    Ok((found, ids))
}

type Sql = QueryBuilder<Postgres>;

fn each<T>(sql: &mut Sql, items: &[T], between: &str, mut write: impl FnMut(&mut Sql, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            sql.push(between);
        }
        write(sql, item);
    }
}

fn from(sql: &mut Sql, tenant: Uuid, query: &Query) {
    sql.push(" from gateway.resource r where r.tenant_id = ").push_bind(tenant);
    sql.push(" and r.deleted_at is null and r.kind = ").push_bind(query.kind.word());
    if let Some(condition) = &query.condition {
        sql.push(" and ");
        write(sql, tenant, condition, Element::None);
    }
}

/// What a condition inside of brackets looks at.
#[derive(Clone, Copy)]
enum Element {
    /// Nothing: the resource itself.
    None,
    /// `e.value`, a JSON value.
    Json,
    /// `m`, a row of the members of the group.
    Member,
    /// `m`, a membership of the user, and `g`, its group.
    Group,
}

fn write(sql: &mut Sql, tenant: Uuid, condition: &Condition, element: Element) {
    match condition {
        Condition::Always(answer) => {
            sql.push(if *answer { "true" } else { "false" });
        }
        Condition::All(items) => joined(sql, tenant, items, " and ", element),
        Condition::Any(items) => joined(sql, tenant, items, " or ", element),
        Condition::Not(inner) => {
            sql.push("not coalesce(");
            write(sql, tenant, inner, element);
            sql.push(", false)");
        }
        Condition::Some(many, inner) => some(sql, tenant, many, inner),
        Condition::Test(field, test) => tested(sql, field, test, element),
    }
}

fn joined(sql: &mut Sql, tenant: Uuid, items: &[Condition], between: &str, element: Element) {
    sql.push("(");
    each(sql, items, between, |sql, item| write(sql, tenant, item, element));
    sql.push(")");
}

fn some(sql: &mut Sql, tenant: Uuid, many: &Many, inner: &Condition) {
    match many {
        Many::Attribute(name) => {
            if let Some(address) = address_of(name, inner) {
                // By index; the exact condition follows.
                sql.push("(r.emails @> jsonb_build_array(")
                    .push_bind(address.to_lowercase())
                    .push("::text) and ");
            } else {
                sql.push("(");
            }
            sql.push("exists (select from ");
            elements(sql, name);
            sql.push(" as e (value, folded) where ");
            write(sql, tenant, inner, Element::Json);
            sql.push("))");
        }
        Many::Members => {
            sql.push("exists (select from gateway.member m where m.tenant_id = ").push_bind(tenant);
            sql.push(" and m.group_id = r.resource_id and ");
            write(sql, tenant, inner, Element::Member);
            sql.push(")");
        }
        Many::Groups => {
            sql.push("exists (select from gateway.member m join gateway.resource g on g.tenant_id = m.tenant_id and ");
            sql.push("g.resource_id = m.group_id and g.deleted_at is null where m.tenant_id = ")
                .push_bind(tenant);
            sql.push(" and m.member = r.resource_id::text and ");
            write(sql, tenant, inner, Element::Group);
            sql.push(")");
        }
    }
}

/// The address that a condition on `emails` asks for, if it asks for just one.
fn address_of(name: &str, inner: &Condition) -> Option<String> {
    if name != "emails" {
        return None;
    }
    match inner {
        Condition::Test(Field::Element { sub, .. }, Test::Compare(Op::Eq, Literal::Text(text)))
            if sub == "value" =>
        {
            Some(text.clone())
        }
        Condition::All(items) => items.iter().find_map(|item| address_of(name, item)),
        _ => None,
    }
}

/// The SQL of a value, as text unless its shape is another.
fn value(sql: &mut Sql, field: &Field, element: Element) {
    match field {
        Field::Column(column) => {
            sql.push(match column {
                Column::Id => "r.resource_id::text",
                // Compared and sorted in lower case, never shown.
                Column::UserName => "r.user_key",
                Column::ExternalId => "r.external_id",
                Column::DisplayName => "r.display_name",
                Column::Active => "r.active",
                Column::Created => "r.created_at",
                Column::LastModified => "r.updated_at",
                Column::Version => "('W/\"' || r.version || '\"')",
            });
        }
        Field::Attribute { path, shape } => {
            sql.push("((r.attributes #>> ").push_bind(path.clone()).push("::text[])");
            sql.push(if *shape == Shape::Boolean { "::boolean)" } else { ")" });
        }
        Field::Element { sub, shape } => {
            let column = match (element, sub.as_str()) {
                (Element::Json, _) => {
                    sql.push("((e.value ->> ").push_bind(sub.clone()).push("::text)");
                    if *shape == Shape::Boolean { "::boolean)" } else { ")" }
                }
                (Element::Member, "value") => "m.member",
                (Element::Member, "type") => "m.type",
                (Element::Member, "$ref") => "m.ref",
                (Element::Member, "display") => "m.display",
                (Element::Group, "value") => "m.group_id::text",
                (Element::Group, "display") => "g.display_name",
                (Element::Group, "type") => "'direct'",
                _ => "null::text",
            };
            sql.push(column);
        }
    }
}

/// The values of an attribute, each beside itself in lower case.
fn elements(sql: &mut Sql, name: &str) {
    sql.push("rows from (jsonb_array_elements(r.attributes -> ").push_bind(name.to_owned());
    sql.push("::text), jsonb_array_elements(r.folded -> ").push_bind(name.to_owned()).push("::text))");
}

/// The SQL of a text in lower case, and whether it was the service that folded it.
fn folded(sql: &mut Sql, field: &Field, element: Element) -> bool {
    match (field, element) {
        (Field::Column(Column::UserName), _) => sql.push("r.user_key"),
        (Field::Column(Column::DisplayName), _) => sql.push("r.display_key"),
        (Field::Attribute { path, .. }, _) => {
            sql.push("(r.folded #>> ").push_bind(path.clone()).push("::text[])")
        }
        (Field::Element { sub, .. }, Element::Json) => {
            sql.push("(e.folded ->> ").push_bind(sub.clone()).push("::text)")
        }
        (Field::Element { sub, .. }, Element::Member) if sub == "display" => sql.push("m.display_key"),
        (Field::Element { sub, .. }, Element::Group) if sub == "display" => sql.push("g.display_key"),
        // Ids and words.
        _ => {
            sql.push("lower(");
            value(sql, field, element);
            sql.push(")");
            return false;
        }
    };
    true
}

fn tested(sql: &mut Sql, field: &Field, test: &Test, element: Element) {
    let (op, literal) = match test {
        Test::Present => {
            sql.push("coalesce(");
            if field.shape() == Shape::Boolean || field.shape() == Shape::Instant {
                value(sql, field, element);
                sql.push(" is not null");
            } else {
                value(sql, field, element);
                sql.push(" <> ''");
            }
            sql.push(", false)");
            return;
        }
        Test::Compare(op, literal) => (*op, literal),
    };
    match literal {
        Literal::Boolean(given) => {
            sql.push("(");
            value(sql, field, element);
            sql.push(comparison(op)).push_bind(*given).push(")");
        }
        Literal::Instant(instant) => {
            sql.push("(");
            value(sql, field, element);
            sql.push(comparison(op)).push_bind(storage::time::at(*instant)).push(")");
        }
        Literal::Text(text) => compare_text(sql, field, op, text, element),
    }
}

fn comparison(op: Op) -> &'static str {
    match op {
        Op::Ne => " is distinct from ",
        Op::Gt => " > ",
        Op::Ge => " >= ",
        Op::Lt => " < ",
        Op::Le => " <= ",
        Op::Eq | Op::Co | Op::Sw | Op::Ew => " = ",
    }
}

fn compare_text(sql: &mut Sql, field: &Field, op: Op, text: &str, element: Element) {
    let is_folded = field.shape() == Shape::Folded;
    // What the service folded is compared with what it folds, what the database folds with what that folds.
    let by_service = is_folded && folded(&mut QueryBuilder::new(""), field, element);
    let side = |sql: &mut Sql| {
        if is_folded {
            folded(sql, field, element);
        } else {
            value(sql, field, element);
        }
    };
    let given = |sql: &mut Sql| {
        if by_service {
            sql.push_bind(text.to_lowercase()).push("::text");
        } else {
            sql.push(if is_folded { "lower(" } else { "(" }).push_bind(text.to_owned()).push("::text)");
        }
    };
    // An id is compared as what it is, by its index.
    if let (Field::Column(Column::Id), Op::Eq, Ok(id)) = (field, op, text.parse::<Uuid>()) {
        sql.push("r.resource_id = ").push_bind(id);
        return;
    }
    match op {
        Op::Co => {
            sql.push("position(");
            given(sql);
            sql.push(" in ");
            side(sql);
            sql.push(") > 0");
        }
        Op::Sw => {
            sql.push("starts_with(");
            side(sql);
            sql.push(", ");
            given(sql);
            sql.push(")");
        }
        Op::Ew => {
            sql.push("right(");
            side(sql);
            sql.push(", length(");
            given(sql);
            sql.push(")) = ");
            given(sql);
        }
        op => {
            side(sql);
            // The order of the code points, whatever the database's language.
            if !matches!(op, Op::Eq | Op::Ne) {
                sql.push(" collate \"C\"");
            }
            sql.push(comparison(op));
            given(sql);
        }
    }
}

/// What resources are sorted by, as text.
fn sort_key(sql: &mut Sql, sort: Option<&(Option<Many>, Field)>) {
    let Some((many, field)) = sort else {
        sql.push("null::text");
        return;
    };
    if field.shape() == Shape::Instant {
        // Text that sorts as the instant does.
        sql.push("to_char(");
        value(sql, field, Element::None);
        sql.push(" at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') collate \"C\"");
        return;
    }
    let key = |sql: &mut Sql, element: Element| {
        if field.shape() == Shape::Folded {
            folded(sql, field, element);
        } else {
            value(sql, field, element);
            sql.push("::text");
        }
    };
    match many {
        None => key(sql, Element::None),
        // The primary value, else the first (RFC 7644, 3.4.2.3).
        Some(Many::Attribute(name)) => {
            sql.push("(select ");
            key(sql, Element::Json);
            sql.push(" from ");
            elements(sql, name);
            sql.push(" with ordinality as e (value, folded, place) ");
            sql.push("order by (e.value -> 'primary') = 'true'::jsonb desc nulls last, e.place limit 1)");
        }
        Some(Many::Members | Many::Groups) => {
            sql.push("null::text");
        }
    }
}
