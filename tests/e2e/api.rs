//! The JSON API in front of services of another process: a program is made over REST, people arrive as a stream, a match
//! run is watched by server-sent events.

use contracts::mentor::common::v1::ParticipantRole::{Mentee, Mentor};
use enrollment::Enrollment;
use evaluation::Evaluation;
use gateway::Gateway;
use kernel::{Role, SharedClock};
use matching::Matching;
use reqwest::{Client, Method, RequestBuilder, Response};
use scheduling::Scheduling;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Suite;
use tests::stage::Stage;

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_lives_over_rest() {
    let services = services(|_| {}).await;
    let gateway = in_front_of(&services).await;
    let api = Api::of(&services, &gateway);
    let stage = stage(&services);
    let program = api.program("Leaders of tomorrow").await;
    let path = format!("/api/v1/programs/{program}");

    // A change of one field; a stale one is refused, by the service.
    let before = api.get(&path).await["program"].clone();
    let change = |name: &str| json!({ "requestId": stage.request_id(), "spec": { "name": name }, "updateMask": "name", "etag": before["etag"] });
    let changed = api.ok(api.send(Method::PATCH, &path, &change("Leaders of today"))).await;
    assert_eq!(changed["program"]["spec"]["name"], "Leaders of today", "{changed}");
    let stale =
        api.send(Method::PATCH, &path, &change("Leaders of yesterday")).send().await.expect("answered");
    assert_eq!(stale.status().as_u16(), 409);
    let list = api.get("/api/v1/programs?state=PROGRAM_STATE_STARTED&pageSize=10").await;
    assert_eq!(list["programs"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(list["programs"][0]["programId"], program.as_str());

    // People arrive as lines, and the answers as they come.
    let import = "/api/mentor.enrollment.v1.DirectoryService/ImportPeople";
    let row = |id: &str, manager: &str| json!({ "externalId": id, "managerExternalId": manager, "displayName": id, "unit": "Finance", "jobTitle": "Clerk" });
    let options =
        json!({ "requestId": stage.request_id(), "mode": "IMPORT_MODE_SNAPSHOT", "source": "tests" });
    let rows = [row("board", ""), row("mentor", "board"), row("line", "board"), row("mentee", "line")];
    let lines = format!("{}\n{}\n", json!({ "options": options }), json!({ "rows": { "rows": rows } }));
    let hr = services.token(Role::HrClient, None);
    let sent = api.http.post(api.url(import)).bearer_auth(hr).header("content-type", "application/x-ndjson");
    let mut events = Events::of(sent.body(lines).send().await.expect("answered"));
    let mut summary = Value::Null;
    let end = loop {
        match events.next().await.expect("an end") {
            (kind, message) if kind == "message" => summary = message["summary"].clone(),
            (kind, _) => break kind,
        }
    };
    assert_eq!((end.as_str(), &summary["created"]), ("end", &json!("4")), "64-bit integers are texts");

    services.settle().await;
    let people = stage.people().await;
    for (person, role, manager) in [("mentor", Mentor, "board"), ("mentee", Mentee, "line")] {
        let application = stage.apply(&program, people[person], role, 1).await.application_id;
        stage.endorse(people[manager], &application).await;
        stage.accept(&application).await;
    }
    services.settle().await;
    let run = api.start_run(&stage, &program).await;
    let mut events = api.watch(&run).await;
    services.settle().await;
    let mut states = Vec::new();
    let end = loop {
        match events.next().await.expect("an end") {
            (kind, message) if kind == "message" => states.push(message["run"]["state"].clone()),
            (kind, _) if kind.is_empty() => {}
            (kind, _) => break kind,
        }
    };
    assert_eq!(
        (end.as_str(), states.last()),
        ("end", Some(&json!("MATCH_RUN_STATE_COMPLETED"))),
        "{states:?}"
    );
    let proposals = api.get(&format!("/api/v1/match-runs/{run}/proposals")).await;
    assert_eq!(proposals["proposals"].as_array().map(Vec::len), Some(1), "{proposals}");
    let one = &proposals["proposals"][0];
    let [mentor, mentee] =
        ["mentorParticipantId", "menteeParticipantId"].map(|name| one[name].as_str().expect("an id"));
    let why = api.get(&format!("/api/v1/match-runs/{run}/mentors/{mentor}/mentees/{mentee}:explain")).await;
    assert_eq!(why["proposed"], true, "{why}");

    // What is refused before the first message is an ordinary refusal.
    let nobody = api.sign(api.http.get(api.url(&format!("/api/v1/match-runs/{}:watch", stage.request_id()))));
    assert_eq!(nobody.send().await.expect("answered").status().as_u16(), 404);
    for service in ["enrollment", "matching", "scheduling", "evaluation"] {
        assert_eq!(services.parked(service).await, 0, "{service}");
    }
}

/// A run that nobody works on yet is watched: the stream shows that it is alive, and a client that goes away gives its
/// place back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_ends_the_call() {
    let services = services(|config| config.limits.streams = 1).await;
    let gateway = in_front_of(&services).await;
    let api = Api::of(&services, &gateway);
    let stage = stage(&services);
    let program = api.program("Leaders of tomorrow").await;
    let import = [("board", ""), ("mentor", "board"), ("mentee", "board")];
    let rows = import.map(|(name, manager)| tests::life::row(name, manager, "Finance"));
    stage.import(contracts::mentor::enrollment::v1::ImportMode::Snapshot, rows.to_vec()).await;
    services.settle().await;
    let people = stage.people().await;
    for (person, role) in [("mentor", Mentor), ("mentee", Mentee)] {
        let application = stage.apply(&program, people[person], role, 1).await.application_id;
        stage.endorse(people["board"], &application).await;
        stage.accept(&application).await;
    }
    services.settle().await;
    let run = api.start_run(&stage, &program).await;

    let mut first = api.watch(&run).await;
    let (kind, message) = first.next().await.expect("the run as it is");
    assert_eq!((kind.as_str(), &message["run"]["state"]), ("message", &json!("MATCH_RUN_STATE_QUEUED")));
    let (kind, _) = first.next().await.expect("a sign of life");
    assert_eq!(kind, "", "a comment");
    let watch = async || {
        let path = format!("/api/v1/match-runs/{run}:watch");
        api.sign(api.http.get(api.url(&path))).send().await.expect("answered").status().as_u16()
    };
    assert_eq!(watch().await, 429, "the only place is taken");
    drop(first);
    testkit::eventually!(PATIENCE, watch().await == 200);
}

/// The services, with their events moved by hand.
async fn services(change: impl FnOnce(&mut runtime::Config) + Send + 'static) -> Suite {
    let builder = Suite::builder().service::<Enrollment>().service::<Matching>();
    builder.service::<Scheduling>().service::<Evaluation>().in_process().configure(change).start().await
}

/// A gateway in a process of its own, which knows their addresses.
async fn in_front_of(services: &Suite) -> Suite {
    let url = services.host().url();
    let names = ["enrollment", "matching", "scheduling", "evaluation"];
    let upstreams: toml::Table =
        names.map(|name| (name.to_owned(), url.clone().into())).into_iter().collect();
    let settings = move |config: &mut runtime::Config| {
        let api = toml::Table::from_iter([
            ("upstreams".to_owned(), upstreams.into()),
            ("heartbeat_seconds".to_owned(), 1.into()),
        ]);
        config
            .services
            .insert("gateway".to_owned(), toml::Table::from_iter([("api".to_owned(), api.into())]));
    };
    Suite::builder().service::<Gateway>().in_process().configure(settings).start().await
}

fn stage(services: &Suite) -> Stage<'_> {
    let clock: SharedClock = services.clock.clone();
    let connect = |_: &str, token: &str| services.authorized(token);
    let issue = |tenant, role, person| services.token_for(tenant, role, person);
    Stage::new(services.tenant, clock, Box::new(connect), Box::new(issue))
}

/// A program manager who has nothing but an HTTP client.
struct Api {
    root: String,
    token: String,
    http: Client,
    id: Box<dyn Fn() -> String + Send + Sync>,
}

impl Api {
    fn of(services: &Suite, gateway: &Suite) -> Api {
        let clock = services.clock.clone();
        let address = gateway.host().http_address().expect("the gateway serves HTTP");
        Api {
            root: format!("http://{address}"),
            token: services.token(Role::ProgramManager, None),
            http: Client::new(),
            id: Box::new(move || kernel::Clock::new_id(clock.as_ref()).to_string()),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.token)
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        let request = self.sign(self.http.request(method, self.url(path)));
        request.header("content-type", "application/json").body(body.to_string())
    }

    async fn ok(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.expect("the gateway answers");
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a whole answer"));
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn get(&self, path: &str) -> Value {
        self.ok(self.sign(self.http.get(self.url(path)))).await
    }

    /// A program that has started.
    async fn program(&self, name: &str) -> String {
        let create = json!({ "requestId": (self.id)(), "spec": { "name": name } });
        let created = self.ok(self.send(Method::POST, "/api/v1/programs", &create)).await;
        let id = created["program"]["programId"].as_str().expect("an id").to_owned();
        for verb in ["publish", "start"] {
            let body = json!({ "requestId": (self.id)() });
            self.ok(self.send(Method::POST, &format!("/api/v1/programs/{id}:{verb}"), &body)).await;
        }
        id
    }

    /// A run of one mentor and one mentee.
    async fn start_run(&self, stage: &Stage<'_>, program: &str) -> String {
        let body = json!({ "requestId": stage.request_id(), "programId": program, "mode": "MATCH_MODE_MAX_CARDINALITY" });
        let started = self.ok(self.send(Method::POST, "/api/v1/match-runs", &body)).await;
        assert_eq!(
            (&started["run"]["mentors"], &started["run"]["mentees"]),
            (&json!(1), &json!(1)),
            "{started}"
        );
        started["run"]["runId"].as_str().expect("an id").to_owned()
    }

    async fn watch(&self, run: &str) -> Events {
        let request = self.sign(self.http.get(self.url(&format!("/api/v1/match-runs/{run}:watch"))));
        Events::of(request.send().await.expect("the gateway answers"))
    }
}

/// Server-sent events, as they come.
struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    fn of(response: Response) -> Events {
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { response, buffer: String::new() }
    }

    /// The next event: its kind (empty for a comment) and its data. Nothing at the end of the connection.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let data = field("data: ").map(|data| serde_json::from_str(data).expect("JSON"));
                let kind = if data.is_none() { "" } else { field("event: ").unwrap_or("message") };
                let found = (kind.to_owned(), data.unwrap_or(Value::Null));
                self.buffer = rest.to_owned();
                return Some(found);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("in time");
            let chunk = chunk.expect("a whole event")?;
            self.buffer.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }
}
