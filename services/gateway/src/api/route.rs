//! How RPCs are reached by resource-shaped addresses (`google.api.http`). Pure.
//!
//! Of the path templates' grammar there is what resources need: literals, `{field}`, `{field.inner}` of one segment each,
//! and a verb at the end. What else a template says, and two routes that could take the same request, refuse the start.

use super::rpc::Rpc;
use axum::http::Method;
use kernel::{Error, Result};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use std::{collections::HashMap, sync::Arc};

/// The way to a field: its own descriptor last.
pub(crate) type FieldPath = Vec<FieldDescriptor>;

/// What of the request is in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InBody {
    /// Nothing: what is not in the path is in the query.
    Nothing,
    /// All that is not in the path.
    Everything,
    /// One field; the rest is in the query.
    Field(FieldDescriptor),
}

/// One resource-shaped address of an RPC.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) rpc: Arc<Rpc>,
    pub(crate) method: Method,
    /// As the proto has it: `/v1/programs/{program_id}:publish`.
    pub(crate) template: String,
    /// The fields that its path holds, in its order.
    pub(crate) path: Vec<FieldPath>,
    pub(crate) body: InBody,
}

/// The descriptor of the field that a dotted path names, by proto or JSON names.
pub(crate) fn field_path(message: &MessageDescriptor, dotted: &str) -> Option<FieldPath> {
    let mut path: FieldPath = Vec::new();
    for name in dotted.split('.') {
        let kind = path.last().map(FieldDescriptor::kind);
        let within = match &kind {
            None => message,
            Some(Kind::Message(inner)) if path.last().is_some_and(|field| !field.is_list()) => inner,
            Some(_) => return None,
        };
        path.push(within.get_field_by_name(name).or_else(|| within.get_field_by_json_name(name))?);
    }
    Some(path)
}

/// The routes that an RPC's options declare.
pub(crate) fn of(rpc: &Arc<Rpc>) -> Result<Vec<Route>> {
    let options = rpc.descriptor.options();
    let Some(http) = rpc.descriptor.parent_pool().get_extension_by_name("google.api.http") else {
        return Err(Error::internal("google/api/annotations.proto is not among the descriptors"));
    };
    if !options.has_extension(&http) {
        return Ok(Vec::new());
    }
    if rpc.descriptor.is_client_streaming() {
        return Err(wrong(rpc, "a stream of requests has no route"));
    }
    let value = options.get_extension(&http);
    let rule = value.as_message().ok_or_else(|| wrong(rpc, "its google.api.http is no message"))?;
    let mut routes = vec![read(rpc, rule)?];
    if let Some(more) = rule.get_field_by_name("additional_bindings") {
        for rule in more.as_list().unwrap_or_default().iter().filter_map(|rule| rule.as_message()) {
            routes.push(read(rpc, rule)?);
        }
    }
    Ok(routes)
}

fn wrong(rpc: &Rpc, what: impl std::fmt::Display) -> Box<Error> {
    Error::internal(format!("{}: {what}", rpc.name))
}

const VERBS: [(&str, Method); 5] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("patch", Method::PATCH),
];

fn read(rpc: &Arc<Rpc>, rule: &DynamicMessage) -> Result<Route> {
    let text = |name: &str| {
        let value = rule.get_field_by_name(name);
        value.and_then(|value| value.as_str().map(str::to_owned)).filter(|text| !text.is_empty())
    };
    let found = VERBS.into_iter().find_map(|(name, method)| Some((method, text(name)?)));
    let (method, template) =
        found.ok_or_else(|| wrong(rpc, "its route has none of GET, PUT, POST, DELETE, PATCH"))?;
    if text("response_body").is_some() {
        return Err(wrong(rpc, "response_body is not supported: the answer is the whole response"));
    }
    let input = rpc.descriptor.input();
    let body = match text("body").as_deref() {
        None => InBody::Nothing,
        Some("*") => InBody::Everything,
        Some(name) => {
            let field = input.get_field_by_name(name);
            InBody::Field(field.ok_or_else(|| wrong(rpc, format!("its body names no field: {name}")))?)
        }
    };
    let mut path = Vec::new();
    for segment in split(&template).0.split('/').filter(|segment| segment.starts_with('{')) {
        let name = segment.trim_start_matches('{').trim_end_matches('}');
        let field = field_path(&input, name).filter(|path| path.last().is_some_and(in_path));
        path.push(field.ok_or_else(|| wrong(rpc, format!("{segment} in its route is no single field")))?);
    }
    Ok(Route { rpc: Arc::clone(rpc), method, template, path, body })
}

/// Whether a field's value can be a segment.
fn in_path(field: &FieldDescriptor) -> bool {
    !field.is_list() && !matches!(field.kind(), Kind::Message(_) | Kind::Bytes)
}

/// A path and the verb behind its last colon: `/v1/programs/7` and `publish`.
fn split(path: &str) -> (&str, &str) {
    let last = path.rfind('/').unwrap_or(0);
    match path.rfind(':') {
        Some(colon) if colon > last => {
            (path.get(..colon).unwrap_or(path), path.get(colon + 1..).unwrap_or(""))
        }
        _ => (path, ""),
    }
}

/// What a request's address leads to.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A route, with the texts of its fields in the path.
    Route(&'a Route, Vec<String>),
    /// The address is there, for these methods.
    OtherMethods(Vec<Method>),
    /// No such address.
    Nothing,
}

type ByVerb = HashMap<String, matchit::Router<usize>>;

/// Every route.
#[derive(Default)]
pub(crate) struct Table {
    routes: Vec<Route>,
    by_method: Vec<(Method, ByVerb)>,
}

impl Table {
    /// The routes of these RPCs.
    ///
    /// # Errors
    /// Internal, naming the route that can't be read, or two that could take the same request.
    pub(crate) fn new(rpcs: &[Arc<Rpc>]) -> Result<Self> {
        let mut table = Table::default();
        for rpc in rpcs {
            for route in of(rpc)? {
                table.add(route)?;
            }
        }
        Ok(table)
    }

    fn add(&mut self, route: Route) -> Result<()> {
        let (path, verb) = split(&route.template);
        let at = match self.by_method.iter().position(|(method, _)| *method == route.method) {
            Some(at) => at,
            None => {
                self.by_method.push((route.method.clone(), ByVerb::new()));
                self.by_method.len() - 1
            }
        };
        let Some((_, by_verb)) = self.by_method.get_mut(at) else { return Ok(()) };
        let router = by_verb.entry(verb.to_owned()).or_default();
        router.insert(pattern(&route, path)?, self.routes.len()).map_err(|error| {
            let shown = format!("{} {} can't be routed: {error}", route.method, route.template);
            wrong(&route.rpc, shown)
        })?;
        self.routes.push(route);
        Ok(())
    }

    /// Every route, in the order of the protos.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route of a request. Literals win over fields; a verb that no route has is part of the last segment.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let found = self.by_method.iter().find(|(known, _)| known == method);
        if let Some((route, texts)) = found.and_then(|(_, by_verb)| self.lookup(by_verb, path)) {
            return Found::Route(route, texts);
        }
        let others = self.by_method.iter().filter(|(_, by_verb)| self.lookup(by_verb, path).is_some());
        let mut others: Vec<Method> = others.map(|(method, _)| method.clone()).collect();
        others.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
    }

    fn lookup(&self, by_verb: &ByVerb, path: &str) -> Option<(&Route, Vec<String>)> {
        let matched = |path, verb: &str| {
            let found = by_verb.get(verb)?.at(path).ok()?;
            let decode = |text| percent_encoding::percent_decode_str(text).decode_utf8().ok();
            let texts: Option<Vec<String>> =
                found.params.iter().map(|(_, text)| Some(decode(text)?.into_owned())).collect();
            Some((self.routes.get(*found.value)?, texts?))
        };
        let (base, verb) = split(path);
        matched(base, verb).or_else(|| if verb.is_empty() { None } else { matched(path, "") })
    }
}

/// The matcher's pattern: fields by their position, since names may have dots.
fn pattern(route: &Route, path: &str) -> Result<String> {
    let mut field = 0;
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| {
            let is_field = segment.starts_with('{') && segment.ends_with('}');
            if is_field {
                field += 1;
                return Ok(format!("{{p{field}}}"));
            }
            let plain = segment.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
            if plain {
                Ok(segment.to_owned())
            } else {
                Err(wrong(&route.rpc, format!("{segment} in its route")))
            }
        })
        .collect::<Result<_>>()?;
    Ok(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpcs() -> Vec<Arc<Rpc>> {
        super::super::rpc::all(contracts::pool()).into_iter().map(Arc::new).collect()
    }

    fn found(table: &Table, method: Method, path: &str) -> (String, Vec<String>) {
        match table.find(&method, path) {
            Found::Route(route, texts) => (route.rpc.descriptor.name().to_owned(), texts),
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    #[test]
    fn addresses_lead_to_their_rpcs() {
        let table = Table::new(&rpcs()).expect("the suite's routes");
        let one = |text: &str| vec![text.to_owned()];
        assert_eq!(found(&table, Method::GET, "/v1/programs"), ("ListPrograms".into(), vec![]));
        assert_eq!(found(&table, Method::GET, "/v1/programs/7"), ("GetProgram".into(), one("7")));
        assert_eq!(found(&table, Method::PATCH, "/v1/programs/7"), ("UpdateProgram".into(), one("7")));
        assert_eq!(
            found(&table, Method::POST, "/v1/programs/7:publish"),
            ("PublishProgram".into(), one("7"))
        );
        let pair = vec!["1".to_owned(), "2".into(), "3".into()];
        let path = "/v1/match-runs/1/mentors/2/mentees/3:explain";
        assert_eq!(found(&table, Method::GET, path), ("ExplainPair".into(), pair));
        // A colon that is no verb, and what must be escaped in a path.
        assert_eq!(found(&table, Method::GET, "/v1/programs/a:b"), ("GetProgram".into(), one("a:b")));
        assert_eq!(found(&table, Method::GET, "/v1/programs/a%2Fb%20c"), ("GetProgram".into(), one("a/b c")));
        for path in ["/v1/programs/", "/v1/programs/%FF", "/v1/nothing", "/v1/programs/7/8", "", "/"] {
            assert!(matches!(table.find(&Method::GET, path), Found::Nothing), "{path}");
        }
        let Found::OtherMethods(methods) = table.find(&Method::DELETE, "/v1/programs/7") else {
            panic!("there")
        };
        assert_eq!(methods, [Method::GET, Method::PATCH]);
    }

    #[test]
    fn routes_that_collide_are_refused() {
        let rpcs = rpcs();
        let mut table = Table::new(&rpcs).expect("the suite's routes");
        let mut route = of(rpcs.iter().find(|rpc| rpc.name.ends_with("/GetMeeting")).expect("declared"))
            .expect("readable")
            .remove(0);
        // The name of the field makes no difference to a request.
        let error = table.add(route.clone()).expect_err("twice");
        assert!(error.to_string().contains("internal"), "{error}");
        let cause = std::error::Error::source(&*error).map(ToString::to_string).unwrap_or_default();
        assert!(cause.contains("GET /v1/meetings/{meeting_id}"), "{cause}");
        route.method = Method::DELETE;
        table.add(route).expect("another method is another route");
    }

    #[test]
    fn fields_are_found_by_both_names() {
        let rpcs = rpcs();
        let input = |name: &str| {
            rpcs.iter().find(|rpc| rpc.name.ends_with(name)).expect("declared").descriptor.input()
        };
        let names = |path: FieldPath| path.iter().map(|field| field.name().to_owned()).collect::<Vec<_>>();
        let set = input("/SetAvailability");
        for dotted in ["availability.person_id", "availability.personId"] {
            assert_eq!(
                field_path(&set, dotted).map(names),
                Some(vec!["availability".into(), "person_id".into()])
            );
        }
        for dotted in ["", "availability.", "request_id.x", "nothing", "availability.windows.day"] {
            assert!(field_path(&set, dotted).is_none(), "{dotted}");
        }
    }
}
