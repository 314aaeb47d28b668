//! A server of one's own, to be ended and started again: what is broken here disturbs no other test. Always from
//! installed binaries, because containers are slow to end and start.

use super::{
    Server,
    installed::{self, Recipe},
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
};

/// A server that ends with this value.
pub struct Private {
    recipe: Recipe,
    directory: PathBuf,
    child: Option<Child>,
}

impl Private {
    /// Starts Postgres or RabbitMQ (which keep what they confirmed over a crash) or Redis (which does not).
    ///
    /// # Panics
    /// When it is not installed, with what to install, or does not start.
    pub async fn start(server: Server) -> Self {
        Private::start_below(server, &std::env::temp_dir()).await
    }

    /// The same, with all its data below a folder, such as a disk of its own.
    ///
    /// # Panics
    /// As [`Private::start`].
    pub async fn start_below(server: Server, folder: &Path) -> Self {
        let made = installed::private(server, folder);
        let (recipe, directory) = made.unwrap_or_else(|error| panic!("no {server:?} for tests: {error:#}"));
        let mut private = Private { recipe, directory, child: None };
        private.run().await;
        private
    }

    /// Its URL, which stays.
    pub fn url(&self) -> &str {
        &self.recipe.url
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // SIGQUIT is how Postgres crashes with all of its processes: no checkpoint, recovery at the next start.
            if self.recipe.server == Server::Postgres {
                signal("-QUIT", child.id());
            } else {
                let _ = child.kill();
            }
            let _ = child.wait();
        }
    }

    /// Ends it in an orderly way, without waiting for clients.
    pub async fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Erlang has another use for SIGINT; to Postgres SIGTERM means to wait for its clients.
            signal(if self.recipe.server == Server::RabbitMq { "-TERM" } else { "-INT" }, child.id());
            let _ = tokio::task::spawn_blocking(move || child.wait()).await;
        }
    }

    /// Starts it again, on the same data and address.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn run(&mut self) {
        match installed::run_private(&self.recipe, &self.directory).await {
            Ok(child) => self.child = Some(child),
            Err(error) => panic!("the private server does not start: {error:#}"),
        }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.kill();
        if let Some(companion) = self.recipe.companion() {
            signal("-TERM", companion);
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn signal(which: &str, process: u32) {
    let _ = Command::new("kill").args([which, &process.to_string()]).output();
}
