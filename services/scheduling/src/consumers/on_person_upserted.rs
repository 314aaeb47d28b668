//! Keeps name and address for invitations.

use super::store;
use crate::Scheduling;
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_service: &Scheduling, tx: &mut Tx, event: PersonUpserted) -> Result<()> {
    let id = parse_id("person_id", &event.person_id)?;
    store::upsert_person(tx, id, &event).await
}
