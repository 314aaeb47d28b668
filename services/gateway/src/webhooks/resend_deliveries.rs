//! Sends the events of a range of time again.

use super::{convert, store, store::log::State};
use crate::Gateway;
use contracts::{
    mentor::gateway::v1::{ResendDeliveriesRequest, ResendDeliveriesResponse},
    time::timestamp,
};
use kernel::{Result, Uuid, parse_id};
use storage::{Audit, Tx};

/// Deliveries of one call.
const MOST: usize = 10_000;

pub(crate) async fn handle(
    service: &Gateway,
    tx: &mut Tx,
    request: ResendDeliveriesRequest,
) -> Result<ResendDeliveriesResponse> {
    let state = request.only_dead.then_some(State::Dead);
    let (from, to) = (convert::instant("from", request.from)?, convert::instant("to", request.to)?);
    let webhook = parse_id("webhook_id", &request.webhook_id)?;
    store::lock(tx, webhook).await?.must_be_enabled()?;
    let limit = i64::try_from(MOST).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = store::log::done(tx, webhook, state, from, to, limit).await?;
    let more = found.len() > MOST;
    found.truncate(MOST);
    let events: Vec<Uuid> = found.iter().map(|(event, _)| *event).collect();
    store::queue::resend(tx, webhook, &events, service.webhooks.give_up_at(tx.now())).await?;
    let because = format!("{} deliveries sent again", events.len());
    tx.audit(Audit::of("webhook", webhook).because(because));
    Ok(ResendDeliveriesResponse {
        resent: i32::try_from(events.len()).unwrap_or(i32::MAX),
        more,
        continue_from: found.last().map(|(_, created_at)| timestamp(*created_at)),
    })
}
