//! Identity providers: where a tenant's people sign in, and what is made of the claims they bring.

mod convert;
mod create_identity_provider;
mod preview_sign_in;
pub(crate) mod provider;
mod read;
mod remove_identity_provider;
pub(crate) mod store;
mod update_identity_provider;

pub(crate) use convert::name as secret_name;

use contracts::mentor::gateway::v1::*;

grpc::service! {
    impl IdentityProviderService for crate::Gateway in contracts::mentor::gateway::v1::identity_provider_service_server {
        write create_identity_provider(CreateIdentityProviderRequest) -> CreateIdentityProviderResponse = create_identity_provider::handle;
        write update_identity_provider(UpdateIdentityProviderRequest) -> UpdateIdentityProviderResponse = update_identity_provider::handle;
        write remove_identity_provider(RemoveIdentityProviderRequest) -> RemoveIdentityProviderResponse = remove_identity_provider::handle;
        read  get_identity_provider(GetIdentityProviderRequest) -> GetIdentityProviderResponse = read::get_identity_provider;
        read  list_identity_providers(ListIdentityProvidersRequest) -> ListIdentityProvidersResponse = read::list_identity_providers;
        read  preview_sign_in(PreviewSignInRequest) -> PreviewSignInResponse = preview_sign_in::handle;
    }
}
