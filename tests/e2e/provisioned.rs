//! An identity provider brings people by SCIM, and lets one go: the pair ends the same day and tokens are refused, on every
//! service.

use contracts::mentor::{
    common::v1::ParticipantRole::{Mentee, Mentor},
    gateway::v1::{CreateConnectionRequest, connection_service_client::ConnectionServiceClient},
    matching::v1::{ListMatchesRequest, MatchState, match_service_client::MatchServiceClient},
};
use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use kernel::{Role, SharedClock};
use matching::Matching;
use scheduling::Scheduling;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Suite;
use tests::stage::Stage;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_by_scim_ends_the_pair_the_same_day_everywhere() {
    let builder = Suite::builder().service::<Enrollment>().service::<Matching>();
    let builder = builder.service::<Scheduling>().service::<Evaluation>().service::<Gateway>();
    let suite = builder.start().await;
    let clock: SharedClock = suite.clock.clone();
    let connect = |_: &str, token: &str| suite.authorized(token);
    let issue = |tenant, role, person| suite.token_for(tenant, role, person);
    let stage = Stage::new(suite.tenant, clock, Box::new(connect), Box::new(issue));
    let address = suite.host().http_address().expect("the gateway serves HTTP");
    let scim = Scim::connect(&address.to_string(), &stage).await;

    // Reports before their managers, as providers send them.
    for (name, manager) in [("mentee", "line"), ("mentor", "board"), ("line", "board"), ("board", "")] {
        scim.push(name, manager).await;
    }
    suite.settle().await;
    let people = stage.people().await;
    let (line, mentor, mentee) = (people["line"], people["mentor"], people["mentee"]);
    let program = stage.program("Leaders of tomorrow").await;
    for (person, role, manager) in [(mentor, Mentor, people["board"]), (mentee, Mentee, line)] {
        let application = stage.apply(&program, person, role, 1).await.application_id;
        stage.endorse(manager, &application).await;
        stage.accept(&application).await;
    }
    let run = stage.run(&program, 1, Some(1)).await.run_id;
    stage.publish_run(&run).await;
    let proposed = stage.matches(&program, &[MatchState::Proposed]).await;
    let pair = proposed.first().expect("one pair").match_id.clone();
    stage.accept_match(mentor, &pair).await;
    assert_eq!(stage.accept_match(mentee, &pair).await.state(), MatchState::Active);

    scim.let_go("mentee").await;
    suite.settle().await;
    assert_eq!(stage.matches(&program, &[MatchState::Active]).await, []);
    let token = suite.token(Role::Employee, Some(mentee));
    let mut client = MatchServiceClient::new(suite.authorized(token));
    let mut refused = async || {
        let answer = client.list_matches(ListMatchesRequest::default()).await;
        answer.is_err_and(|status| grpc::from_status(status).reason == "PERSON_DEACTIVATED")
    };
    testkit::eventually!(Duration::from_secs(10), refused().await);
    for service in ["enrollment", "matching", "scheduling", "evaluation"] {
        assert_eq!(suite.parked(service).await, 0, "{service}");
    }
}

/// The identity provider.
pub(crate) struct Scim {
    root: String,
    token: String,
    http: reqwest::Client,
}

impl Scim {
    pub(crate) async fn connect(address: &str, stage: &Stage<'_>) -> Scim {
        let mut client = ConnectionServiceClient::new(stage.channel("gateway", Role::HrAdmin, None));
        let request = CreateConnectionRequest { request_id: stage.request_id(), name: "Entra ID".into() };
        let token = client.create_connection(request).await.expect("allowed").into_inner().token;
        Scim { root: format!("http://{address}/scim/v2"), token, http: reqwest::Client::new() }
    }

    pub(crate) async fn push(&self, name: &str, manager: &str) {
        let body = json!({
            "schemas": [USER, ENTERPRISE], "userName": format!("{name}@x.org"), "displayName": name, "title": "Clerk",
            "active": true, ENTERPRISE: { "employeeNumber": name, "department": "Finance", "manager": { "value": manager } },
        });
        let sent = self.http.post(format!("{}/Users", self.root)).bearer_auth(&self.token);
        let answer = sent.header("content-type", "application/scim+json").body(body.to_string()).send().await;
        assert_eq!(answer.expect("answered").status().as_u16(), 201);
    }

    pub(crate) async fn let_go(&self, name: &str) {
        let filter = format!("userName eq \"{name}@x.org\"");
        let found = self.http.get(format!("{}/Users", self.root)).bearer_auth(&self.token);
        let found =
            found.query(&[("filter", filter)]).send().await.expect("answered").text().await.expect("whole");
        let found: Value = serde_json::from_str(&found).expect("JSON");
        let id = found["Resources"][0]["id"].as_str().expect("one user").to_owned();
        let body = json!({ "schemas": [PATCH], "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] });
        let sent = self.http.patch(format!("{}/Users/{id}", self.root)).bearer_auth(&self.token);
        let answer = sent.header("content-type", "application/scim+json").body(body.to_string()).send().await;
        assert_eq!(answer.expect("answered").status().as_u16(), 200);
    }
}
