//! Domain: what clients are called and what they prove it with. A client's name for OAuth names its tenant, so that it can be
//! looked up where row-level security allows; a secret holds 256 random bits, and what is kept is its SHA-256. Pure.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{TenantId, Uuid};
use ring::digest;

/// What every secret begins with, so that scanners for leaked secrets recognise it.
const PREFIX: &str = "mentor_client_";
/// The longest text that can be a secret.
const MAX_LENGTH: usize = 200;

/// A client's name for OAuth.
pub(crate) fn identifier(tenant: TenantId, client: Uuid) -> String {
    format!("{}.{}", tenant.0.simple(), client.simple())
}

/// The client behind a name.
pub(crate) fn of_identifier(text: &str) -> Option<(TenantId, Uuid)> {
    let (tenant, client) = text.split_once('.')?;
    // The one way of writing an id that we hand out.
    let id = |text: &str| (text.len() == 32).then(|| text.parse::<Uuid>().ok()).flatten();
    Some((TenantId(id(tenant)?), id(client)?))
}

/// A secret of these random bytes.
pub(crate) fn secret(random: &[u8; 32]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

/// What is kept of a secret; `None` for a text that can't be one.
pub(crate) fn hash(secret: &str) -> Option<Vec<u8>> {
    (secret.len() <= MAX_LENGTH && secret.starts_with(PREFIX))
        .then(|| digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_leads_back_to_its_client() {
        let (tenant, client) = (TenantId(Uuid::from_u128(7)), Uuid::from_u128(8));
        assert_eq!(of_identifier(&identifier(tenant, client)), Some((tenant, client)));
        assert_eq!(of_identifier(&format!("{tenant}.{client}")), None, "one way of writing it");
    }

    #[test]
    fn what_is_kept_does_not_show_the_secret() {
        let secret = secret(&[7; 32]);
        let hash = hash(&secret).expect("a secret");
        assert_eq!(hash.len(), 32);
        assert!(!secret.contains(&URL_SAFE_NO_PAD.encode(hash)));
    }

    proptest! {
        #[test]
        fn nothing_else_is_one(text in ".{0,250}") {
            prop_assert_eq!(of_identifier(&text), None);
            prop_assert_eq!(hash(&text), None);
        }
    }
}
