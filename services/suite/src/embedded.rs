//! The embedded default: a private Postgres, broker and cache in the process, every service on one port.

use anyhow::{Context, Result};
use kernel::TenantId;
use rand::{Rng, distr::Alphanumeric};
use runtime::{
    Config, Entry,
    config::{BrokerKind, CacheKind, Secret},
    embedded::{Durability, Postgres},
};
use std::path::Path;

/// The tenant that the embedded suite starts with.
pub(crate) const TENANT: TenantId =
    TenantId(kernel::Uuid::from_u128(0x0194_1f29_7c00_7000_8000_0000_0000_0001));

/// Every service of the suite.
pub(crate) fn services() -> Vec<Entry> {
    vec![
        Entry::of::<enrollment::Enrollment>(),
        Entry::of::<matching::Matching>(),
        Entry::of::<scheduling::Scheduling>(),
        Entry::of::<evaluation::Evaluation>(),
        Entry::of::<gateway::Gateway>(),
    ]
}

/// The key that seals the secrets of webhooks lies beside the database, and is made when it is not there.
fn webhooks(folder: &Path) -> toml::Table {
    let file = folder.join("webhooks.key").display().to_string();
    let webhooks = toml::Table::from_iter([
        ("key_file".to_owned(), file.into()),
        ("generate_key".to_owned(), true.into()),
    ]);
    toml::Table::from_iter([("webhooks".to_owned(), webhooks.into())])
}

/// Starts Postgres in a folder, brings it up to date, and gives the configuration of the suite on it.
pub(crate) async fn prepare(folder: &Path, durability: Durability) -> Result<(Postgres, Config)> {
    let random = rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect();
    let postgres = Postgres::start(folder, durability, random).await?;
    let mut config = Config::defaults()?;
    config.database.url = Secret::new(postgres.host_url("postgres"));
    config.database.password = postgres.password().clone();
    config.migrate.url = Secret::new(postgres.url());
    config.migrate.password = postgres.password().clone();
    config.messaging.broker = BrokerKind::InProcess;
    config.cache.kind = CacheKind::InProcess;
    config.identity.dev.enabled = true;
    config.telemetry.listen = None;
    config.services.insert("gateway".to_owned(), webhooks(folder));
    runtime::migrate(&config, &services()).await.context("bringing the private database up to date")?;
    Ok((postgres, config))
}
