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
mod webhooks;
mod world;
