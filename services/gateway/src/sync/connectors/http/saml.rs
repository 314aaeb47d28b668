//! A signed SAML 2.0 assertion, for which SuccessFactors gives a token.
//!
//! What stands in it follows SAP's "SAP SuccessFactors HXM Suite OData API: Developer Guide (V2)", chapter "Generating a SAML
//! Assertion", and knowledge base article 3031657: audience `www.successfactors.com`, recipient `<API server>/oauth/token`, the
//! user as NameID, the client's API key as the attribute `api_key`. The signature is an enveloped one (XML Signature) with
//! RSA-SHA256. The text is written in the form that Exclusive XML Canonicalization gives (no blanks between elements, no
//! self-closing ones, attributes in order), so that the bytes which are signed are the bytes which are sent.

use super::client::refused;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};

/// How long an assertion is good.
const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How far the source's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(1);
const AUDIENCE: &str = "www.successfactors.com";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What assertions say, and the key that signs them.
pub(super) struct Assertion {
    client_id: String,
    user: String,
    recipient: String,
    key: RsaKeyPair,
}

impl Assertion {
    /// Reads the key, PEM in PKCS#8 or PKCS#1.
    ///
    /// # Errors
    /// `SOURCE_REFUSED` when it is no RSA key of 2048 to 4096 bits.
    pub(super) fn new(client_id: &str, user: &str, recipient: &str, key: &SecretString) -> Result<Self> {
        let wrong = "the private key is no RSA key of 2048 to 4096 bits in PEM form";
        let key =
            PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).map_err(|_| refused(wrong))?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(refused(wrong)),
        };
        Ok(Assertion {
            client_id: client_id.to_owned(),
            user: user.to_owned(),
            recipient: recipient.to_owned(),
            key: key.map_err(|_| refused(wrong))?,
        })
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// A signed assertion in Base64, good from now on for ten minutes.
    pub(super) fn sign(&self, now: Timestamp, id: Uuid) -> Result<SecretString> {
        let id = format!("_{}", id.simple());
        let (issuer, rest) = self.parts(&id, now);
        let digest = STANDARD.encode(digest::digest(&digest::SHA256, format!("{issuer}{rest}").as_bytes()));
        let signed = signed_info(&id, &digest, &format!(" xmlns:ds=\"{DS}\""));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Error::internal("the system has no randomness"))?;
        let (signed, signature) = (signed_info(&id, &digest, ""), STANDARD.encode(signature));
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{DS}\">{signed}<ds:SignatureValue>{signature}</ds:SignatureValue></ds:Signature>"
        );
        Ok(SecretString::from(STANDARD.encode(format!("{issuer}{signature}{rest}"))))
    }

    /// The assertion without its signature, which belongs between the two parts.
    fn parts(&self, id: &str, now: Timestamp) -> (String, String) {
        let at = |by: SignedDuration| {
            let moment = now.checked_add(by).unwrap_or(now);
            moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        };
        let (now, before, until) = (at(SignedDuration::ZERO), at(-SKEW), at(LIFE));
        let (user, api_key, recipient) =
            (text(&self.user), text(&self.client_id), attribute(&self.recipient));
        let issuer = format!(
            "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" \
             IssueInstant=\"{now}\" Version=\"2.0\"><saml2:Issuer>{AUDIENCE}</saml2:Issuer>"
        );
        let rest = format!(
            "<saml2:Subject>\
             <saml2:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">{user}</saml2:NameID>\
             <saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml2:SubjectConfirmationData NotOnOrAfter=\"{until}\" Recipient=\"{recipient}\">\
             </saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>\
             <saml2:Conditions NotBefore=\"{before}\" NotOnOrAfter=\"{until}\">\
             <saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}</saml2:Audience></saml2:AudienceRestriction>\
             </saml2:Conditions>\
             <saml2:AuthnStatement AuthnInstant=\"{now}\" SessionIndex=\"{id}\"><saml2:AuthnContext>\
             <saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
             </saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>\
             <saml2:AttributeStatement><saml2:Attribute Name=\"api_key\">\
             <saml2:AttributeValue>{api_key}</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement>\
             </saml2:Assertion>"
        );
        (issuer, rest)
    }
}

/// What is signed. Canonicalized by itself it declares its namespace; within the signature it inherits it.
fn signed_info(id: &str, digest: &str, namespace: &str) -> String {
    format!(
        "<ds:SignedInfo{namespace}>\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
}

/// Escaped as canonical text; control characters, which XML does not have, are left out.
fn text(value: &str) -> String {
    let plain: String = value.chars().filter(|c| !c.is_control()).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escaped as a canonical attribute.
fn attribute(value: &str) -> String {
    let plain: String = value.chars().filter(|c| !c.is_control()).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    fn key() -> SecretString {
        SecretString::from(include_str!("../../../../tests/peers/success_factors/key.pem").to_owned())
    }

    #[test]
    fn the_signature_covers_what_is_sent() {
        let url = "https://api.example.org/oauth/token";
        let assertion = Assertion::new("key&<1>", "sf\"api>", url, &key()).expect("a key");
        let now = "2025-01-06T09:00:00Z".parse().expect("a time");
        let sent = assertion.sign(now, Uuid::from_u128(7)).expect("signed");
        let sent = String::from_utf8(STANDARD.decode(sent.expose_secret()).expect("Base64")).expect("text");
        assert!(
            sent.contains(">sf\"api&gt;</saml2:NameID>") && sent.contains(">key&amp;&lt;1&gt;<"),
            "{sent}"
        );
        assert!(
            sent.contains("NotBefore=\"2025-01-06T08:59:00Z\" NotOnOrAfter=\"2025-01-06T09:10:00Z\""),
            "{sent}"
        );
        let (before, rest) = sent.split_once("<ds:Signature ").expect("a signature");
        let (signature, after) = rest.split_once("</ds:Signature>").expect("its end");
        let between =
            |from: &str, to: &str| signature.split_once(from).and_then(|(_, rest)| rest.split_once(to));
        let (digest, _) = between("<ds:DigestValue>", "<").expect("a digest");
        let whole = format!("{before}{after}");
        assert_eq!(digest, STANDARD.encode(digest::digest(&digest::SHA256, whole.as_bytes())));
        let (info, _) = between("<ds:SignedInfo>", "</ds:SignedInfo>").expect("what is signed");
        let info = format!("<ds:SignedInfo xmlns:ds=\"{DS}\">{info}</ds:SignedInfo>");
        let (value, _) = between("<ds:SignatureValue>", "<").expect("a value");
        let value = STANDARD.decode(value).expect("Base64");
        let public = assertion.key.public().as_ref().to_vec();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        public.verify(info.as_bytes(), &value).expect("the signature is right");
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        for text in ["", "word", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            let error = Assertion::new("c", "u", "r", &SecretString::from(text.to_owned())).map(drop);
            let error = error.expect_err("refused");
            assert_eq!(error.reason, "SOURCE_REFUSED");
            assert!(!error.message.contains("AAAA"));
        }
    }
}
