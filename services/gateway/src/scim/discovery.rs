//! What the server can do: ServiceProviderConfig, ResourceTypes, Schemas.

use super::{
    answer::{Answer, answer},
    edge::Caller,
    error::{Refusal, Result},
    schema::{Kind, ResourceType},
};
use crate::Gateway;
use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::StatusCode,
};
use serde_json::{Value, json};

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

pub(crate) async fn service_provider_config(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Answer {
    unfiltered(query.as_deref())?;
    let settings = &gateway.settings;
    let body = json!({
        "schemas": [CONFIG],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": settings.max_bulk_operations,
            "maxPayloadSize": settings.max_bulk_bytes,
        },
        "filter": { "supported": true, "maxResults": settings.max_page },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The token of a connection, sent as Authorization: Bearer",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", caller.base),
        },
    });
    Ok(answer(StatusCode::OK, &body))
}

pub(crate) async fn resource_types(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Answer {
    unfiltered(query.as_deref())?;
    let types = [Kind::User, Kind::Group].map(|kind| described(gateway.catalogue.of(kind), &caller.base));
    Ok(answer(StatusCode::OK, &list(types.to_vec())))
}

pub(crate) async fn resource_type(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Answer {
    let kind = [Kind::User, Kind::Group].into_iter().find(|kind| kind.word() == name);
    let kind = kind.ok_or_else(|| Refusal::not_found("there is no such resource type"))?;
    Ok(answer(StatusCode::OK, &described(gateway.catalogue.of(kind), &caller.base)))
}

pub(crate) async fn schemas(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Answer {
    unfiltered(query.as_deref())?;
    let documents = gateway.catalogue.documents();
    let found = documents.map(|schema| located(&schema.document, &schema.id, &caller.base)).collect();
    Ok(answer(StatusCode::OK, &list(found)))
}

pub(crate) async fn schema(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path(urn): Path<String>,
) -> Answer {
    let found = gateway.catalogue.documents().find(|schema| schema.id.eq_ignore_ascii_case(&urn));
    let found = found.ok_or_else(|| Refusal::not_found("there is no such schema"))?;
    Ok(answer(StatusCode::OK, &located(&found.document, &found.id, &caller.base)))
}

/// `/Me`: a connection is no person.
pub(crate) async fn me() -> Answer {
    Err(Refusal::new(501, None, "a connection is no person; use /Users").into())
}

/// Discovery is the same for everybody and always whole (RFC 7644, 4).
fn unfiltered(query: Option<&str>) -> Result<()> {
    let mut names = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).map(|(name, _)| name);
    if names.any(|name| name.eq_ignore_ascii_case("filter")) {
        return Err(Refusal::new(403, None, "this can't be filtered"));
    }
    Ok(())
}

fn list(resources: Vec<Value>) -> Value {
    json!({
        "schemas": [LIST],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn described(of: &ResourceType, base: &str) -> Value {
    let name = of.kind.word();
    let mut extensions = Vec::new();
    for extension in &of.extensions {
        extensions.push(json!({ "schema": extension.id, "required": false }));
    }
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": format!("/{}", of.kind.endpoint()),
        "description": of.core.document.get("description"),
        "schema": of.core.id,
        "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
    })
}

fn located(document: &Value, id: &str, base: &str) -> Value {
    let mut document = document.clone();
    document["meta"] = json!({ "resourceType": "Schema", "location": format!("{base}/Schemas/{id}") });
    document
}
