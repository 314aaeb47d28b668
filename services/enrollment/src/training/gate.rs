//! The gate: a participant is ready once nothing that the program requires of the role is missing.

use crate::{
    events,
    participants::{participant::Participant, store},
};
use kernel::{Result, Uuid};
use storage::Tx;

/// Lets the participants through, who were found to miss nothing; who they are.
pub(crate) async fn pass(tx: &mut Tx, passing: Vec<Participant>) -> Result<Vec<Uuid>> {
    let mut ready = Vec::new();
    for mut participant in passing {
        if let Some(event) = participant.pass_gate(0, tx.now()) {
            store::save(tx, &mut participant).await?;
            events::participant(tx, &participant, event);
            ready.push(participant.id);
        }
    }
    Ok(ready)
}
