//! The connectors against stand-ins of their vendors, which behave as documented and break as real servers do.

mod bamboo_hr;
#[path = "../../../../../tests/peers/mod.rs"]
mod peers;
mod personio;
mod success_factors;
mod troubles;
mod workday;

use super::client::{Access, Limits};
use crate::{
    config::Settings,
    outgoing::Guard,
    sync::{
        connector::{Ask, Connector, Page},
        employee::{Fault, Record},
        secrets::Secrets,
    },
};
use jiff::SignedDuration;
use kernel::{ManualClock, Result, TenantId, Uuid};
use std::{sync::Arc, time::Duration};

const TENANT: TenantId = TenantId(Uuid::from_u128(7));

/// Secrets by their names.
fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    let secret = |(name, value): &(&str, &str)| {
        let value = toml::Value::from(*value);
        format!("[sync.secrets.{name}]\ntenant = '{TENANT}'\nvalue = {value}\n")
    };
    let text: String = pairs.iter().map(secret).collect();
    let settings: Settings = toml::from_str(&text).expect("valid settings");
    Secrets::of(Arc::new(settings), TENANT)
}

/// A clock at the machine's time, that stands still.
fn clock() -> Arc<ManualClock> {
    ManualClock::at(kernel::Clock::now(&kernel::SystemClock))
}

/// Access to this machine, for those in a hurry.
fn access(clock: &Arc<ManualClock>) -> Access {
    let limits = Limits {
        attempts: 4,
        first_pause: Duration::from_millis(2),
        longest_pause: Duration::from_millis(20),
        patience: Duration::from_secs(5),
        call: Duration::from_secs(5),
        body: 1 << 20,
    };
    let guard = Guard::new(&[], "sync.allowed_networks").with_this_machine();
    Access { guard, clock: clock.clone(), limits }
}

/// What a run would read.
#[derive(Debug, Default)]
struct Reading {
    records: Vec<Record>,
    faults: Vec<Fault>,
    pages: usize,
    last: Page,
}

impl Reading {
    /// Id, manager and whether they left.
    fn people(&self) -> Vec<(&str, &str, bool)> {
        self.records.iter().map(|one| (one.external_id.as_str(), one.manager.as_str(), one.left)).collect()
    }

    fn of(&self, id: &str) -> &Record {
        self.records.iter().find(|one| one.external_id == id).expect("is among those read")
    }
}

/// Reads all pages since a mark.
async fn read(connector: &mut dyn Connector, since: Option<String>) -> Result<Reading> {
    let ask = Ask { since, page_size: 3 };
    let mut reading = Reading::default();
    let mut cursor = None;
    loop {
        let page = connector.page(&ask, cursor.as_deref()).await?;
        reading.pages += 1;
        assert!(reading.pages < 100, "it comes to an end");
        reading.records.extend(page.records.clone());
        reading.faults.extend(page.faults.clone());
        cursor = page.next.clone();
        reading.last = page;
        if cursor.is_none() {
            return Ok(reading);
        }
        assert!(!reading.last.complete && reading.last.mark.is_none(), "only the last page tells");
    }
}

/// An hour later.
fn later(clock: &ManualClock) {
    clock.advance(SignedDuration::from_hours(1));
}
