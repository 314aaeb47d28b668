//! Domain: secrets at rest. Signing needs them in clear, so they are sealed (AES-256-GCM) with a key that lies in a file,
//! outside of the database; each is bound to its tenant and webhook. Pure.

use base64::{Engine, engine::general_purpose::STANDARD};
use kernel::{Error, Result, Uuid};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
    rand::SecureRandom,
};
use secrecy::SecretString;

/// What every secret begins with, after Standard Webhooks.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret.
const SECRET: usize = 32;
/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a key's name, which stands before what it has sealed.
const NAME: usize = 4;

/// Seals with its first key and opens with each.
pub(crate) struct Sealer(Vec<(Vec<u8>, LessSafeKey)>);

impl Sealer {
    /// The keys of a file's text, one a line.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn read(text: &str) -> Result<Sealer, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys: Vec<_> = lines.enumerate().map(|(at, line)| key(at + 1, line)).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err("holds no key".to_owned()) } else { Ok(Sealer(keys)) }
    }

    /// A new secret, and sealed for the webhook.
    ///
    /// # Errors
    /// Internal, when the system has no randomness.
    pub(crate) fn new_secret(
        &self,
        tenant: Uuid,
        webhook: Uuid,
        random: &dyn SecureRandom,
    ) -> Result<(String, Vec<u8>)> {
        let mut secret = [0; SECRET];
        random.fill(&mut secret).map_err(|_| Error::internal("the system has no randomness"))?;
        let sealed = self.seal(&secret, tenant, webhook, random)?;
        Ok((format!("{PREFIX}{}", STANDARD.encode(secret)), sealed))
    }

    fn seal(&self, secret: &[u8], tenant: Uuid, webhook: Uuid, random: &dyn SecureRandom) -> Result<Vec<u8>> {
        let fault = |_| Error::internal("a secret can't be sealed");
        let (name, key) = self.0.first().ok_or_else(|| Error::internal("there is no key"))?;
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce).map_err(fault)?;
        let mut text = secret.to_vec();
        let aad = Aad::from(bound(tenant, webhook));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text).map_err(fault)?;
        Ok([name.as_slice(), &nonce, &text].concat())
    }

    /// The secret in the form that signing takes.
    ///
    /// # Errors
    /// Internal, when its key is gone or it was changed.
    pub(crate) fn open(&self, sealed: &[u8], tenant: Uuid, webhook: Uuid) -> Result<SecretString> {
        let fault =
            || Error::internal("a webhook's secret was sealed with a key that is not in key_file any more");
        let (name, rest) = sealed.split_at_checked(NAME).ok_or_else(fault)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(fault)?;
        let (_, key) = self.0.iter().find(|(known, _)| known == name).ok_or_else(fault)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| fault())?;
        let mut text = text.to_vec();
        let secret =
            key.open_in_place(nonce, Aad::from(bound(tenant, webhook)), &mut text).map_err(|_| fault())?;
        Ok(SecretString::from(format!("{PREFIX}{}", STANDARD.encode(secret))))
    }
}

/// A new key, as a line of the file.
///
/// # Errors
/// Internal, when the system has no randomness.
pub(crate) fn new_key(random: &dyn SecureRandom) -> Result<String> {
    let mut key = [0; KEY];
    random.fill(&mut key).map_err(|_| Error::internal("the system has no randomness"))?;
    Ok(format!("{}\n", STANDARD.encode(key)))
}

fn key(at: usize, line: &str) -> Result<(Vec<u8>, LessSafeKey), String> {
    let wrong = || {
        format!("line {at} is no key: 32 random bytes in base64, such as `openssl rand -base64 32` prints")
    };
    let bytes = STANDARD.decode(line).ok().filter(|bytes| bytes.len() == KEY).ok_or_else(wrong)?;
    let name = digest::digest(&digest::SHA256, &bytes).as_ref().iter().take(NAME).copied().collect();
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| wrong())?;
    Ok((name, LessSafeKey::new(key)))
}

fn bound(tenant: Uuid, webhook: Uuid) -> Vec<u8> {
    [tenant.as_bytes().as_slice(), webhook.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use secrecy::ExposeSecret;

    const TENANT: Uuid = Uuid::from_u128(1);
    const WEBHOOK: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_secret_opens_for_its_webhook_only_and_after_a_change_of_keys() {
        let random = SystemRandom::new();
        let (old, new) = (new_key(&random).expect("a key"), new_key(&random).expect("a key"));
        let sealer = Sealer::read(&old).expect("a key");
        let (secret, sealed) = sealer.new_secret(TENANT, WEBHOOK, &random).expect("sealed");
        assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44);
        let later = Sealer::read(&format!("\n{new}\n{old}")).expect("two keys");
        for sealer in [&sealer, &later] {
            assert_eq!(sealer.open(&sealed, TENANT, WEBHOOK).expect("its own").expose_secret(), secret);
            assert!(sealer.open(&sealed, TENANT, Uuid::from_u128(3)).is_err());
            assert!(sealer.open(&sealed, WEBHOOK, TENANT).is_err());
        }
        let (_, by_new) = later.new_secret(TENANT, WEBHOOK, &random).expect("sealed");
        assert!(sealer.open(&by_new, TENANT, WEBHOOK).is_err(), "the first key seals");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(&changed, TENANT, WEBHOOK).is_err(), "byte {at}");
            assert!(sealer.open(&sealed[..at], TENANT, WEBHOOK).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_line() {
        for (text, wrong) in [("", "no key"), ("\n \n", "no key"), ("x", "line 1"), ("AAAA", "line 1")] {
            assert!(Sealer::read(text).err().is_some_and(|error| error.contains(wrong)), "{text:?}");
        }
        let good = new_key(&SystemRandom::new()).expect("a key");
        assert!(Sealer::read(&format!("{good}x")).err().is_some_and(|error| error.contains("line 2")));
    }
}
