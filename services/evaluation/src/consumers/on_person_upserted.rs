//! Keeps a person's unit.

use crate::{Evaluation, projections::store};
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: PersonUpserted) -> Result<()> {
    let person = parse_id("person_id", &event.person_id)?;
    store::upsert_person(tx, person, &event.unit).await
}
