//! Personio's API v2: tokens, persons with cursors, employments, org units.

use super::stand_in::{Reply, Seen, StandIn, json};
use serde_json::{Value, json as object};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const CLIENT: &str = "papi-0001";
pub(crate) const SECRET: &str = "papi-secret-0123456789";

#[derive(Clone, Default)]
pub(crate) struct Company {
    pub(crate) persons: Vec<Value>,
    pub(crate) employments: Vec<Value>,
    /// Type, id and name.
    pub(crate) units: Vec<(&'static str, &'static str, &'static str)>,
    /// The tokens that are good.
    tokens: Vec<String>,
    given: usize,
}

#[derive(Clone)]
pub(crate) struct Personio {
    pub(crate) server: StandIn,
    company: Arc<Mutex<Company>>,
}

/// A person with an employment.
pub(crate) fn person(id: u64, supervisor: Option<u64>, status: &str) -> (Value, Value) {
    let person = object!({
        "id": id.to_string(), "email": format!("p{id}@example.org"), "first_name": format!("First{id}"),
        "last_name": "Last", "status": status, "created_at": "2017-07-21T17:32:28Z",
        "updated_at": "2017-07-21T17:32:28Z", "employments": [{ "id": format!("e{id}") }],
        "custom_attributes": [{ "id": "dynamic_305", "type": "STRING", "value": "Red", "global_id": "color" }],
    });
    let employment = object!({
        "id": format!("e{id}"), "status": status, "weekly_working_hours": 20, "full_time_weekly_working_hours": 40,
        "position": { "title": "Engineer" }, "supervisor": supervisor.map(|id| object!({ "id": id.to_string() })),
        "org_units": [{ "type": "team", "id": "4502" }, { "type": "department", "id": "401" }],
        "legal_entity": { "id": "170" }, "person": { "id": id.to_string() },
    });
    (person, employment)
}

impl Personio {
    pub(crate) async fn start(people: Vec<(Value, Value)>) -> Personio {
        let (persons, employments) = people.into_iter().unzip();
        let units = vec![("department", "401", "R&D"), ("team", "4502", "Blue")];
        let company = Company { persons, employments, units, ..Company::default() };
        let company = Arc::new(Mutex::new(company));
        let shared = company.clone();
        let server = StandIn::start(move |seen: &Seen| {
            answer(seen, &mut shared.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Personio { server: server.await, company }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Company)) {
        change(&mut self.company.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes all tokens back.
    pub(crate) fn expire(&self) {
        self.change(|company| company.tokens.clear());
    }

    /// How many tokens were given.
    pub(crate) fn tokens(&self) -> usize {
        self.company.lock().unwrap_or_else(PoisonError::into_inner).given
    }
}

fn problem(status: u16, title: &str, detail: &str) -> Reply {
    let errors = object!([{ "title": title, "detail": detail }]);
    let body = object!({ "personio_trace_id": "a", "timestamp": "2021-05-28T11:17:30Z", "errors": errors });
    (status, "application/problem+json", body.to_string())
}

fn answer(seen: &Seen, company: &mut Company) -> Reply {
    let path: Vec<&str> = seen.path.iter().map(String::as_str).collect();
    if path == ["v2", "auth", "token"] {
        return token(seen, company);
    }
    let bearer = seen.authorization.strip_prefix("Bearer ").unwrap_or_default();
    if !company.tokens.iter().any(|token| token == bearer) {
        return problem(401, "Unauthorized", "The token is not valid");
    }
    match path[..] {
        ["v2", "persons"] => persons(seen, company),
        ["v2", "persons", id, "employments"] => {
            let of = |employment: &&Value| employment["person"]["id"] == id;
            let data: Vec<&Value> = company.employments.iter().filter(of).collect();
            match data.is_empty() {
                true => problem(404, "Resource not found", "There is no resource for the specified id."),
                false => json(200, &object!({ "_data": data, "_meta": { "links": {} } })),
            }
        }
        ["v2", "org-units", id] => {
            let kind = seen.parameter("type");
            match company.units.iter().find(|(known, unit, _)| *known == kind && *unit == id) {
                Some((_, _, name)) => json(200, &object!({ "id": id, "type": kind, "name": name })),
                None => problem(404, "Resource not found", "There is no resource for the specified id."),
            }
        }
        _ => problem(404, "Resource not found", "There is no such endpoint."),
    }
}

fn token(seen: &Seen, company: &mut Company) -> Reply {
    let field = |name: &str| seen.form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials"
        || field("client_id") != CLIENT
        || field("client_secret") != SECRET
    {
        // A careless server repeats what it was sent.
        let said = format!("The credentials were not correct: {}", field("client_secret"));
        return json(400, &object!({ "error": "unauthorized_client", "error_description": said }));
    }
    company.given += 1;
    let token = format!("papi-token-{}", company.given);
    company.tokens.push(token.clone());
    let scope = "personio:persons:read";
    json(
        200,
        &object!({ "access_token": token, "expires_in": 86400, "token_type": "Bearer", "scope": scope }),
    )
}

fn persons(seen: &Seen, company: &Company) -> Reply {
    let limit: usize = seen.parameter("limit").parse().unwrap_or(10);
    if !(1..=50).contains(&limit) {
        return problem(400, "Bad request", "Provided request parameters are invalid.");
    }
    let since = seen.parameter("updated_at.gt");
    let fits =
        |person: &&Value| since.is_empty() || person["updated_at"].as_str().is_some_and(|at| at > since);
    let all: Vec<&Value> = company.persons.iter().filter(fits).collect();
    let start: usize =
        seen.parameter("cursor").strip_prefix("cur_").and_then(|at| at.parse().ok()).unwrap_or(0);
    let page: Vec<&Value> = all.iter().skip(start).take(limit).copied().collect();
    let end = start + page.len();
    let mut links = object!({ "self": { "href": "https://api.personio.de/v2/persons" } });
    if end < all.len() {
        // Relative to wherever it was asked, without the filters, as in the documents' examples.
        links["next"] = object!({ "href": format!("/v2/persons?cursor=cur_{end}") });
    }
    json(200, &object!({ "_data": page, "_meta": { "links": links } }))
}
