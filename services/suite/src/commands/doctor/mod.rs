//! `mentor doctor`: what is reachable, what is missing, what to do.

mod checks;
mod servers;

use crate::help::examples;
use crate::settings::Settings;
use anyhow::Result;
use clap::Args;
use owo_colors::{OwoColorize, Stream::Stdout, Style};
use serde::Serialize;

/// Check the whole set-up: what is reachable, what is missing, what to do.
///
/// Looks at the settings, Postgres with its migrations, RabbitMQ, Redis, the identity providers' keys, the trace
/// collector, and events that wait for a person. Changes nothing. Ends with 1 when something is in the way of serving.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor doctor --config mentor.toml", "before the first start, and whenever something is odd"),
    ("mentor doctor --json", "the same for a script: a list of {check, status, detail, todo}"),
]))]
pub(crate) struct Doctor {
    /// Print JSON, and nothing else.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// Good to know; in nobody's way.
    Note,
    /// In the way of serving.
    Missing,
}

/// What one check found.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    check: String,
    status: Status,
    detail: String,
    /// What to do; empty when nothing is.
    todo: String,
}

impl Finding {
    fn ok(check: impl Into<String>, detail: impl Into<String>) -> Self {
        Finding { check: check.into(), status: Status::Ok, detail: detail.into(), todo: String::new() }
    }

    fn note(check: impl Into<String>, detail: impl Into<String>, todo: impl Into<String>) -> Self {
        Finding { check: check.into(), status: Status::Note, detail: detail.into(), todo: todo.into() }
    }

    fn missing(check: impl Into<String>, detail: impl Into<String>, todo: impl Into<String>) -> Self {
        Finding { check: check.into(), status: Status::Missing, detail: detail.into(), todo: todo.into() }
    }
}

/// Checks and prints. Whether nothing is missing.
pub(crate) async fn run(doctor: Doctor) -> Result<bool> {
    let config = doctor.settings.load()?;
    let mut findings = checks::settings(&config, doctor.settings.file());
    findings.extend(servers::postgres(&config).await);
    findings.push(servers::rabbitmq(&config).await);
    findings.push(servers::redis(&config).await);
    findings.extend(checks::identity(&config).await);
    findings.push(checks::traces(&config).await);
    findings.push(checks::serving(&config).await);
    findings.push(checks::embedded());
    let missing = findings.iter().filter(|finding| finding.status == Status::Missing).count();
    if doctor.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        print(&findings, missing);
    }
    Ok(missing == 0)
}

fn print(findings: &[Finding], missing: usize) {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    for finding in findings {
        let (mark, style) = match finding.status {
            Status::Ok => ("ok     ", Style::new().green()),
            Status::Note => ("note   ", Style::new().yellow()),
            Status::Missing => ("missing", Style::new().red().bold()),
        };
        let mark = mark.if_supports_color(Stdout, |text| text.style(style)).to_string();
        println!("{mark}  {:<width$}  {}", finding.check, indented(&finding.detail, width + 11));
        if !finding.todo.is_empty() {
            let arrow = "->".if_supports_color(Stdout, |text| text.cyan()).to_string();
            println!("{:indent$}{arrow} {}", "", finding.todo, indent = width + 11);
        }
    }
    println!();
    match missing {
        0 => println!("Nothing is in the way of serving."),
        1 => println!("One thing is in the way of serving."),
        many => println!("{many} things are in the way of serving."),
    }
}

/// Later lines stand under the first.
fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{:by$}", ""))
}
