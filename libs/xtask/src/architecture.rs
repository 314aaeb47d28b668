//! The direction of dependencies and the size of files, checked and not left to goodwill.

use crate::shell::{cargo, output, root};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The most lines a file may have.
const MAX_LINES: usize = 600;

/// What each crate of the house may depend on (of the house). Services add each other nowhere.
const LAYERS: [(&str, &[&str]); 10] = [
    ("kernel", &[]),
    ("contracts", &["kernel"]),
    ("assignment", &[]),
    ("sheet", &[]),
    ("storage", &["kernel", "contracts"]),
    ("grpc", &["kernel", "contracts", "storage"]),
    ("messaging", &["kernel", "contracts", "storage"]),
    ("runtime", &["kernel", "contracts", "storage", "grpc", "messaging"]),
    ("testkit", &["kernel", "contracts", "storage", "grpc", "messaging", "runtime"]),
    ("xtask", &[]),
];

/// The services; each may use every library but testkit.
const SERVICES: [&str; 5] = ["enrollment", "matching", "scheduling", "evaluation", "gateway"];

/// External crates that have one room: crate, who may name it.
const ROOMS: [(&str, &[&str]); 4] = [
    ("lapin", &["messaging", "testkit"]),
    ("redis", &["storage", "testkit"]),
    (
        "sqlx",
        &[
            "storage",
            "testkit",
            "runtime",
            "tests",
            "enrollment",
            "matching",
            "scheduling",
            "evaluation",
            "gateway",
        ],
    ),
    ("rrule", &["scheduling"]),
];

pub(crate) fn check() -> Result<()> {
    let mut findings = dependencies()?;
    for file in rust_files(&root())? {
        let text = fs::read_to_string(&file)?;
        let name = file.strip_prefix(root()).unwrap_or(&file).to_string_lossy().into_owned();
        findings.extend(size(&name, &text));
        findings.extend(purity(&name, &text));
        findings.extend(own_schema(&name, &text));
    }
    findings.extend(domains()?);
    if findings.is_empty() {
        return Ok(());
    }
    bail!("the architecture does not hold:\n  {}", findings.join("\n  "))
}

/// House dependencies against the layers, outside crates against their rooms.
fn dependencies() -> Result<Vec<String>> {
    let metadata: Value =
        serde_json::from_str(&output(&mut cargo(["metadata", "--format-version=1", "--no-deps"]))?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let normal = package["dependencies"].as_array().into_iter().flatten().filter(|d| d["kind"].is_null());
        uses.insert(name, normal.filter_map(|d| d["name"].as_str()).collect());
    }
    let mut findings = Vec::new();
    for (name, used) in &uses {
        for other in used.iter().filter(|other| uses.contains_key(*other)) {
            if !may_use(name, other) {
                findings.push(format!("{name} must not depend on {other} (see libs/README.md)"));
            }
        }
        for (outside, rooms) in ROOMS {
            if used.contains(&outside) && !rooms.contains(name) {
                findings.push(format!("{name} must not depend on {outside}; only {} may", rooms.join(", ")));
            }
        }
    }
    Ok(findings)
}

fn may_use(name: &str, other: &str) -> bool {
    if let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) {
        return allowed.contains(&other);
    }
    if SERVICES.contains(&name) {
        return !SERVICES.contains(&other) && !["testkit", "suite", "tests", "xtask"].contains(&other);
    }
    name == "tests" || (name == "suite" && other != "testkit")
}

fn size(name: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > MAX_LINES)
        .then(|| format!("{name} has {lines} lines; find the seam and split it (at most {MAX_LINES})"))
}

/// The domain of an area is pure: neither IO nor wire types. It is every file of an area that is not an RPC, the
/// store, the conversion or the list of RPCs, and says so in its first line: `//! Domain`.
fn purity(name: &str, text: &str) -> Vec<String> {
    if !name.starts_with("services/") || !text.starts_with("//! Domain") {
        return Vec::new();
    }
    ["sqlx", "tonic", "prost", "lapin", "tokio", "contracts", "storage"]
        .iter()
        .filter(|word| text.contains(&format!("{word}::")))
        .map(|word| format!("{name} is domain and must not use {word}"))
        .collect()
}

/// An area that decides something says so in a domain file.
fn domains() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for service in SERVICES {
        for area in fs::read_dir(root().join(format!("services/{service}/src")))? {
            let area = area?.path();
            let list = fs::read_to_string(area.join("mod.rs")).unwrap_or_default();
            let decides = list.contains("grpc::service!") && list.contains("\n        write ");
            if decides && !has_domain(&area)? {
                findings.push(format!("{} has no domain file (first line `//! Domain`)", area.display()));
            }
        }
    }
    Ok(findings)
}

fn has_domain(area: &Path) -> Result<bool> {
    for file in fs::read_dir(area)? {
        let file = file?.path();
        if file.is_file() && fs::read_to_string(&file)?.starts_with("//! Domain") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// SQL stands in store.rs and names its own schema only.
fn own_schema(name: &str, text: &str) -> Vec<String> {
    let Some(service) = name.strip_prefix("services/").and_then(|rest| rest.split('/').next()) else {
        return Vec::new();
    };
    if !SERVICES.contains(&service) || !name.contains("/src/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let is_store = name.ends_with("/store.rs") || name.contains("/store/");
    if text.contains("sqlx::query") && !is_store {
        findings.push(format!("{name} has SQL; it belongs into the area's store.rs"));
    }
    if is_store {
        let foreign = SERVICES.iter().filter(|other| **other != service).filter(|other| {
            ["from ", "into ", "update ", "join "]
                .iter()
                .any(|verb| text.contains(&format!("{verb}{other}.")))
        });
        findings.extend(
            foreign.map(|other| format!("{name} reads the schema {other}; keep a projection instead")),
        );
    }
    findings
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("libs"), folder.join("services"), folder.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
