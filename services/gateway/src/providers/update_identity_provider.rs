//! Changes an identity provider.

use super::{
    convert::{provider_out, sealed, unchecked},
    provider::Settings,
    store,
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{UpdateIdentityProviderRequest, UpdateIdentityProviderResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    gateway: &Gateway,
    tx: &mut Tx,
    request: UpdateIdentityProviderRequest,
) -> Result<UpdateIdentityProviderResponse> {
    let id = parse_id("provider_id", &request.provider_id)?;
    let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Err(Error::field("update_mask", "must name at least one field"));
    }
    let mut provider = store::lock(tx, id).await?;
    check_etag("identity provider", &request.etag, provider.version)?;
    let before = provider.clone();
    let sent = unchecked(request.settings.unwrap_or_default());
    for (at, path) in paths.iter().enumerate() {
        match path.strip_prefix("settings.").unwrap_or(path) {
            "client_secret" => provider.secret = sealed(gateway, id, &request.client_secret)?,
            field => set(&mut provider.settings, field, &sent)
                .ok_or_else(|| unknown(&format!("update_mask.paths[{at}]")))?,
        }
    }
    provider.settings = provider.settings.checked(&gateway.settings.sign_in.bounds())?;
    if provider != before {
        provider.version += 1;
        provider.updated_at = tx.now();
        store::save(tx, &provider).await?;
    }
    if provider.settings.issuer != before.settings.issuer {
        // Another issuer's subjects are other people, whatever their names.
        store::forget_identities(tx, id).await?;
    }
    tx.audit(Audit::of("identity_provider", id).because(format!("changed: {}", paths.join(", "))));
    let tenant = tx.ctx().tenant();
    Ok(UpdateIdentityProviderResponse { provider: Some(provider_out(gateway, tenant, &provider)) })
}

/// Takes one setting over; `None` for a name that is none.
fn set(settings: &mut Settings, field: &str, sent: &Settings) -> Option<()> {
    match field {
        "name" => settings.name.clone_from(&sent.name),
        "issuer" => settings.issuer.clone_from(&sent.issuer),
        "client_id" => settings.client_id.clone_from(&sent.client_id),
        "scopes" => settings.scopes.clone_from(&sent.scopes),
        "external_id_claim" => settings.external_id_claim.clone_from(&sent.external_id_claim),
        "link_by_email" => settings.link_by_email = sent.link_by_email,
        "emails_are_verified" => settings.emails_are_verified = sent.emails_are_verified,
        "role_rules" => settings.role_rules.clone_from(&sent.role_rules),
        "default_roles" => settings.default_roles.clone_from(&sent.default_roles),
        "disabled" => settings.disabled = sent.disabled,
        _ => return None,
    }
    Some(())
}

fn unknown(field: &str) -> Box<Error> {
    Error::field(field, "must name a setting, such as role_rules, or client_secret")
}
