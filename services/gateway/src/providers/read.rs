//! Reads identity providers.

use super::{convert::provider_out, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{
    GetIdentityProviderRequest, GetIdentityProviderResponse, ListIdentityProvidersRequest,
    ListIdentityProvidersResponse,
};
use kernel::{Page, Result, parse_id};
use storage::Tx;

pub(crate) async fn get_identity_provider(
    gateway: &Gateway,
    tx: &mut Tx,
    request: GetIdentityProviderRequest,
) -> Result<GetIdentityProviderResponse> {
    let provider = store::find(tx, parse_id("provider_id", &request.provider_id)?).await?;
    let tenant = tx.ctx().tenant();
    Ok(GetIdentityProviderResponse { provider: Some(provider_out(gateway, tenant, &provider)) })
}

pub(crate) async fn list_identity_providers(
    gateway: &Gateway,
    tx: &mut Tx,
    request: ListIdentityProvidersRequest,
) -> Result<ListIdentityProvidersResponse> {
    let page = Page::read(request.page_size, &request.page_token, "identity providers")?;
    let (found, next_page_token) = page.finish(store::list(tx, &page).await?, |provider| provider.id);
    let tenant = tx.ctx().tenant();
    let providers = found.iter().map(|provider| provider_out(gateway, tenant, provider)).collect();
    Ok(ListIdentityProvidersResponse { providers, next_page_token })
}
