//! The gateway with sources, and runs that are waited for.

use contracts::{
    Event,
    mentor::gateway::v1::{
        CsvSettings, FieldMapping, GetSyncRunRequest, Source, SourceSettings, StartSyncRequest, SyncCounts,
        SyncRun, SyncState, UploadFileOptions, UploadFileRequest, UploadFileResponse, UploadSettings,
        ValueMapping, source_service_client::SourceServiceClient, source_settings::Kind,
        upload_file_request::Part, *,
    },
};
use futures::stream;
use gateway::Gateway;
use grpc::Channel;
use jiff::SignedDuration;
use kernel::{Clock, Role, TenantId, Uuid};
use std::time::Duration;
use tempfile::TempDir;
use testkit::{Suite, eventually};
use tonic::Status;

/// The tenant, known before the suite starts: secrets name it.
pub(crate) const TENANT: TenantId = TenantId(Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0042));
/// How long a run may take.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) struct SyncWorld {
    pub(crate) suite: Suite,
    /// Where files are dropped.
    pub(crate) drop: TempDir,
}

impl SyncWorld {
    /// With lines for the section `[services.gateway.sync]`. Sources may be on this machine, unless they say otherwise.
    pub(crate) async fn start(settings: &str) -> SyncWorld {
        let drop = tempfile::tempdir().expect("a temporary folder");
        let folder = format!("drop_dir = '{}'\nsettle_seconds = 0\n", drop.path().display());
        let mut sync: toml::Table = format!("{folder}{settings}").parse().expect("valid settings");
        sync.entry("allowed_networks").or_insert(vec!["127.0.0.0/8"].into());
        let configure = move |config: &mut runtime::Config| {
            let section = toml::Table::from_iter([("sync".to_owned(), toml::Value::Table(sync))]);
            config.services.insert("gateway".to_owned(), section);
        };
        let suite = Suite::builder().service::<Gateway>().configure(configure).start().await;
        // From now on jobs run when the test lets time pass, and not a second after the start.
        suite.run_jobs().await;
        SyncWorld { suite, drop }
    }

    pub(crate) fn sources(&self) -> SourceServiceClient<Channel> {
        let token = self.suite.token_for(TENANT, Role::HrAdmin, None);
        SourceServiceClient::new(self.suite.authorized(token))
    }

    pub(crate) fn id(&self) -> String {
        self.suite.clock.new_id().to_string()
    }

    pub(crate) async fn create(&self, name: &str, kind: Kind) -> Source {
        self.add(Source { name: name.into(), settings: settings(kind), ..Source::default() })
            .await
            .expect("a sound source")
    }

    pub(crate) async fn add(&self, source: Source) -> Result<Source, Status> {
        let request = CreateSourceRequest { request_id: self.id(), source: Some(source) };
        Ok(self.sources().create_source(request).await?.into_inner().source.expect("the source"))
    }

    /// A source of files that are handed over.
    pub(crate) async fn uploads(&self, csv: CsvSettings) -> Source {
        self.create("Files", Kind::Upload(UploadSettings { csv: Some(csv) })).await
    }

    pub(crate) async fn upload(&self, source: &Source, bytes: &[u8]) -> Result<UploadFileResponse, Status> {
        self.upload_as(self.id(), source, bytes).await
    }

    /// Hands a file over under this request id.
    pub(crate) async fn upload_as(
        &self,
        request_id: String,
        source: &Source,
        bytes: &[u8],
    ) -> Result<UploadFileResponse, Status> {
        let source_id = source.source_id.clone();
        let options = UploadFileOptions { request_id, source_id, file_name: "staff.csv".into() };
        let chunks = bytes.chunks(1 << 18).map(|chunk| Part::Chunk(chunk.to_vec()));
        let parts = std::iter::once(Part::Options(options)).chain(chunks);
        let requests: Vec<_> = parts.map(|part| UploadFileRequest { part: Some(part) }).collect();
        let mut answers = self.sources().upload_file(stream::iter(requests)).await?.into_inner();
        Ok(answers.message().await?.expect("one answer"))
    }

    /// Starts a run.
    pub(crate) async fn begin(&self, request: StartSyncRequest) -> Result<SyncRun, Status> {
        let request = StartSyncRequest { request_id: self.id(), ..request };
        Ok(self.sources().start_sync(request).await?.into_inner().run.expect("the run"))
    }

    /// Starts a run and waits for its end.
    pub(crate) async fn run(&self, request: StartSyncRequest) -> SyncRun {
        let run = self.begin(request).await.expect("nothing is under way");
        self.ended(&run.sync_run_id).await
    }

    /// Hands a file over and waits for the end of its run.
    pub(crate) async fn load(&self, source: &Source, bytes: &[u8]) -> SyncRun {
        let file = self.upload(source, bytes).await.expect("a file");
        self.run(StartSyncRequest { file_id: file.file_id, ..of(source) }).await
    }

    pub(crate) async fn read(&self, sync_run_id: &str) -> SyncRun {
        let request = GetSyncRunRequest { sync_run_id: sync_run_id.to_owned() };
        self.sources().get_sync_run(request).await.expect("the run").into_inner().run.expect("the run")
    }

    /// Lets a second pass, with its jobs.
    pub(crate) async fn tick(&self) {
        self.suite.advance(SignedDuration::from_secs(1));
        self.suite.run_jobs().await;
    }

    /// The run, once it will not go on by itself.
    pub(crate) async fn ended(&self, sync_run_id: &str) -> SyncRun {
        self.tick().await;
        eventually!(PATIENCE, {
            let run = self.read(sync_run_id).await;
            let pending = [SyncState::Queued, SyncState::Running].contains(&run.state());
            (!pending).then_some(run)
        })
    }

    /// The runs of a source, the newest first.
    pub(crate) async fn runs(&self, source: &Source) -> Vec<SyncRun> {
        let request = ListSyncRunsRequest { source_id: source.source_id.clone(), ..Default::default() };
        self.sources().list_sync_runs(request).await.expect("runs").into_inner().runs
    }

    pub(crate) async fn errors(&self, run: &SyncRun) -> Vec<SyncError> {
        let request = ListSyncErrorsRequest {
            sync_run_id: run.sync_run_id.clone(),
            page_size: 1000,
            ..Default::default()
        };
        self.sources().list_sync_errors(request).await.expect("errors").into_inner().errors
    }

    /// Who comes, changes and leaves: id, kind and fields.
    pub(crate) async fn changes(&self, run: &SyncRun) -> Vec<(String, SyncChangeKind, Vec<String>)> {
        let request = ListSyncChangesRequest {
            sync_run_id: run.sync_run_id.clone(),
            page_size: 1000,
            ..Default::default()
        };
        let changes = self.sources().list_sync_changes(request).await.expect("changes").into_inner().changes;
        changes.into_iter().map(|change| (change.external_id.clone(), change.kind(), change.fields)).collect()
    }

    pub(crate) async fn rejected(&self, run: &SyncRun) -> String {
        let request = ExportRejectedRequest { sync_run_id: run.sync_run_id.clone() };
        let mut chunks = self.sources().export_rejected(request).await.expect("a stream").into_inner();
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.message().await.expect("the next bytes") {
            bytes.extend(chunk.chunk);
        }
        String::from_utf8(bytes).expect("UTF-8")
    }

    /// The events of a type that were told of the tenant's people, in order.
    pub(crate) async fn told<E: Event>(&self) -> Vec<E> {
        let sql = "select payload from gateway.outbox where type = $1 and tenant_id = $2 order by seq";
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql)
            .bind(E::TYPE)
            .bind(TENANT.0)
            .fetch_all(self.suite.sql())
            .await
            .expect("the outbox");
        rows.iter()
            .map(|bytes| E::decode(bytes.as_slice()).expect("what was encoded can be decoded"))
            .collect()
    }

    /// A folder for drops.
    pub(crate) fn folder(&self, name: &str) -> std::path::PathBuf {
        let path = self.drop.path().join(TENANT.to_string()).join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        path
    }
}

pub(crate) fn settings(kind: Kind) -> Option<SourceSettings> {
    Some(SourceSettings { kind: Some(kind) })
}

/// A run of a source.
pub(crate) fn of(source: &Source) -> StartSyncRequest {
    StartSyncRequest { source_id: source.source_id.clone(), ..StartSyncRequest::default() }
}

/// A field that is taken from a column.
pub(crate) fn takes(field: &str, columns: &[&str]) -> FieldMapping {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    FieldMapping { field: field.into(), columns, ..FieldMapping::default() }
}

/// The same, with meanings of its values.
pub(crate) fn means(field: &str, column: &str, values: &[(&str, &str)]) -> FieldMapping {
    let mean =
        |(value, means): &(&str, &str)| ValueMapping { value: (*value).into(), means: (*means).into() };
    FieldMapping { values: values.iter().map(mean).collect(), ..takes(field, &[column]) }
}

/// Created, updated, reactivated, deactivated, unchanged, rejected.
pub(crate) fn counts(run: &SyncRun) -> [i64; 6] {
    let SyncCounts { created, updated, reactivated, deactivated, unchanged, rejected, .. } =
        run.counts.expect("a run has counts");
    [created, updated, reactivated, deactivated, unchanged, rejected]
}

/// Name and details of a refusal's first field.
pub(crate) fn refused(status: &Status) -> String {
    format!("{:?} {}", status.code(), status.message())
}
