//! `mentor people import`: hands a file over, starts its run, and stays with it to the end.

use super::{mapping, show};
use crate::{advice, help::examples};
use anyhow::{Context, Result};
use clap::Args;
use contracts::mentor::gateway::v1::{
    source_service_client::SourceServiceClient, source_settings::Kind, upload_file_request::Part, *,
};
use grpc::{Channel, Client, StaticToken};
use kernel::{Clock, SystemClock};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_stream::iter;

/// Bytes of one message.
const CHUNK: usize = 512 << 10;
/// How long a run may be watched.
const LONG: Duration = Duration::from_secs(12 * 3600);
/// Rows of one page of errors or changes.
const PAGE: i32 = 1_000;
/// Errors and changes that are printed; --json and --rejected give all.
const PRINTED: usize = 50;

/// Import people from a CSV file: check, compare, write what changed.
///
/// The file is read by the gateway, page by page. Bad rows are left out and told; whoever changed is told to the
/// directory, nobody else. If this command is interrupted the run goes on: the same command again shows it. If the
/// gateway is, the run goes on from its last page when one is there again. The same file again changes nothing.
///
/// Columns are employee_id, manager_id, job_title, unit and, where they are there, user_name, display_name, email, grade,
/// profession, organisation, parent_organisation, fte, left and end_date; --mapping reads others. UTF-8, UTF-16 with its
/// mark or Windows-1252; comma, semicolon or tab.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor people import staff.csv --dry-run", "who would come, change and leave; nothing is written"),
    ("mentor people import staff.csv --rejected wrong.csv", "rows with mistakes go to wrong.csv, to be corrected"),
    ("mentor people import wrong.csv --delta", "the corrected rows; the two columns at the end do no harm"),
    ("mentor people import staff.csv --mapping columns.toml --json", "other columns; the report as JSON"),
    ("mentor people import staff.csv --confirm", "also when more than 10 % of the people leave"),
]))]
pub(crate) struct Import {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A TOML file that says from which columns the fields are taken; `[fields]`, then lines such as
    /// external_id = "Personnel No" or active = { column = "Status", values = { A = "true", R = "false" } }.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Say what would happen, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The file names everybody: whoever is not in it leaves. So it is unless --delta is given.
    #[arg(long, conflicts_with = "delta")]
    snapshot: bool,
    /// The file holds changes only: whoever is not in it stays.
    #[arg(long)]
    delta: bool,
    /// Go on when more people leave than the source lets go unconfirmed (10 % unless it was set up otherwise).
    #[arg(long)]
    confirm: bool,
    /// Write the rows that were left out into this file, with what is wrong with them.
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Name of the source that the people belong to; it is added when there is none. Files of different systems need
    /// different sources: a snapshot speaks of its own source's people only.
    #[arg(long, value_name = "NAME", default_value = "People import")]
    source: String,
    /// Print the report as JSON, and nothing else.
    #[arg(long)]
    json: bool,
    /// Where the gateway serves gRPC.
    #[arg(long, value_name = "URL", env = "MENTOR_SERVER", default_value = "http://localhost:50051")]
    server: String,
    /// A file with a token of the role hr_admin, such as `mentor tokens` makes for development.
    #[arg(long, value_name = "FILE", env = "MENTOR_TOKEN_FILE")]
    token_file: PathBuf,
    /// A PEM file with the certificate authority of an https server.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

type Sources = SourceServiceClient<Channel>;

pub(crate) async fn run(import: Import) -> Result<()> {
    let bytes = fs::read(&import.file).with_context(|| format!("can't read {}", import.file.display()))?;
    let csv = match &import.mapping {
        Some(file) => Some(CsvSettings { mapping: mapping::read(file)?, ..CsvSettings::default() }),
        None => None,
    };
    let mut sources = SourceServiceClient::new(import.channel()?);
    let bar = show::Bar::new();
    let done = import.work(&mut sources, bytes, csv, &bar).await;
    bar.end();
    let run = done?;
    let errors = errors(&mut sources, &run).await?;
    let changes = changes(&mut sources, &run).await?;
    if let Some(file) = &import.rejected {
        write_rejected(&mut sources, &run, file).await?;
    }
    import.tell(&run, &errors, &changes);
    match run.state() {
        SyncState::Succeeded => Ok(()),
        SyncState::AwaitingConfirmation => Err(advice::advise(
            "the people who would leave were not let go; everything else is done",
            "look at who they are, then repeat the command with --confirm",
        )),
        _ => Err(advice::advise(
            format!("the run has {}: {}", show::state(&run), run.message),
            "what was committed stays; repeat the command to finish",
        )),
    }
}

impl Import {
    fn channel(&self) -> Result<Channel> {
        let token = fs::read_to_string(&self.token_file)
            .with_context(|| format!("can't read {}", self.token_file.display()))?;
        let mut client = Client::builder(&self.server)
            .map_err(advice::explain)?
            .stream_deadline(LONG)
            .token(StaticToken(token.trim().to_owned()));
        if let Some(file) = &self.ca_file {
            let ca = fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
            client = client.certificate_authority(ca);
        }
        client.build().map_err(advice::explain)
    }

    async fn work(
        &self,
        sources: &mut Sources,
        bytes: Vec<u8>,
        csv: Option<CsvSettings>,
        bar: &show::Bar,
    ) -> Result<SyncRun> {
        bar.say("handing the file over");
        let source = self.source(sources).await?;
        let file = self.upload(sources, &source, bytes).await?;
        let sync_run_id = if file.sync_run_id.is_empty() {
            let mode = if self.delta { SyncMode::Delta } else { SyncMode::Snapshot };
            let request = StartSyncRequest {
                request_id: request_id(),
                source_id: source,
                dry_run: self.dry_run,
                mode: mode.into(),
                file_id: file.file_id,
                csv,
            };
            let run = sources.start_sync(request).await.map_err(told)?.into_inner().run;
            run.context("the gateway answered without a run")?.sync_run_id
        } else {
            file.sync_run_id
        };
        let run = watch(sources, &sync_run_id, bar).await?;
        if run.state() != SyncState::AwaitingConfirmation || !self.confirm {
            return Ok(run);
        }
        let request = ConfirmSyncRunRequest { request_id: request_id(), sync_run_id: sync_run_id.clone() };
        sources.confirm_sync_run(request).await.map_err(told)?;
        watch(sources, &sync_run_id, bar).await
    }

    /// The upload source of the name, added when there is none.
    async fn source(&self, sources: &mut Sources) -> Result<String> {
        let mut page_token = String::new();
        loop {
            let request = ListSourcesRequest { page_size: PAGE, page_token };
            let page = sources.list_sources(request).await.map_err(told)?.into_inner();
            let named = |source: &&Source| source.name.to_lowercase() == self.source.to_lowercase();
            if let Some(source) = page.sources.iter().find(named) {
                return Ok(source.source_id.clone());
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let settings = SourceSettings { kind: Some(Kind::Upload(UploadSettings::default())) };
        let source = Source { name: self.source.clone(), settings: Some(settings), ..Source::default() };
        let request = CreateSourceRequest { request_id: request_id(), source: Some(source) };
        let source = sources.create_source(request).await.map_err(told)?.into_inner().source;
        Ok(source.context("the gateway answered without a source")?.source_id)
    }

    async fn upload(
        &self,
        sources: &mut Sources,
        source: &str,
        bytes: Vec<u8>,
    ) -> Result<UploadFileResponse> {
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let options =
            UploadFileOptions { request_id: request_id(), source_id: source.to_owned(), file_name: name };
        let chunks: Vec<Part> = bytes.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec())).collect();
        let parts = std::iter::once(Part::Options(options)).chain(chunks);
        let requests = iter(parts.map(|part| UploadFileRequest { part: Some(part) }));
        let mut answers = sources.upload_file(requests).await.map_err(told)?.into_inner();
        answers.message().await.map_err(told)?.context("the gateway did not answer")
    }

    fn tell(&self, run: &SyncRun, errors: &[SyncError], changes: &[SyncChange]) {
        if self.json {
            println!("{:#}", show::json(run, errors, changes));
            return;
        }
        let few = |all: usize| all.min(PRINTED);
        let errors_shown = errors.get(..few(errors.len())).unwrap_or_default();
        let changes_shown = changes.get(..few(changes.len())).unwrap_or_default();
        println!("{}", show::text(run, errors_shown, changes_shown));
        let hidden = errors.len().saturating_sub(PRINTED) + changes.len().saturating_sub(PRINTED);
        if hidden > 0 {
            println!("  … and {hidden} more; --json prints all");
        }
    }
}

/// Stays with a run until it will not go on by itself; a connection that breaks is made again.
async fn watch(sources: &mut Sources, sync_run_id: &str, bar: &show::Bar) -> Result<SyncRun> {
    let request = WatchSyncRunRequest { sync_run_id: sync_run_id.to_owned() };
    let mut last = None;
    let mut broken = 0;
    loop {
        let mut watched = sources.watch_sync_run(request.clone()).await.map_err(told)?.into_inner();
        loop {
            match watched.message().await {
                Ok(Some(WatchSyncRunResponse { run: Some(run) })) => {
                    bar.show(&run);
                    last = Some(run);
                }
                Ok(Some(_)) => {}
                Ok(None) => return last.context("the gateway answered without a run"),
                Err(status) if broken < 5 => {
                    broken += 1;
                    bar.say(&format!("{}; watching again", status.message()));
                    break;
                }
                Err(status) => return Err(told(status)),
            }
        }
    }
}

async fn errors(sources: &mut Sources, run: &SyncRun) -> Result<Vec<SyncError>> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            ListSyncErrorsRequest { page_size: PAGE, page_token, sync_run_id: run.sync_run_id.clone() };
        let page = sources.list_sync_errors(request).await.map_err(told)?.into_inner();
        all.extend(page.errors);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

async fn changes(sources: &mut Sources, run: &SyncRun) -> Result<Vec<SyncChange>> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            ListSyncChangesRequest { page_size: PAGE, page_token, sync_run_id: run.sync_run_id.clone() };
        let page = sources.list_sync_changes(request).await.map_err(told)?.into_inner();
        all.extend(page.changes);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

async fn write_rejected(sources: &mut Sources, run: &SyncRun, file: &Path) -> Result<()> {
    let place = || format!("can't write {}", file.display());
    let request = ExportRejectedRequest { sync_run_id: run.sync_run_id.clone() };
    let mut chunks = sources.export_rejected(request).await.map_err(told)?.into_inner();
    let mut out = fs::File::create(file).with_context(place)?;
    while let Some(chunk) = chunks.message().await.map_err(told)? {
        out.write_all(&chunk.chunk).with_context(place)?;
    }
    Ok(())
}

fn request_id() -> String {
    SystemClock.new_id().to_string()
}

fn told(status: tonic::Status) -> anyhow::Error {
    let what = format!("{:?}: {}", status.code(), status.message());
    match status.code() {
        tonic::Code::Unauthenticated | tonic::Code::PermissionDenied => {
            advice::advise(what, "give a token of the role hr_admin with --token-file")
        }
        tonic::Code::Unavailable => {
            advice::advise(what, "is --server right, and does the gateway run there?")
        }
        _ => anyhow::anyhow!(what),
    }
}
