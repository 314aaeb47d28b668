//! The line manager endorses the time commitment of a report.

use super::{convert::application_out, store};
use crate::{Enrollment, access::view, events};
use contracts::mentor::enrollment::v1::{EndorseApplicationRequest, EndorseApplicationResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: EndorseApplicationRequest,
) -> Result<EndorseApplicationResponse> {
    let id = parse_id("application_id", &request.application_id)?;
    let store::Managed { mut application, manager } = store::lock(tx, id).await?;
    let (by, now) = (tx.actor().person, tx.now());
    let event = application.endorse(by, manager, now)?;
    store::save(tx, &mut application).await?;
    events::application(tx, &application, event);
    tx.audit(Audit::of("application", id).about(application.person));
    let view = view(tx.actor(), application.person, manager)?;
    Ok(EndorseApplicationResponse { application: Some(application_out(&application, view)) })
}
