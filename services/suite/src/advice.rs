//! Errors as people read them: what is wrong in one message, then what to do next.

use owo_colors::{OwoColorize, Stream::Stderr};
use runtime::StartError;
use std::fmt;

/// An error that comes with what to do about it.
#[derive(Debug)]
struct Advice {
    what: String,
    todo: String,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Advice {}

/// What is wrong, and what to do next.
pub(crate) fn advise(what: impl fmt::Display, todo: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Advice { what: what.to_string(), todo: todo.into() })
}

/// An error of the libraries.
pub(crate) fn explain(error: Box<kernel::Error>) -> anyhow::Error {
    let todo = match error.reason {
        "DEPENDENCY_UNAVAILABLE" => "`mentor doctor` tells which server does not answer",
        _ => "`mentor doctor` checks the whole set-up",
    };
    advise(text(&error), todo)
}

/// Why a process does not start.
pub(crate) fn start(error: StartError) -> anyhow::Error {
    match error {
        StartError::Settings(error) => setting(error),
        StartError::MigrationsPending(missing) => advise(
            format!("the database lacks migrations: {}", missing.join(", ")),
            "bring it up to date with `mentor migrate` (it needs the owner's connection in migrate.url), then start again",
        ),
        StartError::Other(error) => explain(error),
        error @ StartError::Away { .. } => {
            advise(error, "`mentor doctor` says what can be reached from here")
        }
        error @ StartError::Listen { .. } => advise(error, "is it running already? Else choose another port"),
    }
}

/// A setting that is wrong or missing.
pub(crate) fn setting(error: impl fmt::Display) -> anyhow::Error {
    advise(error, SETTINGS)
}

const SETTINGS: &str = "`mentor config` shows the settings in force, `mentor config --defaults` documents each; give \
                        them in a file (--config FILE) or as MENTOR__SECTION__KEY";

/// The message with its cause, which only whoever runs the process may see.
pub(crate) fn text(error: &kernel::Error) -> String {
    match &error.source {
        Some(source) if error.reason == "INTERNAL" => source.to_string(),
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Prints an error on standard error.
pub(crate) fn print(error: &anyhow::Error) {
    eprintln!("{} {error:#}", "error:".if_supports_color(Stderr, |text| text.red()));
    if let Some(advice) = error.downcast_ref::<Advice>() {
        let arrow = "what to do:";
        eprintln!("{} {}", arrow.if_supports_color(Stderr, |text| text.cyan()), advice.todo);
    }
}
