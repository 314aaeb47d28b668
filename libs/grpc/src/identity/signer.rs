//! An Ed25519 key that signs tokens, and its public half as services read it.

use super::keys::KeySet;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::{Error, Result};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

/// Characters of the public key that make its `kid`.
const KEY_ID_LENGTH: usize = 12;
/// What stands before the seed in an Ed25519 private key of PKCS #8 (RFC 8410, 7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Signs tokens with EdDSA. The same seed makes the same key, and the same claims the same token.
pub struct Signer {
    signing: EncodingKey,
    key_id: String,
    jwk: Value,
}

impl Signer {
    /// The key of a seed of 32 secret bytes.
    ///
    /// # Errors
    /// Internal, when the seed is refused.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed).map_err(|error| Error::internal(error.to_string()))?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let key_id: String = public.chars().take(KEY_ID_LENGTH).collect();
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key_id, "x": public,
        });
        let mut pkcs8 = PKCS8.to_vec();
        pkcs8.extend_from_slice(seed);
        Ok(Signer { signing: EncodingKey::from_ed_der(&pkcs8), key_id, jwk })
    }

    /// A key that nobody has had before.
    ///
    /// # Errors
    /// Internal, when the system has no randomness.
    pub fn random() -> Result<Self> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::internal("the system has no randomness"))?;
        Signer::from_seed(&seed)
    }

    /// Claims, signed. `typ` is the kind of token for the header; none for a plain one.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub fn sign(&self, claims: &Value, typ: Option<&str>) -> Result<String> {
        let mut header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        if let Some(typ) = typ {
            header.typ = Some(typ.to_owned());
        }
        encode(&header, claims, &self.signing).map_err(Error::internal)
    }

    /// The public key (RFC 7517).
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The key for verifying in this process.
    pub(crate) fn keys(&self) -> Result<KeySet> {
        KeySet::parse(json!({ "keys": [self.jwk] }).to_string().as_bytes(), &[Algorithm::EdDSA])
    }
}
