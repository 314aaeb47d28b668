//! Adds an identity provider.

use super::{
    convert::{provider_out, sealed, settings},
    provider::Provider,
    store,
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{CreateIdentityProviderRequest, CreateIdentityProviderResponse};
use kernel::Result;
use storage::{Audit, Tx};

pub(crate) async fn handle(
    gateway: &Gateway,
    tx: &mut Tx,
    request: CreateIdentityProviderRequest,
) -> Result<CreateIdentityProviderResponse> {
    let settings = settings(request.settings, gateway)?;
    let (id, now) = (tx.new_id(), tx.now());
    let secret = sealed(gateway, id, &request.client_secret)?;
    let provider = Provider { id, settings, secret, created_at: now, updated_at: now, version: 1 };
    store::insert(tx, &provider).await?;
    tx.audit(Audit::of("identity_provider", id).because(format!("added: {}", provider.settings.issuer)));
    let tenant = tx.ctx().tenant();
    Ok(CreateIdentityProviderResponse { provider: Some(provider_out(gateway, tenant, &provider)) })
}
