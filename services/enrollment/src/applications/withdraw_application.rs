//! The applicant takes an open application back.

use super::{convert::application_out, store};
use crate::{
    Enrollment,
    access::{View, own_or_managed},
    convert::text,
    events,
};
use contracts::mentor::enrollment::v1::{WithdrawApplicationRequest, WithdrawApplicationResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: WithdrawApplicationRequest,
) -> Result<WithdrawApplicationResponse> {
    let id = parse_id("application_id", &request.application_id)?;
    let reason = text("reason", request.reason)?;
    let mut application = store::lock(tx, id).await?.application;
    own_or_managed(tx.actor(), application.person)?;
    let event = application.withdraw(&reason, tx.now())?;
    store::save(tx, &mut application).await?;
    events::application(tx, &application, event);
    tx.audit(Audit::of("application", id).about(application.person).because(reason));
    Ok(WithdrawApplicationResponse { application: Some(application_out(&application, View::Full)) })
}
