//! The settings that the chart writes are settings that the suite takes: every `mentor.toml` and every migration's
//! environment of the golden files goes through the suite's own loader.

use runtime::{Config, config::Sources};
use std::{fs, path::Path};

/// The rendered cases, as `cargo xtask chart` keeps them.
fn cases() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("helm/golden");
    let mut cases: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the golden files")
        .map(|entry| {
            let path = entry.expect("can be read").path();
            (path.display().to_string(), fs::read_to_string(path).expect("is text"))
        })
        .collect();
    cases.sort();
    cases
}

/// The blocks behind `mentor.toml: |`, without their indentation.
fn settings(manifest: &str) -> Vec<String> {
    let blocks = manifest.split("  mentor.toml: |\n").skip(1);
    let inside = |line: &&str| line.is_empty() || line.starts_with("    ");
    blocks
        .map(|block| {
            let lines =
                block.lines().take_while(inside).map(|line| line.strip_prefix("    ").unwrap_or_default());
            lines.collect::<Vec<_>>().join("\n")
        })
        .collect()
}

/// The `MENTOR__…` variables of the migration, in both of YAML's styles; a secret's value is made up.
fn environment(manifest: &str) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut lines = manifest.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(flow) = line.strip_prefix("- {name: MENTOR__").and_then(|rest| rest.strip_suffix('}')) {
            let (name, value) = flow.split_once(", value: ").expect("a value");
            variables.push((format!("MENTOR__{name}"), value.to_owned()));
        } else if let Some(name) = line.strip_prefix("- name: MENTOR__") {
            let value = lines.next().unwrap_or_default();
            let value = value.strip_prefix("value: ").map_or("made up", |value| value.trim_matches('"'));
            variables.push((format!("MENTOR__{name}"), value.to_owned()));
        }
    }
    variables
}

/// Files of secrets that are there, in a folder of the test instead of the pod's.
struct Mounts(tempfile::TempDir);

impl Mounts {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = [
            ("mentor/database-password", "secret"),
            ("mentor/owner-password", "secret"),
            ("mentor/rabbitmq-password", "secret"),
            ("mentor/redis-password", "secret"),
            ("mentor/rabbitmq-url", "amqp://mentor:secret@rabbitmq:5672/mentor"),
            ("mentor/redis-url", "redis://:secret@redis:6379/0"),
        ];
        for (file, content) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("is made");
            fs::write(path, content).expect("is written");
        }
        Mounts(folder)
    }

    fn moved(&self, text: &str) -> String {
        text.replace("/run/secrets", &self.0.path().display().to_string())
    }
}

#[test]
fn every_service_of_every_case_could_serve() {
    let mounts = Mounts::new();
    let mut seen = 0;
    for (case, manifest) in cases() {
        let found = settings(&manifest);
        assert!(found.len() >= 3, "{case} has the settings of {} services", found.len());
        for toml in found {
            let file = mounts.0.path().join("mentor.toml");
            fs::write(&file, mounts.moved(&toml)).expect("is written");
            let config = Config::load(&Sources { file: Some(file), environment: Vec::new() });
            let config = config.unwrap_or_else(|error| panic!("{case}: {error}\n{toml}"));
            config.check_serve().unwrap_or_else(|error| panic!("{case}: {error}\n{toml}"));
            assert!(config.database.password.is_set());
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn every_migration_of_every_case_could_run() {
    let mounts = Mounts::new();
    for (case, manifest) in cases() {
        let environment: Vec<_> =
            environment(&manifest).into_iter().map(|(name, value)| (name, mounts.moved(&value))).collect();
        assert!(environment.len() > 8, "{case}: {environment:?}");
        let config = Config::load(&Sources { file: None, environment });
        let config = config.unwrap_or_else(|error| panic!("{case}: {error}"));
        config.check_migrate().unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(config.migrate.password.is_set() && config.messaging.url.is_set(), "{case}");
        assert!(config.database.passwords.values().all(runtime::config::Secret::is_set), "{case}");
    }
}
