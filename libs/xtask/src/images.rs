//! `cargo xtask images`: the servers' images where no registry can be reached, made from Debian's packages.

use crate::{
    engine::Engine,
    provision,
    shell::{self, root, say},
};
use anyhow::{Context, Result, bail};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// The base of the images: Debian's own smallest system.
const BASE: &str = "mentor-local/debian:12";
const SUITE: &str = "bookworm";
/// What `deploy/Dockerfile` builds in.
const BUILDER: &str = "mentor-local/rust:debian12";
/// Whom this machine trusts: where a proxy stands before the package registries, images must trust it, too.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A server that tests or compose take from an image.
struct Server {
    /// Its folder in `deploy/servers`.
    name: &'static str,
    /// What is used where a registry can be reached, and what tells testkit to use something else.
    official: Option<(&'static str, &'static str)>,
}

/// Official images as `libs/testkit/src/servers/containers.rs` names them.
const SERVERS: [Server; 5] = [
    Server { name: "postgres", official: Some(("postgres:17-alpine", "MENTOR_TEST_POSTGRES_IMAGE")) },
    Server { name: "rabbitmq", official: Some(("rabbitmq:3.13-alpine", "MENTOR_TEST_RABBITMQ_IMAGE")) },
    Server { name: "redis", official: Some(("redis:7-alpine", "MENTOR_TEST_REDIS_IMAGE")) },
    Server { name: "prometheus", official: None },
    Server { name: "collector", official: None },
];

impl Server {
    /// Not the official name: Debian's version is another one.
    fn local(&self) -> String {
        format!("mentor-local/{}:debian12", self.name)
    }
}

pub(crate) fn run(with_builder: bool) -> Result<()> {
    let engine = Engine::running_or_started()?;
    base(&engine)?;
    if with_builder {
        builder(&engine)?;
    }
    for server in &SERVERS {
        say(&format!("making {} from Debian's package", server.local()));
        let folder = root().join("deploy/servers").join(server.name);
        shell::run(build(&engine, &server.local()).arg(folder))?;
    }
    say("what the engine has now");
    let format = "{{.Repository}}:{{.Tag}}\t{{.Size}}";
    shell::run(engine.docker().args(["images", "--format", format, "mentor-local/*"]))?;
    say(
        "`cargo xtask test --containers` takes them; `cargo xtask images --stop` ends an engine started by hand",
    );
    Ok(())
}

/// A build on the base; the context is still to be said.
fn build(engine: &Engine, tag: &str) -> Command {
    let (mut build, base) = (engine.docker(), format!("BASE={BASE}"));
    // The host's network, because a container's own may have no way to the package mirror.
    build.args(["build", "--quiet", "--network", "host", "--build-arg", &base, "--tag", tag]);
    build
}

/// This machine's Rust, as the image that `deploy/Dockerfile` takes by `--build-arg RUST=`.
fn builder(engine: &Engine) -> Result<()> {
    let toolchain = shell::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    say(&format!("making {BUILDER} from {}", toolchain.trim()));
    let folder = root().join("deploy/servers/rust");
    let mut tar = Command::new("tar")
        .args(["--create", "--exclude=rustlib/src", "--directory"])
        .arg(folder)
        .args(["Dockerfile", "--directory", toolchain.trim(), "bin", "lib"])
        .stdout(Stdio::piped())
        .spawn()
        .context("can't start tar")?;
    let context = tar.stdout.take().context("tar has no output")?;
    shell::run(build(engine, BUILDER).arg("-").stdin(context))?;
    if !tar.wait()?.success() {
        bail!("tar could not read {}", toolchain.trim());
    }
    Ok(())
}

/// What tells tests where the engine is, and which images to use: local ones where the official are not there.
///
/// # Errors
/// When no engine answers.
pub(crate) fn environment() -> Result<Vec<(String, String)>> {
    let Some(engine) = Engine::running() else {
        bail!(
            "no Docker engine answers; start one, or let `cargo xtask images` start one and make the images"
        );
    };
    let mut environment: Vec<(String, String)> = engine.environment().into_iter().collect();
    for server in &SERVERS {
        if let Some((official, variable)) = server.official
            && !engine.has(official)
            && engine.has(&server.local())
        {
            environment.push((variable.to_owned(), server.local()));
        }
    }
    Ok(environment)
}

/// Debian's smallest system, as the image that the others stand on.
fn base(engine: &Engine) -> Result<()> {
    if engine.has(BASE) {
        return Ok(());
    }
    if !provision::is_root() {
        bail!("debootstrap needs root; run this as root, or pull the official images");
    }
    provision::debootstrap()?;
    let folder = std::env::temp_dir().join("mentor-debian");
    say(&format!("making {BASE} with debootstrap in {}", folder.display()));
    shell::run(
        Command::new("debootstrap")
            .args(["--variant=minbase", "--include=ca-certificates", SUITE])
            .arg(&folder)
            .stdout(Stdio::null()),
    )?;
    if Path::new(AUTHORITIES).exists() {
        std::fs::copy(AUTHORITIES, folder.join(AUTHORITIES.trim_start_matches('/')))?;
    }
    let mut tar = Command::new("tar")
        .args(["--create", "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*", "--directory"])
        .arg(&folder)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .context("can't start tar")?;
    let stream = tar.stdout.take().context("tar has no output")?;
    shell::run(engine.docker().args(["import", "-", BASE]).stdin(stream))?;
    if !tar.wait()?.success() {
        bail!("tar could not read {}", folder.display());
    }
    std::fs::remove_dir_all(&folder).with_context(|| format!("deleting {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn tests_and_compose_use_the_same_official_images() {
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let testkit = read("libs/testkit/src/servers/containers.rs");
        let compose = read("deploy/compose.yaml");
        for server in &SERVERS {
            let variable = format!("{}_IMAGE", server.name.to_uppercase());
            assert!(
                read("deploy/.env.example").contains(&format!("{variable}={}\n", server.local())),
                "{variable}"
            );
            assert!(compose.contains(&format!("${{{variable}:-")), "{variable}");
            let Some((official, variable)) = server.official else { continue };
            assert!(testkit.contains(&format!("\"{official}\"")), "{official}");
            assert!(testkit.contains(&format!("\"{variable}\"")), "{variable}");
            assert!(compose.contains(&format!(":-{official}}}")), "{official}");
        }
    }

    #[test]
    fn every_server_has_its_files() {
        for server in &SERVERS {
            let folder = root().join("deploy/servers").join(server.name);
            let dockerfile = fs::read_to_string(folder.join("Dockerfile")).unwrap();
            assert!(dockerfile.contains("ARG BASE\nFROM ${BASE}\n"), "{}", server.name);
            assert!(dockerfile.lines().any(|line| line.starts_with("USER ")), "{} runs as root", server.name);
        }
    }
}
