//! Counts who applied.

use super::convert;
use crate::{
    Evaluation,
    projections::store::{self, Application},
};
use contracts::mentor::enrollment::events::v1::ApplicationSubmitted;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: ApplicationSubmitted) -> Result<()> {
    let application = Application {
        id: parse_id("application_id", &event.application_id)?,
        program: parse_id("program_id", &event.program_id)?,
        person: parse_id("person_id", &event.person_id)?,
        role: convert::role(event.role())?,
        endorsed: false,
        outcome: "open",
    };
    store::upsert_application(tx, &application).await
}
