//! A participant as the events carry it, made ready for a snapshot.

use crate::criteria::person::Person;
use crate::criteria::week::{CivilWindow, offset_minutes, utc_windows};
use contracts::mentor::common::v1::{CommunicationStyle, ParticipantRole, Profile, Skill};
use jiff::{civil::Date, tz::TimeZone};
use kernel::{Error, Result, Uuid};

/// A participant who can be matched.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) person: Uuid,
    pub(crate) role: Role,
    /// Places of a mentor; 1 for a mentee.
    pub(crate) capacity: i32,
    /// An encoded profile.
    pub(crate) profile: Vec<u8>,
}

/// Mentor or mentee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Mentor,
    Mentee,
}

impl Role {
    /// The name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::Mentor => "mentor",
            Role::Mentee => "mentee",
        }
    }

    /// Reads the contract's role.
    pub(crate) fn read(role: ParticipantRole) -> Result<Role> {
        match role {
            ParticipantRole::Mentor => Ok(Role::Mentor),
            ParticipantRole::Mentee => Ok(Role::Mentee),
            ParticipantRole::Unspecified => Err(Error::field("role", "must be mentor or mentee")),
        }
    }
}

/// What the directory knows of the person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    pub(crate) chain: Vec<Uuid>,
    pub(crate) unit: String,
    pub(crate) grade: String,
    pub(crate) profession: String,
}

/// A participant as a run sees it, with times taken in the week of the given Monday.
pub(crate) fn person(
    ids: (Uuid, Uuid),
    (places, held): (i32, i32),
    profile: Profile,
    directory: Directory,
    week: Date,
) -> Person {
    let zone = TimeZone::get(&profile.zone).ok();
    let windows: Vec<CivilWindow> = profile
        .availability
        .iter()
        .map(|window| CivilWindow {
            day: i8::try_from(window.day).unwrap_or(1),
            start_minute: i16::try_from(window.start_minute).unwrap_or(0),
            end_minute: i16::try_from(window.end_minute).unwrap_or(0),
        })
        .collect();
    Person {
        participant: ids.0,
        person: ids.1,
        places,
        held,
        wanted: skills(profile.skills_wanted),
        offered: skills(profile.skills_offered),
        style: CommunicationStyle::try_from(profile.communication_style).unwrap_or_default().into(),
        languages: profile.languages,
        offset_minutes: zone.as_ref().and_then(|zone| offset_minutes(zone, week)),
        windows: zone.map(|zone| utc_windows(&zone, week, &windows)).unwrap_or_default(),
        unit: directory.unit,
        grade: directory.grade,
        profession: directory.profession,
        chain: directory.chain,
    }
}

fn skills(skills: Vec<Skill>) -> Vec<(String, i32)> {
    skills.into_iter().map(|skill| (skill.id, skill.level)).collect()
}
