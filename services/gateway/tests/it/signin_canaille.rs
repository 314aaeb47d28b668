//! Canaille (PyPI) as an identity provider that pushes a person by SCIM, signs the same person in, and lets them go.

use crate::signin::{Setup, World, free_port, peers::Peer, settings, tls};
use contracts::mentor::gateway::v1::{
    CreateConnectionRequest, connection_service_client::ConnectionServiceClient,
};
use kernel::Role;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::eventually;

const SECRET: &str = "a secret that the provider knows, too";
const SOON: Duration = Duration::from_secs(20);

/// Ids in the HRIS of the users that were pushed and are active.
async fn pushed(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "select external_id from gateway.resource where kind = 'User' and deleted_at is null and active order by 1",
    )
    .fetch_all(world.suite.sql())
    .await
    .expect("the table is there")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_pushes_a_person_signs_them_in_and_lets_them_go() {
    let world = World::with(Setup::default()).await;
    let mut connections = ConnectionServiceClient::new(world.suite.acting(Role::HrAdmin, None));
    let request = CreateConnectionRequest { request_id: world.request_id(), name: "Canaille".into() };
    let token = connections.create_connection(request).await.expect("a new name").into_inner().token;
    let port = free_port();
    let mut wanted = settings(&format!("http://127.0.0.1:{port}"));
    wanted.scopes = ["email", "profile"].map(str::to_owned).to_vec();
    // It sends no claim about addresses, which administrators give out.
    wanted.emails_are_verified = true;
    wanted.default_roles = vec!["hr_admin".into()];
    let provider = world.provider(wanted, SECRET).await;
    let (canaille, _) = Peer::start(
        "staff.py",
        json!({
            "port": port, "scim": format!("http://127.0.0.1:{}/scim/v2", world.http), "token": token,
            "redirect_uri": provider.redirect_uri, "secret": SECRET,
        }),
    )
    .await;
    canaille.ask(json!({ "do": "add", "name": "ann" })).await;
    eventually!(SOON, pushed(&world).await.len() == 1);
    let external_id = pushed(&world).await.remove(0);
    let ann = world.person(&external_id, "ann@x.org").await;

    let files = tls();
    let path = |name: &str| files.path().join(name);
    let argument = json!({ "port": world.public, "to": world.http, "key": path("key"), "certificate": path("certificate") });
    let (browser, _) = Peer::start("browser.mjs", argument).await;
    let ask = async |command: Value| browser.ask(command).await;
    world.now();
    ask(json!({ "do": "goto", "url": provider.login_url })).await;
    ask(json!({ "do": "fill", "selector": "input[name=login]", "value": "ann" })).await;
    ask(json!({ "do": "click", "selector": "button[type=submit]" })).await;
    ask(json!({ "do": "fill", "selector": "input[name=password]", "value": "correct horse battery staple" }))
        .await;
    world.now();
    let page = ask(json!({ "do": "click", "selector": "button[type=submit]" })).await;
    assert_eq!(page["url"], format!("https://127.0.0.1:{}/auth/signed-in", world.public), "{page}");
    let edge = json!({ "do": "fetch", "method": "POST", "url": "/edge" });
    let bearer = ask(edge.clone()).await["body"].as_str().expect("a token").to_owned();
    assert_eq!(world.knock(&bearer).await, Ok(()));
    assert_eq!(world.live_sessions().await.remove(0).person_id, ann.to_string());

    canaille.ask(json!({ "do": "lock", "name": "ann" })).await;
    eventually!(SOON, pushed(&world).await.is_empty());
    eventually!(Duration::from_secs(5), world.knock(&bearer).await == Err("PERSON_DEACTIVATED".to_owned()));
    let refused = ask(edge).await;
    assert_eq!((refused["status"].as_u64(), refused["body"].as_str()), (Some(403), Some("SESSION_ENDED")));
}
