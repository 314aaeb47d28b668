//! Lists and searches: GET with parameters, POST to `/.search`, over one kind of resource or over all.

use super::{
    answer::{Answer, answer},
    edge::Caller,
    error::{Refusal, Result},
    filter, read,
    request::{self, kind},
    resource::Resource,
    schema::Kind,
    search::Search,
    store::{self, Query},
};
use crate::Gateway;
use axum::{
    Extension,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use kernel::Uuid;
use serde_json::{Value, json};
use storage::{Audit, Tx};

/// The URN of a list.
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path(endpoint): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let kind = kind(&endpoint)?;
    let search = Search::of_query(query.as_deref().unwrap_or_default(), gateway.settings.max_page)?;
    Ok(run(&gateway, &caller, &[kind], &search).await?)
}

pub(crate) async fn search(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path(endpoint): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let kind = kind(&endpoint)?;
    let sent = request::object(&gateway, &headers, body, gateway.settings.max_resource_bytes).await?;
    let search = Search::of_body(&sent, gateway.settings.max_page)?;
    Ok(run(&gateway, &caller, &[kind], &search).await?)
}

pub(crate) async fn search_all(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let sent = request::object(&gateway, &headers, body, gateway.settings.max_resource_bytes).await?;
    let search = Search::of_body(&sent, gateway.settings.max_page)?;
    Ok(run(&gateway, &caller, &[Kind::User, Kind::Group], &search).await?)
}

async fn run(gateway: &Gateway, caller: &Caller, kinds: &[Kind], search: &Search) -> Result<Response> {
    let queries = queries(gateway, kinds, search)?;
    let mut tx = gateway.db.read(&caller.ctx).await?;
    let (total, ids) =
        store::find_page(&mut tx, &queries, search.descending, search.start, search.count).await?;
    let mut resources = store::find_all(&mut tx, &ids).await?;
    read_parts(gateway, &mut tx, search, &mut resources).await?;
    let what = format!("{} of {total} from {}", resources.len(), search.start);
    tx.audit(Audit::of("scim_list", endpoints(kinds)).because(what));
    tx.commit().await?;
    let shown: Vec<Value> = resources
        .iter()
        .map(|resource| {
            let of = gateway.catalogue.of(resource.kind);
            Value::Object(search.projection.apply(of, resource.shown(of, &caller.base)))
        })
        .collect();
    let body = json!({
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": search.start,
        "itemsPerPage": shown.len(),
        "Resources": shown,
    });
    Ok(answer(StatusCode::OK, &body))
}

fn endpoints(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.endpoint()).collect::<Vec<_>>().join(" ")
}

/// One query for each kind. Over several kinds, one that the filter or the order makes no sense for has no results;
/// that it makes sense for none is refused.
fn queries(gateway: &Gateway, kinds: &[Kind], search: &Search) -> Result<Vec<Query>> {
    let (mut queries, mut refused) = (Vec::new(), None);
    for kind in kinds {
        match query(gateway, *kind, search) {
            Ok(query) => queries.push(query),
            Err(refusal) => refused = Some(refusal),
        }
    }
    match (queries.is_empty(), refused) {
        (true, Some(refusal)) => Err(refusal),
        (true, None) => Err(Refusal::not_found("there is no such endpoint")),
        (false, _) => Ok(queries),
    }
}

fn query(gateway: &Gateway, kind: Kind, search: &Search) -> Result<Query> {
    let of = gateway.catalogue.of(kind);
    let condition = search.filter.as_deref().map(|text| filter::read(of, text)).transpose()?;
    let sort = search.sort_by.as_deref().map(|name| filter::sort_field(of, name)).transpose()?;
    Ok(Query { kind, condition, sort })
}

/// Members and groups of the whole page, where the answer shows them.
async fn read_parts(
    gateway: &Gateway,
    tx: &mut Tx,
    search: &Search,
    resources: &mut [Resource],
) -> Result<()> {
    let shown = |kind: Kind| search.projection.shows(gateway.catalogue.of(kind), read::part(kind));
    let of = |resources: &[Resource], kind: Kind| -> Vec<Uuid> {
        resources.iter().filter(|resource| resource.kind == kind).map(|resource| resource.id).collect()
    };
    let (users, groups) = (of(resources, Kind::User), of(resources, Kind::Group));
    if shown(Kind::User) && !users.is_empty() {
        let mut found = store::groups_of(tx, &users).await?;
        for resource in resources.iter_mut() {
            resource.groups = found.remove(&resource.id).unwrap_or_default();
        }
    }
    if shown(Kind::Group) && !groups.is_empty() {
        let mut found = store::members_of(tx, &groups).await?;
        for resource in resources.iter_mut() {
            if let Some(members) = found.remove(&resource.id) {
                resource.attributes.insert("members".into(), Value::Array(members));
            }
        }
    }
    Ok(())
}
