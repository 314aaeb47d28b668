//! Replaces a person's availability as a whole.

use super::{availability, convert, store};
use crate::Scheduling;
use contracts::mentor::scheduling::v1::{SetAvailabilityRequest, SetAvailabilityResponse};
use kernel::{Error, Result};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    request: SetAvailabilityRequest,
) -> Result<SetAvailabilityResponse> {
    let given = request.availability.ok_or_else(|| Error::field("availability", "must be set"))?;
    let mut new = convert::availability(&given, tx.now())?;
    availability::authorize(tx.actor(), new.person)?;
    availability::check("availability", &new.windows, &new.exceptions)?;
    match store::lock(tx, new.person).await? {
        Some(old) => {
            check_etag("availability", &given.etag, old.version)?;
            new.version = old.version;
        }
        None if !given.etag.is_empty() => return Err(Error::stale("availability")),
        None if !tx.actor().is_person(new.person) && !store::is_active(tx, new.person).await? => {
            return Err(Error::not_found("person", new.person));
        }
        None => {}
    }
    let saved = store::save(tx, &new).await?;
    new.version = saved.ok_or_else(|| Error::stale("availability"))?;
    tx.audit(Audit::of("availability", new.person).about(new.person));
    Ok(SetAvailabilityResponse { availability: Some(convert::to_proto(&new)) })
}
