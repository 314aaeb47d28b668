//! Takes the availability of the profile over, where the person has set none.

use super::seed;
use crate::Scheduling;
use contracts::mentor::enrollment::events::v1::ParticipantProfileChanged;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    event: ParticipantProfileChanged,
) -> Result<()> {
    seed::availability(tx, parse_id("person_id", &event.person_id)?, event.profile).await
}
