//! Servers as containers. They outlive the process that started them; `stop_all` removes them.

use super::{
    Server,
    shared::{Handle, Instance},
};
use anyhow::{Context, Result};
use std::path::Path;
use testcontainers::{ContainerAsync, ImageExt, core::Image, runners::AsyncRunner};
use testcontainers_modules::{
    postgres::Postgres,
    rabbitmq::RabbitMq,
    redis::{REDIS_PORT, Redis},
};

/// Tags of the images; where nothing can be pulled they must be there locally.
const POSTGRES: &str = "17-alpine";
const RABBITMQ: &str = "3.13-alpine";
const REDIS: &str = "7-alpine";

/// Whether an engine can be asked. A client without an engine is not enough.
pub(super) async fn engine_answers() -> bool {
    if std::env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return true;
    }
    tokio::net::UnixStream::connect(Path::new("/var/run/docker.sock")).await.is_ok()
}

pub(super) async fn start(server: Server) -> Result<Instance> {
    match server {
        Server::Postgres => {
            let image = Postgres::default().with_host_auth().with_tag(POSTGRES);
            let image = image.with_cmd([
                "-c",
                "fsync=off",
                "-c",
                "synchronous_commit=off",
                "-c",
                "max_connections=400",
            ]);
            started(image.start().await, 5432, |host| format!("postgres://postgres@{host}/postgres")).await
        }
        Server::RabbitMq => {
            let image = RabbitMq::default().with_tag(RABBITMQ);
            started(image.start().await, 5672, |host| format!("amqp://guest:guest@{host}/%2f")).await
        }
        Server::Redis => {
            let image = Redis::default().with_tag(REDIS);
            started(image.start().await, REDIS_PORT, |host| format!("redis://{host}/0")).await
        }
    }
}

async fn started<I: Image>(
    container: testcontainers::core::error::Result<ContainerAsync<I>>,
    port: u16,
    url: impl FnOnce(&str) -> String,
) -> Result<Instance> {
    let container = container.context("starting a container")?;
    let host = container.get_host().await?;
    let port = container.get_host_port_ipv4(port).await?;
    let handle = Handle::Container(container.id().to_owned());
    // Dropping would remove it, and it is for later processes too.
    std::mem::forget(container);
    Ok(Instance { url: url(&format!("{host}:{port}")), handle, directory: None })
}
