//! Starts the runs whose time has come, or for which a file lies ready, and takes up those that wait.

use crate::{
    Gateway,
    sync::{
        connectors::{Means, folder::Folder},
        convert::settings,
        runner,
        secrets::Secrets,
        source::Source,
        start_sync::start_automatic,
        store,
    },
};
use contracts::mentor::gateway::v1::source_settings::Kind;
use kernel::{Context, Result};

pub(crate) async fn run(service: &Gateway, ctx: &Context) -> Result<()> {
    let mut tx = service.db.read(ctx).await?;
    let (now, waiting) = (tx.now(), store::runs::waiting(&mut tx).await?);
    tx.commit().await?;
    service.runner.ages.observe(ctx.tenant(), waiting.oldest, now);
    if waiting.due {
        start_due(service, ctx).await?;
    }
    let started = watch(service, ctx).await?;
    if waiting.due || started || waiting.oldest.is_some() {
        runner::take_up(service, ctx).await?;
    }
    Ok(())
}

/// Starts what is due by schedule. What is under way still is not started again.
async fn start_due(service: &Gateway, ctx: &Context) -> Result<()> {
    let mut tx = service.db.write(ctx).await?;
    let now = tx.now();
    for source in store::lock_due(&mut tx, now).await? {
        start_automatic(&mut tx, source.id).await?;
        store::plan(&mut tx, source.id, source.schedule.next(now)).await?;
    }
    tx.commit().await
}

/// Starts a run for each watched folder in which a whole file lies; whether there was one.
async fn watch(service: &Gateway, ctx: &Context) -> Result<bool> {
    let mut started = false;
    if service.settings.sync.drop_dir.as_os_str().is_empty() {
        return Ok(started);
    }
    let mut tx = service.db.read(ctx).await?;
    let sources = store::watched(&mut tx, "folder").await?;
    tx.commit().await?;
    for source in sources {
        match has_new_file(service, ctx, &source).await {
            Ok(true) => {
                let mut tx = service.db.write(ctx).await?;
                let source = store::lock(&mut tx, source.id).await?;
                start_automatic(&mut tx, source.id).await?;
                tx.commit().await?;
                started = true;
            }
            Ok(false) => {}
            // A folder that is not there yet is no fault of the others.
            Err(error) => {
                tracing::debug!(source.id = %source.id, error = %error, "a folder could not be watched")
            }
        }
    }
    Ok(started)
}

async fn has_new_file(service: &Gateway, ctx: &Context, source: &Source) -> Result<bool> {
    let Some(Kind::Folder(folder)) = settings(source)?.kind else { return Ok(false) };
    let secrets = Secrets::of(service.settings.clone(), ctx.tenant());
    let means = Means {
        settings: service.settings.clone(),
        secrets,
        now: ctx.now,
        clock: service.db.clock().clone(),
    };
    let looks = &service.runner.looks;
    let folder = Folder::of(source.id, &folder, &means, looks)?;
    let ready = folder.ready().await?;
    Ok(folder.are_new(&ready))
}
