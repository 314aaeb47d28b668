//! Connections for answers.

use super::connection::Connection;
use crate::rotation::Secret;
use contracts::time::timestamp_some;
use contracts::{
    mentor::gateway::v1::{self as wire},
    time::timestamp,
};

/// A connection.
pub(crate) fn connection_out(connection: &Connection) -> wire::Connection {
    wire::Connection {
        connection_id: connection.id.to_string(),
        name: connection.name.clone(),
        created_at: Some(timestamp(connection.created_at)),
        revoked_at: timestamp_some(connection.revoked_at),
        last_used_at: timestamp_some(connection.last_used_at),
        tokens: connection.tokens.iter().map(token_out).collect(),
    }
}

fn token_out(token: &Secret) -> wire::ConnectionToken {
    wire::ConnectionToken {
        token_id: token.id.to_string(),
        created_at: Some(timestamp(token.created_at)),
        expires_at: timestamp_some(token.expires_at),
        last_used_at: timestamp_some(token.last_used_at),
    }
}
