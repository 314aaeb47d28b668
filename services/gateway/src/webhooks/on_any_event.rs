//! Keeps an event for every webhook that wants its type.

use super::{
    envelope::{self, Message},
    store::queue,
};
use crate::Gateway;
use kernel::Result;
use messaging::{Consumer, Envelope};
use storage::Tx;

/// Every event of the suite, whoever owns it.
pub(crate) fn consumers() -> Vec<Consumer<Gateway>> {
    let each = |event| {
        Consumer::any(event, "on_any_event", |service, tx, event| Box::pin(handle(service, tx, event)))
    };
    contracts::event_types().iter().map(each).collect()
}

async fn handle(service: &Gateway, tx: &mut Tx, event: &Envelope) -> Result<()> {
    let message = Message {
        id: event.id,
        tenant: event.tenant,
        type_name: &event.type_name,
        aggregate: &event.aggregate,
        subject: &event.subject,
        sequence: event.sequence,
        occurred_at: event.occurred_at,
        correlation: event.correlation,
        payload: &event.payload,
    };
    let body = envelope::body(&message)?;
    queue::add(tx, &message, &body, None, service.webhooks.give_up_at(tx.now())).await
}
