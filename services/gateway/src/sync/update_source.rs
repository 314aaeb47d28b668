//! Changes a source. A run under way goes on with the settings that it began with.

use super::{connectors, convert, create_source::check, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{UpdateSourceRequest, UpdateSourceResponse};
use kernel::{Error, Result, parse_id};
use prost::Message;
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    service: &Gateway,
    tx: &mut Tx,
    request: UpdateSourceRequest,
) -> Result<UpdateSourceResponse> {
    let sent = request.source.ok_or_else(|| Error::field("source", "must be set"))?;
    let mut source = store::lock(tx, parse_id("source.source_id", &sent.source_id)?).await?;
    check_etag("source", &request.etag, source.version)?;
    let paths = request.update_mask.unwrap_or_default().paths;
    if paths.is_empty() {
        return Err(Error::field("update_mask", "must name what changes, such as settings or schedule"));
    }
    for path in &paths {
        match path.as_str() {
            "name" => source.name.clone_from(&sent.name),
            "schedule" => source.schedule = convert::schedule_in(sent.schedule.clone()),
            "max_deactivation_percent" => source.max_percent = sent.max_deactivation_percent,
            "paused" => source.paused = sent.paused,
            "settings" => {
                let settings = sent.settings.as_ref();
                let settings = settings.ok_or_else(|| Error::field("source.settings", "must be set"))?;
                if connectors::kind(settings) != source.kind {
                    let message =
                        format!("must stay of the kind {}; add another source instead", source.kind);
                    return Err(Error::field("source.settings", message));
                }
                check(service, tx, settings)?;
                source.settings = settings.encode_to_vec();
            }
            other => {
                let message = format!(
                    "names '{other}'; only name, settings, schedule, max_deactivation_percent and paused can change"
                );
                return Err(Error::field("update_mask", message));
            }
        }
    }
    source.settle(tx.now())?;
    store::update(tx, &source).await?;
    source.version += 1;
    tx.audit(Audit::of("source", source.id).because(format!("changed: {}", paths.join(", "))));
    let people = store::people(tx, &[source.id]).await?.first().map_or(0, |(_, people)| *people);
    Ok(UpdateSourceResponse { source: Some(convert::source_out(&source, people)?) })
}
