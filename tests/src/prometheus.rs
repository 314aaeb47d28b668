//! A real Prometheus that scrapes real processes: Debian's package, or one on the path.

use serde_json::Value;
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use testkit::{eventually, free_port};

/// It may take this long to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Ends with this value.
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    targets: PathBuf,
}

impl Prometheus {
    /// Starts it with these alerts (a rule file's text), looking four times a second.
    ///
    /// # Panics
    /// When it is not installed, with what to install.
    pub async fn start(folder: &Path, rules: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (targets, rule_file) = (folder.join("targets.json"), folder.join("alerts.yaml"));
        fs::write(&targets, "[]").expect("the folder can be written");
        fs::write(&rule_file, rules).expect("the folder can be written");
        let config = format!(
            "global: {{scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}}\n\
             rule_files: [{rule_file:?}]\n\
             scrape_configs: [{{job_name: mentor, honor_labels: true, file_sd_configs: [{{files: [{targets:?}]}}]}}]\n"
        );
        let file = folder.join("prometheus.yaml");
        fs::write(&file, config).expect("the folder can be written");
        let log = File::create(folder.join("prometheus.log")).expect("the folder can be written");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=exemplar-storage")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("prometheus is missing: apt install prometheus");
        let prometheus = Prometheus { child, address, targets };
        eventually!(START, get(address, "/-/ready", "*/*").starts_with("HTTP/1.0 200"));
        prometheus
    }

    /// Scrapes these processes, and no others.
    ///
    /// # Panics
    /// When its folder can't be written.
    pub fn scrape(&self, targets: &[SocketAddr]) {
        let targets: Vec<String> = targets.iter().map(SocketAddr::to_string).collect();
        let draft = self.targets.with_extension("new");
        fs::write(&draft, serde_json::json!([{ "targets": targets }]).to_string()).expect("can be written");
        fs::rename(&draft, &self.targets).expect("can be written");
    }

    /// The names of the alerts that fire.
    pub fn firing(&self) -> Vec<String> {
        let answer = self.ask("/api/v1/alerts");
        let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        firing.filter_map(|alert| alert["labels"]["alertname"].as_str().map(str::to_owned)).collect()
    }

    /// What a query gives now.
    pub fn query(&self, query: &str) -> Value {
        self.ask(&format!("/api/v1/query?query={}", escaped(query)))["data"]["result"].clone()
    }

    /// The exemplars of a series in the last minutes.
    pub fn exemplars(&self, query: &str) -> Value {
        self.ask(&format!("/api/v1/query_exemplars?query={}", escaped(query)))["data"].clone()
    }

    fn ask(&self, path: &str) -> Value {
        let answer = get(self.address, path, "*/*");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a page says, head and all; empty when nobody answers. HTTP/1.0, so that no answer comes in chunks.
pub fn get(address: SocketAddr, path: &str, accept: &str) -> String {
    let mut text = String::new();
    let Ok(mut stream) = TcpStream::connect(address) else { return text };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let request = format!("GET {path} HTTP/1.0\r\nhost: x\r\naccept: {accept}\r\n\r\n");
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.read_to_string(&mut text);
    text
}
