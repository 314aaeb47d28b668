//! Applications between the contract and the domain.

use super::application::{Answer, Application, FormAnswer, State};
use crate::{
    access::View,
    convert::{id_or_empty, profile_out, role, text},
};
use contracts::time::timestamp_some;
use contracts::{
    mentor::enrollment::v1::{self as pb, form_answer},
    time::timestamp,
};
use kernel::{Error, Result};

/// The form as sent.
///
/// # Errors
/// `FIELD_INVALID`.
pub(crate) fn answers(answers: Vec<pb::FormAnswer>) -> Result<Vec<FormAnswer>> {
    let one = |(i, answer): (usize, pb::FormAnswer)| {
        let path = |field: &str| format!("answers[{i}].{field}");
        let value = match answer.answer {
            Some(form_answer::Answer::Text(value)) => Answer::Text(text(&path("text"), value)?),
            Some(form_answer::Answer::Choice(value)) => Answer::Choice(text(&path("choice"), value)?),
            Some(form_answer::Answer::Scale(scale)) => Answer::Scale { value: scale.value, max: scale.max },
            None => return Err(Error::field(path("answer"), "must be text, choice or scale")),
        };
        Ok(FormAnswer { question: text(&path("question"), answer.question)?, answer: value })
    };
    answers.into_iter().enumerate().map(one).collect()
}

fn answer_out(answer: &FormAnswer) -> pb::FormAnswer {
    let value = match &answer.answer {
        Answer::Text(value) => form_answer::Answer::Text(value.clone()),
        Answer::Choice(value) => form_answer::Answer::Choice(value.clone()),
        Answer::Scale { value, max } => {
            form_answer::Answer::Scale(pb::ScaleAnswer { value: *value, max: *max })
        }
    };
    pb::FormAnswer { question: answer.question.clone(), answer: Some(value) }
}

/// A state as a filter; unspecified is any.
///
/// # Errors
/// `FIELD_INVALID` for a number that means nothing.
pub(crate) fn state_filter(state: i32) -> Result<Option<State>> {
    match pb::ApplicationState::try_from(state) {
        Ok(pb::ApplicationState::Unspecified) => Ok(None),
        Ok(pb::ApplicationState::Submitted) => Ok(Some(State::Submitted)),
        Ok(pb::ApplicationState::Endorsed) => Ok(Some(State::Endorsed)),
        Ok(pb::ApplicationState::Waitlisted) => Ok(Some(State::Waitlisted)),
        Ok(pb::ApplicationState::Accepted) => Ok(Some(State::Accepted)),
        Ok(pb::ApplicationState::Rejected) => Ok(Some(State::Rejected)),
        Ok(pb::ApplicationState::Withdrawn) => Ok(Some(State::Withdrawn)),
        Ok(pb::ApplicationState::Expired) => Ok(Some(State::Expired)),
        Err(_) => Err(Error::field("state", "is not a known state")),
    }
}

fn state_out(state: State) -> pb::ApplicationState {
    match state {
        State::Submitted => pb::ApplicationState::Submitted,
        State::Endorsed => pb::ApplicationState::Endorsed,
        State::Waitlisted => pb::ApplicationState::Waitlisted,
        State::Accepted => pb::ApplicationState::Accepted,
        State::Rejected => pb::ApplicationState::Rejected,
        State::Withdrawn => pb::ApplicationState::Withdrawn,
        State::Expired => pb::ApplicationState::Expired,
    }
}

/// An application for an answer, as much of it as the caller sees.
pub(crate) fn application_out(application: &Application, view: View) -> pb::Application {
    let full = view == View::Full;
    pb::Application {
        application_id: application.id.to_string(),
        program_id: application.program.to_string(),
        person_id: application.person.to_string(),
        role: role(application.side).into(),
        state: state_out(application.state).into(),
        answers: if full { application.answers.iter().map(answer_out).collect() } else { Vec::new() },
        profile: full.then(|| profile_out(&application.profile)),
        capacity: if full { application.capacity } else { 0 },
        submitted_at: Some(timestamp(application.submitted_at)),
        expires_at: timestamp_some(application.state.is_open().then_some(application.expires_at)),
        endorsed_at: timestamp_some(application.endorsed_at),
        endorsed_by: id_or_empty(application.endorsed_by),
        decided_at: timestamp_some(application.decided_at),
        decision_reason: if full { application.decision_reason.clone() } else { String::new() },
        participant_id: id_or_empty(application.participant),
        etag: storage::etag(application.version),
    }
}
