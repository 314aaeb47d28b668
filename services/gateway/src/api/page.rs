//! The API for people: the OpenAPI document, and a page that needs nothing from elsewhere.

use super::{
    Api, ROOT,
    openapi::comments::{Comments, first_sentence},
    rpc::Rpc,
};
use crate::Gateway;
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use kernel::{Error, Uuid};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use std::collections::BTreeMap;

/// Contracts are no secret, and the same for everybody until the next release.
const CACHED: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
/// Nothing but what the page itself brings.
const CLOSED: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
);

/// `/api/openapi.json`
pub(super) async fn document(State(gateway): State<Gateway>) -> Response {
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ([json, CACHED], gateway.api.document().to_owned()).into_response()
}

/// `/api/docs`
pub(super) async fn page(State(gateway): State<Gateway>) -> Response {
    let html = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let page = match gateway.api.page.get() {
        Some(page) => page.clone(),
        None => match Page::of(&gateway.api).render() {
            Ok(page) => gateway.api.page.get_or_init(|| page).clone(),
            Err(error) => {
                return super::refusal::Refusal::of(&Error::internal(error), Uuid::nil()).into_response();
            }
        },
    };
    ([html, CACHED, CLOSED], page).into_response()
}

/// What the page shows.
#[derive(Template)]
#[template(path = "api/docs.html")]
struct Page {
    version: &'static str,
    services: Vec<Service>,
    types: BTreeMap<String, Type>,
}

struct Service {
    name: String,
    short: String,
    owner: String,
    /// Of its owner.
    first: bool,
    comment: String,
    rpcs: Vec<Operation>,
}

struct Operation {
    name: String,
    summary: String,
    comment: String,
    permission: String,
    addresses: Vec<(String, String)>,
    input: TypeName,
    output: TypeName,
    kind: &'static str,
}

/// A message or an enum, with its fields or values.
struct Type {
    comment: String,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    of: TypeName,
    comment: String,
}

/// How a type is shown; `link` is its anchor where it has one.
#[derive(Clone, Default)]
struct TypeName {
    before: &'static str,
    name: String,
    link: String,
}

impl Page {
    fn of(api: &Api) -> Self {
        let comments = Comments::read(contracts::pool());
        let mut types = BTreeMap::new();
        let mut services: Vec<Service> = Vec::new();
        for rpc in &api.rpcs {
            let service = rpc.descriptor.parent_service();
            if services.last().is_none_or(|last| last.name != service.full_name()) {
                let first = services.last().is_none_or(|last| last.owner != rpc.owner);
                services.push(Service {
                    name: service.full_name().to_owned(),
                    short: service.name().to_owned(),
                    first,
                    owner: rpc.owner.clone(),
                    comment: comments.of(&service.parent_file(), service.path()).to_owned(),
                    rpcs: Vec::new(),
                });
            }
            collect(&rpc.descriptor.input(), &comments, &mut types);
            collect(&rpc.descriptor.output(), &comments, &mut types);
            if let Some(service) = services.last_mut() {
                service.rpcs.push(operation(api, rpc, &comments));
            }
        }
        Page { version: env!("CARGO_PKG_VERSION"), services, types }
    }
}

fn operation(api: &Api, rpc: &Rpc, comments: &Comments) -> Operation {
    let comment = comments.of(&rpc.descriptor.parent_service().parent_file(), rpc.descriptor.path());
    let routes = api.routes.routes().iter().filter(|route| route.rpc.name == rpc.name);
    let routes = routes.map(|route| (route.method.to_string(), format!("{ROOT}{}", route.template)));
    let by_name = ("POST".to_owned(), format!("{ROOT}/{}", rpc.name));
    Operation {
        name: rpc.descriptor.name().to_owned(),
        summary: first_sentence(comment).to_owned(),
        comment: comment.to_owned(),
        permission: rpc.permission(),
        addresses: routes.chain([by_name]).collect(),
        input: of_message(&rpc.descriptor.input()),
        output: of_message(&rpc.descriptor.output()),
        kind: match (rpc.descriptor.is_client_streaming(), rpc.descriptor.is_server_streaming()) {
            (false, false) => "",
            (false, true) => "Answers a stream of server-sent events.",
            (true, _) => "Takes an array of messages, or one a line; answers a stream of server-sent events.",
        },
    }
}

/// A message's table, and those of all that it holds.
fn collect(message: &MessageDescriptor, comments: &Comments, types: &mut BTreeMap<String, Type>) {
    if message.full_name().starts_with("google.protobuf.") || types.contains_key(message.full_name()) {
        return;
    }
    let row = |field: FieldDescriptor| Row {
        name: field.json_name().to_owned(),
        of: of_field(&field),
        comment: comments.of(&field.parent_file(), field.path()).to_owned(),
    };
    let comment = comments.of(&message.parent_file(), message.path()).to_owned();
    let rows = message.fields().map(row).collect();
    types.insert(message.full_name().to_owned(), Type { comment, rows });
    for field in message.fields() {
        match field.kind() {
            Kind::Message(inner) => collect(&inner, comments, types),
            Kind::Enum(of) => collect_values(&of, comments, types),
            _ => {}
        }
    }
}

fn collect_values(of: &EnumDescriptor, comments: &Comments, types: &mut BTreeMap<String, Type>) {
    let file = of.parent_file();
    let rows = of.values().map(|value| Row {
        name: value.name().to_owned(),
        of: TypeName::default(),
        comment: comments.of(&file, value.path()).to_owned(),
    });
    let comment = comments.of(&file, of.path()).to_owned();
    types.entry(of.full_name().to_owned()).or_insert_with(|| Type { comment, rows: rows.collect() });
}

fn of_message(message: &MessageDescriptor) -> TypeName {
    let link = match message.full_name().strip_prefix("google.protobuf.") {
        Some(_) => String::new(),
        None => message.full_name().to_owned(),
    };
    TypeName { before: "", name: message.name().to_owned(), link }
}

fn of_field(field: &FieldDescriptor) -> TypeName {
    let plain = |name: &str| TypeName { before: "", name: name.to_owned(), link: String::new() };
    let mut of = match field.kind() {
        Kind::Message(message) => of_message(&message),
        Kind::Enum(of) => {
            TypeName { before: "", name: of.name().to_owned(), link: of.full_name().to_owned() }
        }
        Kind::Bool => plain("true or false"),
        Kind::String => plain("text"),
        Kind::Bytes => plain("bytes (base64)"),
        Kind::Double | Kind::Float => plain("number"),
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
            plain("integer (as text)")
        }
        Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Fixed32 | Kind::Sfixed32 => plain("integer"),
    };
    if field.is_list() {
        of.before = "list of ";
    } else if field.is_map() {
        of.before = "map, ";
    }
    of
}
