//! BambooHR: `List Employees` and `Get Changed Employee IDs`.
//!
//! After BambooHR's documents (documentation.bamboohr.com, and the API references in its own SDKs, `BambooHR/bhr-api-python`):
//! - "Getting Started With The API": the API key as the user of HTTP Basic, with any password;
//! - "List Employees" (`GET /api/v1/employees`): `fields`, pages by an opaque cursor (`page[limit]` at most 2,500, `page[after]`,
//!   `meta.page.nextCursor`), `filter[ids]`; what the key's user may not read is `null` and named in `_restrictedFields`; fields
//!   that are not known are passed over in silence;
//! - "Get Changed Employee IDs" (`GET /api/v1/employees/changed?since=`): `Inserted`, `Updated` and `Deleted` by id;
//! - "Planned Changes to the API": too many requests are answered by 429 since 16 September 2026 and by 503 before, both with
//!   `Retry-After`.

use super::{
    Reader, below,
    client::{Access, Client, address, source_invalid},
    fault,
    place::Place,
    put,
    session::{Auth, Session},
    today, value,
};
use crate::outgoing::Guard;
use crate::sync::{
    connector::{Ask, Connector, Page},
    employee::Record,
    mapping::{Mapping, means, takes},
    secrets::Secrets,
};
use contracts::mentor::gateway::v1::{BambooHrSettings, FieldMapping};
use jiff::Timestamp;
use kernel::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::time::Instant;

/// Employees of a page, unless the source says otherwise.
const PAGE: i32 = 500;
/// Ids of one request, for addresses of a length that every server takes.
const IDS: usize = 200;
/// What is in each record without being asked for.
const ALWAYS: [&str; 7] =
    ["employeeId", "firstName", "lastName", "preferredName", "photoUrl", "jobTitleName", "status"];
/// The id of the person, by which managers and deletions are told as well.
const ID: &str = "employeeId";

pub(super) struct BambooHr {
    session: Session,
    reader: Reader,
    full_hours: i32,
    page_size: i32,
    /// The changes since a moment, once they were asked for.
    changes: Option<(Timestamp, Vec<Change>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    id: u64,
    deleted: bool,
}

#[derive(Deserialize)]
struct Employees {
    data: Vec<Value>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    total: Option<i64>,
    #[serde(default)]
    page: Cursors,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cursors {
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Changes {
    /// By id; an empty list where there are none.
    employees: Value,
}

fn default_mapping() -> Vec<FieldMapping> {
    vec![
        takes("external_id", &[ID]),
        takes("manager", &["reportsToId"]),
        takes("user_name", &["workEmail"]),
        takes("email", &["workEmail"]),
        takes("display_name", &["displayName"]),
        takes("job_title", &["jobTitleName"]),
        takes("unit", &["departmentName"]),
        takes("division", &["divisionName"]),
        means("active", "status", &[("Active", "true"), ("Inactive", "false")]),
    ]
}

/// Checks what the contract's rules do not.
pub(super) fn check(settings: &BambooHrSettings, guard: &Guard) -> Result<()> {
    address("source.settings.bamboo_hr.url", &settings.url, guard)?;
    for (at, rule) in settings.mapping.iter().enumerate().filter(|(_, rule)| rule.field == "external_id") {
        if rule.columns != [ID] {
            let message = "must be employeeId, by which managers and deletions are told as well";
            return Err(Error::field(format!("source.settings.bamboo_hr.mapping[{at}].columns"), message));
        }
    }
    mapping(settings).map(drop)
}

fn mapping(settings: &BambooHrSettings) -> Result<Mapping> {
    Mapping::new(&settings.mapping, &default_mapping())
        .map_err(|error| below("source.settings.bamboo_hr", error))
}

impl BambooHr {
    pub(super) async fn open(
        settings: &BambooHrSettings,
        secrets: &Secrets,
        access: &Access,
    ) -> Result<Self> {
        check(settings, &access.guard)?;
        let client = Client::new("source.settings.bamboo_hr.url", &settings.url, access)?;
        let key = secrets.read(&settings.api_key_secret).await?;
        // The key is the user; the password may be anything. Both are in one header, which is never printed.
        let user = secrecy::ExposeSecret::expose_secret(&key).to_owned();
        let auth = Auth::Basic { user, password: "x".to_owned().into() };
        Ok(BambooHr {
            session: Session::new(client, auth),
            reader: Reader::new(mapping(settings)?, '.'),
            full_hours: settings.full_hours,
            page_size: if settings.page_size == 0 { PAGE } else { settings.page_size },
            changes: None,
        })
    }

    /// A page of everybody.
    async fn everybody(&self, mut place: Place, now: Timestamp, deadline: Instant) -> Result<Page> {
        let limit = self.page_size.to_string();
        let mut query = vec![("page[limit]", limit.as_str())];
        if !place.next.is_empty() {
            query.push(("page[after]", &place.next));
        }
        let (employees, date) = self.employees(&query, deadline).await?;
        place.answered(date, now);
        let mut page = self.read(&employees.data, now)?;
        page.total = employees.meta.total;
        match employees.meta.page.next_cursor.filter(|cursor| !cursor.is_empty()) {
            None => {
                page.complete = true;
                page.mark = place.mark()?;
            }
            Some(next) if next == place.next => {
                let host = self.session.client().host();
                return Err(source_invalid(format!("{host} gives the same page again and again")));
            }
            Some(next) => page.next = Some(place.cursor(next)?),
        }
        Ok(page)
    }

    /// A page of those who changed, by rising id, so that it goes on behind the last one whatever changed meanwhile.
    async fn changed(
        &mut self,
        since: Timestamp,
        mut place: Place,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Page> {
        if self.changes.as_ref().is_none_or(|(known, _)| *known != since) {
            let client = self.session.client();
            let since_text = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let url = client.url(&["api", "v1", "employees", "changed"], &[("since", &since_text)])?;
            let answer = self.session.get(url, "application/json", deadline).await?;
            place.answered(answer.date, now);
            self.changes = Some((since, changes(&answer.json::<Changes>()?.employees)?));
        }
        let behind: Option<u64> = place.next.parse().ok();
        let all = self.changes.iter().flat_map(|(_, changes)| changes);
        let mut left = all.filter(|change| behind.is_none_or(|id| change.id > id));
        let batch: Vec<&Change> = left.by_ref().take(IDS).collect();
        let more = left.next().is_some();
        let mut page = self.of(&batch, now, deadline).await?;
        match batch.last().filter(|_| more) {
            Some(last) => page.next = Some(place.cursor(last.id.to_string())?),
            None => page.mark = place.mark()?,
        }
        Ok(page)
    }

    /// What became of some.
    async fn of(&self, batch: &[&Change], now: Timestamp, deadline: Instant) -> Result<Page> {
        let (deleted, there): (Vec<&Change>, Vec<&Change>) = batch.iter().partition(|change| change.deleted);
        let mut page = Page::default();
        if !there.is_empty() {
            let ids: Vec<String> = there.iter().map(|change| change.id.to_string()).collect();
            let (limit, list) = (IDS.to_string(), ids.join(","));
            let (employees, _) =
                self.employees(&[("filter[ids]", &list), ("page[limit]", &limit)], deadline).await?;
            page = self.read(&employees.data, now)?;
            let seen: BTreeSet<String> = employees
                .data
                .iter()
                .filter_map(|one| Some(value::text_at(one, ID, '.')?.into_owned()))
                .collect();
            for id in ids.iter().filter(|id| !seen.contains(*id)) {
                let message = "changed, but is not shown to the API key's user".to_owned();
                page.faults.push(fault(id, "", message));
            }
        }
        let gone =
            |change: &&Change| Record { external_id: change.id.to_string(), left: true, ..Record::default() };
        page.records.extend(deleted.iter().map(gone));
        Ok(page)
    }

    async fn employees(
        &self,
        query: &[(&str, &str)],
        deadline: Instant,
    ) -> Result<(Employees, Option<Timestamp>)> {
        let wanted: BTreeSet<&str> =
            self.reader.mapping.columns().filter(|column| !ALWAYS.contains(column)).collect();
        let fields = wanted.into_iter().collect::<Vec<_>>().join(",");
        let mut query = query.to_vec();
        if !fields.is_empty() {
            query.insert(0, ("fields", &fields));
        }
        let url = self.session.client().url(&["api", "v1", "employees"], &query)?;
        let answer = self.session.get(url, "application/json", deadline).await?;
        Ok((answer.json()?, answer.date))
    }

    fn read(&self, people: &[Value], now: Timestamp) -> Result<Page> {
        // A misspelt field is passed over in silence: nobody has it.
        let missing = |column: &&str| people.iter().all(|person| value::member(person, column).is_none());
        if let Some(column) = self.reader.mapping.columns().find(missing).filter(|_| !people.is_empty()) {
            let host = self.session.client().host();
            let message =
                format!("{host} knows no field '{column}', which source.settings.bamboo_hr.mapping names");
            return Err(source_invalid(message));
        }
        let mut page = Page::default();
        for person in people {
            match self.hidden(person) {
                Some(column) => {
                    let id = value::text_at(person, ID, '.').unwrap_or_default();
                    let message = format!("the API key's user may not read '{column}' of this person");
                    page.faults.push(fault(&id, column, message));
                }
                None => put(&mut page, self.reader.read(person, today(now))),
            }
        }
        Ok(page)
    }

    /// A field that we need and may not see.
    fn hidden(&self, person: &Value) -> Option<&str> {
        let restricted: Vec<&str> = value::member(person, "_restrictedFields")?
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        self.reader.mapping.columns().find(|column| restricted.contains(column))
    }
}

/// By rising id, each once.
fn changes(employees: &Value) -> Result<Vec<Change>> {
    let wrong = || source_invalid("BambooHR lists a changed employee whose id is no number");
    let Some(employees) = employees.as_object() else {
        let none = employees.as_array().is_some_and(Vec::is_empty) || employees.is_null();
        return if none { Ok(Vec::new()) } else { Err(wrong()) };
    };
    let change = |(id, change): (&String, &Value)| {
        let deleted = change.get("action").and_then(Value::as_str) == Some("Deleted");
        id.parse().map(|id| Change { id, deleted }).map_err(|_| wrong())
    };
    let mut changes: Vec<Change> = employees.iter().map(change).collect::<Result<_>>()?;
    changes.sort_unstable();
    Ok(changes)
}

#[async_trait::async_trait]
impl Connector for BambooHr {
    async fn page(&mut self, ask: &Ask, cursor: Option<&str>) -> Result<Page> {
        let client = self.session.client();
        let (now, deadline) = (client.clock().now(), client.limits().deadline());
        let place = Place::of(ask, cursor, self.full_hours, now)?;
        match place.since {
            None => self.everybody(place, now, deadline).await,
            Some(since) => self.changed(since, place, now, deadline).await,
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn changes_are_read_as_documented() {
        let answer = json!({
            "10": { "id": "10", "action": "Inserted", "lastChanged": "2011-05-31T22:57:10+00:00" },
            "3": { "id": "3", "action": "Updated", "lastChanged": "2011-06-02T19:26:23+00:00" },
            "5": { "id": "5", "action": "Deleted", "lastChanged": "2011-06-02T19:26:23+00:00" },
        });
        let found = changes(&answer).expect("changes");
        let found: Vec<(u64, bool)> = found.iter().map(|change| (change.id, change.deleted)).collect();
        assert_eq!(found, [(3, false), (5, true), (10, false)]);
        assert_eq!((changes(&json!([])).ok(), changes(&Value::Null).ok()), (Some(vec![]), Some(vec![])));
        assert!(changes(&json!({ "x": {} })).is_err() && changes(&json!([1])).is_err());
    }

    #[test]
    fn the_id_can_t_be_another() {
        let settings = |mapping: Vec<FieldMapping>| BambooHrSettings {
            url: "https://example.bamboohr.com".into(),
            api_key_secret: "key".into(),
            mapping,
            ..BambooHrSettings::default()
        };
        assert!(check(&settings(vec![]), &Guard::new(&[], "x")).is_ok());
        let error = check(&settings(vec![takes("external_id", &["employeeNumber"])]), &Guard::new(&[], "x"))
            .expect_err("refused");
        assert_eq!(error.violations[0].field, "source.settings.bamboo_hr.mapping[0].columns");
    }

    proptest! {
        #[test]
        fn no_list_of_changes_breaks_it(ids in proptest::collection::vec("[0-9]{1,25}|.{0,5}", 0..8)) {
            let map: serde_json::Map<String, Value> = ids.into_iter().map(|id| (id, json!({}))).collect();
            if let Ok(changes) = changes(&Value::Object(map)) {
                prop_assert!(changes.is_sorted());
            }
        }
    }
}
