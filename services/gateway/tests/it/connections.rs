//! Connections and their tokens, through gRPC and at the door.

use crate::world::World;
use contracts::mentor::gateway::v1::{connection_service_client::ConnectionServiceClient, *};
use jiff::SignedDuration;
use kernel::Role;
use reqwest::Method;
use tonic::Status;

async fn knock(world: &World, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let reply = world.send(Method::GET, "/ServiceProviderConfig", &[("authorization", &bearer)], None).await;
    if reply.status != 200 {
        assert_eq!(reply.refused(), (401, String::new()));
        return 401;
    }
    200
}

fn reason<T: std::fmt::Debug>(result: Result<T, Status>) -> &'static str {
    grpc::from_status(result.expect_err("must be refused")).reason
}

async fn connection(world: &World) -> Connection {
    let request = ListConnectionsRequest { include_revoked: true, ..ListConnectionsRequest::default() };
    world.connections().list_connections(request).await.expect("allowed").into_inner().connections.remove(0)
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_as_a_hash() {
    let world = World::start().await;
    let request = CreateConnectionRequest { request_id: world.request_id(), name: "Okta".into() };
    let first =
        world.connections().create_connection(request.clone()).await.expect("a new name").into_inner();
    let again = world.connections().create_connection(request).await.expect("repeated").into_inner();
    assert_eq!((again.connection.as_ref(), again.token.as_str()), (first.connection.as_ref(), ""));
    assert_eq!(knock(&world, &first.token).await, 200);
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(t)::text from gateway.token t union all select encode(response, 'escape') from gateway.idempotency where response is not null",
    )
    .fetch_all(world.suite.sql())
    .await
    .expect("rows");
    let secret = first.token.strip_prefix("mentor_scim_").expect("the prefix");
    assert!(rows.len() >= 3 && rows.iter().all(|row| !row.contains(secret)), "{rows:?}");
    let taken = CreateConnectionRequest { request_id: world.request_id(), name: "OKTA".into() };
    assert_eq!(reason(world.connections().create_connection(taken).await), "ALREADY_EXISTS");
    let empty = CreateConnectionRequest { request_id: world.request_id(), name: " ".into() };
    assert_eq!(reason(world.connections().create_connection(empty).await), "FIELD_INVALID");
}

#[tokio::test]
async fn rotation_overlaps_and_the_last_use_is_shown() {
    let world = World::start().await;
    let first = world.token.clone();
    assert!(connection(&world).await.last_used_at.is_none());
    assert_eq!(knock(&world, &first).await, 200);
    let used = connection(&world).await;
    assert_eq!(
        used.last_used_at,
        Some(contracts::time::timestamp(kernel::Clock::now(world.suite.clock.as_ref())))
    );
    let rotate = |overlap: Option<i64>| {
        let request = RotateTokenRequest {
            request_id: world.request_id(),
            connection_id: used.connection_id.clone(),
            overlap: overlap.map(|seconds| prost_types::Duration { seconds, nanos: 0 }),
        };
        let mut client = world.connections();
        async move { client.rotate_token(request).await }
    };
    let second = rotate(Some(3600)).await.expect("alive").into_inner();
    assert_eq!(second.connection.expect("answered").tokens.len(), 2);
    assert_eq!((knock(&world, &first).await, knock(&world, &second.token).await), (200, 200));
    world.suite.advance(SignedDuration::from_secs(3600));
    assert_eq!((knock(&world, &first).await, knock(&world, &second.token).await), (401, 200));
    assert_eq!(connection(&world).await.tokens.len(), 1);
    let third = rotate(Some(0)).await.expect("alive").into_inner();
    assert_eq!((knock(&world, &second.token).await, knock(&world, &third.token).await), (401, 200));
    assert_eq!(reason(rotate(Some(31 * 86_400)).await), "FIELD_INVALID");
    assert_eq!(reason(rotate(Some(-1)).await), "FIELD_INVALID");
}

#[tokio::test]
async fn a_revoked_connection_is_refused_at_once() {
    let world = World::start().await;
    let id = connection(&world).await.connection_id;
    let revoke = async || {
        let request = RevokeConnectionRequest { request_id: world.request_id(), connection_id: id.clone() };
        world.connections().revoke_connection(request).await
    };
    assert_eq!(knock(&world, &world.token).await, 200);
    let revoked = revoke().await.expect("alive").into_inner().connection.expect("answered");
    assert!(revoked.revoked_at.is_some() && revoked.tokens.is_empty());
    assert_eq!(knock(&world, &world.token).await, 401);
    assert_eq!(reason(revoke().await), "CONNECTION_STATE");
    let rotate =
        RotateTokenRequest { request_id: world.request_id(), connection_id: id.clone(), overlap: None };
    assert_eq!(reason(world.connections().rotate_token(rotate).await), "CONNECTION_STATE");
    let live =
        world.connections().list_connections(ListConnectionsRequest::default()).await.expect("allowed");
    assert_eq!(live.into_inner().connections, []);
    let get = GetConnectionRequest { connection_id: id };
    assert_eq!(
        world.connections().get_connection(get).await.expect("there").into_inner().connection,
        Some(revoked)
    );
    let unknown = GetConnectionRequest { connection_id: world.request_id() };
    assert_eq!(reason(world.connections().get_connection(unknown).await), "NOT_FOUND");
    // The name is free again.
    world.connect("Entra ID").await;
}

#[tokio::test]
async fn only_hr_admins_make_connections() {
    let world = World::start().await;
    for role in [Role::ProgramManager, Role::Employee, Role::HrClient, Role::Auditor] {
        let mut client = ConnectionServiceClient::new(world.suite.acting(role, None));
        let request = CreateConnectionRequest { request_id: world.request_id(), name: "mine".into() };
        assert_eq!(reason(client.create_connection(request).await), "PERMISSION_DENIED", "{role}");
        let listed = client.list_connections(ListConnectionsRequest::default()).await;
        assert_eq!(listed.is_ok(), role == Role::Auditor, "{role}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let world = World::start().await;
    let mut swapped = world.token.clone().into_bytes();
    // Another tenant in the same token.
    let at = "mentor_scim_".len() + 3;
    swapped[at] = if swapped[at] == b'A' { b'B' } else { b'A' };
    let swapped = String::from_utf8(swapped).expect("ASCII");
    let long = "x".repeat(5_000);
    for token in
        ["", "x", "mentor_scim_", swapped.as_str(), long.as_str(), &world.token[..world.token.len() - 2]]
    {
        assert_eq!(knock(&world, token).await, 401, "{token}");
    }
    let basic = world.send(Method::GET, "/Users", &[("authorization", "Basic YTpi")], None).await;
    assert_eq!(basic.refused(), (401, String::new()));
    let jwt = world.suite.token(Role::HrAdmin, None);
    assert_eq!(knock(&world, &jwt).await, 401, "people's tokens are for gRPC");
}
