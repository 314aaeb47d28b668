//! Identity providers as resources, and the preview of signing in.

use crate::signin::{Setup, World, reason, settings};
use contracts::mentor::gateway::v1::{identity_provider_service_client::IdentityProviderServiceClient, *};
use kernel::Role;
use prost_types::FieldMask;
use serde_json::json;

const ISSUER: &str = "https://idp.example.com";

fn update(world: &World, provider: &IdentityProvider, paths: &[&str]) -> UpdateIdentityProviderRequest {
    UpdateIdentityProviderRequest {
        request_id: world.request_id(),
        provider_id: provider.provider_id.clone(),
        settings: provider.settings.clone(),
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        ..UpdateIdentityProviderRequest::default()
    }
}

#[tokio::test]
async fn a_provider_is_added_changed_and_removed_and_its_secret_never_shown() {
    let world = World::start().await;
    let added = world.provider(settings(ISSUER), "very-secret").await;
    assert!(added.has_client_secret);
    let id = &added.provider_id;
    let base = format!("http://127.0.0.1:{}", world.http);
    assert_eq!(added.login_url, format!("{base}/auth/{}.{id}/login", world.suite.tenant));
    assert_eq!(added.redirect_uri, format!("{base}/auth/callback"));
    assert!(added.backchannel_logout_uri.starts_with(&format!("{base}/auth/backchannel-logout/")));
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(p)::text from gateway.identity_provider p \
         union all select encode(client_secret, 'escape') from gateway.identity_provider \
         union all select encode(response, 'escape') from gateway.idempotency where response is not null \
         union all select to_jsonb(a)::text from gateway.audit a",
    )
    .fetch_all(world.suite.sql())
    .await
    .expect("rows");
    assert!(rows.len() >= 4 && rows.iter().all(|row| !row.contains("very-secret")), "{rows:?}");

    let again = CreateIdentityProviderRequest {
        request_id: world.request_id(),
        settings: Some(IdentityProviderSettings { name: "STAFF".into(), ..settings(ISSUER) }),
        ..CreateIdentityProviderRequest::default()
    };
    assert_eq!(reason(world.providers().create_identity_provider(again).await), "ALREADY_EXISTS");

    let mut changed = update(&world, &added, &["default_roles", "client_secret"]);
    changed.settings.as_mut().expect("there").default_roles = vec!["auditor".into()];
    changed.settings.as_mut().expect("there").name = "not in the mask".into();
    changed.etag.clone_from(&added.etag);
    let stale = UpdateIdentityProviderRequest { request_id: world.request_id(), ..changed.clone() };
    let answer = world.providers().update_identity_provider(changed).await.expect("sound").into_inner();
    let provider = answer.provider.expect("answered");
    let now = provider.settings.as_ref().expect("there");
    assert_eq!((now.name.as_str(), now.default_roles.as_slice()), ("Staff", &["auditor".to_owned()][..]));
    assert!(!provider.has_client_secret && provider.etag != added.etag);
    assert_eq!(reason(world.providers().update_identity_provider(stale).await), "ETAG_MISMATCH");
    for paths in [&[][..], &["nonsense"]] {
        assert_eq!(
            reason(world.providers().update_identity_provider(update(&world, &added, paths)).await),
            "FIELD_INVALID"
        );
    }

    let listed = world.providers().list_identity_providers(ListIdentityProvidersRequest::default()).await;
    assert_eq!(listed.expect("allowed").into_inner().providers, std::slice::from_ref(&provider));
    let remove = RemoveIdentityProviderRequest { request_id: world.request_id(), provider_id: id.clone() };
    world.providers().remove_identity_provider(remove).await.expect("there");
    let get = GetIdentityProviderRequest { provider_id: id.clone() };
    assert_eq!(reason(world.providers().get_identity_provider(get).await), "NOT_FOUND");
}

#[tokio::test]
async fn what_could_not_work_is_refused_and_another_tenants_is_not_there() {
    let world = World::start().await;
    let create = async |change: fn(&mut IdentityProviderSettings)| {
        let mut settings = settings(ISSUER);
        change(&mut settings);
        let request = CreateIdentityProviderRequest {
            request_id: world.request_id(),
            settings: Some(settings),
            ..CreateIdentityProviderRequest::default()
        };
        world.providers().create_identity_provider(request).await
    };
    assert_eq!(reason(create(|s| s.issuer = "http://idp.example.com".into()).await), "FIELD_INVALID");
    assert_eq!(reason(create(|s| s.default_roles = vec!["system".into()]).await), "FIELD_INVALID");
    assert_eq!(reason(create(|s| s.name = "\n".into()).await), "FIELD_INVALID");
    assert_eq!(reason(create(|s| s.link_by_email = false).await), "FIELD_INVALID");
    let added = world.provider(settings(ISSUER), "").await;
    let foreign = kernel::TenantId(kernel::Uuid::from_u128(1));
    let token = world.suite.token_for(foreign, Role::HrAdmin, None);
    let mut other = IdentityProviderServiceClient::new(world.suite.authorized(token));
    let get = GetIdentityProviderRequest { provider_id: added.provider_id.clone() };
    assert_eq!(reason(other.get_identity_provider(get).await), "NOT_FOUND");
    let mut employee = IdentityProviderServiceClient::new(world.suite.acting(Role::Employee, None));
    let list = ListIdentityProvidersRequest::default();
    assert_eq!(reason(employee.list_identity_providers(list).await), "PERMISSION_DENIED");
}

#[tokio::test]
async fn the_preview_says_who_and_what_somebody_would_be_and_why() {
    let world = World::start().await;
    let ann = world.person("7", "ann@x.org").await;
    world.person("8", "shared@x.org").await;
    world.person("9", "shared@x.org").await;
    let mut with = settings(ISSUER);
    with.external_id_claim = "employee_number".into();
    let provider = world.provider(with, "").await;
    let preview = async |claims: serde_json::Value| {
        let request =
            PreviewSignInRequest { provider_id: provider.provider_id.clone(), claims: claims.to_string() };
        world.providers().preview_sign_in(request).await
    };
    let sure = async |claims| preview(claims).await.expect("an object").into_inner();
    let by_id = sure(json!({ "sub": "a", "employee_number": 7, "groups": ["hr", "it"] })).await;
    assert_eq!(by_id.person_id, ann.to_string());
    assert!(by_id.person_because.contains("employee_number"), "{by_id:?}");
    let roles: Vec<(&str, &str)> =
        by_id.roles.iter().map(|role| (role.role.as_str(), role.because.as_str())).collect();
    assert!(roles.contains(&("hr_admin", "claim groups has the value hr")), "{roles:?}");
    assert_eq!(roles.len(), 2);
    let by_email = sure(json!({ "sub": "a", "email": "ANN@x.org", "email_verified": true })).await;
    assert_eq!(by_email.person_id, ann.to_string());
    for (claims, why) in [
        (json!({ "sub": "a", "email": "ann@x.org" }), "not verified"),
        (json!({ "sub": "a", "email": "shared@x.org", "email_verified": true }), "several people"),
        (json!({ "sub": "a", "email": "eve@x.org", "email_verified": true }), "nobody of the directory"),
        (json!({}), "no claim employee_number"),
    ] {
        let answer = sure(claims).await;
        assert!(answer.person_id.is_empty() && answer.person_because.contains(why), "{answer:?}");
    }
    assert_eq!(reason(preview(json!([])).await), "FIELD_INVALID");
    let linked: i64 = sqlx::query_scalar("select count(*) from gateway.identity")
        .fetch_one(world.suite.sql())
        .await
        .expect("the table is there");
    assert_eq!(linked, 0, "a preview keeps nothing");
}

#[tokio::test]
async fn several_providers_are_offered_and_disabled_ones_are_not() {
    let world = World::with(Setup { plain: true, ..Setup::default() }).await;
    let path = format!("/auth/{}/login?return_to=/x", world.suite.tenant);
    assert_eq!(world.agent().get(&path).await.status, 404, "none yet");
    let first = world.provider(settings(ISSUER), "").await;
    world.provider(IdentityProviderSettings { name: "<Guests>".into(), ..settings(ISSUER) }, "").await;
    let page = world.agent().get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Staff") && !page.text.contains("<Guests>"), "{}", page.text);
    assert!(page.text.contains("return_to=%2Fx"), "{}", page.text);
    let mut disable = update(&world, &first, &["disabled"]);
    disable.settings.as_mut().expect("there").disabled = true;
    world.providers().update_identity_provider(disable).await.expect("sound");
    let own = crate::signin::agent::path_of(&first.login_url);
    assert_eq!(world.agent().get(&own).await.status, 404);
}

#[tokio::test]
async fn a_provider_at_an_address_that_is_not_public_is_refused_unless_allowed() {
    let sign_in = |networks: &[&str]| {
        let networks: Vec<toml::Value> = networks.iter().map(|network| (*network).into()).collect();
        toml::Table::from_iter([
            ("local_providers".to_owned(), false.into()),
            ("allowed_networks".to_owned(), networks.into()),
        ])
    };
    let asked = async |networks: &[&str]| {
        let world = World::with(Setup { plain: true, sign_in: sign_in(networks), ..Setup::default() }).await;
        // A name is looked up when it is called.
        let provider = world.provider(settings("https://localhost:1/realms/staff"), "").await;
        let page = world.agent().get(&crate::signin::agent::path_of(&provider.login_url)).await;
        assert_eq!(page.status, 503, "{}", page.text);
        (world, page.text)
    };
    let (world, page) = asked(&[]).await;
    assert!(page.contains("services.gateway.sign_in.allowed_networks"), "{page}");
    assert!(!page.contains("127.0.0.1"), "what the name leads to is nobody's business: {page}");
    for issuer in ["https://127.0.0.1:8443", "https://169.254.169.254", "https://[::ffff:10.0.0.1]"] {
        let request = CreateIdentityProviderRequest {
            request_id: world.request_id(),
            settings: Some(settings(issuer)),
            ..CreateIdentityProviderRequest::default()
        };
        let refused = world.providers().create_identity_provider(request).await.expect_err(issuer);
        assert!(
            refused.message().contains("settings.issuer") && refused.message().contains("no public address")
        );
    }
    let (_, page) = asked(&["127.0.0.0/8", "::1/128"]).await;
    assert!(page.contains("could not be had"), "it was called, and nobody is there: {page}");
}
