//! Canaille, an identity provider from PyPI: it pushes the people made in it by SCIM, and signs them in.
//!
//! Taken from `MENTOR_TEST_CANAILLE`, or installed once below `target/tools/canaille`.

use kernel::{Clock, SystemClock};
use serde_json::Value;
use std::{
    fs,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use testkit::{eventually, free_port};

/// As it is released, with the client for SCIM that it was written for: with later ones it can't discover any server.
const PACKAGES: [&str; 3] =
    ["canaille[oidc,scim,server,sqlite]==0.3.6", "scim2-client==0.7.5", "scim2-models==0.6.12"];
/// It may take this long to start on a busy machine.
const START: Duration = Duration::from_secs(90);
/// What it calls the suite, and the secret between them.
pub const CLIENT: (&str, &str) = ("mentor", "known-to-both");

/// An installation with a database of its own. Ends with this value.
pub struct Canaille {
    /// Its address, which is what it calls itself.
    pub issuer: String,
    folder: TempDir,
    tools: PathBuf,
    server: Option<Child>,
}

impl Canaille {
    /// An empty one, which does not serve yet. People are named by ids that never change, in tokens as in SCIM.
    ///
    /// # Panics
    /// When it can't be had, with what to install.
    pub async fn install() -> Canaille {
        let get = || crate::python::environment("MENTOR_TEST_CANAILLE", "canaille", &PACKAGES);
        let tools = tokio::task::spawn_blocking(get).await.expect("it can be installed");
        let folder = tempfile::Builder::new().prefix("mentor-canaille-").tempdir().expect("a folder");
        let name = format!("127.0.0.1:{}", free_port());
        let text = format!(
            "SECRET_KEY = \"only for tests\"\nSERVER_NAME = {name:?}\nPREFERRED_URL_SCHEME = \"http\"\n\
             [CANAILLE]\nDATABASE = \"sql\"\nJAVASCRIPT = false\nHTMX = false\nLANGUAGE = \"en\"\n\
             [CANAILLE_SQL]\nDATABASE_URI = \"sqlite:///{}\"\n\
             [CANAILLE_OIDC.USERINFO_MAPPING]\nSUB = \"{{{{ user.id }}}}\"\n\
             [CANAILLE_SCIM]\nENABLE_CLIENT = true\n",
            folder.path().join("canaille.sqlite").display()
        );
        fs::write(folder.path().join("canaille.toml"), text).expect("the folder can be written");
        let canaille = Canaille { issuer: format!("http://{name}"), folder, tools, server: None };
        canaille.run("install").await;
        canaille
    }

    /// Knows the suite as a client whose people it pushes to `scim`, with a token of the suite's connection, and sends back
    /// to `redirect`.
    ///
    /// It pushes with an access token that it issued itself, which clients are to ask it about; it has no setting for one
    /// that the client gave. So the connection's token is put where it looks for its own.
    pub async fn register(&self, scim: &str, token: &str, redirect: &str) {
        let (id, secret) = CLIENT;
        // The algorithm is the standard's where a client names none; Canaille would take the strongest that it has.
        self.run(&format!(
            "create client --client-id {id} --client-secret {secret} --client-name Mentor --client-uri {scim} \
             --redirect-uris {redirect} --grant-types authorization_code --response-types code --scope openid \
             --scope email --token-endpoint-auth-method client_secret_basic --id-token-signed-response-alg RS256"
        ))
        .await;
        // Its tokens are for itself, which can be said once it is there.
        self.run(&format!("set client {id} --audience {id}")).await;
        let now = SystemClock.now();
        self.run(&format!(
            "create token --token-id scim --access-token {token} --client {id} --audience {id} --scope openid \
             --issue-date {now} --lifetime 86400"
        ))
        .await;
    }

    /// Serves.
    pub async fn start(&mut self) {
        let address = self.issuer.trim_start_matches("http://").to_owned();
        let mut command = self.command(&format!("run --bind {address}"));
        let log = fs::File::create(self.folder.path().join("log")).expect("the folder can be written");
        command.stdout(log.try_clone().expect("a file")).stderr(log).stdin(Stdio::null());
        // It has children, which end with it.
        self.server = Some(command.process_group(0).spawn().expect("it runs"));
        let url = format!("{}/.well-known/openid-configuration", self.issuer);
        let answers = async || reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success());
        eventually!(START, {
            let ended = self.server.as_mut().and_then(|server| server.try_wait().ok().flatten());
            assert!(ended.is_none(), "it ended at once: {}", self.log());
            answers().await
        });
    }

    /// Makes a person, who is pushed at once; the id that they have in tokens and in SCIM.
    pub async fn person(&self, name: &str, password: &str) -> String {
        let line = format!(
            "create user --user-name {name} --password {password} --given-name {name} --family-name Lee \
             --formatted-name {name} --display-name {name} --emails {name}@example.org"
        );
        let made: Value = serde_json::from_str(&self.run(&line).await).expect("JSON");
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Locks a person out, which is what it calls deactivating; it tells so by SCIM.
    pub async fn lock(&self, name: &str) {
        self.run(&format!("set user {name} --lock-date 2025-01-06T09:00:00+00:00")).await;
    }

    /// Deletes a person, and tells so by SCIM.
    pub async fn delete(&self, name: &str) {
        self.run(&format!("delete user --noconfirm --user-name {name}")).await;
    }

    /// What it said while it served.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(self.tools.join("canaille"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env("CANAILLE_CONFIG", self.folder.path().join("canaille.toml"));
        command
    }

    /// Runs its own administration, as it is documented; what it prints.
    async fn run(&self, line: &str) -> String {
        let mut command = self.command(line);
        let work = move || command.stdin(Stdio::null()).output().expect("it runs");
        let output = tokio::task::spawn_blocking(work).await.expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "canaille {line}: {said}");
        // It goes on when a push fails, and says so.
        assert!(!said.contains("failed"), "canaille {line}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Canaille {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = Command::new("kill").args(["-s", "KILL", "--", &format!("-{}", server.id())]).status();
            let _ = server.wait();
        }
    }
}
