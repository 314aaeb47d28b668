//! The first import of an organisation over SCIM, person by person as identity providers do it, beside two servers of
//! others that keep people in memory: scim2-server (Python) and scimmy (JavaScript). In turn, in the same minutes.
//!
//! `MENTOR_SCIM2_SERVER` names the one's program, `MENTOR_SCIMMY` the folder with the other's modules.

use crate::{driver::CONNECTIONS, median, number};
use anyhow::{Context, Result, bail, ensure};
use contracts::mentor::gateway::v1::{
    CreateConnectionRequest, connection_service_client::ConnectionServiceClient,
};
use futures::{StreamExt, stream};
use kernel::{Clock, Role, SystemClock};
use reqwest::Client;
use runtime::{
    Config,
    telemetry::{Program, Telemetry},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use testkit::{Suite, free_port};
use tokio::{
    process::{Child, Command},
    time::interval,
};

/// The organisation.
const PEOPLE: u32 = 20_000;
/// So many people are sent before the clock is looked at again.
const BATCH: u32 = 50;
/// Something is wrong when a peer takes longer to start.
const LONGEST_START: Duration = Duration::from_secs(30);

/// Imports, and says how fast.
pub(crate) async fn measure() -> Result<()> {
    Telemetry::install(&Config::defaults()?.telemetry, Program::named("bench"))?;
    let (suite, ours) = gateway().await?;
    let (first, second) = (scim2_server().await?, scimmy().await?);
    let (rounds, seconds) = (number("ROUNDS", 5)?, number("SECONDS", 3)?);
    let [mut our, mut python, mut javascript] = [const { Vec::new() }; 3];
    for round in 0..rounds {
        our.push(ours.import(round * PEOPLE / rounds..(round + 1) * PEOPLE / rounds, None).await?);
        let patience = Some(Duration::from_secs(u64::from(seconds)));
        let people = round * PEOPLE..(round + 1) * PEOPLE;
        python.push(first.import(people.clone(), patience).await?);
        javascript.push(second.import(people, patience).await?);
    }
    let known = ours.people().await?;
    ensure!(known == PEOPLE, "{known} of {PEOPLE} people arrived");
    let told: i64 = sqlx::query_scalar("select count(*) from gateway.outbox").fetch_one(suite.sql()).await?;
    ensure!(told == i64::from(PEOPLE), "{told} events of {PEOPLE} people");
    report("scim2-server, in memory", &our, &python);
    report("scimmy, in memory", &our, &javascript);
    Ok(())
}

fn report(peer: &str, ours: &[f64], theirs: &[f64]) {
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours / theirs;
    println!(
        "first import of {PEOPLE} people over SCIM: {ours:.0} requests/s; {peer}: {theirs:.0} requests/s; ratio {ratio:.2}"
    );
}

/// A server and who calls it. A peer's process ends with this value.
struct Target {
    root: String,
    token: String,
    http: Client,
    process: Option<Child>,
}

impl Target {
    fn new(root: String, token: String, process: Option<Child>) -> Result<Target> {
        let http =
            Client::builder().pool_max_idle_per_host(CONNECTIONS as usize).tcp_nodelay(true).build()?;
        Ok(Target { root, token, http, process })
    }

    /// Creates people over as many connections as pgbench has, until they or the patience end; gives people a second.
    async fn import(&self, people: std::ops::Range<u32>, patience: Option<Duration>) -> Result<f64> {
        let (begun, mut done) = (Instant::now(), 0);
        let mut next = people.start;
        while next < people.end && patience.is_none_or(|patience| begun.elapsed() < patience) {
            let end = people.end.min(next + BATCH * CONNECTIONS);
            let mut answers =
                stream::iter((next..end).map(|n| self.create(n))).buffer_unordered(CONNECTIONS as usize);
            while let Some(answer) = answers.next().await {
                answer?;
                done += 1;
                if patience.is_some_and(|patience| begun.elapsed() >= patience) {
                    break;
                }
            }
            next = end;
        }
        Ok(f64::from(done) / begun.elapsed().as_secs_f64())
    }

    async fn create(&self, n: u32) -> Result<()> {
        let request = self.http.post(format!("{}/Users", self.root)).bearer_auth(&self.token);
        let request = request.header("content-type", "application/scim+json").body(person(n).to_string());
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        ensure!(status == 201, "{}: {status} {text}", self.root);
        Ok(())
    }

    async fn people(&self) -> Result<u32> {
        let request = self.http.get(format!("{}/Users?count=0", self.root)).bearer_auth(&self.token);
        let list: Value = serde_json::from_str(&request.send().await?.text().await?)?;
        let total = list["totalResults"].as_u64().context("a list has totalResults")?;
        Ok(u32::try_from(total)?)
    }
}

/// As Entra sends somebody.
fn person(n: u32) -> Value {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": format!("person{n}"),
        "userName": format!("person{n}@example.org"),
        "active": true,
        "displayName": format!("Person {n}"),
        "emails": [{ "primary": true, "type": "work", "value": format!("person{n}@example.org") }],
        "name": { "formatted": format!("Person {n}"), "familyName": format!("Number {n}"), "givenName": "Person" },
        "title": "Analyst",
        ENTERPRISE: { "employeeNumber": format!("P-{n}"), "department": "Finance", "manager": { "value": format!("P-{}", n / 8) } },
    })
}

/// The gateway in this process, as `mentor serve` starts it, on a real Postgres; without its limit of requests.
async fn gateway() -> Result<(Suite, Target)> {
    let unlimited = |config: &mut Config| {
        let settings = toml::Table::from_iter([("requests_per_second".to_owned(), 0.into())]);
        config.services.insert("gateway".to_owned(), settings);
    };
    let builder = Suite::builder().service::<gateway::Gateway>().configure(unlimited).in_process();
    let suite = builder.start().await;
    let mut connections = ConnectionServiceClient::new(suite.acting(Role::HrAdmin, None));
    let request =
        CreateConnectionRequest { request_id: SystemClock.new_id().to_string(), name: "bench".into() };
    let token = connections.create_connection(request).await?.into_inner().token;
    let address = suite.host().http_address().context("the gateway serves HTTP")?;
    let target = Target::new(format!("http://{address}/scim/v2"), token, None)?;
    Ok((suite, target))
}

async fn scim2_server() -> Result<Target> {
    let program = std::env::var_os("MENTOR_SCIM2_SERVER").context("MENTOR_SCIM2_SERVER names no program")?;
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string(), "--bearer-token", "bench"]);
    peer(command, format!("http://127.0.0.1:{port}/v2")).await
}

async fn scimmy() -> Result<Target> {
    let modules = std::env::var_os("MENTOR_SCIMMY").context("MENTOR_SCIMMY names no folder")?;
    let port = free_port();
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("load/scimmy.mjs"));
    command.arg(modules).arg(port.to_string());
    peer(command, format!("http://127.0.0.1:{port}/scim/v2")).await
}

/// Starts a server and waits until it answers.
async fn peer(mut command: Command, root: String) -> Result<Target> {
    let process = command.kill_on_drop(true).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut target = Target::new(root, "bench".into(), Some(process))?;
    let (begun, mut pace) = (Instant::now(), interval(Duration::from_millis(20)));
    while begun.elapsed() < LONGEST_START {
        if target.people().await.is_ok() {
            return Ok(target);
        }
        if let Some(status) = target.process.as_mut().map(Child::try_wait).transpose()?.flatten() {
            bail!("{} ended with {status}", target.root);
        }
        pace.tick().await;
    }
    bail!("{} does not answer within {LONGEST_START:?}", target.root)
}
