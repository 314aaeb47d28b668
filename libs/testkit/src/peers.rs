//! Programs for signing in that have none of our code: npm's oidc-provider and oauth2-mock-server, and Chromium by
//! playwright-core. They are installed once below `target/tools/signin`, or taken from `MENTOR_TEST_NODE`.

use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

/// What the folder holds.
const PACKAGES: [&str; 3] = ["oidc-provider@9.13.3", "oauth2-mock-server@8.2.3", "playwright-core@1.65.1"];

/// A program that answers lines with lines; ends when it is dropped.
#[derive(Clone)]
pub struct Peer(Arc<Mutex<Running>>);

struct Running {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the peer's output can be read");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the peer said {line:?}: {error}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends with its input; what is left of it goes, too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Peer {
    /// Starts a program of `libs/testkit/peers`; what it says first.
    ///
    /// # Panics
    /// When it can't be had or does not start, with what to install.
    pub async fn start(program: &'static str, argument: Value) -> (Peer, Value) {
        let work = move || {
            let mut command = Command::new("node");
            command.env("MENTOR_NODE_MODULES", modules());
            command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(program));
            command.arg(argument.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = command.spawn().expect("node runs: apt install npm");
            let input = process.stdin.take();
            let output = BufReader::new(process.stdout.take().expect("piped"));
            let mut running = Running { process, input, output };
            let first = running.line();
            (Peer(Arc::new(Mutex::new(running))), first)
        };
        tokio::task::spawn_blocking(work).await.expect("the peer starts")
    }

    /// Sends a line; the answer.
    ///
    /// # Panics
    /// When the program is gone, or says that it can't.
    pub async fn ask(&self, command: Value) -> Value {
        let running = Arc::clone(&self.0);
        let work = move || {
            let mut running = running.lock().expect("one at a time");
            let input = running.input.as_mut().expect("open");
            writeln!(input, "{command}").expect("the peer reads");
            input.flush().expect("the peer reads");
            let answer = running.line();
            assert_eq!(answer["error"], Value::Null, "{command}: {answer}");
            answer
        };
        tokio::task::spawn_blocking(work).await.expect("the peer answers")
    }
}

/// oauth2-mock-server as a hostile identity provider.
pub struct Mock {
    /// Its address, which is what it calls itself.
    pub issuer: String,
    peer: Peer,
}

impl Mock {
    /// Starts it; it behaves well until it is told otherwise.
    pub async fn start() -> Mock {
        let (peer, said) = Peer::start("mock.mjs", json!({})).await;
        Mock { issuer: said["issuer"].as_str().expect("an address").to_owned(), peer }
    }

    /// Where its keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks", self.issuer)
    }

    /// Says how the next answers shall be: `claims`, `without`, `forge`, `answer`, `documents`, `rotate`.
    pub async fn control(&self, control: Value) {
        self.peer.ask(json!({ "do": "control", "control": control })).await;
    }

    /// Any claims, signed by the provider's newest key.
    pub async fn sign(&self, header: Value, claims: Value) -> String {
        self.token(json!({ "do": "sign", "header": header, "claims": claims })).await
    }

    /// The same claims under a signature that must not count: `none`, `stripped`, `hs256-public-key`, `unknown-key`,
    /// `stolen-kid`, `bent`.
    pub async fn forge(&self, how: &str, header: Value, claims: Value) -> String {
        self.token(json!({ "do": "sign", "header": header, "claims": claims, "forge": how })).await
    }

    async fn token(&self, command: Value) -> String {
        self.peer.ask(command).await["token"].as_str().expect("a token").to_owned()
    }
}

fn done(command: &mut Command) {
    let output = command.output().expect("npm runs: apt install npm");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The folder of tools, held against tests in other processes that want the same.
fn tools(what: &str) -> (PathBuf, File) {
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let tools = test.ancestors().nth(3).expect("tests lie below target/").join("tools");
    std::fs::create_dir_all(&tools).expect("the target folder can be written");
    let lock = File::create(tools.join(format!("{what}.lock"))).expect("the target folder can be written");
    lock.lock().expect("a lock");
    (tools, lock)
}

fn modules() -> PathBuf {
    if let Some(modules) = std::env::var_os("MENTOR_TEST_NODE").filter(|path| !path.is_empty()) {
        return PathBuf::from(modules);
    }
    let (tools, _one) = tools("signin");
    let (home, wanted) = (tools.join("signin"), PACKAGES.join("\n"));
    let stamp = home.join("has");
    if !std::fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        std::fs::create_dir_all(&home).expect("the target folder can be written");
        let mut install = Command::new("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
        done(install.arg(&home).args(PACKAGES));
        std::fs::write(&stamp, wanted).expect("the target folder can be written");
    }
    home
}
