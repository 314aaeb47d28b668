//! POST to `/Bulk` (RFC 7644, 3.7): many changes in one request, each a commit of its own, in order. A `bulkId` stands
//! for the resource that an operation creates, also before that operation and in a circle: its id is chosen first.

use super::{
    answer::{Answer, answer},
    edge::Caller,
    error::{Refusal, Result},
    patch::{self, member},
    request::{self, id, kind},
    resource,
    schema::Kind,
    value::Object,
    write::{self, Change},
};
use crate::Gateway;
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use kernel::Uuid;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// What a reference begins with.
const REFERENCE: &str = "bulkId:";

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let sent = request::object(&gateway, &headers, body, gateway.settings.max_bulk_bytes).await?;
    let (operations, fail_on_errors) = read(&gateway, &sent)?;
    let mut run = Run::begin(&gateway, &operations);
    let (mut results, mut errors) = (Vec::new(), 0);
    for operation in &operations {
        let result = run.operation(&gateway, &caller, operation).await;
        errors += i64::from(result.refused);
        results.push(result.shown);
        if fail_on_errors.is_some_and(|most| errors >= most) {
            break;
        }
    }
    Ok(answer(StatusCode::OK, &json!({ "schemas": [RESPONSE], "Operations": results })))
}

fn read(gateway: &Gateway, sent: &Object) -> Result<(Vec<Object>, Option<i64>)> {
    let named = member(sent, "schemas").and_then(Value::as_array);
    if !named.is_some_and(|named| named.iter().any(|urn| urn.as_str() == Some(REQUEST))) {
        return Err(Refusal::syntax(format!("schemas: must name {REQUEST}")));
    }
    let fail_on_errors = match member(sent, "failOnErrors") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let most = value.as_i64().filter(|most| *most >= 1);
            Some(most.ok_or_else(|| Refusal::value("failOnErrors: must be a whole number from 1"))?)
        }
    };
    let operations = member(sent, "Operations").and_then(Value::as_array);
    let operations = operations.ok_or_else(|| Refusal::syntax("Operations: must be a list"))?;
    let most = gateway.settings.max_bulk_operations;
    if operations.len() > most {
        let detail = format!("Operations: has {}; at most {most} are taken at once", operations.len());
        return Err(Refusal::new(413, Some("tooMany"), detail));
    }
    let object = |operation: &Value| {
        operation.as_object().cloned().ok_or_else(|| Refusal::syntax("Operations: each must be an object"))
    };
    Ok((operations.iter().map(object).collect::<Result<_>>()?, fail_on_errors))
}

/// What came of an operation.
struct Outcome {
    shown: Value,
    refused: bool,
}

/// A change that was made: status, address, entity tag.
struct Done {
    status: StatusCode,
    location: String,
    version: Option<String>,
}

struct Run {
    /// The id of what each `bulkId` creates.
    ids: HashMap<String, Uuid>,
    failed: HashSet<String>,
}

impl Run {
    fn begin(gateway: &Gateway, operations: &[Object]) -> Run {
        let mut ids = HashMap::new();
        for operation in operations {
            if let Some(name) = text(operation, "bulkId") {
                ids.entry(name.to_owned()).or_insert_with(|| gateway.db.clock().new_id());
            }
        }
        Run { ids, failed: HashSet::new() }
    }

    async fn operation(&mut self, gateway: &Gateway, caller: &Caller, operation: &Object) -> Outcome {
        let method = text(operation, "method").unwrap_or_default().to_ascii_uppercase();
        let bulk_id = text(operation, "bulkId");
        let mut shown = json!({ "method": method });
        if let Some(bulk_id) = bulk_id {
            shown["bulkId"] = bulk_id.into();
        }
        match self.perform(gateway, caller, &method, operation).await {
            Ok(done) => {
                shown["status"] = done.status.as_str().into();
                shown["location"] = done.location.into();
                if let Some(version) = done.version {
                    shown["version"] = version.into();
                }
                Outcome { shown, refused: false }
            }
            Err(refusal) => {
                if let (Some(cause), 500..) = (&refusal.cause, refusal.status) {
                    tracing::error!(reason = cause.reason, error = %cause, "a bulk operation failed");
                }
                if let (Some(bulk_id), "POST") = (bulk_id, method.as_str()) {
                    self.failed.insert(bulk_id.to_owned());
                }
                shown["status"] = refusal.status.to_string().into();
                shown["response"] = refusal.body();
                if let Some(location) = self.location(caller, &method, operation) {
                    shown["location"] = location.into();
                }
                Outcome { shown, refused: true }
            }
        }
    }

    /// Where a refused change was meant to go; a POST has no place yet.
    fn location(&self, caller: &Caller, method: &str, operation: &Object) -> Option<String> {
        if method == "POST" {
            return None;
        }
        let (kind, id) = self.target(text(operation, "path")?).ok()?;
        Some(resource::location(&caller.base, kind, id?))
    }

    async fn perform(
        &self,
        gateway: &Gateway,
        caller: &Caller,
        method: &str,
        operation: &Object,
    ) -> Result<Done> {
        let path = text(operation, "path").ok_or_else(|| Refusal::syntax("path: is required"))?;
        let (kind, id) = self.target(path)?;
        let if_match = text(operation, "version");
        let data = self.data(operation)?;
        let needed = || data.as_ref().ok_or_else(|| Refusal::syntax("data: must be an object"));
        let changed = match (method, id) {
            ("POST", None) => {
                let name = text(operation, "bulkId");
                let name = name.ok_or_else(|| Refusal::syntax("bulkId: is required by POST"))?;
                let id = *self.ids.get(name).ok_or_else(|| Refusal::syntax("bulkId: must be a text"))?;
                let created = write::create(gateway, caller, kind, id, needed()?).await;
                let created = created.map_err(|refusal| used_twice(refusal, name))?;
                return Ok(done(StatusCode::CREATED, caller, &created));
            }
            ("PUT", Some(id)) => {
                write::change(gateway, caller, kind, id, if_match, Change::Replace(needed()?)).await?
            }
            ("PATCH", Some(id)) => {
                let operations = patch::read(needed()?)?;
                write::change(gateway, caller, kind, id, if_match, Change::Patch(&operations)).await?
            }
            ("DELETE", Some(id)) => {
                write::delete(gateway, caller, kind, id, if_match).await?;
                let location = resource::location(&caller.base, kind, id);
                return Ok(Done { status: StatusCode::NO_CONTENT, location, version: None });
            }
            _ => return Err(Refusal::syntax("method and path do not go together")),
        };
        Ok(done(StatusCode::OK, caller, &changed))
    }

    /// The kind and the id of `/Users/{id}`.
    fn target(&self, path: &str) -> Result<(Kind, Option<Uuid>)> {
        let mut parts = path.trim_start_matches('/').split('/');
        let kind = kind(parts.next().unwrap_or_default())?;
        match (parts.next(), parts.next()) {
            (None | Some(""), None) => Ok((kind, None)),
            (Some(text), None) => match text.strip_prefix(REFERENCE) {
                Some(name) => Ok((kind, Some(self.resolve(name)?))),
                None => Ok((kind, Some(id(kind, text)?))),
            },
            _ => Err(Refusal::not_found("there is no such endpoint")),
        }
    }

    /// The data with every reference in it replaced.
    fn data(&self, operation: &Object) -> Result<Option<Object>> {
        match member(operation, "data") {
            Some(Value::Object(data)) => match self.resolved(&Value::Object(data.clone()))? {
                Value::Object(data) => Ok(Some(data)),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn resolved(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => match text.strip_prefix(REFERENCE) {
                Some(name) => json!(self.resolve(name)?),
                None => value.clone(),
            },
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.resolved(item)).collect::<Result<_>>()?)
            }
            Value::Object(members) => {
                let resolved = members.iter().map(|(name, value)| Ok((name.clone(), self.resolved(value)?)));
                Value::Object(resolved.collect::<Result<_>>()?)
            }
            other => other.clone(),
        })
    }

    fn resolve(&self, name: &str) -> Result<Uuid> {
        let shown: String = name.chars().take(100).collect();
        if self.failed.contains(name) {
            return Err(Refusal::new(409, None, format!("what bulkId {shown} stands for was not created")));
        }
        let found = self.ids.get(name).copied();
        found.ok_or_else(|| Refusal::new(409, None, format!("no operation has the bulkId {shown}")))
    }
}

/// The same `bulkId` twice would be the same id twice.
fn used_twice(refusal: Box<Refusal>, name: &str) -> Box<Refusal> {
    let twice = refusal.cause.as_ref().is_some_and(|cause| {
        cause.source.as_ref().is_some_and(|source| source.to_string().contains("resource_pkey"))
    });
    if twice { Refusal::syntax(format!("bulkId: {name} was used before")) } else { refusal }
}

fn done(status: StatusCode, caller: &Caller, resource: &resource::Resource) -> Done {
    Done { status, location: resource.location(&caller.base), version: Some(resource.etag()) }
}

fn text<'a>(operation: &'a Object, name: &str) -> Option<&'a str> {
    member(operation, name).and_then(Value::as_str)
}
