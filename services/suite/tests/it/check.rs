//! `mentor check` on services that are well, and on one that is not there.

use crate::program::{Environment, nowhere, run};
use enrollment::Enrollment;
use kernel::Role;
use matching::Matching;
use testkit::Suite;

async fn suite() -> (Suite, [String; 2]) {
    let suite = Suite::builder().service::<Enrollment>().service::<Matching>().in_process().start().await;
    let url = suite.host().url();
    let targets = [format!("enrollment={url}"), format!("matching={url}")];
    (suite, targets)
}

#[tokio::test]
async fn services_that_are_well_serve_and_refuse_strangers() {
    let (_suite, [enrollment, matching]) = suite().await;
    let found = run(&["check", &enrollment, &matching], &Environment::new()).await;
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let lines: Vec<&str> = found.stdout.lines().collect();
    assert_eq!(
        lines,
        ["enrollment   serving; refuses a call that is not signed in", "matching     serving"],
        "{}",
        found.stderr
    );
}

#[tokio::test]
async fn with_a_token_something_is_read() {
    let (suite, [enrollment, _]) = suite().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, suite.token(Role::ProgramManager, None)).expect("writes");
    let file = file.display().to_string();
    let found = run(&["check", &enrollment, "--token-file", &file], &Environment::new()).await;
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert!(found.stdout.contains("serving; read the list of programs"), "{}", found.stdout);

    std::fs::write(&file, "not a token").expect("writes");
    let found = run(&["check", &enrollment, "--token-file", &file], &Environment::new()).await;
    assert_eq!(found.code, Some(1));
    assert!(found.stdout.contains("Unauthenticated"), "{}", found.stdout);
    assert!(found.stderr.contains("not well: enrollment"), "{}", found.stderr);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_named() {
    let (_suite, [enrollment, _]) = suite().await;
    let gone = format!("matching=http://{}", nowhere());
    let found = run(&["check", &enrollment, &gone, "--timeout", "2"], &Environment::new()).await;
    assert_eq!(found.code, Some(1));
    assert!(found.stderr.contains("not well: matching"), "{}", found.stderr);
    let found = run(&["check", "matching"], &Environment::new()).await;
    assert_eq!(found.code, Some(2), "{}", found.stderr);
    assert!(found.stderr.contains("SERVICE=URL"), "{}", found.stderr);
}
