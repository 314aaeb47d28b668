"""deploy/compose: what the files of Prometheus, Grafana and the collector name is there."""

import re

import yaml
from conftest import CHART, ROOT

COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
FOLDER = ROOT / "deploy/compose"
# Grafana and the collector refuse, or pass over, what they don't know; none of them is in a package registry.
PROVIDER = {"name", "orgId", "folder", "folderUid", "type", "disableDeletion", "editable", "updateIntervalSeconds", "allowUiUpdates", "options"}
DATASOURCE = {"name", "uid", "type", "access", "orgId", "url", "isDefault", "editable", "jsonData", "secureJsonData", "version"}


def read(path):
    return yaml.safe_load((FOLDER / path).read_text())


def mounts(service):
    """inside -> outside."""
    pairs = [volume.split(":")[:2] for volume in COMPOSE[service]["volumes"]]
    return {inside: (ROOT / "deploy" / outside).resolve() for outside, inside in pairs}


def test_grafana_finds_its_dashboards_and_prometheus():
    assert mounts("grafana")["/etc/grafana/provisioning"] == FOLDER / "grafana"
    providers = read("grafana/dashboards/mentor.yaml")
    assert providers["apiVersion"] == 1 and len(providers["providers"]) == 1
    provider = providers["providers"][0]
    assert provider.keys() <= PROVIDER and provider["type"] == "file"
    assert mounts("grafana")[provider["options"]["path"]] == CHART / "monitoring/dashboards"
    sources = read("grafana/datasources/prometheus.yaml")
    assert sources["apiVersion"] == 1 and len(sources["datasources"]) == 1
    source = sources["datasources"][0]
    assert source.keys() <= DATASOURCE and source["type"] == "prometheus" and source["isDefault"] is True
    host = re.fullmatch(r"http://(\w+):9090", source["url"])[1]
    assert host in COMPOSE and any(port.endswith(":9090") for port in COMPOSE[host]["ports"])


def test_prometheus_reads_every_service_and_the_alerts():
    inside = mounts("prometheus")
    config = read("prometheus.yml")
    assert [inside[file] for file in config["rule_files"]] == [CHART / "monitoring/alerts.yaml"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    services = {name for name, service in COMPOSE.items() if "mentor-" in service["image"]}
    assert {target.removesuffix(":9464") for target in targets["mentor"]} == services and len(services) == 5


def test_the_collector_uses_what_it_declares():
    config = read("collector.yaml")
    pipelines = config["service"]["pipelines"]
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines.values() for name in pipeline[kind]}
        assert used == config[kind].keys() and used, kind
    assert config.keys() == {"receivers", "processors", "exporters", "service"}
    assert {name.split("/")[0] for name in pipelines} == {"traces"}
    # The limiter comes first, or it limits nothing.
    assert pipelines["traces"]["processors"][0] == "memory_limiter"
    port = config["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"].rsplit(":", 1)[1]
    endpoint = COMPOSE["enrollment"]["environment"]["MENTOR__TELEMETRY__OTLP_ENDPOINT"]
    assert endpoint == f"http://collector:{port}"
    metrics = config["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in read("prometheus.yml")["scrape_configs"]}
    assert jobs["collector"] == [f"collector:{metrics['port']}"]
