//! Adds a source.

use super::{connectors, convert, source::Source, store};
use crate::{Gateway, sync::secrets::Secrets};
use contracts::mentor::gateway::v1::{CreateSourceRequest, CreateSourceResponse, SourceSettings};
use kernel::{Error, Result};
use prost::Message;
use storage::{Audit, Tx};

pub(crate) async fn handle(
    service: &Gateway,
    tx: &mut Tx,
    request: CreateSourceRequest,
) -> Result<CreateSourceResponse> {
    let sent = request.source.ok_or_else(|| Error::field("source", "must be set"))?;
    let settings = sent.settings.ok_or_else(|| Error::field("source.settings", "must be set"))?;
    check(service, tx, &settings)?;
    let mut source = Source {
        id: tx.new_id(),
        name: sent.name,
        kind: connectors::kind(&settings).to_owned(),
        settings: settings.encode_to_vec(),
        schedule: convert::schedule_in(sent.schedule),
        max_percent: sent.max_deactivation_percent,
        id_prefix: sent.id_prefix,
        paused: sent.paused,
        created_at: tx.now(),
        next_run_at: None,
        mark: None,
        full_at: None,
        version: 1,
    };
    source.settle(tx.now())?;
    store::insert(tx, &source).await?;
    tx.audit(Audit::of("source", source.id).because(format!("added, of kind {}", source.kind)));
    Ok(CreateSourceResponse { source: Some(convert::source_out(&source, 0)?) })
}

/// Checks settings as a connector will understand them.
pub(super) fn check(service: &Gateway, tx: &Tx, settings: &SourceSettings) -> Result<()> {
    let secrets = Secrets::of(service.settings.clone(), tx.ctx().tenant());
    let means = connectors::Means {
        settings: service.settings.clone(),
        secrets,
        now: tx.now(),
        clock: service.db.clock().clone(),
    };
    connectors::check(settings, &means)
}
