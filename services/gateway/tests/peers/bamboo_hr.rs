//! BambooHR: `List Employees` with cursors, fields and ids, and `Get Changed Employee IDs`.

use super::stand_in::{Reply, Seen, StandIn, json};
use serde_json::{Map, Value, json as object};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const KEY: &str = "bamboo-key-0123456789";

/// The employees by id, with all their fields; and ids that were deleted.
#[derive(Clone, Default)]
pub(crate) struct Company {
    pub(crate) employees: Vec<Value>,
    /// Id and action of those who changed lately.
    pub(crate) changed: Vec<(u64, &'static str)>,
    /// What the key's user may not read, by the employee's id.
    pub(crate) hidden: Vec<(&'static str, &'static str)>,
}

#[derive(Clone)]
pub(crate) struct BambooHr {
    pub(crate) server: StandIn,
    company: Arc<Mutex<Company>>,
}

/// An employee.
pub(crate) fn employee(id: u64, manager: Option<u64>, status: &str) -> Value {
    object!({
        "employeeId": id.to_string(), "firstName": format!("First{id}"), "lastName": "Last",
        "displayName": format!("First{id} Last"), "preferredName": null, "jobTitleName": "Engineer",
        "status": status, "photoUrl": "https://images.example.org/x", "departmentName": "R&D",
        "divisionName": "North", "workEmail": format!("e{id}@example.org"),
        "reportsToId": manager.map(|id| id.to_string()), "employmentType": "Full-Time",
    })
}

impl BambooHr {
    pub(crate) async fn start(company: Company) -> BambooHr {
        let company = Arc::new(Mutex::new(company));
        let shared = company.clone();
        let server = StandIn::start(move |seen: &Seen| {
            answer(seen, &shared.lock().unwrap_or_else(PoisonError::into_inner))
        });
        BambooHr { server: server.await, company }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Company)) {
        change(&mut self.company.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn answer(seen: &Seen, company: &Company) -> Reply {
    if !seen.is_basic(KEY, "x") {
        return json(401, &object!({}));
    }
    match seen.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["api", "v1", "employees"] => list(seen, company),
        ["api", "v1", "employees", "changed"] => changed(seen, company),
        _ => json(404, &object!({})),
    }
}

fn list(seen: &Seen, company: &Company) -> Reply {
    let id =
        |employee: &Value| employee["employeeId"].as_str().and_then(|id| id.parse::<i64>().ok()).unwrap_or(0);
    let mut matching: Vec<&Value> = company.employees.iter().collect();
    if let Some(ids) = seen.query.get("filter[ids]") {
        matching.retain(|employee| ids.split(',').any(|wanted| wanted == id(employee).to_string()));
    }
    let limit = seen.parameter("page[limit]").parse().unwrap_or(250_usize);
    if limit == 0 || limit > 2500 {
        return json(400, &object!({ "title": "Bad Request", "detail": "page[limit] is out of range" }));
    }
    let total = matching.len();
    let after =
        seen.parameter("page[after]").strip_prefix("cur_").and_then(|id| id.parse().ok()).unwrap_or(-1_i64);
    let rest: Vec<&Value> = matching.into_iter().filter(|employee| id(employee) > after).collect();
    let page: Vec<Value> = rest.iter().take(limit).map(|employee| shown(employee, seen, company)).collect();
    let last = rest.iter().take(limit).next_back().map(|last| id(last));
    let next = last.filter(|_| rest.len() > limit).map(|last| format!("cur_{last}"));
    let page_of = object!({ "nextCursor": next, "prevCursor": null });
    json(
        200,
        &object!({ "data": page, "meta": { "total": total, "page": page_of }, "_links": { "self": "…" } }),
    )
}

/// The fields always given and those asked for, as far as they are known; what is hidden is null, and named.
fn shown(employee: &Value, seen: &Seen, company: &Company) -> Value {
    let always =
        ["employeeId", "firstName", "lastName", "preferredName", "photoUrl", "jobTitleName", "status"];
    let asked = seen.parameter("fields").split(',');
    let mut one = Map::new();
    let mut hidden = Vec::new();
    for name in always.into_iter().chain(asked) {
        let Some(value) = employee.get(name) else { continue };
        let is_hidden =
            company.hidden.iter().any(|(id, field)| employee["employeeId"] == *id && *field == name);
        if is_hidden {
            hidden.push(name);
        }
        one.insert(name.to_owned(), if is_hidden { Value::Null } else { value.clone() });
    }
    one.insert("_restrictedFields".into(), object!(hidden));
    Value::Object(one)
}

fn changed(seen: &Seen, company: &Company) -> Reply {
    if seen.parameter("since").parse::<jiff::Timestamp>().is_err() {
        return json(400, &object!({}));
    }
    let entry = |(id, action): &(u64, &str)| {
        let change =
            object!({ "id": id.to_string(), "action": action, "lastChanged": "2026-01-01T00:00:00+00:00" });
        (id.to_string(), change)
    };
    let employees: Map<String, Value> = company.changed.iter().map(entry).collect();
    // Without a change the list is one, not a map: the API is written in PHP.
    let employees = if employees.is_empty() { object!([]) } else { Value::Object(employees) };
    json(200, &object!({ "latest": "2026-01-01T00:00:00+00:00", "employees": employees }))
}
