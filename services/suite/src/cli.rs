//! What can be typed, and what `--help` teaches.

use crate::{
    commands, demo,
    help::{STYLES, examples, header},
};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::fmt::Write;

/// The commands by what one wants to do.
const GROUPS: [(&str, &[&str]); 5] = [
    ("See it work, with nothing set up", &["demo", "dev", "tokens"]),
    ("Use the matching engine on files", &["match"]),
    ("Run it on your own servers", &["config", "migrate", "serve"]),
    ("Bring your organisation in", &["people"]),
    ("Look after it", &["doctor", "check", "events"]),
];

/// The mentoring suite: everything a structured mentoring program needs, as gRPC services in one program.
#[derive(Parser)]
#[command(name = "mentor", version, styles = STYLES, arg_required_else_help = true)]
#[command(after_help = examples(&[
    ("mentor demo", "a year of a mentoring program in a minute, with its report"),
    ("mentor dev", "the suite on this machine, with tokens and calls to try"),
    ("mentor config --defaults > mentor.toml", "every setting, documented, to begin a file with"),
    ("mentor migrate --config mentor.toml", "make or update the schemas, once before each new version"),
    ("mentor serve --config mentor.toml", "serve all services until SIGTERM"),
    ("mentor doctor --config mentor.toml", "what is reachable, what is missing, what to do"),
]))]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Dev(commands::dev::Dev),
    Tokens(commands::tokens::Tokens),
    Match(commands::matching::Match),
    Config(commands::config::Show),
    Migrate(commands::migrate::Migrate),
    Serve(commands::serve::Serve),
    People(commands::people::People),
    Doctor(commands::doctor::Doctor),
    Check(commands::check::Check),
    Events(commands::events::Events),
}

/// Reads the command line; ends the process with help or a complaint where that is due.
pub(crate) fn parse() -> Command {
    let matches = command().get_matches();
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()).command
}

/// The command line, with the commands in groups.
fn command() -> clap::Command {
    let command = Arguments::command();
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{}{}\n{{options}}{{after-help}}",
        grouped(&command),
        header("Options")
    );
    command.help_template(template)
}

fn grouped(command: &clap::Command) -> String {
    let mut text = String::new();
    let name_style = STYLES.get_literal();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "{}", header(title));
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {name_style}{name:<8}{name_style:#} {about}");
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{name_style}mentor COMMAND --help{name_style:#} explains a command and all of its options.\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_stands_in_one_group() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        grouped.sort_unstable();
        let command = Arguments::command();
        let mut all: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }

    #[test]
    fn every_option_of_every_command_is_documented() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let id = argument.get_id();
                assert!(argument.get_help().is_some(), "{} {id} has no help", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        let mut command = command();
        command.build();
        walk(&command);
    }
}
