//! `cargo xtask gen`: the offline data that let SQL be checked at compile time without a database.

use crate::{
    postgres::Postgres,
    shell::{self, cargo, root, say},
};
use anyhow::Result;
use std::{fs, path::PathBuf};

/// The services with tables.
const SERVICES: [&str; 5] = ["enrollment", "matching", "scheduling", "evaluation", "gateway"];

pub(crate) fn run() -> Result<()> {
    say("starting a throw-away Postgres");
    let postgres = Postgres::start()?;
    for service in SERVICES {
        postgres.load(&schema(service)?)?;
    }
    let data = root().join(".sqlx");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    say("checking every query against it");
    for service in SERVICES {
        // The macros write their data when they run: make cargo see a change.
        let file = root().join(format!("services/{service}/src/lib.rs"));
        fs::File::open(file)?.set_modified(std::time::SystemTime::UNIX_EPOCH + newest())?;
    }
    shell::run(
        cargo(["check", "--workspace"])
            .env("DATABASE_URL", postgres.url())
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &data),
    )?;
    say(&format!("{} queries in .sqlx; commit them", fs::read_dir(&data)?.count()));
    Ok(())
}

/// A service's schema as its migrations make it.
fn schema(service: &str) -> Result<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join(format!("services/{service}/migrations")))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    let mut sql = format!("create schema {service};\n");
    for file in files {
        sql.push_str(&fs::read_to_string(file)?);
        sql.push_str(";\n");
    }
    Ok(sql)
}

/// Seconds since 1970, to mark a file as changed now.
#[expect(clippy::disallowed_methods, reason = "a build tool, outside the suite's own time")]
fn newest() -> std::time::Duration {
    std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default()
}
