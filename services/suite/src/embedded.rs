//! The embedded default: a private Postgres, broker and cache in the process, every service on one port.

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use kernel::TenantId;
use rand::{Rng, distr::Alphanumeric};
use runtime::{
    Config, Entry,
    config::{BrokerKind, CacheKind, Secret},
    embedded::{Durability, Postgres},
};
use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

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

/// Lets people sign in: the address of HTTP, and keys in a file, which is made where it is missing. Every service trusts the
/// tokens that the gateway then issues.
pub(crate) fn sign_in(config: &mut Config, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).context("making the folder of keys")?;
    let file = folder.join("sign-in-keys");
    if !file.exists() {
        let random: [u8; 32] = rand::rng().random();
        write_secret(&file, &STANDARD.encode(random)).context("writing the keys of signing in")?;
    }
    let settings = config.services.entry("gateway".to_owned()).or_default();
    let here = format!("http://{}", config.http.listen);
    let url = settings.entry("public_url").or_insert_with(|| here.clone().into());
    let url = url.as_str().unwrap_or(&here).trim_end_matches('/').to_owned();
    let sign_in = settings.entry("sign_in").or_insert_with(|| toml::Table::new().into());
    if let Some(sign_in) = sign_in.as_table_mut() {
        sign_in.entry("keys_file").or_insert_with(|| file.display().to_string().into());
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

/// A file that its owner alone reads.
fn write_secret(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true).mode(0o600).open(file)?.write_all(text.as_bytes())
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
