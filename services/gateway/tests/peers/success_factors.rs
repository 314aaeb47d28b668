//! SuccessFactors: SAP's own CAP server with its OData v2 adapter, below `success_factors/`, with what only SuccessFactors has
//! in front of it. Its packages are installed once below `target/tools/success_factors`.

use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

pub(crate) const COMPANY: &str = "ACME";
pub(crate) const USER: &str = "sfapi";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const CLIENT: &str = "client&key";
/// The key that the OAuth client was registered with.
pub(crate) const KEY: &str = include_str!("success_factors/key.pem");

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running server; it ends with this.
pub(crate) struct SuccessFactors {
    _process: Process,
    pub(crate) url: String,
    http: reqwest::Client,
}

/// A user.
pub(crate) fn user(id: &str, manager: Option<&str>, status: &str, changed: &str) -> Value {
    json!({
        "userId": id, "username": format!("user.{id}"), "firstName": "First", "lastName": id,
        "defaultFullName": format!("First {id}"), "email": format!("{id}@example.org"), "status": status,
        "title": "Engineer", "department": "R&D (50)", "division": "North", "custom01": "B3", "manager": manager,
        "lastModifiedDateTime": changed,
    })
}

impl SuccessFactors {
    /// Installs what is missing, starts the server on a free port and puts people in.
    pub(crate) async fn start(people: &[Value]) -> SuccessFactors {
        // The client of the tests takes the process's provider, as the connectors' do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        let (process, url) = tokio::task::spawn_blocking(launch).await.expect("the server starts");
        let server = SuccessFactors { _process: process, url, http };
        server.control("people?all=1", &json!(people)).await;
        server
    }

    /// Adds people, or changes those who are there.
    pub(crate) async fn put(&self, people: &[Value]) {
        self.control("people", &json!(people)).await;
    }

    /// What happens to the next answers: `{"pass":true}`, `{"status":429,"retryAfter":"1"}`, `{"cut":true}`.
    pub(crate) async fn troubles(&self, troubles: Value) {
        self.control("troubles", &troubles).await;
    }

    /// Takes all tokens back.
    pub(crate) async fn expire(&self) {
        let answer = self.http.delete(format!("{}/control/tokens", self.url)).send().await;
        assert!(answer.expect("the server answers").status().is_success());
    }

    /// The requests since the last look, decoded.
    pub(crate) async fn log(&self) -> Vec<String> {
        let answer =
            self.http.get(format!("{}/control/log", self.url)).send().await.expect("the server answers");
        answer.json().await.expect("a list of requests")
    }

    async fn control(&self, what: &str, body: &Value) {
        let answer = self.http.put(format!("{}/control/{what}", self.url)).json(body).send().await;
        let answer = answer.expect("the server answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }
}

fn launch() -> (Process, String) {
    let home = installed();
    let mut command = Command::new(home.join("node_modules/.bin/cds-serve"));
    command.current_dir(&home).env("PORT", "0").env("PEER_SOURCES", sources()).env("NO_COLOR", "1");
    let process =
        command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("node runs cds-serve");
    let mut process = Process(process);
    let mut lines = BufReader::new(process.0.stdout.take().expect("its output is piped")).lines();
    let listening = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, url) = line.split_once("server listening on { url: '")?;
        url.split('\'').next().map(str::to_owned)
    });
    // Its log must not fill the pipe.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    (process, listening.expect("the server says where it listens"))
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/success_factors")
}

/// The folder of the server, with its packages.
fn installed() -> PathBuf {
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let tools = test.ancestors().nth(3).expect("tests lie below target/").join("tools");
    fs::create_dir_all(&tools).expect("the target folder can be written");
    // Tests in other processes want the same.
    let lock =
        fs::File::create(tools.join("success_factors.lock")).expect("the target folder can be written");
    lock.lock().expect("a lock");
    let home = tools.join("success_factors");
    fs::create_dir_all(home.join("srv")).expect("the target folder can be written");
    let wanted = fs::read_to_string(sources().join("package.json")).expect("it is part of the repository");
    // Written last, so that an installation that broke off is taken up again.
    let done = home.join("installed.json");
    for file in ["package.json", "server.js", "srv/user.cds"] {
        copy(&sources().join(file), &home.join(file));
    }
    if fs::read_to_string(&done).ok().as_deref() != Some(wanted.as_str()) {
        let mut npm = Command::new("npm");
        // Without scripts nothing is compiled: the database is SQLite in WebAssembly.
        npm.args([
            "install",
            "--ignore-scripts",
            "--omit=optional",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
        ]);
        let output = npm.current_dir(&home).output().expect("Node.js 20 or later with npm: apt install npm");
        assert!(output.status.success(), "npm install: {}", String::from_utf8_lossy(&output.stderr));
        fs::write(&done, wanted).expect("the target folder can be written");
    }
    home
}

/// Copies a file unless it is the same: a server that is running reads it.
fn copy(from: &Path, to: &Path) {
    let wanted = fs::read(from).expect("it is part of the repository");
    if fs::read(to).ok().as_deref() != Some(&wanted) {
        fs::write(to, wanted).expect("the target folder can be written");
    }
}
