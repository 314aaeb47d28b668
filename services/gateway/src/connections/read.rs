//! Reads connections.

use super::{convert::connection_out, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{
    GetConnectionRequest, GetConnectionResponse, ListConnectionsRequest, ListConnectionsResponse,
};
use kernel::{Page, Result, parse_id};
use storage::Tx;

pub(crate) async fn get_connection(
    _: &Gateway,
    tx: &mut Tx,
    request: GetConnectionRequest,
) -> Result<GetConnectionResponse> {
    let connection = store::find(tx, parse_id("connection_id", &request.connection_id)?).await?;
    Ok(GetConnectionResponse { connection: Some(connection_out(&connection)) })
}

pub(crate) async fn list_connections(
    _: &Gateway,
    tx: &mut Tx,
    request: ListConnectionsRequest,
) -> Result<ListConnectionsResponse> {
    let list = format!("connections {}", request.include_revoked);
    let page = Page::read(request.page_size, &request.page_token, list)?;
    let found = store::list(tx, &page, request.include_revoked).await?;
    let (found, next_page_token) = page.finish(found, |connection| connection.id);
    Ok(ListConnectionsResponse { connections: found.iter().map(connection_out).collect(), next_page_token })
}
