//! Keeps who can sign in; lets whoever came back in again.

use crate::{
    Gateway,
    people::store::{self, Known},
};
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(gateway: &Gateway, tx: &mut Tx, event: PersonUpserted) -> Result<()> {
    let id = parse_id("person_id", &event.person_id)?;
    let known = Known { id, external_id: event.external_id, active: true };
    let before = store::put(tx, &known, &event.email.trim().to_lowercase()).await?;
    if before == Some(false) {
        gateway.deactivated.remove(tx.ctx().tenant(), id).await;
    }
    Ok(())
}
