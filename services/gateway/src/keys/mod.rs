//! The keys of the suite's own tokens, and of what it keeps sealed: secrets of identity providers and webhooks, sessions. All
//! come from a few secrets (HKDF, RFC 5869, a label for each use), so that operations keep one file.

mod file;

pub(crate) use file::load;

use base64::{Engine, engine::general_purpose::STANDARD};
use grpc::Signer;
use kernel::{Error, Result};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretBox};
use serde_json::{Value, json};

/// The least length of a secret, in bytes.
const SECRET: usize = 32;
/// More secrets than any rotation needs.
const MOST: usize = 10;
/// Bytes of the name of a key that stand before what it sealed, where it was not derived.
const NAME: usize = 4;

/// The keys.
pub(crate) struct Keys {
    /// The first signs.
    signers: Vec<Signer>,
    /// The first seals.
    seals: Vec<LessSafeKey>,
    /// The secrets themselves, which sealed for webhooks before keys were derived. They only open.
    underived: Vec<LessSafeKey>,
    /// Whether they outlive the process.
    lasting: bool,
}

impl Keys {
    /// The keys of a file of secrets, one a line, the newest first.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming the setting and what is wrong with the line.
    pub(crate) fn read(text: &str) -> Result<Keys> {
        let wrong = |what: String| Error::field("services.gateway.keys_file", what);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut secrets = Vec::new();
        for (at, line) in lines.enumerate() {
            let secret = STANDARD.decode(line).ok().filter(|secret| secret.len() >= SECRET);
            let secret = secret.ok_or_else(|| {
                wrong(format!(
                    "key {} is not {SECRET} bytes or more in base64; make one with `openssl rand -base64 32`",
                    at + 1
                ))
            })?;
            secrets.push(SecretBox::new(secret.into_boxed_slice()));
        }
        if secrets.is_empty() || secrets.len() > MOST {
            return Err(wrong(format!("must hold 1 to {MOST} keys, one a line")));
        }
        Keys::of(&secrets, true)
    }

    /// Keys of this process.
    ///
    /// # Errors
    /// Internal, when the system has no randomness.
    pub(crate) fn fleeting() -> Result<Keys> {
        Keys::of(&[SecretBox::new(Box::from(random::<SECRET>()?.as_slice()))], false)
    }

    fn of(secrets: &[SecretBox<[u8]>], lasting: bool) -> Result<Keys> {
        let (mut signers, mut seals) = (Vec::new(), Vec::new());
        for secret in secrets {
            signers.push(Signer::from_seed(&derived(secret, b"sign")?)?);
            let key = UnboundKey::new(&AES_256_GCM, &derived(secret, b"seal")?);
            seals.push(LessSafeKey::new(key.map_err(|_| Error::internal("a key of the wrong length"))?));
        }
        let underived = secrets.iter().filter_map(|secret| {
            UnboundKey::new(&AES_256_GCM, secret.expose_secret()).ok().map(LessSafeKey::new)
        });
        Ok(Keys { signers, seals, underived: underived.collect(), lasting })
    }

    /// Whether what is sealed can be opened after a restart.
    pub(crate) fn last(&self) -> bool {
        self.lasting
    }

    /// Claims, signed by the newest key. `typ` is the kind of token.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub(crate) fn sign(&self, claims: &Value, typ: &str) -> Result<String> {
        let signer = self.signers.first().ok_or_else(|| Error::internal("there is no key"))?;
        signer.sign(claims, Some(typ))
    }

    /// The public keys as a JWKS document.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": self.signers.iter().map(Signer::jwk).collect::<Vec<_>>() })
    }

    /// Seals a text; it opens under the same name only.
    ///
    /// # Errors
    /// Internal, when the system has no randomness.
    pub(crate) fn seal(&self, name: impl AsRef<[u8]>, text: &[u8]) -> Result<Vec<u8>> {
        let key = self.seals.first().ok_or_else(|| Error::internal("there is no key"))?;
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = text.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed)
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed under a name; `None` when it was not, or with a key that is gone.
    pub(crate) fn open(&self, name: impl AsRef<[u8]>, sealed: &[u8]) -> Option<Vec<u8>> {
        let name = name.as_ref();
        let derived = self.seals.iter().find_map(|key| open(key, name, sealed));
        derived.or_else(|| {
            let (_, sealed) = sealed.split_at_checked(NAME)?;
            self.underived.iter().find_map(|key| open(key, name, sealed))
        })
    }
}

fn open(key: &LessSafeKey, name: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = sealed.to_vec();
    Some(key.open_in_place(nonce, Aad::from(name), &mut text).ok()?.to_vec())
}

/// A new secret, as a line of the file.
///
/// # Errors
/// Internal, when the system has no randomness.
fn new_line() -> Result<String> {
    Ok(format!("{}\n", STANDARD.encode(random::<SECRET>()?)))
}

/// Random bytes.
///
/// # Errors
/// Internal, when the system has none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("the system has no randomness"))?;
    Ok(bytes)
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derived(secret: &SecretBox<[u8]>, label: &[u8]) -> Result<[u8; SECRET]> {
    let wrong = |_| Error::internal("a key could not be derived");
    let key = Salt::new(HKDF_SHA256, b"mentor gateway 1").extract(secret.expose_secret());
    let label = [label];
    let mut bytes = [0; SECRET];
    key.expand(&label, Length(SECRET)).and_then(|output| output.fill(&mut bytes)).map_err(wrong)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    fn keys(lines: &[u8]) -> Keys {
        Keys::read(&lines.iter().map(|byte| line(*byte)).collect::<Vec<_>>().join("\n")).expect("sound")
    }

    #[test]
    fn what_is_sealed_opens_under_its_name_with_any_key_of_the_file() {
        let sealed = keys(&[1]).seal("provider 7", b"secret").expect("randomness");
        assert_ne!(sealed, keys(&[1]).seal("provider 7", b"secret").expect("randomness"));
        assert_eq!(keys(&[2, 1]).open("provider 7", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(keys(&[1]).open("provider 8", &sealed), None);
        assert_eq!(keys(&[2]).open("provider 7", &sealed), None);
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(keys(&[1]).open("provider 7", &bent), None, "byte {at}");
            assert_eq!(keys(&[1]).open("provider 7", &sealed[..at]), None, "cut at {at}");
        }
    }

    /// Sealed for a webhook by the key `[1; 32]` itself: the first bytes of its SHA-256, a nonce, the text, for the ids 1 and 2.
    #[test]
    fn what_was_sealed_before_keys_were_derived_still_opens() {
        let secret = [1; SECRET];
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &secret).expect("32 bytes"));
        let name = ring::digest::digest(&ring::digest::SHA256, &secret);
        let (bound, nonce) = ([kernel::Uuid::from_u128(1), kernel::Uuid::from_u128(2)], [7; NONCE_LEN]);
        let bound = bound.map(kernel::Uuid::into_bytes).concat();
        let mut text = b"of a webhook".to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&bound), &mut text)
            .expect("sealed");
        let sealed = [&name.as_ref()[..NAME], &nonce, &text].concat();
        assert_eq!(keys(&[2, 1]).open(&bound, &sealed).as_deref(), Some(&b"of a webhook"[..]));
        assert_eq!(keys(&[1]).open("another", &sealed), None);
        assert_eq!(keys(&[2]).open(&bound, &sealed), None);
    }

    #[test]
    fn all_keys_are_published_and_the_first_signs() {
        let (old, both) = (keys(&[1]), keys(&[2, 1]));
        let ids = |keys: &Keys| -> Vec<String> {
            let jwks = keys.jwks();
            let keys = jwks["keys"].as_array().expect("a list").iter();
            keys.map(|key| key["kid"].as_str().expect("an id").to_owned()).collect()
        };
        assert_eq!(ids(&both)[1..], ids(&old));
        let token = both.sign(&json!({ "sub": "x" }), "at+jwt").expect("signed");
        assert_eq!(token, both.sign(&json!({ "sub": "x" }), "at+jwt").expect("signed"), "the same each time");
        let published =
            grpc::KeySet::parse(both.jwks().to_string().as_bytes(), &[jsonwebtoken::Algorithm::EdDSA]);
        let signed = published.expect("usable").verify::<Value>(&token).expect("good");
        assert_eq!((signed.claims["sub"].as_str(), signed.typ.as_deref()), (Some("x"), Some("at+jwt")));
        let others =
            grpc::KeySet::parse(old.jwks().to_string().as_bytes(), &[jsonwebtoken::Algorithm::EdDSA]);
        assert!(others.expect("usable").verify::<Value>(&token).is_err());
    }

    #[test]
    fn a_bad_file_names_its_line() {
        for text in ["", "# nothing", "c2hvcnQ="] {
            assert!(Keys::read(text).is_err(), "{text}");
        }
        let error = Keys::read(&format!("{}\nnonsense", line(1))).err().expect("refused");
        assert!(error.message.contains("key 2"), "{}", error.message);
        assert!(Keys::read(&format!("# newest first\n{}\n\n{}\n", line(1), line(2))).expect("sound").last());
    }
}
