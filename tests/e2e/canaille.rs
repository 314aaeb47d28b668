//! An identity provider that we did not write pushes its people by SCIM and then signs the same people in: Canaille.

use contracts::mentor::gateway::v1::{
    CreateConnectionRequest, IdentityProviderSettings, ListSessionsRequest, Session,
    connection_service_client::ConnectionServiceClient, session_service_client::SessionServiceClient,
};
use kernel::Role;
use testkit::{TestDatabase, eventually};
use tests::{
    browser::{Browser, Page},
    canaille::{CLIENT, Canaille},
    leaving,
    life::PATIENCE,
    process::{Fleet, Servers},
    stage::Stage,
};

const PASSWORD: &str = "correct-horse-battery";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaille_pushes_its_people_signs_them_in_and_puts_them_out() {
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let root = fleet.sign_people_in(&[]);
    for service in ["enrollment", "matching", "scheduling", "evaluation"] {
        fleet.start(service).await;
        let upstream = format!("MENTOR__SERVICES__GATEWAY__API__UPSTREAMS__{}", service.to_uppercase());
        fleet.set(&upstream, &format!("http://{}", fleet.address(service)));
    }
    fleet.start("gateway").await;
    let stage = fleet.stage();
    let request = CreateConnectionRequest { request_id: stage.request_id(), name: "Canaille".into() };
    let mut connections = ConnectionServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
    let token = connections.create_connection(request).await.expect("allowed").into_inner().token;
    let (scim, redirect) = (format!("{root}/scim/v2"), format!("{root}/auth/callback"));
    let mut canaille = Canaille::install().await;
    canaille.register(&scim, &token, &redirect).await;
    canaille.start().await;
    let settings = IdentityProviderSettings {
        name: "Canaille".into(),
        issuer: canaille.issuer.clone(),
        client_id: CLIENT.0.into(),
        scopes: vec!["email".into()],
        // Canaille does not say whether an address was verified, so addresses link nobody.
        external_id_claim: "sub".into(),
        default_roles: vec!["employee".into()],
        ..IdentityProviderSettings::default()
    };
    let provider = leaving::provider(&stage, settings, CLIENT.1).await;
    assert_eq!(provider.redirect_uri, redirect);

    // Somebody is made there, and is in the directory here.
    let (ann, bob) = (canaille.person("ann", PASSWORD).await, canaille.person("bob", PASSWORD).await);
    eventually!(PATIENCE, stage.people().await.len() == 2);
    let people = stage.people().await;
    let users = get(&format!("{scim}/Users"), &token).await;
    assert!(users.contains("ann@example.org"), "{users}");
    assert!(!users.contains("pbkdf2"), "it pushes the hash of the password, which is dropped: {users}");

    // The same people sign in there, and are who they are here.
    let mut browsers = Vec::new();
    for (name, id) in [("ann", &ann), ("bob", &bob)] {
        let mut browser = Browser::new();
        let page = eventually!(PATIENCE, {
            let page = sign_in(&mut browser, &provider.login_url, name).await;
            (page.status == 200).then_some(page)
        });
        assert_eq!(page.url.as_str(), format!("{root}/auth/signed-in"), "{}", page.text);
        let sessions = sessions(&stage).await;
        let own: Vec<&Session> =
            sessions.iter().filter(|session| session.person_id == people[id].to_string()).collect();
        assert_eq!(
            (own.len(), own[0].provider_id.as_str()),
            (1, provider.provider_id.as_str()),
            "{sessions:?}"
        );
        let programs = programs(&mut browser, &root).await;
        assert_eq!(programs.status, 200, "a session is good for every service: {}", programs.text);
        browsers.push(browser);
    }
    let [mut ann, mut bob] = <[Browser; 2]>::try_from(browsers).unwrap_or_else(|_| panic!("two browsers"));

    // Deactivated there is out here; and so is deleted.
    canaille.lock("ann").await;
    eventually!(PATIENCE, programs(&mut ann, &root).await.status == 401);
    let refused = programs(&mut ann, &root).await.text;
    let known = ["SESSION_ENDED", "PERSON_DEACTIVATED"];
    assert!(known.iter().any(|reason| refused.contains(reason)), "{refused}");
    assert_eq!(programs(&mut bob, &root).await.status, 200, "who is here is let in");
    eventually!(PATIENCE, stage.people().await.len() == 1);
    let again = sign_in(&mut ann, &provider.login_url, "ann").await;
    assert_ne!(again.url.as_str(), format!("{root}/auth/signed-in"), "{}", again.text);
    canaille.delete("bob").await;
    eventually!(PATIENCE, programs(&mut bob, &root).await.status == 401);
    eventually!(PATIENCE, stage.people().await.is_empty());
    eventually!(PATIENCE, sessions(&stage).await.is_empty());
    fleet.stop().await;
}

/// Signs in with name and password, where it asks for them.
async fn sign_in(browser: &mut Browser, login_url: &str, name: &str) -> Page {
    let mut page = browser.follow(login_url).await;
    for (field, value) in [("login", name), ("password", PASSWORD)] {
        if page.text.contains(&format!("name=\"{field}\"")) {
            let token = page.hidden("csrf_token");
            page = browser.submit(&page, &[("csrf_token", &token), (field, value)]).await;
        }
    }
    page
}

async fn programs(browser: &mut Browser, root: &str) -> Page {
    let url = format!("{root}/api/mentor.enrollment.v1.ProgramService/ListPrograms");
    browser.post_json(&url, "{}").await
}

async fn sessions(stage: &Stage<'_>) -> Vec<Session> {
    let mut client = SessionServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
    client.list_sessions(ListSessionsRequest::default()).await.expect("allowed").into_inner().sessions
}

async fn get(url: &str, token: &str) -> String {
    let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.expect("answered");
    answer.text().await.expect("whole")
}
