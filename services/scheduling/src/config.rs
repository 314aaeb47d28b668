//! The section `[services.scheduling]` of the configuration.

use crate::meetings::calendar::Contact;
use kernel::{Error, Result};
use serde::Deserialize;

/// The service's own settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Days after its end in which a meeting's attendance can be recorded, before it counts as missed; 1..90.
    pub(crate) report_days: i64,
    /// Name of who invites, in calendars.
    pub(crate) organizer_name: String,
    /// Address of who invites, in calendars; empty: the mentor invites.
    pub(crate) organizer_email: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { report_days: 7, organizer_name: "Mentoring".to_owned(), organizer_email: String::new() }
    }
}

impl Settings {
    /// Checks what a type can't.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |message: &'static str| Err(Error::precondition("SETTING_INVALID", message));
        if !(1..=90).contains(&self.report_days) {
            return wrong("services.scheduling.report_days: must be between 1 and 90");
        }
        let email = &self.organizer_email;
        if !email.is_empty() && (!email.contains('@') || email.contains(char::is_whitespace)) {
            return wrong("services.scheduling.organizer_email: must be an address, or empty");
        }
        Ok(())
    }

    /// Who invites, when it is not the mentor.
    pub(crate) fn organizer(&self) -> Option<Contact> {
        let set = !self.organizer_email.is_empty();
        set.then(|| Contact { name: self.organizer_name.clone(), email: self.organizer_email.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        let valid = Settings::default();
        valid.check().expect("the defaults are valid");
        assert_eq!(valid.organizer(), None);
        let named = Settings { organizer_email: "mentoring@example.org".to_owned(), ..valid.clone() };
        named.check().expect("valid");
        assert!(named.organizer().is_some());
        Settings { report_days: 0, ..valid.clone() }.check().expect_err("too few");
        Settings { organizer_email: "nobody".to_owned(), ..valid }.check().expect_err("no address");
    }
}
