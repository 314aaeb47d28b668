//! Reads clients.

use super::{convert::client_out, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{
    GetClientRequest, GetClientResponse, ListClientsRequest, ListClientsResponse,
};
use kernel::{Page, Result, parse_id};
use storage::Tx;

pub(crate) async fn get_client(
    _: &Gateway,
    tx: &mut Tx,
    request: GetClientRequest,
) -> Result<GetClientResponse> {
    let client = store::find(tx, parse_id("client_id", &request.client_id)?).await?;
    Ok(GetClientResponse { client: Some(client_out(tx.ctx().tenant(), &client)) })
}

pub(crate) async fn list_clients(
    _: &Gateway,
    tx: &mut Tx,
    request: ListClientsRequest,
) -> Result<ListClientsResponse> {
    let list = format!("clients {}", request.include_revoked);
    let page = Page::read(request.page_size, &request.page_token, list)?;
    let found = store::list(tx, &page, request.include_revoked).await?;
    let (found, next_page_token) = page.finish(found, |client| client.id);
    let tenant = tx.ctx().tenant();
    Ok(ListClientsResponse {
        clients: found.iter().map(|client| client_out(tenant, client)).collect(),
        next_page_token,
    })
}
