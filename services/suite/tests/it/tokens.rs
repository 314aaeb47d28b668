//! `mentor tokens`, and a service in another process that trusts them.

use crate::program::{Environment, run};
use enrollment::Enrollment;
use kernel::{Clock, SystemClock};
use testkit::Suite;

#[tokio::test]
async fn another_process_takes_the_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let issuer = folder.path().join("issuer").display().to_string();
    let tenant = "01941f29-7c00-7000-8000-000000000001";
    let made = run(&["tokens", &issuer, "--tenant", tenant], &Environment::new()).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);

    let trusted = format!(
        r#"issuer = "https://dev.mentor.invalid"
           jwks_file = "{issuer}/jwks.json"
           tenants = ["{tenant}"]
           algorithms = ["EdDSA"]"#
    );
    let trusted = toml::from_str(&trusted).expect("an issuer's settings");
    let suite = Suite::builder()
        .service::<Enrollment>()
        .in_process()
        .configure(|config| {
            // Of one name with the suite's own, which would be asked for the key instead.
            config.identity.dev.enabled = false;
            config.identity.issuers = vec![trusted];
        })
        .start()
        .await;
    suite.clock.set(SystemClock.now());
    let target = format!("enrollment={}", suite.host().url());
    let token = format!("{issuer}/hr_admin.token");
    let found = run(&["check", &target, "--token-file", &token], &Environment::new()).await;
    assert_eq!(found.code, Some(0), "{}{}", found.stdout, found.stderr);
    assert!(found.stdout.contains("serving; read the list of programs"), "{}", found.stdout);

    let again = run(&["tokens", &issuer, "--tenant", tenant], &Environment::new()).await;
    assert_eq!(again.stdout, made.stdout, "what is there stays as it is");
}
