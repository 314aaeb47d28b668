//! Programs between the contract and the domain.

use super::program::{Format, Objective, Part, Policy, Program, Spec, State};
use crate::convert::text;
use contracts::time::timestamp_some;
use contracts::{
    mentor::{common::v1 as common, enrollment::v1 as pb},
    time::timestamp,
};
use kernel::{Error, Result};

/// A design as sent; what is left out gets its default.
///
/// # Errors
/// `FIELD_INVALID`.
pub(crate) fn spec(spec: Option<pb::ProgramSpec>) -> Result<Spec> {
    let spec = spec.ok_or_else(|| Error::field("spec", "is required"))?;
    Ok(Spec {
        format: format(spec.format)?,
        name: text("spec.name", spec.name)?,
        description: text("spec.description", spec.description)?,
        objectives: spec.objectives.into_iter().enumerate().map(objective).collect::<Result<_>>()?,
        audience_units: spec
            .audience_units
            .into_iter()
            .enumerate()
            .map(|(i, unit)| text(&format!("spec.audience_units[{i}]"), unit))
            .collect::<Result<_>>()?,
        audience_groups: spec
            .audience_groups
            .into_iter()
            .enumerate()
            .map(|(i, group)| text(&format!("spec.audience_groups[{i}]"), group))
            .collect::<Result<_>>()?,
        policy: spec.policy.map(policy).transpose()?.unwrap_or_default(),
    })
}

fn objective((i, objective): (usize, pb::Objective)) -> Result<Objective> {
    Ok(Objective {
        text: text(&format!("spec.objectives[{i}].text"), objective.text)?,
        organisation_goal: text(
            &format!("spec.objectives[{i}].organisation_goal"),
            objective.organisation_goal,
        )?,
    })
}

fn policy(policy: common::Policy) -> Result<Policy> {
    Ok(Policy {
        meetings_per_month: policy.meetings_per_month,
        meeting_minutes: policy.meeting_minutes,
        review_day: policy.review_day,
        answer_days: policy.answer_days,
        application_days: policy.application_days,
        check_in_days: policy.check_in_days,
        duration_months: policy.duration_months,
        endorsement_required: policy.endorsement_required,
        contact_point: text("spec.policy.contact_point", policy.contact_point)?,
        confidentiality_statement: text(
            "spec.policy.confidentiality_statement",
            policy.confidentiality_statement,
        )?,
    })
}

/// A policy for an answer or an event.
pub(crate) fn policy_out(policy: &Policy) -> common::Policy {
    common::Policy {
        meetings_per_month: policy.meetings_per_month,
        meeting_minutes: policy.meeting_minutes,
        review_day: policy.review_day,
        answer_days: policy.answer_days,
        application_days: policy.application_days,
        check_in_days: policy.check_in_days,
        duration_months: policy.duration_months,
        endorsement_required: policy.endorsement_required,
        contact_point: policy.contact_point.clone(),
        confidentiality_statement: policy.confidentiality_statement.clone(),
    }
}

fn format(format: i32) -> Result<Format> {
    match pb::ProgramFormat::try_from(format) {
        Ok(pb::ProgramFormat::Unspecified | pb::ProgramFormat::OneOnOne) => Ok(Format::OneOnOne),
        Ok(pb::ProgramFormat::Group) => Ok(Format::Group),
        Ok(pb::ProgramFormat::Peer) => Ok(Format::Peer),
        Ok(pb::ProgramFormat::Reverse) => Ok(Format::Reverse),
        Ok(pb::ProgramFormat::Flash) => Ok(Format::Flash),
        Err(_) => Err(Error::field("spec.format", "is not a known format")),
    }
}

fn format_out(format: Format) -> pb::ProgramFormat {
    match format {
        Format::OneOnOne => pb::ProgramFormat::OneOnOne,
        Format::Group => pb::ProgramFormat::Group,
        Format::Peer => pb::ProgramFormat::Peer,
        Format::Reverse => pb::ProgramFormat::Reverse,
        Format::Flash => pb::ProgramFormat::Flash,
    }
}

/// A state as a filter; unspecified is any.
///
/// # Errors
/// `FIELD_INVALID` for a number that means nothing.
pub(crate) fn state_filter(state: i32) -> Result<Option<State>> {
    match pb::ProgramState::try_from(state) {
        Ok(pb::ProgramState::Unspecified) => Ok(None),
        Ok(pb::ProgramState::Draft) => Ok(Some(State::Draft)),
        Ok(pb::ProgramState::Published) => Ok(Some(State::Published)),
        Ok(pb::ProgramState::Started) => Ok(Some(State::Started)),
        Ok(pb::ProgramState::Closed) => Ok(Some(State::Closed)),
        Err(_) => Err(Error::field("state", "is not a known state")),
    }
}

fn state_out(state: State) -> pb::ProgramState {
    match state {
        State::Draft => pb::ProgramState::Draft,
        State::Published => pb::ProgramState::Published,
        State::Started => pb::ProgramState::Started,
        State::Closed => pb::ProgramState::Closed,
    }
}

/// The parts that an update names.
///
/// # Errors
/// `FIELD_INVALID` for an empty mask or an unknown path.
pub(crate) fn parts(mask: Option<prost_types::FieldMask>) -> Result<Vec<Part>> {
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Err(Error::field("update_mask", "must name at least one field"));
    }
    let part = |(i, path): (usize, &String)| match path.as_str() {
        "name" => Ok(Part::Name),
        "description" => Ok(Part::Description),
        "objectives" => Ok(Part::Objectives),
        "audience_units" => Ok(Part::AudienceUnits),
        "audience_groups" => Ok(Part::AudienceGroups),
        "format" => Ok(Part::Format),
        "policy" => Ok(Part::Policy),
        _ => Err(Error::field(
            format!("update_mask.paths[{i}]"),
            "must be one of name, description, objectives, audience_units, audience_groups, format, policy",
        )),
    };
    paths.iter().enumerate().map(part).collect()
}

/// A program for an answer.
pub(crate) fn program_out(program: &Program) -> pb::Program {
    let spec = &program.spec;
    let objective = |o: &Objective| pb::Objective {
        text: o.text.clone(),
        organisation_goal: o.organisation_goal.clone(),
    };
    pb::Program {
        program_id: program.id.to_string(),
        spec: Some(pb::ProgramSpec {
            name: spec.name.clone(),
            description: spec.description.clone(),
            objectives: spec.objectives.iter().map(objective).collect(),
            audience_units: spec.audience_units.clone(),
            audience_groups: spec.audience_groups.clone(),
            format: format_out(spec.format).into(),
            policy: Some(policy_out(&spec.policy)),
        }),
        state: state_out(program.state).into(),
        audience_size: program.audience_size,
        created_at: Some(timestamp(program.created_at)),
        published_at: timestamp_some(program.published_at),
        started_at: timestamp_some(program.started_at),
        closed_at: timestamp_some(program.closed_at),
        etag: storage::etag(program.version),
    }
}
