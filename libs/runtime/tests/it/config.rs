//! Layers, errors, secrets.

use runtime::config::{Config, LogFormat, Sources};
use std::{fs, io::Write, time::Duration};

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("writes");
    file
}

fn sources(text: &str, environment: &[(&str, &str)]) -> (Sources, tempfile::NamedTempFile) {
    let file = file(text);
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    (Sources { file: Some(file.path().to_owned()), environment }, file)
}

fn load(text: &str, environment: &[(&str, &str)]) -> Config {
    let (sources, _file) = sources(text, environment);
    Config::load(&sources).expect("a valid configuration")
}

fn refused(text: &str, environment: &[(&str, &str)]) -> String {
    let (sources, file) = sources(text, environment);
    let error = Config::load(&sources).expect_err("is refused").to_string();
    error.replace(&file.path().display().to_string(), "FILE")
}

#[test]
fn the_defaults_are_valid_but_not_enough_to_serve() {
    let config = Config::defaults().expect("valid");
    assert_eq!(config.telemetry.log_format, LogFormat::Json);
    let error = config.check_serve().expect_err("needs servers").to_string();
    for setting in ["database.url", "messaging.url", "cache.url", "identity.issuers"] {
        assert!(error.contains(&format!("setting {setting} is")), "{setting} in {error}");
    }
    assert!(
        config
            .check_migrate()
            .expect_err("needs an owner")
            .to_string()
            .contains("setting migrate.url is not set")
    );
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let text = "[database]\nmax_connections = 7\nacquire_timeout = \"1m 30s\"\n[limits]\ncalls = 5";
    let config =
        load(text, &[("MENTOR__DATABASE__MAX_CONNECTIONS", "9"), ("PATH", "/bin"), ("MENTORX", "1")]);
    assert_eq!(config.database.max_connections, 9);
    assert_eq!(config.database.acquire_timeout, Duration::from_secs(90));
    assert_eq!(config.limits.calls, 5);
    assert_eq!(config.limits.streams, 1024);
    let shown = config.describe();
    assert!(
        shown.contains(
            "max_connections = 9  # from the environment variable MENTOR__DATABASE__MAX_CONNECTIONS"
        )
    );
    assert!(shown.contains("calls = 5  # from /"), "{shown}");
    assert!(shown.contains("\nstreams = 1024\n"), "{shown}");
}

#[test]
fn the_environment_takes_the_type_of_the_default() {
    let config = load(
        "",
        &[
            ("MENTOR__DATABASE__PASSWORD", "12345"),
            ("MENTOR__IDENTITY__DEV__ENABLED", "true"),
            ("MENTOR__SERVER__WEB_ORIGINS", "https://a.example, https://b.example"),
            ("MENTOR__TELEMETRY__LISTEN", ""),
            ("MENTOR__TELEMETRY__TRACE_RATIO", "0.25"),
            ("MENTOR__DATABASE__PASSWORDS__MATCHING", "007"),
            ("MENTOR__SERVICES__MATCHING__LARGEST_RUN", "2000"),
            ("MENTOR__SERVICES__MATCHING__SOLVER", "exact"),
            ("MENTOR__IDENTITY__ISSUERS", "[{ issuer = \"https://idp\", jwks_file = \"/keys\" }]"),
        ],
    );
    assert_eq!(config.database.password.expose(), "12345");
    assert_eq!(config.database.passwords["matching"].expose(), "007");
    assert!(config.identity.dev.enabled);
    assert_eq!(config.server.web_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.telemetry.listen, None);
    assert_eq!(config.service("matching")["largest_run"].as_integer(), Some(2000));
    assert_eq!(config.service("matching")["solver"].as_str(), Some("exact"));
    assert_eq!(config.identity.issuers[0].issuer, "https://idp");
    assert!(config.service("nobody").is_empty());
}

#[test]
fn what_is_unknown_is_refused_by_its_path() {
    let error = refused("[database]\nmax_conections = 3", &[]);
    assert!(error.starts_with("setting database.max_conections"), "{error}");
    assert!(error.contains("unknown field") && error.ends_with("(from FILE)"), "{error}");
    let error = refused("", &[("MENTOR__DATABSE__URL", "x")]);
    assert!(error.contains("databse.url from MENTOR__DATABSE__URL does not exist"), "{error}");
    let error = refused("", &[("MENTOR__DATABASE__URL__HOST", "x")]);
    assert!(error.contains("does not exist"), "{error}");
    assert!(refused("[colours]\nred = 1", &[]).starts_with("setting colours"));
    assert!(
        refused("[[identity.issuers]]\nissuer = \"x\"\nkeys = 1", &[])
            .starts_with("setting identity.issuers[0].keys")
    );
}

#[test]
fn what_is_malformed_names_setting_origin_and_the_right_form() {
    let error = refused("[shutdown]\ndrain = \"soon\"", &[]);
    assert!(error.starts_with("setting shutdown.drain must be a duration such as"), "{error}");
    let error = refused("", &[("MENTOR__LIMITS__CALLS", "many")]);
    assert!(error.contains("limits.calls from MENTOR__LIMITS__CALLS must be a whole number"), "{error}");
    let error = refused("[telemetry]\nlisten = \"here\"", &[]);
    assert!(error.contains("telemetry.listen must be ADDRESS:PORT"), "{error}");
    assert!(
        refused("[messaging]\nbroker = \"kafka\"", &[]).contains("setting messaging.broker unknown variant")
    );
    assert!(refused("[server", &[]).contains("FILE is not valid TOML"));
}

#[test]
fn contradictions_are_all_named_at_once() {
    let text = "[server]\ntls_key_file = \"/k\"\n[shutdown]\ndrain = \"1m\"\n[limits]\nburst = 1\n\
                [telemetry]\ntrace_ratio = 1.5\n[messaging]\nprefix = \"a b\"\n\
                [[identity.issuers]]\nissuer = \"https://idp\"";
    let error = refused(text, &[]);
    for setting in [
        "server.tls_certificate_file",
        "shutdown.deadline",
        "limits.burst",
        "telemetry.trace_ratio",
        "messaging.prefix",
        "identity.issuers[0]",
    ] {
        assert!(error.contains(&format!("setting {setting} ")), "{setting} in {error}");
    }
}

#[test]
fn secrets_are_read_from_files_and_never_shown() {
    let hidden = file("from-a-file\n");
    let text = format!(
        "[database]\nurl = \"postgres://db/mentor\"\npassword_file = {:?}\n[services.matching]\napi_token = \"t0ps3cret\"",
        hidden.path()
    );
    let environment = [
        ("MENTOR__MESSAGING__URL", "amqp://user:t0ps3cret@mq:5672/%2f?auth=t0ps3cret"),
        ("MENTOR__CACHE__PASSWORD", "t0ps3cret"),
        ("MENTOR__DATABASE__PASSWORDS__MATCHING", "t0ps3cret"),
    ];
    let config = load(&text, &environment);
    assert_eq!(config.database.password.expose(), "from-a-file");
    for shown in [config.describe(), format!("{config:?}")] {
        assert!(!shown.contains("t0ps3cret"), "{shown}");
        assert!(!shown.contains("from-a-file"), "{shown}");
    }
    assert!(config.describe().contains("amqp://user:[hidden]@mq:5672/%2f?[hidden]"), "{}", config.describe());
}

#[test]
fn a_secret_file_that_is_missing_or_doubled_is_refused() {
    let error = refused("[cache]\npassword_file = \"/nowhere/at/all\"", &[]);
    assert!(
        error.starts_with("setting cache.password_file names /nowhere/at/all, which cannot be read"),
        "{error}"
    );
    let error = refused("[cache]\npassword_file = \"/x\"\npassword = \"y\"", &[]);
    assert!(error.contains("cache.password and cache.password_file are both set"), "{error}");
}

#[test]
fn every_setting_has_a_comment() {
    let defaults = include_str!("../../config.defaults.toml");
    let lines: Vec<&str> = defaults.lines().collect();
    for (at, line) in
        lines.iter().enumerate().filter(|(_, line)| line.contains(" = ") && !line.starts_with('#'))
    {
        // Settings that belong together share the comment above the first.
        let above = lines[..at]
            .iter()
            .rev()
            .find(|line| line.starts_with('#') || line.is_empty() || line.starts_with('['));
        assert!(above.is_some_and(|above| above.starts_with('#')), "{line} has no comment");
    }
}

#[test]
fn a_missing_file_is_named() {
    let sources = Sources { file: Some("/nowhere/mentor.toml".into()), environment: Vec::new() };
    let error = Config::load(&sources).expect_err("is refused").to_string();
    assert!(error.starts_with("cannot read the configuration /nowhere/mentor.toml"), "{error}");
    assert!(fs::metadata("/nowhere").is_err());
}
