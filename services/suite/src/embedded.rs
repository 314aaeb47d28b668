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

/// The gateway's keys lie in a file of the folder, which is made where it is missing, unless settings name another.
fn keys(config: &mut Config, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).context("making the folder of keys")?;
    let settings = config.services.entry("gateway".to_owned()).or_default();
    if !settings.contains_key("keys_file") {
        let file = folder.join("gateway-keys").display().to_string();
        settings.insert("keys_file".to_owned(), file.into());
        settings.insert("generate_keys".to_owned(), true.into());
    }
    Ok(())
}

/// Lets people sign in at the address of HTTP. Every service trusts the tokens that the gateway then issues.
pub(crate) fn sign_in(config: &mut Config, folder: &Path) -> Result<()> {
    keys(config, folder)?;
    let settings = config.services.entry("gateway".to_owned()).or_default();
    let here = format!("http://{}", config.http.listen);
    let url = settings.entry("public_url").or_insert_with(|| here.clone().into());
    let url = url.as_str().unwrap_or(&here).trim_end_matches('/').to_owned();
    let sign_in = settings.entry("sign_in").or_insert_with(|| toml::Table::new().into());
    if let Some(sign_in) = sign_in.as_table_mut() {
        sign_in.entry("local_providers").or_insert(true.into());
    }
    config.identity.issuers.push(grpc::IssuerSettings {
        issuer: url,
        audience: "mentor".to_owned(),
        tenant: None,
        tenants: Vec::new(),
        all_tenants: true,
        jwks_url: Some(format!("{here}/.well-known/jwks.json")),
        jwks_file: None,
        algorithms: vec!["EdDSA".to_owned()],
    });
    Ok(())
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
    keys(&mut config, folder)?;
    runtime::migrate(&config, &services()).await.context("bringing the private database up to date")?;
    Ok((postgres, config))
}
