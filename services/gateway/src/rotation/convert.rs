//! Between the contract and the domain.

use super::out_of_bounds;
use jiff::SignedDuration;
use kernel::Result;

/// The overlap of a request; its bounds are [`super::rotate`]'s.
///
/// # Errors
/// `FIELD_INVALID` for what is no span of time forward.
pub(crate) fn overlap(sent: Option<prost_types::Duration>) -> Result<Option<SignedDuration>> {
    let sound = |sent: &prost_types::Duration| (0..1_000_000_000).contains(&sent.nanos) && sent.seconds >= 0;
    match sent {
        None => Ok(None),
        Some(sent) if sound(&sent) => Ok(Some(SignedDuration::new(sent.seconds, sent.nanos))),
        Some(_) => Err(out_of_bounds()),
    }
}
