//! `mentor tokens`: a development issuer for services that run apart, as in compose.

use crate::{advice, help::examples};
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use grpc::{DevIssuer, NewToken};
use kernel::{Role, SystemClock, TenantId};
use rand::Rng;
use std::{fs, path::PathBuf, sync::Arc, time::Duration};

/// How long the tokens are valid; whoever can read the folder can act as anybody for that long.
const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
const KEYS: &str = "jwks.json";
/// What the gateway signs and seals with, and its public half.
const GATEWAY: [&str; 2] = ["gateway-keys", "gateway-jwks.json"];

/// Make keys and a token of every role, for development with services that run apart.
///
/// Never in production. Writes jwks.json, which services trust by identity.issuers, and ROLE.token into the folder; and
/// gateway-keys for the gateway, with gateway-jwks.json for the services. The signing key of the tokens is not kept: what is
/// there stays as it is, and other tokens need a new folder.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor tokens issuer --tenant 01941f29-7c00-7000-8000-000000000001", "issuer/jwks.json, issuer/hr_admin.token, …"),
]))]
pub(crate) struct Tokens {
    /// Where they are written.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The organisation that they speak for.
    #[arg(long, value_name = "UUID")]
    tenant: TenantId,
}

pub(crate) fn run(tokens: &Tokens) -> Result<()> {
    let keys = tokens.folder.join(KEYS);
    if !keys.exists() {
        write(tokens).with_context(|| format!("writing into {}", tokens.folder.display()))?;
    }
    println!("Development only: tokens of the organisation that {} was made for.", keys.display());
    for role in Role::GRANTABLE {
        let token = fs::read_to_string(tokens.file(role)).with_context(|| {
            format!("reading {}; begin with an empty folder", tokens.file(role).display())
        })?;
        println!("{:<16} {token}", role.name());
    }
    Ok(())
}

/// The keys last: where they are, everything is.
fn write(tokens: &Tokens) -> Result<()> {
    let issuer = DevIssuer::new(Arc::new(SystemClock)).map_err(advice::explain)?;
    fs::create_dir_all(&tokens.folder)?;
    for role in Role::GRANTABLE {
        let subject = format!("development-{}", role.name());
        let new =
            NewToken { tenant: tokens.tenant, subject: &subject, roles: &[role], person: None, ttl: LIFE };
        fs::write(tokens.file(role), issuer.token(&new).map_err(advice::explain)?)?;
    }
    let secret: [u8; 32] = rand::rng().random();
    let secret = STANDARD.encode(secret);
    fs::write(tokens.folder.join(GATEWAY[0]), &secret)?;
    fs::write(tokens.folder.join(GATEWAY[1]), gateway::sign_in_jwks(&secret).map_err(advice::explain)?)?;
    issuer.write_jwks(&tokens.folder.join(KEYS)).map_err(advice::explain)
}

impl Tokens {
    fn file(&self, role: Role) -> PathBuf {
        self.folder.join(format!("{}.token", role.name()))
    }
}
