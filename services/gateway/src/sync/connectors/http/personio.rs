//! Personio: persons and their employments by its API v2, the current one (generally available; v1's `employees` is the older
//! one, whose attributes come by offset).
//!
//! After Personio's OpenAPI documents (developer.personio.de):
//! - "Authentication" 2.0.0: `POST /v2/auth/token` with the grant `client_credentials`, `expires_in` a day;
//! - "Person" 2.0.0: `GET /v2/persons`, `limit` 1..50, `cursor`, `updated_at.gt`; `_data`, `_meta.links.next.href`; the status
//!   derived from the latest employment; errors as `application/problem+json` with `errors[].title` and `detail`;
//! - "Employment" 2.0.0: `GET /v2/persons/{id}/employments`, the latest first; supervisor, org units and legal entity by id only;
//! - "Retrieves an Org Unit": `GET /v2/org-units/{id}?type=`, with its name.
//!
//! The documents do not say that a change of an employment changes its person's `updated_at`. So a run for changes may miss
//! a new supervisor; the next reading of everybody does not.

use super::{
    Reader, below,
    client::{Access, Client, address, source_invalid},
    fault,
    place::Place,
    put,
    session::{Auth, Grant, Session},
    today, value,
};
use crate::outgoing::Guard;
use crate::sync::{
    connector::{Ask, Connector, Page},
    employee::Fault,
    mapping::{Mapping, means, takes},
    secrets::Secrets,
};
use contracts::mentor::gateway::v1::{FieldMapping, PersonioSettings};
use futures::stream::{self, StreamExt, TryStreamExt};
use kernel::{Error, Result};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};
use tokio::time::Instant;

const URL: &str = "https://api.personio.de";
/// The most persons of a page.
const PAGE: &str = "50";
/// Employments that are asked for at once.
const AT_ONCE: usize = 4;
/// Names of org units that one run keeps.
const UNITS: usize = 10_000;
/// The types of org units, which are columns as well.
const TYPES: [&str; 2] = ["department", "team"];

pub(super) struct Personio {
    session: Session,
    reader: Reader,
    full_hours: i32,
    /// Names of org units by type and id; none for those that can't be read.
    units: HashMap<(&'static str, String), Option<String>>,
}

/// A list of anything.
#[derive(Deserialize)]
struct List {
    #[serde(rename = "_data")]
    data: Vec<Value>,
    #[serde(rename = "_meta", default)]
    meta: Value,
}

/// A person with the latest employment.
struct Employee {
    person: Value,
    employment: Value,
}

fn default_mapping() -> Vec<FieldMapping> {
    let statuses = [("ACTIVE", "true"), ("LEAVE", "true"), ("ONBOARDING", "true"), ("INACTIVE", "false")];
    vec![
        takes("external_id", &["id"]),
        takes("manager", &["supervisor.id"]),
        takes("user_name", &["email"]),
        takes("email", &["email"]),
        takes("display_name", &["preferred_name"]),
        takes("display_name", &["first_name", "last_name"]),
        takes("job_title", &["position.title"]),
        takes("unit", &["department"]),
        takes("fte", &["share"]),
        means("active", "status", &statuses),
    ]
}

/// Checks what the contract's rules do not.
pub(super) fn check(settings: &PersonioSettings, guard: &Guard) -> Result<()> {
    address("source.settings.personio.url", url(settings), guard)?;
    for (at, rule) in settings.mapping.iter().enumerate().filter(|(_, rule)| rule.field == "external_id") {
        if rule.columns != ["id"] {
            let message = "must be id, by which supervisors are told as well";
            return Err(Error::field(format!("source.settings.personio.mapping[{at}].columns"), message));
        }
    }
    mapping(settings).map(drop)
}

fn url(settings: &PersonioSettings) -> &str {
    if settings.url.is_empty() { URL } else { &settings.url }
}

fn mapping(settings: &PersonioSettings) -> Result<Mapping> {
    Mapping::new(&settings.mapping, &default_mapping())
        .map_err(|error| below("source.settings.personio", error))
}

impl Personio {
    pub(super) async fn open(
        settings: &PersonioSettings,
        secrets: &Secrets,
        access: &Access,
    ) -> Result<Self> {
        check(settings, &access.guard)?;
        let client = Client::new("source.settings.personio.url", url(settings), access)?;
        let client_secret = secrets.read(&settings.client_secret).await?;
        let grant = Grant::ClientCredentials { client_id: settings.client_id.clone(), client_secret };
        let auth = Auth::OAuth { token_url: client.url(&["v2", "auth", "token"], &[])?, grant };
        Ok(Personio {
            session: Session::new(client, auth),
            reader: Reader::new(mapping(settings)?, '.'),
            full_hours: settings.full_hours,
            units: HashMap::new(),
        })
    }

    /// The latest employment; `Null` of who has none, or was erased meanwhile.
    async fn employment(&self, person: &Value, deadline: Instant) -> Result<Value> {
        // Nothing else counts of who has left.
        let id = value::text_at(person, "id", '.').unwrap_or_default();
        if id.is_empty() || person.get("status").and_then(Value::as_str) == Some("INACTIVE") {
            return Ok(Value::Null);
        }
        let url = self.session.client().url(&["v2", "persons", &id, "employments"], &[("limit", "1")])?;
        let answer = self.session.get(url, "application/json", deadline).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Value::Null);
        }
        Ok(answer.json::<List>()?.data.into_iter().next().unwrap_or_default())
    }

    /// Reads the names of org units that the mapping wants and that are not known yet.
    async fn name_units(&mut self, people: &[Employee], deadline: Instant) -> Result<Vec<Fault>> {
        let wanted: BTreeSet<(&'static str, String)> = TYPES
            .into_iter()
            .filter(|kind| self.reader.mapping.columns().any(|column| column == *kind))
            .flat_map(|kind| people.iter().filter_map(move |one| Some((kind, one.unit(kind)?.to_string()))))
            .filter(|unit| !self.units.contains_key(unit))
            .collect();
        if self.units.len() + wanted.len() > UNITS {
            self.units.clear();
        }
        let mut faults = Vec::new();
        for (kind, id) in wanted {
            let url = self.session.client().url(&["v2", "org-units", &id], &[("type", kind)])?;
            let answer = self.session.get(url, "application/json", deadline).await?;
            let name = if answer.status == StatusCode::NOT_FOUND {
                let message = format!("the {kind} {id} can't be read; its people come without it");
                faults.push(Fault { rejected: false, ..fault("", "unit", message) });
                None
            } else {
                let unit: Value = answer.json()?;
                value::text_at(&unit, "name", '.').map(Cow::into_owned)
            };
            self.units.insert((kind, id), name);
        }
        Ok(faults)
    }

    fn value_of<'e>(&'e self, one: &'e Employee, column: &str) -> Option<Cow<'e, str>> {
        if let Some(&kind) = TYPES.iter().find(|kind| **kind == column) {
            let id = one.unit(kind)?.to_string();
            return self.units.get(&(kind, id))?.as_deref().map(Cow::Borrowed);
        }
        if column == "share" {
            return one.share().map(|share| Cow::Owned(format!("{share:.2}")));
        }
        // What both have, such as the status, is the person's unless the column says otherwise.
        if let Some(column) = column.strip_prefix("employment.") {
            return value::text_at(&one.employment, column, '.');
        }
        value::text_at(&one.person, column, '.')
            .or_else(|| one.custom(column))
            .or_else(|| value::text_at(&one.employment, column, '.'))
    }
}

impl Employee {
    /// The id of the org unit of a type.
    fn unit(&self, kind: &str) -> Option<Cow<'_, str>> {
        let units = self.employment.get("org_units")?.as_array()?;
        let unit = units.iter().find(|unit| {
            unit.get("type").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(kind))
        })?;
        value::text_at(unit, "id", '.')
    }

    /// A custom attribute by its id or its global id.
    fn custom(&self, name: &str) -> Option<Cow<'_, str>> {
        let attributes = self.person.get("custom_attributes")?.as_array()?;
        let named = |attribute: &&Value| {
            ["id", "global_id"].iter().any(|key| attribute.get(key).and_then(Value::as_str) == Some(name))
        };
        attributes.iter().find(named).and_then(|attribute| value::text(attribute.get("value")?))
    }

    /// The weekly hours of those of a full-time post.
    fn share(&self) -> Option<f64> {
        let hours = self.employment.get("weekly_working_hours")?.as_f64()?;
        let whole = self.employment.get("full_time_weekly_working_hours")?.as_f64()?;
        (whole > 0.0 && hours >= 0.0).then(|| hours / whole)
    }
}

/// The cursor in the link to the next page.
fn next(list: &List, client: &Client) -> Result<Option<String>> {
    let Some(link) = list.meta.pointer("/links/next/href").and_then(Value::as_str) else { return Ok(None) };
    // The documents' own links leave filters out: only the cursor is taken.
    let link = client.follow(link)?;
    let cursor = link.query_pairs().find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned());
    cursor.map(Some).ok_or_else(|| source_invalid("Personio gives a link to its next page without a cursor"))
}

#[async_trait::async_trait]
impl Connector for Personio {
    async fn page(&mut self, ask: &Ask, cursor: Option<&str>) -> Result<Page> {
        let client = self.session.client();
        let (now, deadline) = (client.clock().now(), client.limits().deadline());
        let mut place = Place::of(ask, cursor, self.full_hours, now)?;
        let since = place.since.map(|since| since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let mut query = vec![("limit", PAGE)];
        query.extend(since.as_deref().map(|since| ("updated_at.gt", since)));
        query.extend(Some(("cursor", place.next.as_str())).filter(|(_, cursor)| !cursor.is_empty()));
        let url = client.url(&["v2", "persons"], &query)?;
        let answer = self.session.get(url, "application/json", deadline).await?;
        place.answered(answer.date, now);
        let list: List = answer.json()?;
        let next = next(&list, client)?;
        if next.as_ref().is_some_and(|next| *next == place.next) {
            return Err(source_invalid(format!("{} gives the same page again and again", client.host())));
        }
        let one = async |person: Value| {
            let employment = self.employment(&person, deadline).await?;
            Ok::<_, Box<Error>>(Employee { person, employment })
        };
        let people: Vec<Employee> = stream::iter(list.data).map(one).buffered(AT_ONCE).try_collect().await?;
        let faults = self.name_units(&people, deadline).await?;
        let mut page = Page { faults, ..Page::default() };
        for one in &people {
            put(&mut page, self.reader.read_by(|column| self.value_of(one, column), today(now)));
        }
        match next {
            Some(next) => page.next = Some(place.cursor(next)?),
            None => {
                page.complete = place.complete();
                page.mark = place.mark()?;
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    /// The examples of "Person" and "Employment" 2.0.0.
    fn example() -> Employee {
        let person = json!({
            "id": "5005", "email": "jen.doe@personio.de", "first_name": "Jen", "last_name": "Doe",
            "status": "ACTIVE",
            "custom_attributes": [{ "id": "dynamic_305", "type": "string", "value": "Red", "global_id": "color" }],
        });
        let employment = json!({
            "status": "LEAVE", "weekly_working_hours": 20, "full_time_weekly_working_hours": 40,
            "position": { "title": "Software Engineer" }, "supervisor": { "id": "3003" },
            "org_units": [{ "type": "team", "id": "4502" }, { "type": "department", "id": "401" }],
        });
        Employee { person, employment }
    }

    #[test]
    fn parts_of_an_employee_are_found() {
        let one = example();
        assert_eq!(one.unit("department").as_deref(), Some("401"));
        assert_eq!(one.unit("division"), None);
        assert_eq!(
            (one.custom("color").as_deref(), one.custom("dynamic_305").as_deref()),
            (Some("Red"), Some("Red"))
        );
        assert_eq!(one.share(), Some(0.5));
        let nobody = Employee { person: Value::Null, employment: Value::Null };
        assert_eq!((nobody.unit("team"), nobody.custom("x"), nobody.share()), (None, None, None));
    }

    #[test]
    fn the_cursor_is_taken_from_the_link() {
        let access = Access {
            guard: Guard::new(&[], "sync.allowed_networks"),
            clock: std::sync::Arc::new(kernel::SystemClock),
            limits: super::super::Limits::DEFAULT,
        };
        let client = Client::new("url", URL, &access).expect("a client");
        let list = |meta: Value| List { data: vec![], meta };
        let link = |href: &str| next(&list(json!({ "links": { "next": { "href": href } } })), &client);
        assert_eq!(
            link("https://api.personio.de/v2/persons?cursor=cur_8").expect("fine").as_deref(),
            Some("cur_8")
        );
        assert!(link("https://evil.example.org/v2/persons?cursor=cur_8").is_err());
        assert!(link("https://api.personio.de/v2/persons").is_err());
        assert_eq!(next(&list(Value::Null), &client).expect("fine"), None);
    }
}
