//! Domain: a webhook and its secrets. Pure.

use crate::rotation::{self, Secret};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};

/// The most secrets that sign at once.
const MAX_SECRETS: usize = 5;
/// Stands for every event type, also those to come.
pub(crate) const EVERY: &str = "*";
/// The most webhooks of a tenant: each event is kept for each that wants it.
pub(crate) const MAX_WEBHOOKS: i64 = 100;

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) disabled_reason: String,
    pub(crate) failures: i32,
    pub(crate) paused_until: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) version: i64,
    /// Those that sign now, the newest first.
    pub(crate) secrets: Vec<Secret>,
}

/// What people change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    /// Checked before.
    pub(crate) url: Option<String>,
    pub(crate) event_types: Option<Vec<String>>,
}

impl Webhook {
    /// A new one, enabled, without a secret yet.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a name that shows nothing and for types that are not known.
    pub(crate) fn new(
        id: Uuid,
        name: &str,
        url: String,
        event_types: Vec<String>,
        known: &[&str],
        now: Timestamp,
    ) -> Result<Webhook> {
        Ok(Webhook {
            id,
            name: shown(name)?,
            url,
            event_types: types(event_types, known)?,
            enabled: true,
            disabled_reason: String::new(),
            failures: 0,
            paused_until: None,
            created_at: now,
            version: 1,
            secrets: Vec::new(),
        })
    }

    /// Changes it. Whether anything is different.
    ///
    /// # Errors
    /// As [`Webhook::new`].
    pub(crate) fn update(&mut self, change: Change, known: &[&str]) -> Result<bool> {
        let before = self.clone();
        if let Some(name) = change.name {
            self.name = shown(&name)?;
        }
        if let Some(event_types) = change.event_types {
            self.event_types = types(event_types, known)?;
        }
        if let Some(url) = change.url
            && url != self.url
        {
            self.url = url;
            self.recovered();
        }
        Ok(*self != before)
    }

    /// Turns it on, as if it had never failed. Whether it was off.
    pub(crate) fn enable(&mut self) -> bool {
        let was_off = !self.enabled;
        self.enabled = true;
        self.disabled_reason.clear();
        self.recovered();
        was_off
    }

    /// Turns it off. Whether it was on.
    pub(crate) fn disable(&mut self, why: &str) -> bool {
        let was_on = self.enabled;
        if was_on {
            self.enabled = false;
            why.clone_into(&mut self.disabled_reason);
        }
        was_on
    }

    fn recovered(&mut self) {
        self.failures = 0;
        self.paused_until = None;
    }

    /// Puts a new secret in the place of those before, which sign for the overlap.
    ///
    /// # Errors
    /// `FIELD_INVALID` for an overlap out of bounds.
    pub(crate) fn rotate(
        &mut self,
        secret: Uuid,
        overlap: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<()> {
        rotation::rotate(&mut self.secrets, secret, overlap, now)?;
        self.secrets.truncate(MAX_SECRETS);
        Ok(())
    }

    /// Whether a message can be sent now.
    ///
    /// # Errors
    /// `WEBHOOK_STATE` when disabled.
    pub(crate) fn must_be_enabled(&self) -> Result<()> {
        if self.enabled {
            return Ok(());
        }
        let message = format!("the webhook is disabled ({}); enable it first", self.disabled_reason);
        Err(Error::precondition("WEBHOOK_STATE", message))
    }
}

fn shown(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.contains('\0') {
        return Err(Error::field("name", "must hold something to read"));
    }
    Ok(name.to_owned())
}

fn types(mut sent: Vec<String>, known: &[&str]) -> Result<Vec<String>> {
    if sent.is_empty() {
        return Err(Error::field("event_types", "must name at least one, or \"*\" for all"));
    }
    for (at, name) in sent.iter().enumerate() {
        if name == EVERY && sent.len() > 1 {
            return Err(Error::field("event_types", "\"*\" stands for all types; it must stand alone"));
        }
        if name != EVERY && !known.contains(&name.as_str()) {
            let field = format!("event_types[{at}]");
            let what = "must be the full name of an event, such as mentor.matching.events.v1.MatchActivated, or \"*\"";
            return Err(Error::field(field, what));
        }
    }
    sent.sort_unstable();
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["mentor.a.events.v1.Happened", "mentor.b.events.v1.Ended"];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn webhook(types: &[&str]) -> Result<Webhook> {
        let types = types.iter().map(|name| (*name).to_owned()).collect();
        Webhook::new(Uuid::nil(), " Payroll ", "https://example.com/".to_owned(), types, &KNOWN, at(0))
    }

    #[test]
    fn event_types_are_known_or_all() {
        assert_eq!(webhook(&[KNOWN[1], KNOWN[0]]).expect("known").event_types, KNOWN);
        assert_eq!(webhook(&["*"]).expect("all").name, "Payroll");
        let field = |types: &[&str]| webhook(types).expect_err("refused").violations[0].field.clone();
        assert_eq!(field(&[KNOWN[0], "Happened"]), "event_types[1]");
        assert_eq!(
            (field(&[]), field(&["*", KNOWN[0]])),
            ("event_types".to_owned(), "event_types".to_owned())
        );
    }

    #[test]
    fn no_more_secrets_sign_than_a_header_has_room_for() {
        let mut webhook = webhook(&["*"]).expect("all");
        for n in 0..20 {
            webhook.rotate(Uuid::from_u128(n), None, at(200)).expect("in bounds");
        }
        assert_eq!(webhook.secrets.len(), MAX_SECRETS, "a header has room for so many signatures");
    }

    #[test]
    fn another_address_begins_anew() {
        let mut webhook = webhook(&["*"]).expect("all");
        (webhook.failures, webhook.paused_until) = (7, Some(at(9)));
        let same = Change { url: Some(webhook.url.clone()), ..Change::default() };
        assert!(!webhook.update(same, &KNOWN).expect("the same") && webhook.failures == 7);
        let other = Change { url: Some("https://example.org/".to_owned()), ..Change::default() };
        assert!(webhook.update(other, &KNOWN).expect("another"));
        assert_eq!((webhook.failures, webhook.paused_until), (0, None));
        assert!(webhook.disable("gone") && !webhook.disable("again"));
        assert_eq!(webhook.disabled_reason, "gone");
        assert!(webhook.must_be_enabled().is_err() && webhook.enable() && webhook.must_be_enabled().is_ok());
    }
}
