//! Sends one event again.

use super::{convert::delivery_out, store, store::log::State};
use crate::Gateway;
use contracts::mentor::gateway::v1::{ResendDeliveryRequest, ResendDeliveryResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    service: &Gateway,
    tx: &mut Tx,
    request: ResendDeliveryRequest,
) -> Result<ResendDeliveryResponse> {
    let (webhook, event) =
        (parse_id("webhook_id", &request.webhook_id)?, parse_id("event_id", &request.event_id)?);
    store::lock(tx, webhook).await?.must_be_enabled()?;
    let delivery = store::log::find(tx, webhook, event).await?;
    if delivery.state == State::Pending {
        let message =
            "the delivery waits for its next attempt; it can be sent again when it was delivered or is dead";
        return Err(Error::precondition("WEBHOOK_STATE", message));
    }
    store::queue::resend(tx, webhook, &[event], service.webhooks.give_up_at(tx.now())).await?;
    tx.audit(Audit::of("webhook", webhook).because("a delivery sent again"));
    let delivery = store::log::find(tx, webhook, event).await?;
    Ok(ResendDeliveryResponse { delivery: Some(delivery_out(delivery)) })
}
