//! Members of an identity provider's group came or went.

use crate::{Enrollment, provisioning::store};
use contracts::mentor::gateway::events::v1::GroupMembersChanged;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Enrollment, tx: &mut Tx, event: GroupMembersChanged) -> Result<()> {
    store::change_members(tx, &event.group_id, &event.added, &event.removed).await
}
