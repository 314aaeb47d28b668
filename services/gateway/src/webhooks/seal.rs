//! Domain: the secrets of webhooks. Signing needs them in clear, so they lie sealed, each bound to its tenant and webhook. Pure.

use crate::keys::{Keys, random};
use base64::{Engine, engine::general_purpose::STANDARD};
use kernel::{Error, Result, TenantId, Uuid};
use secrecy::SecretString;

/// What every secret begins with, after Standard Webhooks.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret.
const SECRET: usize = 32;

/// A new secret of a webhook, as its receiver gets it and as it is kept.
///
/// # Errors
/// Internal, when the system has no randomness.
pub(crate) fn new_secret(keys: &Keys, tenant: TenantId, webhook: Uuid) -> Result<(String, Vec<u8>)> {
    let secret = random::<SECRET>()?;
    Ok((shown(&secret), keys.seal(bound(tenant, webhook), &secret)?))
}

/// A secret in the form that signing takes.
///
/// # Errors
/// Internal, when its key is gone or it was changed.
pub(crate) fn open(keys: &Keys, tenant: TenantId, webhook: Uuid, sealed: &[u8]) -> Result<SecretString> {
    let secret = keys.open(bound(tenant, webhook), sealed).ok_or_else(|| {
        Error::internal("a webhook's secret was sealed with a key that is not in keys_file any more")
    })?;
    Ok(SecretString::from(shown(&secret)))
}

fn shown(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

fn bound(tenant: TenantId, webhook: Uuid) -> Vec<u8> {
    [tenant.0.into_bytes(), webhook.into_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_opens_for_its_webhook_only_and_after_a_change_of_keys() {
        let (tenant, webhook) = (TenantId(Uuid::from_u128(1)), Uuid::from_u128(2));
        let line = |byte| STANDARD.encode([byte; 32]);
        let old = Keys::read(&line(1)).expect("a key");
        let (secret, sealed) = new_secret(&old, tenant, webhook).expect("sealed");
        assert!(secret.starts_with(PREFIX) && secret.len() == 6 + 44);
        let both = Keys::read(&format!("{}\n{}", line(2), line(1))).expect("two keys");
        for keys in [&old, &both] {
            assert_eq!(open(keys, tenant, webhook, &sealed).expect("its own").expose_secret(), secret);
            assert!(open(keys, tenant, Uuid::from_u128(3), &sealed).is_err());
            assert!(open(keys, TenantId(webhook), tenant.0, &sealed).is_err());
        }
        let (_, by_new) = new_secret(&both, tenant, webhook).expect("sealed");
        assert!(open(&old, tenant, webhook, &by_new).is_err(), "the first key seals");
    }
}
