"""Renders, with both helms, the same twice, valid for every Kubernetes it claims, and as the golden files say."""

import json
import os
from functools import cache
from pathlib import Path

import generate
import kubernetes_validate
import pytest
import yaml
from conftest import CASES, CHART, HELMS, ROOT, helm, objects, run, template, text, tool

GOLDEN = ROOT / "tests/helm/golden"
KUBERNETES = ["1.33", "1.34", "1.35", "1.36", "1.37"]
BUILT_IN = {"v1", "apps/v1", "batch/v1", "policy/v1", "autoscaling/v2", "networking.k8s.io/v1"}
# In no package registry; deploy/examples/README.md says so.
NO_SCHEMA = {"v1", "rabbitmq.com", "redis.redis.opstreelabs.in"}
# The library reads its megabytes of definitions anew for every object.
kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)
WRITE = "MENTOR_CHART_WRITE" in os.environ


@pytest.mark.parametrize("version", HELMS)
@pytest.mark.parametrize("case", CASES)
def test_lint(case, version):
    done = helm(version, "lint", "--strict", ".", "--values", f"ci/{case}-values.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", HELMS)
@pytest.mark.parametrize("case", CASES)
def test_a_second_render_is_the_same_to_the_byte(case, version):
    again = template(version=version, case=case)
    assert again.stdout == text(case, version)


@pytest.mark.parametrize("case", CASES)
def test_both_helms_render_the_same_objects(case):
    assert objects(case, "3") == objects(case, "4")


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_kubernetes_accepts_it(kubernetes):
    every = {json.dumps(item, sort_keys=True) for case in CASES for item in objects(case).values()}
    built_in = [item for item in map(json.loads, every) if item["apiVersion"] in BUILT_IN]
    assert len(built_in) > 100
    for item in built_in:
        kubernetes_validate.validate(item, kubernetes, strict=True)


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_a_wrong_field_would_be_found(kubernetes):
    item = json.loads(json.dumps(objects("minimal")["Deployment", "mentor-matching"]))
    item["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(item, kubernetes, strict=True)


def test_operators_accept_it(tmp_path):
    """Everything that is not Kubernetes' own, and deploy/examples, against the operators' schemas."""
    foreign = [item for case in CASES for item in objects(case).values() if item["apiVersion"] not in BUILT_IN]
    for example in sorted((ROOT / "deploy/examples").glob("*.yaml")):
        foreign += [item for item in yaml.safe_load_all(example.read_text()) if item["apiVersion"].split("/")[0] not in NO_SCHEMA]
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps(foreign))
    done = run("node", ROOT / "tests/helm/operators.mjs", file, cwd=tool("models"))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    kinds = {"BackendTLSPolicy", "Certificate", "ExternalSecret", "GRPCRoute", "HTTPRoute", "PrometheusRule", "ScaledObject",
             "ServiceMonitor", "TriggerAuthentication", "Cluster", "Pooler"}
    assert kinds <= set(report["checked"]), report
    assert report["spoilt"] == sorted(report["checked"]), "a kind whose schema refuses nothing"


@pytest.mark.parametrize("case", CASES)
def test_golden(case):
    """What a change of the chart does is seen in review; `cargo xtask chart --write` takes it."""
    lines = [line for line in text(case).splitlines() if not line.startswith("# Source:")]
    plain = "\n".join(lines).replace("\n\n---", "\n---") + "\n"
    file = GOLDEN / f"{case}.yaml"
    # Dashboards are files of the chart already.
    plain = "---".join(part for part in plain.split("---\n") if "-dashboard-" not in part)
    if WRITE:
        file.write_text(plain)
    assert plain == file.read_text(), f"{file.relative_to(ROOT)} differs: look at it, then `cargo xtask chart --write`"


@pytest.mark.parametrize("file", generate.DERIVED)
def test_what_is_derived_is_fresh(file):
    assert (CHART / file).read_text() == generate.DERIVED[file](), f"{file}: run `cargo xtask chart --write`"


def test_the_schema_is_a_schema_and_stands_alone():
    done = run(Path(tool("python")) / "check-jsonschema", "--check-metaschema", CHART / "values.schema.json")
    assert done.returncode == 0, done.stdout
    schema = json.loads((CHART / "values.schema.json").read_text())

    def walk(at, path):
        if isinstance(at, dict):
            assert not str(at.get("$ref", "#")).startswith("http"), path
            if "properties" in at and path != ("properties",):
                assert at.get("additionalProperties") is False, f"{path} lets unknown values in"
            for name, inner in at.items():
                walk(inner, (*path, name))

    walk(schema, ())


def test_every_service_of_the_suite_is_in_the_chart():
    programs = {path.parent.parent.name for path in (ROOT / "services").glob("*/src/main.rs")} - {"suite"}
    assert programs == set(generate.SERVICES), "add it to helm/mentor/values.yaml, and to deploy/citus/distribute.sql"


def test_the_version_is_the_suites():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert f'version = "{chart["appVersion"]}"' in (ROOT / "Cargo.toml").read_text()
