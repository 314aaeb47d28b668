//! The OpenAPI 3.1 document of the API, from the descriptors. Pure.

pub(crate) mod comments;
mod rules;
mod schema;

use super::{
    ROOT,
    route::{FieldPath, InBody, Route},
    rpc::Rpc,
};
use comments::{Comments, first_sentence};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use schema::Schemas;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// How deep a message's fields become parameters.
const DEPTH: usize = 3;

/// The document.
pub(crate) fn document(rpcs: &[Arc<Rpc>], routes: &[Route]) -> Json {
    let comments = Comments::read(contracts::pool());
    let answers = rpcs.iter().map(|rpc| rpc.descriptor.output());
    let mut of = Operations { schemas: Schemas::new(&comments, answers), comments: &comments };
    let mut paths = Map::new();
    for route in routes {
        let method = route.method.as_str().to_ascii_lowercase();
        let path = format!("{ROOT}{}", route.template);
        if let Json::Object(path) = paths.entry(path).or_insert_with(|| json!({})) {
            let operation = of.route(route, routes);
            path.insert(method, operation);
        }
    }
    for rpc in rpcs {
        let operation = of.rpc(rpc);
        paths.insert(format!("{ROOT}/{}", rpc.name), json!({ "post": operation }));
    }
    let status = contracts::pool().get_message_by_name("google.rpc.Status");
    let refusal = status.map(|status| of.schemas.message(&status)).unwrap_or_default();
    let mut tags: Vec<Json> = Vec::new();
    for rpc in rpcs {
        let service = rpc.descriptor.parent_service();
        let tag =
            json!({ "name": tag(rpc), "description": comments.of(&service.parent_file(), service.path()) });
        if tags.last() != Some(&tag) {
            tags.push(tag);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mentor Suite",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": of.schemas.finish(),
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "parameters": parameters(),
            "responses": responses(&refusal),
        },
    })
}

const DESCRIPTION: &str = "Every RPC of the suite as JSON over HTTP: by its name, and most by an address shaped after \
    its resource. Bodies are canonical protobuf JSON: fields in lowerCamelCase, 64-bit integers as texts, fields with \
    their default value left out of answers. A change carries a requestId (a UUID): sent again with the same body it gets \
    the first answer again. Refusals are google.rpc.Status; the reason in ErrorInfo is part of the contract.";

fn tag(rpc: &Rpc) -> String {
    rpc.descriptor.parent_service().name().to_owned()
}

fn parameters() -> Json {
    json!({
        "timeout": {
            "name": "x-timeout", "in": "header", "example": "2.5",
            "schema": { "type": "string", "pattern": "^[1-9][0-9]{0,4}(\\.[0-9]{1,3})?(ms|s|m)?$" },
            "description": "How long the caller will wait, in seconds, or as a duration such as 500ms.",
        },
        "request": {
            "name": "x-request-id", "in": "header", "schema": { "type": "string", "format": "uuid" },
            "description": "Names the request in logs, in the audit trail and in events; made up when it is missing.",
        },
        "service": {
            "name": "x-mentor-service", "in": "header", "schema": { "type": "string" }, "example": "enrollment",
            "description": "Which service's own part, where services run apart.",
        },
    })
}

fn responses(refusal: &Json) -> Json {
    let content = json!({ "application/json": { "schema": refusal } });
    let request = json!({ "description": "Finds the request in the logs.", "schema": { "type": "string" } });
    let after =
        json!({ "description": "Seconds to wait before trying again.", "schema": { "type": "integer" } });
    json!({
        "Refused": {
            "description": "Refused: 400 a field or the state of things, 401 not signed in, 403 not allowed, 404 not there \
                or not visible, 405 another method, 408 a late body, 409 exists already or was changed meanwhile, 413 too \
                large, 415 another media type, 429 too many.",
            "headers": { "x-request-id": request, "retry-after": after },
            "content": content,
        },
        "Failed": {
            "description": "Not possible now: 500 a fault of the suite, 503 something is away, 504 too late.",
            "headers": { "x-request-id": request, "retry-after": after },
            "content": content,
        },
    })
}

struct Operations<'a> {
    schemas: Schemas<'a>,
    comments: &'a Comments,
}

impl Operations<'_> {
    /// The operation of an RPC by its name.
    fn rpc(&mut self, rpc: &Rpc) -> Json {
        let input = self.schemas.message(&rpc.descriptor.input());
        let content = if rpc.descriptor.is_client_streaming() {
            json!({
                "application/json": { "schema": { "type": "array", "items": input } },
                "application/x-ndjson": { "schema": { "type": "string", "description": "A message a line." } },
            })
        } else {
            json!({ "application/json": { "schema": input } })
        };
        let mut operation = self.common(rpc);
        operation.insert("operationId".to_owned(), rpc.descriptor.full_name().into());
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        Json::Object(operation)
    }

    /// The operation of a route.
    fn route(&mut self, route: &Route, routes: &[Route]) -> Json {
        let rpc = &route.rpc;
        let mut operation = self.common(rpc);
        let before = routes.iter().take_while(|other| other.template != route.template);
        let before = before.filter(|other| other.rpc.name == rpc.name).count();
        let more = if before == 0 { String::new() } else { format!("_{}", before + 1) };
        let id = format!("{}_{}_{}{more}", rpc.owner, tag(rpc), rpc.descriptor.name());
        operation.insert("operationId".to_owned(), id.into());
        let mut parameters = self.path_parameters(route);
        if route.body != InBody::Everything {
            self.query_parameters(route, &rpc.descriptor.input(), &mut Vec::new(), &mut parameters);
        }
        if let Some(Json::Array(common)) = operation.get_mut("parameters") {
            parameters.append(common);
            *common = parameters;
        }
        let input = rpc.descriptor.input();
        let body = match &route.body {
            InBody::Nothing => None,
            InBody::Everything => {
                let in_path = route.path.iter().filter(|path| path.len() == 1).filter_map(|path| path.last());
                Some(self.schemas.object(&input, &in_path.collect::<Vec<_>>()))
            }
            InBody::Field(field) => Some(self.schemas.field(field)),
        };
        if let Some(schema) = body {
            let content = json!({ "application/json": { "schema": schema } });
            operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        }
        Json::Object(operation)
    }

    /// What both have.
    fn common(&mut self, rpc: &Rpc) -> Map<String, Json> {
        let service = rpc.descriptor.parent_service();
        let comment = self.comments.of(&service.parent_file(), rpc.descriptor.path());
        let output = self.schemas.message(&rpc.descriptor.output());
        let content = if rpc.is_unary() {
            json!({ "application/json": { "schema": output } })
        } else {
            json!({ "text/event-stream": { "schema": {
                "type": "string",
                "description": "Server-sent events: each message as data, then an event `end`, or `error` with a google.rpc.Status.",
                "contentMediaType": "application/json",
                "contentSchema": output,
            } } })
        };
        let mut parameters = vec![
            json!({ "$ref": "#/components/parameters/timeout" }),
            json!({ "$ref": "#/components/parameters/request" }),
        ];
        if rpc.owner == "common" {
            parameters.push(json!({ "$ref": "#/components/parameters/service" }));
        }
        let operation = json!({
            "tags": [tag(rpc)],
            "summary": first_sentence(comment),
            "description": format!("{comment}\n\nNeeds {}.", rpc.permission()),
            "parameters": parameters,
            "responses": {
                "200": { "description": "Done.", "content": content },
                "4XX": { "$ref": "#/components/responses/Refused" },
                "5XX": { "$ref": "#/components/responses/Failed" },
            },
        });
        match operation {
            Json::Object(operation) => operation,
            _ => Map::new(),
        }
    }

    fn path_parameters(&mut self, route: &Route) -> Vec<Json> {
        let mut parameter = |path: &FieldPath| {
            let name = path.iter().map(FieldDescriptor::name).collect::<Vec<_>>().join(".");
            let schema = path.last().map(|field| self.schemas.field(field)).unwrap_or_default();
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        };
        route.path.iter().map(&mut parameter).collect()
    }

    /// Every field that is neither in the path nor in the body; those of messages by dotted names.
    fn query_parameters(
        &mut self,
        route: &Route,
        message: &MessageDescriptor,
        within: &mut FieldPath,
        found: &mut Vec<Json>,
    ) {
        for field in message.fields() {
            let in_body = within.is_empty() && route.body == InBody::Field(field.clone());
            within.push(field.clone());
            if !in_body && !field.is_map() && !route.path.contains(within) {
                match field.kind() {
                    Kind::Message(inner) if !inner.full_name().starts_with("google.protobuf.") => {
                        if !field.is_list() && within.len() < DEPTH {
                            self.query_parameters(route, &inner, within, found);
                        }
                    }
                    _ => {
                        let name =
                            within.iter().map(FieldDescriptor::json_name).collect::<Vec<_>>().join(".");
                        let required = within.len() == 1 && self.schemas.needs(&field);
                        let schema = self.schemas.field(&field);
                        found.push(
                            json!({ "name": name, "in": "query", "required": required, "schema": schema }),
                        );
                    }
                }
            }
            within.pop();
        }
    }
}
