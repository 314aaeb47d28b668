//! Domain: bearer tokens. A token names its tenant, so that it can be looked up where row-level security allows, and
//! holds 256 random bits; what is kept is its SHA-256. Pure.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Error, Result, TenantId, Uuid};
use ring::{digest, rand::SecureRandom};

/// What every token begins with, so that scanners for leaked secrets recognise it.
const PREFIX: &str = "mentor_scim_";
/// Random bytes.
const SECRET: usize = 32;
/// The longest text that can be a token.
const MAX_LENGTH: usize = 200;

/// A new token of a tenant.
///
/// # Errors
/// Internal, when the system has no randomness.
pub(crate) fn new(tenant: TenantId, random: &dyn SecureRandom) -> Result<String> {
    let mut bytes = [0; 16 + SECRET];
    let (name, secret) = bytes.split_at_mut(16);
    name.copy_from_slice(tenant.0.as_bytes());
    random.fill(secret).map_err(|_| Error::internal("the system has no randomness"))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The tenant that a token names, if the text can be a token.
pub(crate) fn tenant(token: &str) -> Option<TenantId> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let (name, secret) = bytes.split_at_checked(16)?;
    (secret.len() == SECRET).then(|| Uuid::from_slice(name).ok().map(TenantId)).flatten()
}

/// What is kept of a token.
pub(crate) fn hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ring::rand::SystemRandom;

    #[test]
    fn a_token_names_its_tenant_and_is_never_the_same() {
        let tenant_id = TenantId(Uuid::from_u128(7));
        let [first, second] = [0, 1].map(|_| new(tenant_id, &SystemRandom::new()).expect("randomness"));
        assert_ne!(first, second);
        assert_eq!(tenant(&first), Some(tenant_id));
        assert_eq!(hash(&first).len(), 32);
        assert!(!first.contains(&URL_SAFE_NO_PAD.encode(hash(&first))));
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_token(text in ".{0,250}") {
            prop_assert_eq!(tenant(&text), None);
            prop_assert_eq!(tenant(&format!("{PREFIX}{text}")), None);
        }
    }
}
