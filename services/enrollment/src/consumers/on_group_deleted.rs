//! A group of an identity provider is gone.

use crate::{Enrollment, provisioning::store};
use contracts::mentor::gateway::events::v1::GroupDeleted;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Enrollment, tx: &mut Tx, event: GroupDeleted) -> Result<()> {
    store::forget_group(tx, &event.group_id).await
}
