//! Workday: a report as JSON or CSV, and tokens for a refresh token.

use super::stand_in::{Reply, Seen, StandIn, json};
use serde_json::{Value, json as object};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const USER: &str = "ISU_Mentor";
pub(crate) const PASSWORD: &str = "workday-password";
pub(crate) const CLIENT: &str = "wd-client";
pub(crate) const SECRET: &str = "wd-client-secret";
pub(crate) const REFRESH: &str = "wd-refresh-token";

#[derive(Clone, Default)]
pub(crate) struct Company {
    pub(crate) workers: Vec<Value>,
    /// Workers of a report with `Changed_Since`.
    pub(crate) changed: Vec<Value>,
    tokens: Vec<String>,
    given: usize,
}

#[derive(Clone)]
pub(crate) struct Workday {
    pub(crate) server: StandIn,
    company: Arc<Mutex<Company>>,
}

/// A row of the report. Workday leaves out what is empty.
pub(crate) fn worker(id: &str, manager: Option<&str>, active: bool) -> Value {
    let mut worker = object!({
        "Employee_ID": id, "User_Name": format!("u{id}"), "Full_Name": format!("Worker {id}"),
        "Email": format!("w{id}@example.org"), "Job_Title": "Engineer", "Department": "R&D", "Company": "Acme, Inc.",
        "Division": "North", "Active": if active { "1" } else { "0" },
    });
    if let Some(manager) = manager {
        worker["Manager_ID"] = manager.into();
    }
    worker
}

impl Workday {
    pub(crate) async fn start(workers: Vec<Value>) -> Workday {
        let company = Arc::new(Mutex::new(Company { workers, ..Company::default() }));
        let shared = company.clone();
        let server = StandIn::start(move |seen: &Seen| {
            answer(seen, &mut shared.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Workday { server: server.await, company }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Company)) {
        change(&mut self.company.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes all tokens back.
    pub(crate) fn expire(&self) {
        self.change(|company| company.tokens.clear());
    }

    pub(crate) fn report(&self, format: &str) -> String {
        format!("{}/ccx/service/customreport2/acme/{USER}/People?format={format}", self.server.url)
    }

    pub(crate) fn token_url(&self) -> String {
        format!("{}/ccx/oauth2/acme/token", self.server.url)
    }
}

fn answer(seen: &Seen, company: &mut Company) -> Reply {
    match seen.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ccx", "oauth2", "acme", "token"] => token(seen, company),
        ["ccx", "service", "customreport2", "acme", USER, "People"] => {
            let bearer = seen.authorization.strip_prefix("Bearer ").unwrap_or_default();
            if seen.is_basic(USER, PASSWORD) || company.tokens.iter().any(|token| token == bearer) {
                report(seen, company)
            } else {
                json(401, &object!({ "error": "invalid username or password" }))
            }
        }
        _ => json(404, &object!({})),
    }
}

fn token(seen: &Seen, company: &mut Company) -> Reply {
    let expected = [
        ("grant_type", "refresh_token"),
        ("refresh_token", REFRESH),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
    ];
    if expected.iter().any(|(name, value)| seen.form.get(*name).map(String::as_str) != Some(*value)) {
        return json(400, &object!({ "error": "invalid_grant" }));
    }
    company.given += 1;
    let token = format!("wd-token-{}", company.given);
    company.tokens.push(token.clone());
    json(200, &object!({ "access_token": token, "token_type": "Bearer", "refresh_token": REFRESH }))
}

fn report(seen: &Seen, company: &Company) -> Reply {
    let since = seen.parameter("Changed_Since");
    let rows = if since.is_empty() { &company.workers } else { &company.changed };
    match seen.parameter("format") {
        "json" => json(200, &object!({ "Report_Entry": rows })),
        "csv" => (200, "text/csv", table(rows)),
        _ => json(400, &object!({ "error": "unknown format" })),
    }
}

fn table(rows: &[Value]) -> String {
    let columns = [
        "Employee_ID",
        "Manager_ID",
        "User_Name",
        "Full_Name",
        "Email",
        "Job_Title",
        "Department",
        "Company",
        "Division",
        "Active",
    ];
    let mut table = format!("{}\n", columns.join(","));
    for row in rows {
        let cell =
            |column: &&str| format!("\"{}\"", row[*column].as_str().unwrap_or_default().replace('"', "\"\""));
        table.push_str(&columns.iter().map(cell).collect::<Vec<_>>().join(","));
        table.push('\n');
    }
    table
}
