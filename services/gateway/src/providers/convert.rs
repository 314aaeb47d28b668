//! Identity providers for answers, and from requests.

use super::provider::{Provider, Rule, Settings};
use crate::{Gateway, signin::places};
use contracts::{
    mentor::gateway::v1::{self as wire},
    time::timestamp,
};
use kernel::{Error, Result, TenantId, Uuid};
use storage::etag;

/// Settings as sent, checked.
pub(crate) fn settings(sent: Option<wire::IdentityProviderSettings>, gateway: &Gateway) -> Result<Settings> {
    let sent = sent.ok_or_else(|| Error::field("settings", "must be there"))?;
    unchecked(sent).checked(&gateway.settings.sign_in.bounds())
}

/// Settings as sent.
pub(crate) fn unchecked(sent: wire::IdentityProviderSettings) -> Settings {
    let rule = |rule: wire::RoleRule| Rule { claim: rule.claim, value: rule.value, role: rule.role };
    Settings {
        name: sent.name,
        issuer: sent.issuer,
        client_id: sent.client_id,
        scopes: sent.scopes,
        external_id_claim: sent.external_id_claim,
        link_by_email: sent.link_by_email,
        emails_are_verified: sent.emails_are_verified,
        role_rules: sent.role_rules.into_iter().map(rule).collect(),
        default_roles: sent.default_roles,
        disabled: sent.disabled,
    }
}

/// A secret as it is kept.
///
/// # Errors
/// `SIGN_IN_OFF` where the keys would not outlive the process.
pub(crate) fn sealed(gateway: &Gateway, id: Uuid, secret: &str) -> Result<Option<Vec<u8>>> {
    if secret.is_empty() {
        return Ok(None);
    }
    let keys = gateway.sign_in.keys();
    if !keys.last() {
        let message =
            "set services.gateway.keys_file: without it the secret could not be read after a restart";
        return Err(Error::precondition("SIGN_IN_OFF", message));
    }
    keys.seal(name(id), secret.as_bytes()).map(Some)
}

/// The name under which a provider's secret is sealed.
pub(crate) fn name(provider: Uuid) -> String {
    format!("identity provider {provider}")
}

/// A provider for an answer: without its secret.
pub(crate) fn provider_out(
    gateway: &Gateway,
    tenant: TenantId,
    provider: &Provider,
) -> wire::IdentityProvider {
    let base = &gateway.settings.public_url;
    wire::IdentityProvider {
        provider_id: provider.id.to_string(),
        settings: Some(settings_out(&provider.settings)),
        has_client_secret: provider.secret.is_some(),
        login_url: places::login(base, tenant, provider.id),
        redirect_uri: places::callback(base),
        post_logout_redirect_uri: places::signed_out(base),
        backchannel_logout_uri: places::backchannel_logout(base, tenant, provider.id),
        created_at: Some(timestamp(provider.created_at)),
        updated_at: Some(timestamp(provider.updated_at)),
        etag: etag(provider.version),
    }
}

fn settings_out(settings: &Settings) -> wire::IdentityProviderSettings {
    let rule = |rule: &Rule| wire::RoleRule {
        claim: rule.claim.clone(),
        value: rule.value.clone(),
        role: rule.role.clone(),
    };
    wire::IdentityProviderSettings {
        name: settings.name.clone(),
        issuer: settings.issuer.clone(),
        client_id: settings.client_id.clone(),
        scopes: settings.scopes.clone(),
        external_id_claim: settings.external_id_claim.clone(),
        link_by_email: settings.link_by_email,
        emails_are_verified: settings.emails_are_verified,
        role_rules: settings.role_rules.iter().map(rule).collect(),
        default_roles: settings.default_roles.clone(),
        disabled: settings.disabled,
    }
}
