//! People from the APIs of HR systems. One client that waits, repeats and bounds; who we are to a source; one file for each
//! vendor. What is pure (mapping, values, places, errors) is tested beside the code; each connector meets a stand-in of its
//! vendor in `tests`, and runs from end to end in `tests/it/hris_*.rs`.

mod bamboo_hr;
mod client;
mod personio;
mod place;
mod said;
mod saml;
mod session;
mod success_factors;
#[cfg(test)]
mod tests;
mod value;
mod workday;

use super::Means;
use crate::sync::{
    connector::{Connector, Page},
    employee::{Fault, Record},
    mapping::Mapping,
};
use client::{Access, Limits};
use contracts::mentor::gateway::v1::source_settings::Kind;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kernel::{Error, Result};
use serde_json::Value;
use std::borrow::Cow;

/// Checks the settings of a source that is an API; others pass.
///
/// # Errors
/// `FIELD_INVALID` with the path of the field below `source.settings`.
pub(crate) fn check(kind: &Kind, means: &Means) -> Result<()> {
    let guard = &means.settings.sync.guard();
    let (name, secrets) = match kind {
        Kind::SuccessFactors(settings) => {
            success_factors::check(settings, guard)?;
            let key = ("private_key_secret", &settings.private_key_secret);
            ("success_factors", vec![("password_secret", &settings.password_secret), key])
        }
        Kind::BambooHr(settings) => {
            bamboo_hr::check(settings, guard)?;
            ("bamboo_hr", vec![("api_key_secret", &settings.api_key_secret)])
        }
        Kind::Personio(settings) => {
            personio::check(settings, guard)?;
            ("personio", vec![("client_secret", &settings.client_secret)])
        }
        Kind::Workday(settings) => {
            workday::check(settings, guard)?;
            let refresh = ("refresh_token_secret", &settings.refresh_token_secret);
            let client = ("client_secret", &settings.client_secret);
            ("workday", vec![("password_secret", &settings.password_secret), client, refresh])
        }
        _ => return Ok(()),
    };
    let missing = |(_, secret): &&(&str, &String)| !secret.is_empty() && !means.secrets.has(secret);
    match secrets.iter().find(missing) {
        None => Ok(()),
        Some((field, _)) => {
            let what = "names no secret of this tenant; see the setting services.gateway.sync.secrets";
            Err(Error::field(format!("source.settings.{name}.{field}"), what))
        }
    }
}

/// Opens a source that is an API; `None` for others.
///
/// # Errors
/// `SOURCE_REFUSED` when a secret is missing or is not what it should be.
pub(crate) async fn open(kind: &Kind, means: &Means) -> Result<Option<Box<dyn Connector>>> {
    let access =
        Access { guard: means.settings.sync.guard(), clock: means.clock.clone(), limits: Limits::DEFAULT };
    let secrets = &means.secrets;
    Ok(Some(match kind {
        Kind::SuccessFactors(settings) => {
            Box::new(success_factors::SuccessFactors::open(settings, secrets, &access).await?)
        }
        Kind::BambooHr(settings) => Box::new(bamboo_hr::BambooHr::open(settings, secrets, &access).await?),
        Kind::Personio(settings) => Box::new(personio::Personio::open(settings, secrets, &access).await?),
        Kind::Workday(settings) => {
            let access = Access { limits: workday::LIMITS, ..access };
            Box::new(workday::Workday::open(settings, secrets, &access).await?)
        }
        _ => return Ok(None),
    }))
}

/// Makes records of JSON objects.
struct Reader {
    mapping: Mapping,
    /// Between the steps of a path into an object.
    separator: char,
}

impl Reader {
    fn new(mapping: Mapping, separator: char) -> Self {
        Reader { mapping, separator }
    }

    /// A record, or what is wrong with the object.
    fn read(&self, person: &Value, today: Date) -> Result<Record, Box<Fault>> {
        self.read_by(|column| value::text_at(person, column, self.separator), today)
    }

    fn read_by<'v>(
        &self,
        value_of: impl Fn(&str) -> Option<Cow<'v, str>>,
        today: Date,
    ) -> Result<Record, Box<Fault>> {
        self.mapping.record(value_of, today)
    }

    /// Records and faults of objects.
    fn page(&self, people: &[Value], now: Timestamp) -> Page {
        let mut page = Page::default();
        for person in people {
            put(&mut page, self.read(person, today(now)));
        }
        page
    }
}

fn put(page: &mut Page, read: Result<Record, Box<Fault>>) {
    match read {
        Ok(record) => page.records.push(record),
        Err(fault) => page.faults.push(*fault),
    }
}

/// The day by which contracts end, in UTC.
fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// The same error for a message that contains the one which was checked.
fn below(place: &str, mut error: Box<Error>) -> Box<Error> {
    for violation in &mut error.violations {
        violation.field = format!("{place}.{}", violation.field);
    }
    if let Some(first) = error.violations.first() {
        error.message = format!("{}: {}", first.field, first.description).into();
    }
    error
}

/// A fault of one person that leaves them out.
fn fault(external_id: &str, field: &str, message: String) -> Fault {
    let (external_id, field) = (crate::sync::employee::shown(external_id), field.to_owned());
    Fault { external_id, field, message, rejected: true, ..Fault::default() }
}
