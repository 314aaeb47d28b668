//! The gateway on real servers, through HTTP and gRPC.

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
mod sync_files;
mod sync_ldap;
mod sync_runs;
mod sync_sftp;
mod sync_world;
mod world;
