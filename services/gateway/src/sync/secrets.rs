//! Secrets that sources name: from the environment or a file, by the settings, and a tenant's own only.

use crate::config::Settings;
use kernel::{Error, Result, TenantId};
use runtime::config::Secret;
use secrecy::SecretString;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

/// The longest secret.
const MAX_BYTES: u64 = 64 << 10;

/// The secrets of one tenant.
#[derive(Clone)]
pub(crate) struct Secrets {
    settings: Arc<Settings>,
    tenant: TenantId,
}

impl Secrets {
    /// Those that the settings give to a tenant.
    pub(crate) fn of(settings: Arc<Settings>, tenant: TenantId) -> Self {
        Secrets { settings, tenant }
    }

    /// Whose they are.
    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Whether the tenant has a secret of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Reads a secret.
    ///
    /// # Errors
    /// `SOURCE_REFUSED` when there is none of this name, or it can't be read, or is empty.
    pub(crate) async fn read(&self, name: &str) -> Result<SecretString> {
        let wrong = |what: &str| {
            let message =
                format!("the secret '{name}' {what}; see the setting services.gateway.sync.secrets");
            Error::precondition("SOURCE_REFUSED", message)
        };
        let secret = self.find(name).ok_or_else(|| wrong("is not set for this tenant"))?;
        let secret = if secret.file.as_os_str().is_empty() {
            secret.value.clone()
        } else {
            let file = tokio::fs::File::open(&secret.file).await;
            let file = file.map_err(|error| wrong("names a file that can't be read").caused_by(error))?;
            let mut text = String::new();
            let read = file.take(MAX_BYTES).read_to_string(&mut text).await;
            read.map_err(|error| wrong("names a file that is no text").caused_by(error))?;
            Secret::new(text.trim_end_matches(['\r', '\n']))
        };
        secret.wrapped().ok_or_else(|| wrong("is empty"))
    }

    fn find(&self, name: &str) -> Option<&super::settings::NamedSecret> {
        let tenant = self.tenant.to_string();
        self.settings.sync.secrets.get(name).filter(|secret| secret.tenant.eq_ignore_ascii_case(&tenant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Uuid;
    use secrecy::ExposeSecret;

    #[tokio::test]
    async fn a_tenant_reads_its_own_secrets_only() {
        let folder = std::env::temp_dir().join(format!("mentor-secret-{}", std::process::id()));
        std::fs::write(&folder, "from a file\n").expect("a temporary file");
        let (own, other) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let text = format!(
            "[secrets.plain]\ntenant = '{own}'\nvalue = 'open'\n[secrets.filed]\ntenant = '{own}'\nfile = '{}'\n\
             [secrets.gone]\ntenant = '{own}'\nfile = '/nowhere/at/all'\n[secrets.blank]\ntenant = '{own}'\n",
            folder.display()
        );
        let sync = toml::from_str(&text).expect("valid settings");
        let settings = Arc::new(Settings { sync, ..Settings::default() });
        assert!(!format!("{settings:?}").contains("'open'") && !format!("{settings:?}").contains("\"open\""));
        let secrets = Secrets::of(settings.clone(), own);
        assert_eq!(secrets.read("plain").await.expect("is set").expose_secret(), "open");
        assert_eq!(secrets.read("filed").await.expect("is there").expose_secret(), "from a file");
        for name in ["gone", "blank", "unknown"] {
            let error = secrets.read(name).await.expect_err("must be refused");
            assert!(error.message.contains(name), "{}", error.message);
        }
        assert!(!Secrets::of(settings, other).has("plain"));
        std::fs::remove_file(folder).expect("it was there");
    }
}
