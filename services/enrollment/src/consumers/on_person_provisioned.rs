//! An identity provider or the HRIS brought somebody, or changed them.

use crate::{
    Enrollment,
    directory::row::Facts,
    provisioning::{
        self,
        place::{Post, User},
        store,
    },
};
use contracts::mentor::gateway::events::v1::PersonProvisioned;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(service: &Enrollment, tx: &mut Tx, event: PersonProvisioned) -> Result<()> {
    store::lock_directory(tx).await?;
    // With a division the organisation stands above it.
    let (organisation, parent_organisation) = match event.division.as_str() {
        "" => (event.organisation, String::new()),
        _ => (event.division, event.organisation),
    };
    let user = User {
        id: parse_id("user_id", &event.user_id)?,
        external_id: event.external_id,
        user_name: event.user_name,
        provider_id: event.provider_id,
        manager: event.manager,
        facts: Facts {
            display_name: event.display_name,
            email: event.email,
            unit: event.unit,
            job_title: event.job_title,
            organisation,
            parent_organisation,
            ..Facts::default()
        },
        post: Post {
            grade: event.grade,
            profession: event.profession,
            fte_percent: event.fte_percent.map(|percent| percent.clamp(0, 200)),
        },
    };
    provisioning::take_in(service, tx, &user).await
}
