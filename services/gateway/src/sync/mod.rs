//! People from the HRIS by files, directories and APIs: sources, their runs, and what a run tells the directory.

mod apply;
mod cancel_sync_run;
mod confirm_sync_run;
pub(crate) mod connector;
pub(crate) mod connectors;
pub(crate) mod convert;
mod create_source;
pub(crate) mod employee;
mod export_rejected;
mod fetch;
mod lines;
mod mapping;
mod read;
mod remove_source;
mod run;
pub(crate) mod runner;
mod schedule;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod source;
pub(crate) mod start_sync;
pub(crate) mod store;
pub(crate) mod telemetry;
mod update_source;
mod upload_file;
mod watch_sync_run;

use contracts::mentor::gateway::v1::*;

grpc::service! {
    impl SourceService for crate::Gateway in contracts::mentor::gateway::v1::source_service_server {
        write  create_source(CreateSourceRequest) -> CreateSourceResponse = create_source::handle;
        write  update_source(UpdateSourceRequest) -> UpdateSourceResponse = update_source::handle;
        write  remove_source(RemoveSourceRequest) -> RemoveSourceResponse = remove_source::handle;
        read   get_source(GetSourceRequest) -> GetSourceResponse = read::get_source;
        read   list_sources(ListSourcesRequest) -> ListSourcesResponse = read::list_sources;
        bidi   upload_file(UploadFileRequest) -> UploadFileResponse = upload_file::handle;
        write  start_sync(StartSyncRequest) -> StartSyncResponse = start_sync::handle;
        write  cancel_sync_run(CancelSyncRunRequest) -> CancelSyncRunResponse = cancel_sync_run::handle;
        write  confirm_sync_run(ConfirmSyncRunRequest) -> ConfirmSyncRunResponse = confirm_sync_run::handle;
        read   get_sync_run(GetSyncRunRequest) -> GetSyncRunResponse = read::get_sync_run;
        read   list_sync_runs(ListSyncRunsRequest) -> ListSyncRunsResponse = read::list_sync_runs;
        stream watch_sync_run(WatchSyncRunRequest) -> WatchSyncRunResponse = watch_sync_run::handle;
        read   list_sync_errors(ListSyncErrorsRequest) -> ListSyncErrorsResponse = read::list_sync_errors;
        read   list_sync_changes(ListSyncChangesRequest) -> ListSyncChangesResponse = read::list_sync_changes;
        stream export_rejected(ExportRejectedRequest) -> ExportRejectedResponse = export_rejected::handle;
    }
}
