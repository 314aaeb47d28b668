//! A leaver no longer counts among the people of a unit.

use crate::{Evaluation, projections::store};
use contracts::mentor::enrollment::events::v1::PersonDeactivated;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: PersonDeactivated) -> Result<()> {
    let person = parse_id("person_id", &event.person_id)?;
    store::deactivate_person(tx, person).await
}
