//! Which identity providers are trusted, for whom.

use kernel::TenantId;
use serde::Deserialize;
use std::path::PathBuf;

/// The trusted issuers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentitySettings {
    /// One entry per identity provider.
    pub issuers: Vec<IssuerSettings>,
}

/// One identity provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// The exact `iss` of its tokens.
    pub issuer: String,
    /// What `aud` must be or contain.
    #[serde(default = "default_audience")]
    pub audience: String,
    /// The only tenant of this issuer; its tokens need no `tenant` claim.
    #[serde(default)]
    pub tenant: Option<TenantId>,
    /// The tenants this issuer may speak for, named by the `tenant` claim.
    #[serde(default)]
    pub tenants: Vec<TenantId>,
    /// Speaks for every tenant, named by the claim: for the suite's own gateway only.
    #[serde(default)]
    pub all_tenants: bool,
    /// Where its keys are published. HTTPS, or HTTP on the machine itself.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// A file with its keys, read again when it changes.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// Allowed signature algorithms; symmetric ones are refused at start.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
}

fn default_audience() -> String {
    "mentor".to_owned()
}

fn default_algorithms() -> Vec<String> {
    ["RS256", "ES256", "EdDSA"].map(str::to_owned).to_vec()
}
