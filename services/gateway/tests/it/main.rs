//! The gateway on real servers, through HTTP and gRPC.

mod bulk;
mod connections;
mod discovery;
mod entra;
mod events;
mod filters;
mod groups;
mod hostile;
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
mod world;
