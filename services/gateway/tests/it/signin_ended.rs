//! Deactivated means out: sessions and live tokens of who left, also after the cache was wiped.

use crate::{
    signin::{Setup, World as SignIn, peers::Mock, settings},
    world::{self, World},
};
use contracts::mentor::enrollment::events::v1::{PersonDeactivated, PersonUpserted};
use contracts::mentor::gateway::v1::*;
use jiff::SignedDuration;
use kernel::{Role, Uuid};
use serde_json::json;
use std::{process::Command, time::Duration};
use testkit::{
    eventually,
    servers::{Private, Server},
};

const AT_ONCE: Duration = Duration::from_secs(5);

/// Why a person's own token is refused by the gateway, if it is for more than want of a permission.
async fn refusal(world: &World, person: Uuid) -> Option<&'static str> {
    let channel = world.suite.acting(Role::Auditor, Some(person));
    let mut client = connection_service_client::ConnectionServiceClient::new(channel);
    let answer = client.list_connections(ListConnectionsRequest::default()).await;
    answer.err().map(|status| grpc::from_status(status).reason)
}

#[tokio::test]
async fn a_leaver_by_scim_is_refused_before_the_directory_has_heard_of_it() {
    let world = World::start().await;
    let person = kernel::Clock::new_id(world.suite.clock.as_ref());
    let upserted = || PersonUpserted {
        person_id: person.to_string(),
        external_id: "7".into(),
        email: "ann@x.org".into(),
        ..PersonUpserted::default()
    };
    world.suite.publish(&upserted()).await;
    world.suite.settle().await;
    let user = world.user("ann", json!({ "externalId": "7", "active": true })).await;
    assert_eq!(refusal(&world, person).await, None);
    world
        .patch(&world::user_path(&user), json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .ok();
    eventually!(AT_ONCE, refusal(&world, person).await == Some("PERSON_DEACTIVATED"));
    // The directory lets them go, and takes them in again.
    let gone = PersonDeactivated { person_id: person.to_string(), deactivated_at: None };
    world.suite.publish(&gone).await;
    world.suite.settle().await;
    world.suite.publish(&upserted()).await;
    world.suite.settle().await;
    eventually!(AT_ONCE, refusal(&world, person).await.is_none());
    world.delete(&world::user_path(&user)).await.ok();
    assert_eq!(refusal(&world, person).await, None, "whom the provider let go before is not let go again");
    assert_eq!(world.suite.parked("gateway").await, 0);
}

#[tokio::test]
async fn an_ended_session_stays_ended_when_the_cache_was_wiped() {
    let redis = Private::start(Server::Redis).await;
    let url = redis.url().to_owned();
    let signed = SignIn::with_cache(Setup { plain: true, ..Setup::default() }, Some(url.clone())).await;
    let mock = Mock::start().await;
    mock.control(
        json!({ "claims": { "sub": "ann", "email": "ann@x.org", "email_verified": true, "groups": ["hr"] } }),
    )
    .await;
    let provider = signed.provider(settings(&mock.issuer), "").await;
    let ann = signed.person("7", "ann@x.org").await;
    let mut agents = [signed.agent(), signed.agent(), signed.agent()];
    let mut bearers = Vec::new();
    for agent in &mut agents {
        signed.now();
        assert_eq!(agent.sign_in(&provider.login_url).await.status, 303);
        bearers.push(agent.bearer().await.expect("signed in"));
    }
    for bearer in &bearers {
        assert_eq!(signed.knock(bearer).await, Ok(()));
    }
    let sessions = signed.live_sessions().await;
    assert_eq!(sessions.len(), 3);
    assert!(sessions.iter().all(|session| session.person_id == ann.to_string()));
    // One by an administrator.
    let revoke =
        RevokeSessionRequest { request_id: signed.request_id(), session_id: sessions[0].session_id.clone() };
    signed.sessions().revoke_session(revoke).await.expect("there");
    assert_eq!(agents[0].bearer().await, Err("SESSION_ENDED".to_owned()));
    eventually!(AT_ONCE, signed.knock(&bearers[0]).await == Err("SESSION_ENDED".to_owned()));
    // One by the person, who sees both.
    let own = agents[1].get("/auth/sessions").await.json();
    let own = own["sessions"].as_array().expect("a list");
    assert_eq!((own.len(), own.iter().filter(|session| session["current"] == true).count()), (2, 1));
    let other = own.iter().find(|session| session["current"] == false).expect("the third");
    let path = format!("/auth/sessions/{}", other["sessionId"].as_str().expect("an id"));
    let same = [("sec-fetch-site", "same-origin")];
    assert_eq!(agents[1].send(reqwest::Method::DELETE, &path, &[], None).await.status, 403, "CSRF");
    assert_eq!(agents[1].send(reqwest::Method::DELETE, &path, &same, None).await.status, 204);
    assert_eq!(agents[1].send(reqwest::Method::DELETE, &path, &same, None).await.status, 404);
    assert_eq!(agents[2].bearer().await, Err("SESSION_ENDED".to_owned()));

    // A second process that never saw them, and a cache that has forgotten everything.
    wipe(&url);
    let replica = signed.suite.replica_with(|config| config.http.listen.set_port(0)).await;
    for (at, expected) in [(0, Err("SESSION_ENDED")), (1, Ok(())), (2, Err("SESSION_ENDED"))] {
        let channel = grpc::Client::builder(&replica.url()).expect("a URL");
        let token = grpc::StaticToken(bearers[at].trim_start_matches("Bearer ").to_owned());
        let channel = channel.token(token).build().expect("a channel");
        let mut client = connection_service_client::ConnectionServiceClient::new(channel);
        let answer = client.list_connections(ListConnectionsRequest::default()).await;
        let answer = answer.map(|_| ()).map_err(|status| grpc::from_status(status).reason);
        assert_eq!(answer, expected, "{at}");
    }
    assert_eq!(
        agents[1].bearer().await,
        Err("SESSION_ENDED".to_owned()),
        "people sign in again, nothing worse"
    );
    signed.now();
    assert_eq!(agents[1].sign_in(&provider.login_url).await.status, 303);
    assert!(agents[1].bearer().await.is_ok());
    replica.shutdown().await;
}

#[tokio::test]
async fn it_works_in_one_process_without_servers_but_postgres() {
    let signed = SignIn::with(Setup { plain: true, in_process: true, ..Setup::default() }).await;
    let mock = Mock::start().await;
    mock.control(
        json!({ "claims": { "sub": "ann", "email": "ann@x.org", "email_verified": true, "groups": ["hr"] } }),
    )
    .await;
    let provider = signed.provider(settings(&mock.issuer), "").await;
    let ann = signed.person("7", "ann@x.org").await;
    let mut agent = signed.agent();
    signed.now();
    assert_eq!(agent.sign_in(&provider.login_url).await.status, 303);
    let bearer = agent.bearer().await.expect("signed in");
    assert_eq!(signed.knock(&bearer).await, Ok(()));
    let revoke = RevokePersonSessionsRequest { request_id: signed.request_id(), person_id: ann.to_string() };
    let ended = signed.sessions().revoke_person_sessions(revoke).await.expect("allowed").into_inner();
    assert_eq!(ended.sessions_ended, 1);
    assert_eq!(signed.knock(&bearer).await, Err("SESSION_ENDED".to_owned()), "at once");
    assert_eq!(agent.bearer().await, Err("SESSION_ENDED".to_owned()));
    // Removing the provider ends what came by it, and forgets whom its subjects were.
    signed.now();
    assert_eq!(agent.sign_in(&provider.login_url).await.status, 303);
    let remove =
        RemoveIdentityProviderRequest { request_id: signed.request_id(), provider_id: provider.provider_id };
    let removed = signed.providers().remove_identity_provider(remove).await.expect("there").into_inner();
    assert_eq!(removed.sessions_ended, 1);
    assert_eq!(agent.bearer().await, Err("SESSION_ENDED".to_owned()));
    signed.advance(SignedDuration::from_hours(1));
}

fn wipe(url: &str) {
    let status = Command::new("redis-cli").args(["-u", url, "flushall"]).status();
    assert!(status.is_ok_and(|status| status.success()), "redis-cli comes with redis-server");
}
