//! Webhooks between the wire and the domain.

use super::{
    store::log::{Attempt, Delivery, State},
    target::Targets,
    webhook::{Change, Webhook},
};
use crate::rotation::Secret;
use contracts::{
    mentor::gateway::v1 as wire,
    time::{from_timestamp, timestamp, timestamp_some},
};
use jiff::Timestamp;
use kernel::{Error, Result};

/// A webhook.
pub(crate) fn webhook_out(webhook: &Webhook) -> wire::Webhook {
    wire::Webhook {
        webhook_id: webhook.id.to_string(),
        name: webhook.name.clone(),
        url: webhook.url.clone(),
        event_types: webhook.event_types.clone(),
        enabled: webhook.enabled,
        disabled_reason: webhook.disabled_reason.clone(),
        failures: webhook.failures,
        paused_until: timestamp_some(webhook.paused_until),
        secrets: webhook.secrets.iter().map(secret_out).collect(),
        created_at: Some(timestamp(webhook.created_at)),
        etag: storage::etag(webhook.version),
    }
}

fn secret_out(secret: &Secret) -> wire::WebhookSecret {
    wire::WebhookSecret {
        secret_id: secret.id.to_string(),
        created_at: Some(timestamp(secret.created_at)),
        expires_at: timestamp_some(secret.expires_at),
    }
}

/// A delivery with its last attempts.
pub(crate) fn delivery_out(delivery: Delivery) -> wire::Delivery {
    let waits = delivery.state == State::Pending;
    wire::Delivery {
        event_id: delivery.event.to_string(),
        event_type: delivery.type_name,
        subject: delivery.subject,
        state: state_out(delivery.state).into(),
        attempts: delivery.attempts,
        created_at: Some(timestamp(delivery.created_at)),
        next_attempt_at: timestamp_some(waits.then_some(delivery.next_at)),
        finished_at: timestamp_some(delivery.finished_at),
        recent_attempts: delivery.log.into_iter().map(attempt_out).collect(),
    }
}

fn attempt_out(attempt: Attempt) -> wire::DeliveryAttempt {
    let millis = attempt.millis.max(0);
    let nanos = i32::try_from(millis % 1_000 * 1_000_000).unwrap_or_default();
    wire::DeliveryAttempt {
        number: attempt.number,
        began_at: Some(timestamp(attempt.began_at)),
        duration: Some(prost_types::Duration { seconds: millis / 1_000, nanos }),
        status: attempt.status,
        error: attempt.error,
        answer: attempt.answer,
    }
}

fn state_out(state: State) -> wire::DeliveryState {
    match state {
        State::Pending => wire::DeliveryState::Pending,
        State::Delivered => wire::DeliveryState::Delivered,
        State::Dead => wire::DeliveryState::Dead,
    }
}

/// The state of a filter; the rules beside the field have refused what is no state.
pub(crate) fn state(sent: i32) -> Option<State> {
    match wire::DeliveryState::try_from(sent) {
        Ok(wire::DeliveryState::Pending) => Some(State::Pending),
        Ok(wire::DeliveryState::Delivered) => Some(State::Delivered),
        Ok(wire::DeliveryState::Dead) => Some(State::Dead),
        Ok(wire::DeliveryState::Unspecified) | Err(_) => None,
    }
}

/// The instant of a field that may be unset.
///
/// # Errors
/// `FIELD_INVALID` naming the field.
pub(crate) fn instant(field: &str, sent: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>> {
    let invalid = || Error::field(field, "must be a time between the years -9999 and 9999");
    sent.map(|sent| from_timestamp(&sent).ok_or_else(invalid)).transpose()
}

/// What an update changes.
///
/// # Errors
/// `FIELD_INVALID` for an empty mask or an unknown path, `WEBHOOK_TARGET_REFUSED` for the address.
pub(crate) fn change(request: wire::UpdateWebhookRequest, targets: &Targets) -> Result<Change> {
    let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Err(Error::field("update_mask", "must name at least one field"));
    }
    let mut change = Change::default();
    for (at, path) in paths.iter().enumerate() {
        match path.as_str() {
            "name" => change.name = Some(request.name.clone()),
            "url" => change.url = Some(targets.read(&request.url)?.into()),
            "event_types" => change.event_types = Some(request.event_types.clone()),
            _ => {
                let field = format!("update_mask.paths[{at}]");
                return Err(Error::field(field, "must be one of name, url, event_types"));
            }
        }
    }
    Ok(change)
}
