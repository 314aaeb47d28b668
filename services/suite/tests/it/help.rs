//! What the program says of itself.

use crate::program::run;

const COMMANDS: [&str; 9] =
    ["demo", "dev", "match", "config", "migrate", "serve", "people", "doctor", "events"];

#[tokio::test]
async fn help_lists_every_command_and_each_explains_itself() {
    let help = run(&["--help"], &Vec::new()).await;
    assert_eq!(help.code, Some(0));
    for command in COMMANDS {
        assert!(
            help.stdout.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} in {}",
            help.stdout
        );
        let own = run(&[command, "--help"], &Vec::new()).await;
        assert_eq!(own.code, Some(0), "{command}");
        assert!(own.stdout.contains("Usage: mentor"), "{command}: {}", own.stdout);
    }
    assert!(help.stdout.contains("Examples:"));
    // Colours are for terminals.
    assert!(!help.stdout.contains('\u{1b}'));
}

#[tokio::test]
async fn nothing_typed_is_answered_with_help() {
    let none = run(&[], &Vec::new()).await;
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("mentor demo"), "{}", none.stderr);
}

#[tokio::test]
async fn a_misspelt_command_gets_a_suggestion() {
    let wrong = run(&["docter"], &Vec::new()).await;
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("doctor"), "{}", wrong.stderr);
}

#[tokio::test]
async fn config_shows_defaults_and_where_settings_come_from() {
    let defaults = run(&["config", "--defaults"], &Vec::new()).await;
    assert!(defaults.stdout.contains("# Every setting"), "{}", defaults.stdout);
    let variables = vec![("MENTOR__DATABASE__PASSWORD".to_owned(), "hunter2".to_owned())];
    let shown = run(&["config"], &variables).await;
    assert_eq!(shown.code, Some(0));
    assert!(shown.stdout.contains("environment variable MENTOR__DATABASE__PASSWORD"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("hunter2"));
}

#[tokio::test]
async fn a_wrong_setting_is_one_message_with_the_next_step() {
    let variables = vec![("MENTOR__SERVER__LISTN".to_owned(), "x".to_owned())];
    let wrong = run(&["doctor"], &variables).await;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("server.listn"), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("what to do: "), "{}", wrong.stderr);
}
