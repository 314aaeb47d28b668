//! The availability of a participant's profile, for people who have set none here.

use crate::{
    availability::{
        availability::{Availability, Source, Window, merge},
        convert, store,
    },
    time::zone,
};
use contracts::mentor::common::v1::Profile;
use kernel::Result;
use storage::Tx;
use uuid::Uuid;

/// Takes the profile's windows over, unless the person has set their own. What can't be read is left out: a
/// profile is its owner's business, and nobody else should wait for it.
pub(crate) async fn availability(tx: &mut Tx, person: Uuid, profile: Option<Profile>) -> Result<()> {
    let Some(profile) = profile else { return Ok(()) };
    let Ok(zone) = zone("profile.zone", &profile.zone) else {
        tracing::warn!(person.id = %person, "a profile's zone is unknown; its availability is left out");
        return Ok(());
    };
    let readable = |window| convert::window("profile.availability", window).ok();
    let windows: Vec<Window> = profile.availability.iter().filter_map(readable).collect();
    if windows.is_empty() {
        return Ok(());
    }
    let seeded = Availability {
        person,
        zone,
        windows: merge(windows),
        exceptions: Vec::new(),
        source: Source::Profile,
        updated_at: tx.now(),
        version: 0,
    };
    store::save(tx, &seeded).await?;
    Ok(())
}
