//! Between the contract and the domain: what several areas share.

use crate::profile::{Profile, Side, Skill, Window};
use contracts::mentor::common::v1 as common;
use kernel::{Error, Result};

/// Text as Postgres can keep it. Everything else about it stands in the contract and was checked before.
///
/// # Errors
/// `FIELD_INVALID` for a zero character.
pub(crate) fn text(field: &str, value: String) -> Result<String> {
    if value.contains('\0') { Err(Error::field(field, "must not hold a zero character")) } else { Ok(value) }
}

/// A role that must be named.
///
/// # Errors
/// `FIELD_INVALID`.
pub(crate) fn side(field: &str, role: i32) -> Result<Side> {
    side_filter(field, role)?.ok_or_else(|| Error::field(field, "must be mentor or mentee"))
}

/// A role as a filter; unspecified is any.
///
/// # Errors
/// `FIELD_INVALID` for a number that means nothing.
pub(crate) fn side_filter(field: &str, role: i32) -> Result<Option<Side>> {
    match common::ParticipantRole::try_from(role) {
        Ok(common::ParticipantRole::Mentor) => Ok(Some(Side::Mentor)),
        Ok(common::ParticipantRole::Mentee) => Ok(Some(Side::Mentee)),
        Ok(common::ParticipantRole::Unspecified) => Ok(None),
        Err(_) => Err(Error::field(field, "must be mentor or mentee")),
    }
}

/// A role for an answer or an event.
pub(crate) fn role(side: Side) -> common::ParticipantRole {
    match side {
        Side::Mentor => common::ParticipantRole::Mentor,
        Side::Mentee => common::ParticipantRole::Mentee,
    }
}

/// A profile as sent.
///
/// # Errors
/// `FIELD_INVALID` when it is missing or holds what can't be kept.
pub(crate) fn profile(field: &str, profile: Option<common::Profile>) -> Result<Profile> {
    let profile = profile.ok_or_else(|| Error::field(field, "is required"))?;
    let skills = |name: &str, skills: Vec<common::Skill>| -> Result<Vec<Skill>> {
        let numbered = skills.into_iter().enumerate();
        numbered
            .map(|(i, skill)| {
                Ok(Skill { id: text(&format!("{field}.{name}[{i}].id"), skill.id)?, level: skill.level })
            })
            .collect()
    };
    let texts = |name: &str, values: Vec<String>| -> Result<Vec<String>> {
        let numbered = values.into_iter().enumerate();
        numbered.map(|(i, value)| text(&format!("{field}.{name}[{i}]"), value)).collect()
    };
    Ok(Profile {
        skills_wanted: skills("skills_wanted", profile.skills_wanted)?,
        skills_offered: skills("skills_offered", profile.skills_offered)?,
        goals: texts("goals", profile.goals)?,
        style: profile.communication_style,
        languages: texts("languages", profile.languages)?,
        zone: profile.zone,
        availability: profile
            .availability
            .into_iter()
            .map(|w| Window { day: w.day, start_minute: w.start_minute, end_minute: w.end_minute })
            .collect(),
    })
}

/// A profile for an answer or an event.
pub(crate) fn profile_out(profile: &Profile) -> common::Profile {
    let skills = |skills: &[Skill]| {
        skills.iter().map(|skill| common::Skill { id: skill.id.clone(), level: skill.level }).collect()
    };
    common::Profile {
        skills_wanted: skills(&profile.skills_wanted),
        skills_offered: skills(&profile.skills_offered),
        goals: profile.goals.clone(),
        communication_style: profile.style,
        languages: profile.languages.clone(),
        zone: profile.zone.clone(),
        availability: profile
            .availability
            .iter()
            .map(|w| common::WeeklyWindow {
                day: w.day,
                start_minute: w.start_minute,
                end_minute: w.end_minute,
            })
            .collect(),
    }
}

/// An id as text, empty when there is none.
pub(crate) fn id_or_empty(id: Option<kernel::Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// An id as a filter; empty is none.
///
/// # Errors
/// `FIELD_INVALID`.
pub(crate) fn id_filter(field: &str, id: &str) -> Result<Option<kernel::Uuid>> {
    if id.is_empty() { Ok(None) } else { kernel::parse_id(field, id).map(Some) }
}
