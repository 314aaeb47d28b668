//! An identity provider let a user go: the person leaves the directory today.

use crate::{
    Enrollment, directory,
    provisioning::{self, store},
};
use contracts::mentor::gateway::events::v1::PersonDeprovisioned;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(service: &Enrollment, tx: &mut Tx, event: PersonDeprovisioned) -> Result<()> {
    store::lock_directory(tx).await?;
    let person = match store::linked(tx, parse_id("user_id", &event.user_id)?).await? {
        Some(person) => Some(person),
        None => directory::store::find_by_external_id(tx, &event.external_id).await?.map(|known| known.id),
    };
    match person {
        Some(person) => provisioning::leave(service, tx, person).await,
        // Never came, so can't go.
        None => Ok(()),
    }
}
