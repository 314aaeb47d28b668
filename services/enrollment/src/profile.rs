//! Domain: what matching knows of a person who takes part. Pure.

use crate::words::words;
use jiff::tz::TimeZone;
use kernel::{Error, ErrorKind, FieldViolation, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

words! {
    /// Mentor or mentee.
    pub(crate) enum Side {
        /// Gives time and experience; has a capacity.
        Mentor = "mentor",
        /// Receives.
        Mentee = "mentee",
    }
}

/// The most places a mentor can offer.
pub(crate) const MAX_CAPACITY: i32 = 10;

/// A skill with the level wanted or offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Skill {
    pub(crate) id: String,
    pub(crate) level: i32,
}

/// A weekly window of civil time; the day is 1 (Monday) to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    pub(crate) day: i32,
    pub(crate) start_minute: i32,
    pub(crate) end_minute: i32,
}

/// The profile. `style` is the number of the contract's enum, which the codec has checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) skills_wanted: Vec<Skill>,
    pub(crate) skills_offered: Vec<Skill>,
    pub(crate) goals: Vec<String>,
    pub(crate) style: i32,
    pub(crate) languages: Vec<String>,
    pub(crate) zone: String,
    pub(crate) availability: Vec<Window>,
}

impl Profile {
    /// The rules that concern more than one field, or that need the zone database.
    ///
    /// # Errors
    /// `FIELD_INVALID` or `ZONE_UNKNOWN`, each wrong field with its path below `path`.
    pub(crate) fn check(&self, path: &str) -> Result<()> {
        let mut wrong = Vec::new();
        unique_skills(&format!("{path}.skills_wanted"), &self.skills_wanted, &mut wrong);
        unique_skills(&format!("{path}.skills_offered"), &self.skills_offered, &mut wrong);
        for (i, window) in self.availability.iter().enumerate() {
            if window.end_minute <= window.start_minute {
                wrong.push(FieldViolation {
                    field: format!("{path}.availability[{i}].end_minute"),
                    description: "must be after start_minute".to_owned(),
                });
            }
        }
        for (i, language) in self.languages.iter().enumerate() {
            if !is_language_tag(language) {
                wrong.push(FieldViolation {
                    field: format!("{path}.languages[{i}]"),
                    description: "must be a BCP 47 tag, such as \"en\" or \"pt-BR\"".to_owned(),
                });
            }
        }
        if !wrong.is_empty() {
            return Err(Error::fields(wrong));
        }
        check_zone(&format!("{path}.zone"), &self.zone)
    }
}

/// Whether the zone is in the IANA database.
fn check_zone(field: &str, zone: &str) -> Result<()> {
    if zone != "Etc/Unknown" && TimeZone::get(zone).is_ok() {
        return Ok(());
    }
    let description = format!("'{zone}' is not an IANA time zone, such as \"Europe/London\"");
    let mut error = Error::new(ErrorKind::InvalidArgument, "ZONE_UNKNOWN", format!("{field}: {description}"));
    error.violations = vec![FieldViolation { field: field.to_owned(), description }];
    Err(error)
}

fn unique_skills(path: &str, skills: &[Skill], wrong: &mut Vec<FieldViolation>) {
    let mut seen = HashSet::new();
    for (i, skill) in skills.iter().enumerate() {
        if !seen.insert(skill.id.as_str()) {
            wrong.push(FieldViolation {
                field: format!("{path}[{i}].id"),
                description: format!("'{}' stands there twice", skill.id),
            });
        }
    }
}

/// The shape of RFC 5646: a primary tag of 2 to 8 letters, then parts of 1 to 8 letters or digits.
fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let letters = (2..=8).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    letters
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The places of somebody who takes part: 1..10 for a mentor (1 when left out), 1 for a mentee.
///
/// # Errors
/// `FIELD_INVALID` naming `capacity`.
pub(crate) fn places(side: Side, asked: i32) -> Result<i32> {
    match (side, asked) {
        (_, 0 | 1) => Ok(1),
        (Side::Mentor, 2..=MAX_CAPACITY) => Ok(asked),
        (Side::Mentor, _) => Err(Error::field("capacity", format!("must be between 1 and {MAX_CAPACITY}"))),
        (Side::Mentee, _) => Err(Error::field("capacity", "a mentee has exactly one place")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn profile() -> Profile {
        Profile {
            skills_wanted: vec![Skill { id: "negotiation".into(), level: 3 }],
            skills_offered: Vec::new(),
            goals: vec!["Lead a team".into()],
            style: 1,
            languages: vec!["en".into(), "pt-BR".into()],
            zone: "Europe/London".into(),
            availability: vec![Window { day: 1, start_minute: 540, end_minute: 600 }],
        }
    }

    fn wrong(change: impl FnOnce(&mut Profile)) -> Box<Error> {
        let mut profile = profile();
        change(&mut profile);
        profile.check("profile").expect_err("must be refused")
    }

    #[test]
    fn a_good_profile_passes() {
        profile().check("profile").expect("valid");
    }

    #[test]
    fn each_rule_names_its_field() {
        let backwards = wrong(|p| p.availability.push(Window { day: 2, start_minute: 600, end_minute: 600 }));
        assert_eq!(backwards.violations[0].field, "profile.availability[1].end_minute");
        let twice = wrong(|p| p.skills_wanted.push(Skill { id: "negotiation".into(), level: 1 }));
        assert_eq!(twice.violations[0].field, "profile.skills_wanted[1].id");
        let language = wrong(|p| p.languages.push("e!".into()));
        assert_eq!(language.violations[0].field, "profile.languages[2]");
        let zone = wrong(|p| p.zone = "Mars/Olympus".into());
        assert_eq!((zone.reason, zone.violations[0].field.as_str()), ("ZONE_UNKNOWN", "profile.zone"));
    }

    #[test]
    fn places_depend_on_the_side() {
        assert_eq!(places(Side::Mentor, 0).expect("default"), 1);
        assert_eq!(places(Side::Mentor, 10).expect("most"), 10);
        assert!(places(Side::Mentor, 11).is_err());
        assert!(places(Side::Mentor, -1).is_err());
        assert_eq!(places(Side::Mentee, 1).expect("one"), 1);
        assert!(places(Side::Mentee, 2).is_err());
    }
}
