//! Who one can be in a suite for development: one token for each persona.

use super::organisation::{ADMIN, AUDITOR, LINE_MANAGER, MANAGER, MENTEE, MENTOR};
use anyhow::{Context, Result};
use contracts::mentor::enrollment::v1::Person;
use grpc::{DevIssuer, NewToken};
use kernel::{Role, TenantId, Uuid};
use serde::Serialize;
use std::{collections::HashMap, time::Duration};

/// Long enough to forget about; the issuer's key lives no longer than the process anyway.
const TOKEN_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Signs tokens.
pub(super) struct Tokens {
    issuer: DevIssuer,
    tenant: TenantId,
}

impl Tokens {
    pub(super) fn new(issuer: DevIssuer, tenant: TenantId) -> Self {
        Tokens { issuer, tenant }
    }

    pub(super) fn token(&self, subject: &str, role: Role, person: Option<Uuid>) -> Result<String> {
        let new = NewToken { tenant: self.tenant, subject, roles: &[role], person, ttl: TOKEN_LIFE };
        self.issuer.token(&new).map_err(crate::advice::explain)
    }
}

/// Somebody to be.
#[derive(Debug, Serialize)]
pub(super) struct Persona {
    /// `admin`, `manager`, …
    pub(super) persona: &'static str,
    /// Who it is.
    pub(super) name: String,
    /// What one does as this persona.
    pub(super) does: &'static str,
    pub(super) role: &'static str,
    /// The person of the directory; none for a machine.
    pub(super) person_id: Option<Uuid>,
    pub(super) token: String,
}

/// Persona, person, role, what it does.
const PERSONAS: [(&str, Option<&str>, Role, &str); 7] = [
    ("admin", Some(ADMIN), Role::HrAdmin, "connects the HRIS, imports people, reads the audit trail"),
    ("manager", Some(MANAGER), Role::ProgramManager, "owns the program: vets, matches, follows, reports"),
    (
        "mentor",
        Some(MENTOR),
        Role::Employee,
        "applies as a mentor, accepts a match, meets, answers check-ins",
    ),
    (
        "mentee",
        Some(MENTEE),
        Role::Employee,
        "applies as a mentee, accepts a match, meets, answers check-ins",
    ),
    ("line_manager", Some(LINE_MANAGER), Role::Employee, "endorses what the mentee applies for"),
    ("auditor", Some(AUDITOR), Role::Auditor, "reads what is not confidential, and the audit trail"),
    ("hr_client", None, Role::HrClient, "a machine: the HR platform, which sends people and reads reports"),
];

/// A token for each, bound to the person of the directory.
pub(super) fn all(tokens: &Tokens, people: &HashMap<String, Person>) -> Result<Vec<Persona>> {
    PERSONAS
        .into_iter()
        .map(|(persona, id, role, does)| one(tokens, people, persona, id, role, does))
        .collect()
}

fn one(
    tokens: &Tokens,
    people: &HashMap<String, Person>,
    persona: &'static str,
    id: Option<&str>,
    role: Role,
    does: &'static str,
) -> Result<Persona> {
    let person = id
        .map(|id| {
            people.get(id).with_context(|| {
                format!("{id} of the development organisation is gone; begin anew with another --data")
            })
        })
        .transpose()?;
    let person_id = person.map(|person| Uuid::try_parse(&person.person_id)).transpose()?;
    let name = person.map_or_else(
        || "HR platform".to_owned(),
        |person| format!("{}, {}", person.display_name, person.job_title),
    );
    let token = tokens.token(id.unwrap_or("hr-platform"), role, person_id)?;
    Ok(Persona { persona, name, does, role: role.name(), person_id, token })
}
