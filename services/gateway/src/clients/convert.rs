//! Clients for answers.

use super::{client::Client, secret};
use crate::rotation::Secret;
use contracts::{
    mentor::gateway::v1::{self as wire},
    time::{timestamp, timestamp_some},
};
use kernel::TenantId;

/// A client.
pub(crate) fn client_out(tenant: TenantId, client: &Client) -> wire::Client {
    let secret_out = |secret: &Secret| wire::ClientSecret {
        secret_id: secret.id.to_string(),
        created_at: Some(timestamp(secret.created_at)),
        expires_at: timestamp_some(secret.expires_at),
    };
    wire::Client {
        client_id: client.id.to_string(),
        client_identifier: secret::identifier(tenant, client.id),
        name: client.name.clone(),
        scopes: client.scopes.clone(),
        certificate_thumbprint: client.thumbprint.clone(),
        has_public_key: !client.jwks.is_empty(),
        secrets: client.secrets.iter().map(secret_out).collect(),
        created_at: Some(timestamp(client.created_at)),
        revoked_at: timestamp_some(client.revoked_at),
        last_used_at: timestamp_some(client.last_used_at),
    }
}
