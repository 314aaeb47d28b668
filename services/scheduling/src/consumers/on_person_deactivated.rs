//! Remembers who left: they have no slots. Their meetings end with their matches.

use super::store;
use crate::Scheduling;
use contracts::mentor::enrollment::events::v1::PersonDeactivated;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_service: &Scheduling, tx: &mut Tx, event: PersonDeactivated) -> Result<()> {
    store::deactivate_person(tx, parse_id("person_id", &event.person_id)?).await
}
