//! Machine clients: what gets tokens by the grant client_credentials.

pub(crate) mod client;
mod convert;
mod create_client;
mod read;
mod revoke_client;
mod rotate_client_secret;
pub(crate) mod secret;
pub(crate) mod store;

use contracts::mentor::gateway::v1::*;

grpc::service! {
    impl ClientService for crate::Gateway in contracts::mentor::gateway::v1::client_service_server {
        call  create_client(CreateClientRequest) -> CreateClientResponse = create_client::handle;
        call  rotate_client_secret(RotateClientSecretRequest) -> RotateClientSecretResponse = rotate_client_secret::handle;
        write revoke_client(RevokeClientRequest) -> RevokeClientResponse = revoke_client::handle;
        read  get_client(GetClientRequest) -> GetClientResponse = read::get_client;
        read  list_clients(ListClientsRequest) -> ListClientsResponse = read::list_clients;
    }
}
