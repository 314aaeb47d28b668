//! The gateway on real servers, through HTTP and gRPC.

mod api_calls;
mod api_client;
mod api_document;
mod api_edge;
mod api_peers;
mod bulk;
mod connections;
mod discovery;
mod entra;
mod events;
mod filters;
mod groups;
mod hostile;
mod hris;
#[expect(dead_code, reason = "what only the connectors' own tests need of the stand-ins")]
#[path = "../peers/mod.rs"]
mod hris_peers;
mod jobs;
mod okta;
mod oracle;
mod peers;
mod resources;
mod signin;
mod signin_browser;
mod signin_ended;
mod signin_hostile;
mod signin_machines;
mod signin_providers;
mod sync_files;
mod sync_ldap;
mod sync_runs;
mod sync_sftp;
mod sync_world;
mod webhooks;
mod world;
