"""checkov on every workload; promtool, runbooks and dashboards for every alert and metric."""

import json
import re
from collections import defaultdict
from pathlib import Path

import dashboards
import grafana
import pytest
import yaml
from conftest import CHART, ROOT, run, tool

# The failures that are meant, with the reason.
MEANT = {
    "CKV_K8S_11": "no CPU limit for servers: a throttled server breaks its deadlines; requests share the node fairly",
    "CKV_K8S_43": "an image is pinned by version until the values pin it by digest, as production does",
    "CKV_K8S_35": "passwords of roles come to the migration by the environment: a setting per service has no file form",
}
ALERTS = [
    rule
    for group in yaml.safe_load((CHART / "monitoring/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]


def test_checkov_finds_at_most_two_meant_failures_a_workload(rendered):
    done = run(tool("checkov"), "--directory", rendered, "--framework", "kubernetes", "--skip-download", "--compact", "--output", "json")
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 1000 and not report["summary"]["parsing_errors"], report["summary"]
    failures = defaultdict(set)
    for check in report["results"]["failed_checks"]:
        failures[check["file_path"], check["resource"]].add(check["check_id"])
    assert failures, "not even the meant failures: was anything checked?"
    for workload, found in failures.items():
        assert found <= MEANT.keys(), f"{workload}: {found - MEANT.keys()}"
        assert len(found) <= 2, f"{workload}: {found}"
    digests = {resource for (file, resource), found in failures.items() if "production" in file and "CKV_K8S_43" in found}
    assert not digests, "production pins its images"


def test_alerts_are_rules():
    done = run(tool("promtool"), "check", "rules", CHART / "monitoring/alerts.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_and_stays_quiet():
    file = ROOT / "tests/helm/alerts_test.yaml"
    done = run(tool("promtool"), "test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    fires, quiet = set(), set()
    for test in yaml.safe_load(file.read_text())["tests"]:
        for expected in test["alert_rule_test"]:
            (fires if expected["exp_alerts"] else quiet).add(expected["alertname"])
    assert fires == quiet == {rule["alert"] for rule in ALERTS}


def test_each_alert_has_a_runbook_and_each_runbook_an_alert():
    pages = {path.stem: path.read_text() for path in (ROOT / "deploy/runbooks").glob("Mentor*.md")}
    assert pages.keys() == {rule["alert"] for rule in ALERTS}
    for name, page in pages.items():
        assert page.startswith(f"# {name}\n"), name
        for part in ["## What it means", "## Look", "## Do"]:
            assert part in page, f"{name} lacks {part}"


def metrics_in(expression):
    return set(re.findall(r"\b((?:mentor|process)_\w+)", expression))


def test_every_metric_that_is_asked_for_is_recorded():
    listed = ROOT / "libs/runtime/src/telemetry/metrics.rs"  # their descriptions
    sources = "".join(
        path.read_text() for folder in ("libs", "services") for path in (ROOT / folder).glob("*/src/**/*.rs") if path != listed
    )
    idle = [name for name in re.findall(r'^    \("(\w+)", "', listed.read_text(), re.M) if f'"{name}"' not in sources]
    assert not idle, f"described, and recorded by nobody: {idle}"
    recorded = set(re.findall(r'(?:counter|gauge|histogram)!\(\s*"(\w+)"', sources))
    unknown = sorted(name for name in recorded if f'("{name}", "' not in listed.read_text())
    assert len(recorded) > 30 and not unknown, f"recorded, and described nowhere: {unknown}"
    asked = set()
    for expression in [rule["expr"] for rule in ALERTS] + list(dashboards.queries()):
        asked |= {re.sub(r"_(bucket|sum|count)$", "", name) for name in metrics_in(expression)}
    missing = sorted(name for name in asked if f'"{name}"' not in sources)
    assert not missing, f"alerts or dashboards ask for what no service records: {missing}"


def test_every_query_of_the_dashboards_is_promql(tmp_path):
    rules = [{"record": f"q{number}", "expr": query} for number, query in enumerate(dashboards.queries())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = run(tool("promtool"), "check", "rules", file)
    assert done.returncode == 0 and len(rules) > 20, done.stdout + done.stderr


@pytest.mark.parametrize("name", dashboards.DASHBOARDS)
def test_a_dashboard_is_sound(name):
    board = json.loads((CHART / f"monitoring/dashboards/{name}.json").read_text())
    assert board["uid"] == f"mentor-{name}"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids) > 0
    for panel in board["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}" and panel["targets"]
    assert grafana.faults(board) == []


SPOILT = {
    "titel: 'x' became None": lambda board: board["panels"][0].update(titel="x"),
    "title: 3 is no str": lambda board: board["panels"][0].update(title=3),
    "display_mode: 'lst' is none of": lambda board: board["panels"][0]["options"]["legend"].update(displayMode="lst"),
    "exempler: True became None": lambda board: board["panels"][0]["targets"][0].update(exempler=True),
    "exemplar: 'yes' is no bool": lambda board: board["panels"][0]["targets"][0].update(exemplar="yes"),
    "max_val: 'much' is no float": lambda board: board["panels"][0]["fieldConfig"]["defaults"].update(max="much"),
    "type_val: 'datasrc' is none of": lambda board: board["templating"]["list"][0].update(type="datasrc"),
    "there is no panel 'timeserie'": lambda board: board["panels"][0].update(type="timeserie"),
    "panels: {} became []": lambda board: board.update(panels={}),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_grafanas_types_would_find_a_fault(fault):
    board = json.loads(dashboards.dashboard("calls"))
    SPOILT[fault](board)
    assert [found for found in grafana.faults(board) if fault in found]
