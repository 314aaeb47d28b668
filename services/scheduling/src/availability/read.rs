//! Plain reads.

use super::{availability, convert, store};
use crate::Scheduling;
use contracts::mentor::scheduling::v1::{GetAvailabilityRequest, GetAvailabilityResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn get_availability(
    _service: &Scheduling,
    tx: &mut Tx,
    request: GetAvailabilityRequest,
) -> Result<GetAvailabilityResponse> {
    let person = parse_id("person_id", &request.person_id)?;
    availability::authorize(tx.actor(), person)?;
    let found = store::get(tx, person).await?.ok_or_else(|| Error::not_found("availability", person))?;
    if !tx.actor().is_person(person) {
        tx.audit(Audit::of("availability", person).about(person));
    }
    Ok(GetAvailabilityResponse { availability: Some(convert::to_proto(&found)) })
}
