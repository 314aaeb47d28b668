//! The bill of materials of a program: CycloneDX 1.6 (<https://cyclonedx.org/docs/1.6/json/>), from what cargo says it
//! links for this target, and the C library that is linked with it.

use super::{Origin, build, build::Program};
use crate::shell::{self, offline, root};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

/// A package as `cargo tree` prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
    repository: String,
}

impl Package {
    fn id(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

/// Packages, and who depends on whom.
#[derive(Debug, Default)]
struct Graph {
    packages: BTreeMap<String, Package>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The document as JSON text. The same sources and tools give the same text.
pub(crate) fn of(program: &Program, origin: &Origin) -> Result<String> {
    let mut tree = offline(["tree", "--locked", "--edges=normal,no-proc-macro", "--prefix=depth"], &[]);
    tree.args(["--format=|{p}|{l}|{r}", "--package", &program.package, "--target", &build::triple()?]);
    let graph = graph(&shell::output(&mut tree)?)?;
    let lock: Lock = toml::from_str(&fs::read_to_string(root().join("Cargo.lock"))?).context("Cargo.lock")?;
    let checksums: BTreeMap<String, String> = lock
        .package
        .into_iter()
        .filter_map(|package| {
            Some((format!("pkg:cargo/{}@{}", package.name, package.version), package.checksum?))
        })
        .collect();
    let document = document(program, origin, &graph, &checksums, &system()?)?;
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn document(
    program: &Program,
    origin: &Origin,
    graph: &Graph,
    checksums: &BTreeMap<String, String>,
    system: &[Value],
) -> Result<Value> {
    let whole = format!("pkg:cargo/{}@{}", program.package, program.version);
    let others = graph.packages.iter().filter(|(id, _)| **id != whole);
    let mut components: Vec<Value> =
        others.map(|(id, package)| component(id, package, checksums.get(id))).collect();
    components.extend_from_slice(system);
    let mut edges = graph.edges.clone();
    let linked = system.iter().filter_map(|component| component["bom-ref"].as_str().map(str::to_owned));
    edges.entry(whole.clone()).or_default().extend(linked);
    let dependencies: Vec<Value> =
        edges.iter().map(|(from, to)| json!({ "ref": from, "dependsOn": to })).collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": jiff::Timestamp::from_second(i64::try_from(origin.epoch)?)?.to_string(),
            "component": {
                "type": "application",
                "bom-ref": whole,
                "name": program.binary,
                "version": program.version,
                "purl": whole,
                "licenses": [{ "expression": "Apache-2.0" }],
                "properties": [{ "name": "mentor:revision", "value": origin.revision }],
            },
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(id: &str, package: &Package, checksum: Option<&String>) -> Value {
    let mut component = json!({
        "type": "library", "bom-ref": id, "name": package.name, "version": package.version, "purl": id,
    });
    if !package.licence.is_empty() {
        // Cargo took a slash for "or" once, and old manifests still have it.
        component["licenses"] = json!([{ "expression": package.licence.replace('/', " OR ") }]);
    }
    if let Some(checksum) = checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if !package.repository.is_empty() {
        component["externalReferences"] = json!([{ "type": "vcs", "url": package.repository }]);
    }
    component
}

/// What is linked besides packages: Rust's own library, and C's.
fn system() -> Result<Vec<Value>> {
    let rust = shell::output(Command::new("rustc").arg("--version"))?;
    let rust = rust.split_whitespace().nth(1).context("rustc names no version")?;
    let library = |name: &str, version: &str, licence: &str| {
        let id = format!("pkg:generic/{name}@{version}");
        json!({
            "type": "library", "bom-ref": id, "name": name, "version": version, "purl": id,
            "licenses": [{ "expression": licence }],
        })
    };
    let mut linked = vec![library("rust-std", rust, "MIT OR Apache-2.0")];
    if build::triple()?.ends_with("-gnu") {
        let glibc = shell::output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
        let version = glibc.split_whitespace().nth(1).context("getconf names no version of glibc")?;
        linked.push(library("glibc", version, "LGPL-2.1-or-later"));
    }
    Ok(linked)
}

/// From `cargo tree --prefix=depth`: the depth, then the fields. What was shown before comes without what it depends
/// on, so all the lines together are the whole graph.
fn graph(text: &str) -> Result<Graph> {
    let mut graph = Graph::default();
    let mut above: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let parsed = parse(line).with_context(|| format!("cargo tree printed `{line}`"))?;
        let (depth, package) = parsed;
        let id = package.id();
        above.truncate(depth);
        if let Some(user) = above.last() {
            graph.edges.entry(user.clone()).or_default().insert(id.clone());
        }
        graph.edges.entry(id.clone()).or_default();
        graph.packages.insert(id.clone(), package);
        above.push(id);
    }
    Ok(graph)
}

fn parse(line: &str) -> Option<(usize, Package)> {
    let line = line.strip_suffix(" (*)").unwrap_or(line);
    let mut fields = line.split('|');
    let depth = fields.next()?.parse().ok()?;
    let mut named = fields.next()?.split_whitespace();
    let name = named.next()?.to_owned();
    let version = named.next()?.strip_prefix('v')?.to_owned();
    let mut rest = || Some(fields.next()?.trim().to_owned());
    Some((depth, Package { name, version, licence: rest()?, repository: rest()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0|app v1.0.0 (/src/app)|Apache-2.0|
1|one v0.1.0|MIT/Apache-2.0|https://example.org/one
2|two v2.0.0|MIT|
1|two v2.0.0|MIT|
1|three v3.0.0|ISC|
2|one v0.1.0|MIT/Apache-2.0|https://example.org/one (*)
";

    fn made() -> Value {
        let program = Program { package: "app".into(), binary: "mentor-app".into(), version: "1.0.0".into() };
        let origin = Origin { revision: "abc".into(), epoch: 1_700_000_000 };
        let checksums = BTreeMap::from([("pkg:cargo/two@2.0.0".to_owned(), "ff".repeat(32))]);
        let system = [json!({ "bom-ref": "pkg:generic/rust-std@1.95.0" })];
        document(&program, &origin, &graph(TREE).unwrap(), &checksums, &system).unwrap()
    }

    #[test]
    fn a_bill_names_everything_that_is_linked_once() {
        let made = made();
        let names: Vec<&str> =
            made["components"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["one", "three", "two"]);
        assert_eq!(made["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(made["components"][2]["hashes"][0]["content"], "ff".repeat(32));
        assert_eq!(made["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
    }

    #[test]
    fn a_bill_says_who_depends_on_whom() {
        let dependencies = &made()["dependencies"];
        let of = |id: &str| {
            let found = dependencies.as_array().unwrap().iter().find(|one| one["ref"] == id);
            found.map(|one| one["dependsOn"].clone()).unwrap_or_default()
        };
        assert_eq!(
            of("pkg:cargo/app@1.0.0"),
            json!([
                "pkg:cargo/one@0.1.0",
                "pkg:cargo/three@3.0.0",
                "pkg:cargo/two@2.0.0",
                "pkg:generic/rust-std@1.95.0"
            ])
        );
        assert_eq!(of("pkg:cargo/three@3.0.0"), json!(["pkg:cargo/one@0.1.0"]));
        assert_eq!(of("pkg:cargo/two@2.0.0"), json!([]));
    }

    #[test]
    fn a_line_that_is_something_else_is_refused() {
        assert!(graph("warning: something").is_err());
    }
}
