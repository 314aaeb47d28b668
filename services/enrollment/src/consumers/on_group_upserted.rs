//! A group of an identity provider is there, or means another audience.

use crate::{Enrollment, provisioning::store};
use contracts::mentor::gateway::events::v1::GroupUpserted;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Enrollment, tx: &mut Tx, event: GroupUpserted) -> Result<()> {
    store::map_group(tx, &event.group_id, &event.audience).await
}
