//! Connections: what identity providers push with, and their bearer tokens.

mod authenticate;
mod connection;
mod convert;
mod create_connection;
mod read;
mod revoke_connection;
mod rotate_token;
mod store;
mod token;

pub(crate) use authenticate::{authenticate, tenant_of};

use contracts::mentor::gateway::v1::*;

grpc::service! {
    impl ConnectionService for crate::Gateway in contracts::mentor::gateway::v1::connection_service_server {
        call  create_connection(CreateConnectionRequest) -> CreateConnectionResponse = create_connection::handle;
        call  rotate_token(RotateTokenRequest) -> RotateTokenResponse = rotate_token::handle;
        write revoke_connection(RevokeConnectionRequest) -> RevokeConnectionResponse = revoke_connection::handle;
        read  get_connection(GetConnectionRequest) -> GetConnectionResponse = read::get_connection;
        read  list_connections(ListConnectionsRequest) -> ListConnectionsResponse = read::list_connections;
    }
}
