//! A person left: nobody signs in as them, and their sessions end.

use crate::{Gateway, people::store, sessions};
use contracts::mentor::enrollment::events::v1::PersonDeactivated;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(gateway: &Gateway, tx: &mut Tx, event: PersonDeactivated) -> Result<()> {
    let person = parse_id("person_id", &event.person_id)?;
    store::leave(tx, person).await?;
    sessions::end(gateway, tx, sessions::Whose::Person(person), "left the organisation").await?;
    Ok(())
}
