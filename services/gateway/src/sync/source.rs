//! Domain: a source and when its runs are due. Pure.

use super::schedule::Schedule;
use jiff::Timestamp;
use kernel::{Error, Result, Uuid};

/// The share of people that may leave unconfirmed when nobody says, in percent.
const MAX_PERCENT: i32 = 10;

/// A source. The settings are the contract's message as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) settings: Vec<u8>,
    pub(crate) schedule: Schedule,
    /// 0 for the default.
    pub(crate) max_percent: i32,
    pub(crate) id_prefix: String,
    pub(crate) paused: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) next_run_at: Option<Timestamp>,
    pub(crate) mark: Option<String>,
    pub(crate) full_at: Option<Timestamp>,
    pub(crate) version: i64,
}

impl Source {
    /// Checks name and prefix, and reckons the next run.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the field.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Result<()> {
        self.name = self.name.trim().to_owned();
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return Err(Error::field("source.name", "must hold something to read, in one line"));
        }
        if self.id_prefix.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Error::field("source.id_prefix", "must not hold blanks"));
        }
        self.schedule = std::mem::take(&mut self.schedule).checked()?;
        self.next_run_at = self.schedule.next(now);
        Ok(())
    }

    /// The share of people that may leave unconfirmed, in percent.
    pub(crate) fn guard(&self) -> i64 {
        i64::from(if self.max_percent == 0 { MAX_PERCENT } else { self.max_percent })
    }
}
