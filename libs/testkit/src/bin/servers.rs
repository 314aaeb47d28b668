//! `testkit-servers up` starts what tests need and prints the environment that names it; `down` ends it.

use testkit::servers::{self, Server};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("up") => {
            for server in Server::ALL {
                println!("{}={}", server.variable(), servers::url(server).await);
            }
            Ok(())
        }
        Some("down") => servers::stop_all().await,
        _ => anyhow::bail!("usage: testkit-servers up|down"),
    }
}
