//! Servers as containers. They outlive the process that started them; `stop_all` removes them.

use super::{
    Server,
    installed::{FORGETFUL, POSTGRES_OPTIONS},
    ready,
    shared::{Handle, Instance},
};
use anyhow::{Context, Result};
use std::{env, path::Path, time::Duration};
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt, core::IntoContainerPort, runners::AsyncRunner,
};

/// Bytes of shared memory for Postgres; an engine gives 64 MiB unless told otherwise.
const SHARED_MEMORY: u64 = 512 << 20;

impl Server {
    /// The environment variable that names another image, such as one that `cargo xtask images` made. Postgres' must
    /// take the official image's `POSTGRES_HOST_AUTH_METHOD`, and each the server's own arguments.
    pub fn image_variable(self) -> &'static str {
        match self {
            Server::Postgres => "MENTOR_TEST_POSTGRES_IMAGE",
            Server::RabbitMq => "MENTOR_TEST_RABBITMQ_IMAGE",
            Server::Redis => "MENTOR_TEST_REDIS_IMAGE",
        }
    }

    fn official_image(self) -> &'static str {
        match self {
            Server::Postgres => "postgres:17-alpine",
            Server::RabbitMq => "rabbitmq:3.13-alpine",
            Server::Redis => "redis:7-alpine",
        }
    }

    /// Where it listens in its container.
    fn port(self) -> u16 {
        match self {
            Server::Postgres => 5432,
            Server::RabbitMq => 5672,
            Server::Redis => 6379,
        }
    }

    fn url_at(self, host: &str) -> String {
        match self {
            Server::Postgres => format!("postgres://postgres@{host}/postgres"),
            Server::RabbitMq => format!("amqp://guest:guest@{host}/%2f"),
            Server::Redis => format!("redis://{host}/0"),
        }
    }
}

/// Whether an engine can be asked. A client without an engine is not enough.
pub(super) async fn engine_answers() -> bool {
    if env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return true;
    }
    tokio::net::UnixStream::connect(Path::new("/var/run/docker.sock")).await.is_ok()
}

/// Starts one and waits until it answers a client: that its port is open says little, because the engine opens it.
pub(super) async fn start(server: Server) -> Result<Instance> {
    let image = env::var(server.image_variable()).ok().filter(|image| !image.is_empty());
    let image = image.unwrap_or_else(|| server.official_image().to_owned());
    let container =
        request(server, &image).start().await.with_context(|| format!("a container of {image}"))?;
    let host = container.get_host().await?;
    let port = container.get_host_port_ipv4(server.port()).await?;
    let url = server.url_at(&format!("{host}:{port}"));
    if ready(Duration::from_secs(60), || server.answers(&url)).await {
        let handle = Handle::Container(container.id().to_owned());
        // Dropping would remove it, and it is for later processes too.
        std::mem::forget(container);
        return Ok(Instance { url, handle, directory: None });
    }
    anyhow::bail!("the container of {image} does not answer after 60 s: {}", log(&container).await)
}

fn request(server: Server, image: &str) -> ContainerRequest<GenericImage> {
    let (name, tag) = split(image);
    let image = GenericImage::new(name, tag).with_exposed_port(server.port().tcp());
    match server {
        Server::Postgres => image
            .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
            .with_cmd(POSTGRES_OPTIONS.iter().chain(&FORGETFUL).flat_map(|option| ["-c", option]))
            .with_shm_size(SHARED_MEMORY),
        Server::RabbitMq => image.into(),
        Server::Redis => image.with_cmd(["redis-server", "--save", "", "--appendonly", "no"]),
    }
}

/// A name and its tag; a colon before a slash belongs to a port.
fn split(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

/// What a container said, for the error.
async fn log(container: &ContainerAsync<GenericImage>) -> String {
    let bytes = container.stderr_to_vec().await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_name_and_a_tag() {
        assert_eq!(split("postgres:17-alpine"), ("postgres", "17-alpine"));
        assert_eq!(split("registry:5000/redis"), ("registry:5000/redis", "latest"));
        assert_eq!(split("registry:5000/redis:7"), ("registry:5000/redis", "7"));
    }
}
