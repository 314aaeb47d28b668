//! Domain: an identity provider and what is made of the claims it sends. Pure.

use crate::outgoing::Guard;
use jiff::Timestamp;
use kernel::{Error, Result, Role, Uuid};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) id: Uuid,
    pub(crate) settings: Settings,
    /// The client's secret there, sealed.
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) version: i64,
}

/// What can be said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) external_id_claim: String,
    pub(crate) link_by_email: bool,
    pub(crate) emails_are_verified: bool,
    pub(crate) role_rules: Vec<Rule>,
    pub(crate) default_roles: Vec<String>,
    pub(crate) disabled: bool,
}

/// Gives a role to whoever has a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) claim: String,
    pub(crate) value: String,
    pub(crate) role: String,
}

/// A role and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Granted {
    pub(crate) role: String,
    pub(crate) because: String,
}

/// Where issuers may be.
pub(crate) struct Bounds<'a> {
    /// The addresses.
    pub(crate) guard: Guard,
    /// The hosts; empty for any.
    pub(crate) hosts: &'a [String],
    /// This machine, without TLS.
    pub(crate) local: bool,
}

impl Settings {
    /// Checks and tidies them.
    ///
    /// # Errors
    /// `FIELD_INVALID`, with the field.
    pub(crate) fn checked(mut self, bounds: &Bounds<'_>) -> Result<Settings> {
        let wrong = |field: &str, what: &str| Err(Error::field(format!("settings.{field}"), what.to_owned()));
        self.name = self.name.trim().to_owned();
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return wrong("name", "must hold something to read, on one line");
        }
        check_issuer(&self.issuer, bounds)?;
        if self.client_id.trim().is_empty() || self.client_id.chars().any(char::is_control) {
            return wrong("client_id", "must be the client that the suite is there");
        }
        if self.scopes.iter().any(|scope| scope.chars().any(|c| !c.is_ascii_graphic() || "\"\\".contains(c)))
        {
            return wrong("scopes", "must be names without spaces");
        }
        for (at, rule) in self.role_rules.iter().enumerate() {
            check_role(&rule.role, || format!("settings.role_rules[{at}].role"))?;
        }
        for (at, role) in self.default_roles.iter().enumerate() {
            check_role(role, || format!("settings.default_roles[{at}]"))?;
        }
        if self.external_id_claim.is_empty() && !self.link_by_email {
            return wrong(
                "link_by_email",
                "or external_id_claim is needed: nobody could be found in the directory",
            );
        }
        Ok(self)
    }

    /// The claims that signing in reads, at the top.
    pub(crate) fn wanted(&self) -> BTreeSet<&str> {
        let rules = self.role_rules.iter().map(|rule| rule.claim.as_str());
        let mut wanted: BTreeSet<&str> = rules.collect();
        if self.link_by_email {
            wanted.insert("email");
        }
        if !self.external_id_claim.is_empty() {
            wanted.insert(&self.external_id_claim);
        }
        wanted
    }

    /// The roles that claims give, with their reasons, sorted.
    pub(crate) fn roles(&self, claims: &Value) -> Vec<Granted> {
        let defaults = self.default_roles.iter().map(|role| Granted {
            role: role.clone(),
            because: "everybody who signs in by this provider".to_owned(),
        });
        let rules = self.role_rules.iter().filter(|rule| rule.fits(claims)).map(|rule| Granted {
            role: rule.role.clone(),
            because: match rule.value.as_str() {
                "*" => format!("claim {} is there", rule.claim),
                value => format!("claim {} has the value {value}", rule.claim),
            },
        });
        defaults.chain(rules).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The person's id in the HRIS, as the claims say.
    pub(crate) fn external_id(&self, claims: &Value) -> Option<String> {
        if self.external_id_claim.is_empty() {
            return None;
        }
        match claim(claims, &self.external_id_claim)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The person's address, when it may be trusted; else why not.
    pub(crate) fn email(&self, claims: &Value) -> std::result::Result<String, &'static str> {
        if !self.link_by_email {
            return Err("the provider's people are not found by address");
        }
        let Some(email) = claims.get("email").and_then(Value::as_str).map(str::trim) else {
            return Err("there is no claim email");
        };
        // Some send it as a text.
        let verified = match claims.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(text)) => text == "true",
            _ => self.emails_are_verified,
        };
        if !verified {
            return Err("the address is not verified");
        }
        Ok(email.to_lowercase())
    }
}

impl Rule {
    fn fits(&self, claims: &Value) -> bool {
        let Some(found) = claim(claims, &self.claim) else { return false };
        let is = |value: &Value| match value {
            Value::String(text) => *text == self.value,
            Value::Bool(flag) => flag.to_string() == self.value,
            Value::Number(number) => number.to_string() == self.value,
            _ => false,
        };
        match found {
            Value::Null => false,
            _ if self.value == "*" => true,
            Value::Array(several) => several.iter().any(is),
            one => is(one),
        }
    }
}

/// A claim by its name, else by its path with dots.
pub(crate) fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| name.split('.').try_fold(claims, |inner, part| inner.get(part)))
}

fn check_role(role: &str, field: impl Fn() -> String) -> Result<()> {
    // Machines have tokens of their own.
    match role.parse::<Role>() {
        Ok(role) if role != Role::HrClient => Ok(()),
        _ => Err(Error::field(field(), "must be hr_admin, program_manager, employee or auditor")),
    }
}

fn check_issuer(issuer: &str, bounds: &Bounds<'_>) -> Result<()> {
    let wrong = |what: &str| Err(Error::field("settings.issuer", what.to_owned()));
    let Ok(url) = http::Uri::try_from(issuer) else {
        return wrong("must be an https URL, exactly as the discovery document says it");
    };
    let host = url.host().unwrap_or_default();
    let local = bounds.local && matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let secure = url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && local);
    let plain = url.query().is_none() && !issuer.contains(['#', '@']);
    if host.is_empty() || !secure || !plain {
        return wrong(
            "must be an https URL without user, query and fragment, exactly as the discovery document says it",
        );
    }
    if !bounds.hosts.is_empty() && !bounds.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
        return wrong("is at a host that operations do not allow (services.gateway.sign_in.provider_hosts)");
    }
    if let Ok(url) = Url::parse(issuer) {
        bounds.guard.url(&url).or_else(|refused| wrong(&format!("is refused: {refused}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings() -> Settings {
        let rule = |claim: &str, value: &str, role: &str| Rule {
            claim: claim.into(),
            value: value.into(),
            role: role.into(),
        };
        Settings {
            name: " Keycloak ".into(),
            issuer: "https://idp.example.com/realms/x".into(),
            client_id: "mentor".into(),
            external_id_claim: "employee.number".into(),
            link_by_email: true,
            default_roles: vec!["employee".into()],
            role_rules: vec![
                rule("groups", "hr", "hr_admin"),
                rule("realm_access.roles", "pm", "program_manager"),
                rule("https://x.org/auditor", "*", "auditor"),
            ],
            ..Settings::default()
        }
    }

    fn bounds(hosts: &[String], local: bool) -> Bounds<'_> {
        let guard = Guard::new(&[], "sign_in.allowed_networks");
        Bounds { guard: if local { guard.with_this_machine() } else { guard }, hosts, local }
    }

    #[test]
    fn roles_come_from_claims_each_with_its_reason() {
        let roles = |claims: Value| -> Vec<String> {
            settings().roles(&claims).into_iter().map(|granted| granted.role).collect()
        };
        assert_eq!(roles(json!({})), ["employee"]);
        assert_eq!(roles(json!({ "groups": ["it", "hr"] })), ["employee", "hr_admin"]);
        assert_eq!(roles(json!({ "groups": "hr" })), ["employee", "hr_admin"]);
        assert_eq!(roles(json!({ "groups": ["HR"] })), ["employee"], "exactly");
        assert_eq!(roles(json!({ "realm_access": { "roles": ["pm"] } })), ["employee", "program_manager"]);
        assert_eq!(
            roles(json!({ "https://x.org/auditor": true })),
            ["auditor", "employee"],
            "a name with dots"
        );
        assert_eq!(roles(json!({ "https://x.org/auditor": null })), ["employee"]);
        let granted = settings().roles(&json!({ "groups": ["hr"] }));
        assert!(
            granted.iter().any(|granted| granted.because == "claim groups has the value hr"),
            "{granted:?}"
        );
    }

    #[test]
    fn an_address_counts_when_it_is_verified() {
        let settings = settings();
        let email = |claims: Value| settings.email(&claims);
        assert_eq!(
            email(json!({ "email": "Ann@X.org", "email_verified": true })),
            Ok("ann@x.org".to_owned())
        );
        assert!(email(json!({ "email": "ann@x.org" })).is_err());
        assert!(email(json!({ "email": "ann@x.org", "email_verified": false })).is_err());
        assert!(email(json!({ "email_verified": true })).is_err());
        let trusting = Settings { emails_are_verified: true, ..settings.clone() };
        assert!(trusting.email(&json!({ "email": "ann@x.org" })).is_ok());
        assert!(trusting.email(&json!({ "email": "ann@x.org", "email_verified": false })).is_err());
        let off = Settings { link_by_email: false, ..trusting };
        assert!(off.email(&json!({ "email": "ann@x.org", "email_verified": true })).is_err());
    }

    #[test]
    fn the_external_id_may_stand_deep_and_be_a_number() {
        assert_eq!(settings().external_id(&json!({ "employee": { "number": 7 } })).as_deref(), Some("7"));
        assert_eq!(settings().external_id(&json!({ "employee.number": " 8 " })).as_deref(), Some("8"));
        assert_eq!(settings().external_id(&json!({ "employee": { "number": "" } })), None);
        assert_eq!(Settings::default().external_id(&json!({ "": "x" })), None);
    }

    #[test]
    fn what_could_not_work_is_refused_with_its_field() {
        let field = |change: fn(&mut Settings), bounds: &Bounds<'_>| {
            let mut settings = settings();
            change(&mut settings);
            settings.checked(bounds).map_err(|error| error.violations[0].field.clone())
        };
        assert_eq!(field(|_| (), &bounds(&[], false)).expect("sound").name, "Keycloak");
        let refused = |change: fn(&mut Settings)| field(change, &bounds(&[], false)).expect_err("refused");
        assert_eq!(refused(|s| s.name = " ".into()), "settings.name");
        for issuer in [
            "",
            "idp",
            "http://idp.example.com",
            "http://localhost:1",
            "https://a@b",
            "https://a?b",
            "https://a#b",
            "https://127.0.0.1",
            "https://[fd00::1]/realms/x",
            "https://169.254.169.254",
        ] {
            let result = Settings { issuer: issuer.into(), ..settings() }.checked(&bounds(&[], false));
            assert_eq!(result.expect_err(issuer).violations[0].field, "settings.issuer");
        }
        let local = bounds(&[], true);
        assert!(field(|s| s.issuer = "http://127.0.0.1:4000".into(), &local).is_ok());
        let hosts = ["other.example.com".to_owned()];
        assert!(field(|_| (), &bounds(&hosts, false)).is_err());
        assert_eq!(refused(|s| s.role_rules[1].role = "system".into()), "settings.role_rules[1].role");
        assert_eq!(refused(|s| s.default_roles = vec!["hr_client".into()]), "settings.default_roles[0]");
        assert_eq!(refused(|s| s.scopes = vec!["a b".into()]), "settings.scopes");
        let nobody = |s: &mut Settings| (s.link_by_email, s.external_id_claim) = (false, String::new());
        assert_eq!(refused(nobody), "settings.link_by_email");
    }
}
