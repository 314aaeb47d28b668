//! `mentor check`: whether running services answer, from outside, as `helm test` asks.

use crate::{advice, help::examples};
use anyhow::{Context, Result, bail};
use clap::Args;
use contracts::mentor::enrollment::v1::{ListProgramsRequest, program_service_client::ProgramServiceClient};
use grpc::{Channel, Client, StaticToken};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// Ask running services whether they are well: the health of each, and one read.
///
/// Needs no settings: the services are named with their URLs. With a token the programs are listed; without one it is
/// checked that enrollment refuses a call that is not signed in. Ends with 1 when a service is not well.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor check enrollment=http://localhost:50051", "is it serving, and does it refuse strangers"),
    ("mentor check enrollment=http://enrollment:50051 matching=http://matching:50051 --token-file token",
     "two services, and one read with a token"),
]))]
pub(crate) struct Check {
    /// A service with its URL, such as enrollment=http://localhost:50051.
    #[arg(value_name = "SERVICE=URL", required = true, value_parser = target)]
    services: Vec<Target>,
    /// A file with the token for the read.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A PEM file with the certificate authority of https services.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A PEM file with this client's certificate, where services ask for one.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    certificate_file: Option<PathBuf>,
    /// A PEM file with the certificate's key.
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    key_file: Option<PathBuf>,
    /// Seconds that each call may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,
}

/// A service and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    name: String,
    url: String,
}

fn target(text: &str) -> Result<Target, String> {
    match text.split_once('=') {
        Some((name, url)) if !name.is_empty() && url.contains("://") => {
            Ok(Target { name: name.to_owned(), url: url.to_owned() })
        }
        _ => Err("must be SERVICE=URL, such as enrollment=http://localhost:50051".to_owned()),
    }
}

/// Asks all of them, then says which are not well.
pub(crate) async fn run(check: Check) -> Result<()> {
    let mut unwell = Vec::new();
    for target in &check.services {
        match ask(&check, target).await {
            Ok(found) => println!("{:<12} {found}", target.name),
            Err(error) => {
                println!("{:<12} {error:#}", target.name);
                unwell.push(target.name.as_str());
            }
        }
    }
    if unwell.is_empty() {
        return Ok(());
    }
    Err(advice::advise(
        format!("not well: {}", unwell.join(", ")),
        "the log of the service and its /readyz say what it waits for",
    ))
}

async fn ask(check: &Check, target: &Target) -> Result<String> {
    health(check.channel(target, None)?).await?;
    if target.name != "enrollment" {
        return Ok("serving".to_owned());
    }
    match &check.token_file {
        Some(file) => read(check.channel(target, Some(text(file)?))?).await,
        None => refused(check.channel(target, None)?).await,
    }
}

async fn health(channel: Channel) -> Result<()> {
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    match answer.map_err(told)?.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        other => bail!("answers, but is not ready: {}", other.as_str_name()),
    }
}

async fn read(channel: Channel) -> Result<String> {
    let request = ListProgramsRequest { page_size: 1, ..Default::default() };
    let page = ProgramServiceClient::new(channel).list_programs(request).await.map_err(told)?.into_inner();
    let found = if page.programs.is_empty() { "no program yet" } else { "at least one program" };
    Ok(format!("serving; read the list of programs: {found}"))
}

async fn refused(channel: Channel) -> Result<String> {
    match ProgramServiceClient::new(channel).list_programs(ListProgramsRequest::default()).await {
        Err(status) if status.code() == Code::Unauthenticated => {
            Ok("serving; refuses a call that is not signed in".to_owned())
        }
        Err(status) => Err(told(status)),
        Ok(_) => bail!("answers a call that is not signed in"),
    }
}

fn told(status: tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("{:?}: {}", status.code(), status.message())
}

impl Check {
    fn channel(&self, target: &Target, token: Option<String>) -> Result<Channel> {
        let mut client = Client::builder(&target.url)
            .map_err(advice::explain)?
            .deadline(Duration::from_secs(self.timeout))
            .attempts(1);
        if let Some(file) = &self.ca_file {
            client = client.certificate_authority(bytes(file)?);
        }
        if let (Some(certificate), Some(key)) = (&self.certificate_file, &self.key_file) {
            client = client.certificate(bytes(certificate)?, bytes(key)?);
        }
        if let Some(token) = token {
            client = client.token(StaticToken(token));
        }
        client.build().map_err(advice::explain)
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("can't read {}", file.display()))
}

fn text(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_service_and_a_url() {
        let found = target("enrollment=https://enrollment.mentor:50051").expect("right");
        assert_eq!(
            (found.name.as_str(), found.url.as_str()),
            ("enrollment", "https://enrollment.mentor:50051")
        );
        for wrong in ["enrollment", "http://enrollment:50051", "=http://x", "enrollment=x:50051"] {
            target(wrong).expect_err(wrong);
        }
    }
}
