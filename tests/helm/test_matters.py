"""What matters in the rendered objects: selectors, probes, drain, scaling, policies, secrets."""

import tomllib
from itertools import chain

import pytest
import yaml
from conftest import CASES, CHART, SERVICES, helm, objects, of_kind, pods, template, text

ENABLED = {case: [s for s in SERVICES if not (case == "keda" and s == "evaluation")] for case in CASES}


def prefix(case):
    return "mentoring" if case == "restricted" else "mentor"


def settings(case, service):
    return tomllib.loads(of_kind(case, "ConfigMap")[f"{prefix(case)}-{service}"]["data"]["mentor.toml"])


def containers(case):
    for name, pod in pods(case).items():
        for container in pod["spec"]["containers"]:
            yield name, pod, container


def selects(selector, labels):
    return selector["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("case", CASES)
def test_each_service_is_whole(case):
    for service in ENABLED[case]:
        name = f"{prefix(case)}-{service}"
        for kind in ["Deployment", "Service", "ServiceAccount", "ConfigMap", "NetworkPolicy"]:
            assert (kind, name) in objects(case), f"{kind} {name}"
    assert len(of_kind(case, "Deployment")) == len(ENABLED[case])


@pytest.mark.parametrize("case", CASES)
def test_selectors_find_their_own_pods_only(case):
    every = pods(case)
    for name, deployment in of_kind(case, "Deployment").items():
        found = [other for other, pod in every.items() if selects(deployment["spec"]["selector"], pod["metadata"]["labels"])]
        assert found == [name]
        service = of_kind(case, "Service")[name]["spec"]["selector"]
        assert service == deployment["spec"]["selector"]["matchLabels"]
        for constraint in every[name]["spec"]["topologySpreadConstraints"]:
            assert constraint["labelSelector"]["matchLabels"] == service
    for name, budget in of_kind(case, "PodDisruptionBudget").items():
        assert [n for n, pod in every.items() if selects(budget["spec"]["selector"], pod["metadata"]["labels"])] == [name]


def test_selectors_do_not_move_with_the_version():
    """A Deployment's selector can't be changed by an upgrade."""
    done = template("--set", "image.tag=9.9.9,commonLabels.team=people")
    for item in filter(None, yaml.safe_load_all(done.stdout)):
        if item["kind"] == "Deployment":
            name = item["metadata"]["name"]
            assert item["spec"]["selector"] == of_kind("minimal", "Deployment")[name]["spec"]["selector"]
            assert item["spec"]["template"]["metadata"]["labels"]["team"] == "people"


@pytest.mark.parametrize("case", CASES)
def test_probes_ask_the_health_service(case):
    tls = case in ("production", "external")
    for name in of_kind(case, "Deployment"):
        container = pods(case)[name]["spec"]["containers"][0]
        live, ready = container["livenessProbe"], container["readinessProbe"]
        if tls:
            # kubelet's gRPC probes can't do TLS.
            assert live["httpGet"] == {"path": "/livez", "port": "metrics"}
            assert ready["httpGet"] == {"path": "/readyz", "port": "metrics"}
            assert settings(case, name.split("-")[-1])["server"]["tls_certificate_file"]
        else:
            # Liveness must not depend on anything outside: a pod that waits for its database is not restarted.
            assert live["grpc"] == {"port": 50051, "service": "live"}
            assert ready["grpc"] == {"port": 50051, "service": ""}
        assert {key: container["startupProbe"].get(key) for key in ("grpc", "httpGet")} == {
            key: live.get(key) for key in ("grpc", "httpGet")
        }


@pytest.mark.parametrize("case", CASES)
def test_a_private_authority_is_trusted_by_everything_that_connects(case):
    for name, pod, container in containers(case):
        env = {item["name"]: item.get("value") for item in container.get("env", [])}
        mounts = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])}
        if case != "restricted" or "MENTOR__DATABASE__URL" not in env and "MENTOR_CONFIG" not in env:
            assert "SSL_CERT_FILE" not in env and "authorities" not in mounts, name
            continue
        assert env["SSL_CERT_FILE"] == mounts["authorities"] + "/ca-bundle.crt"
        volume = next(volume for volume in pod["spec"]["volumes"] if volume["name"] == "authorities")
        assert volume["configMap"] == {"name": "company-authorities", "items": [{"key": "bundle.pem", "path": "ca-bundle.crt"}]}


@pytest.mark.parametrize("case", CASES)
def test_a_rollout_fails_nobody(case):
    for name, deployment in of_kind(case, "Deployment").items():
        spec = deployment["spec"]
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        pod = spec["template"]["spec"]
        wait = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        shutdown = settings(case, name.split("-")[-1])["shutdown"]
        seconds = {key: int(value.removesuffix("s")) for key, value in shutdown.items()}
        assert wait > 0 and seconds["readiness_delay"] > 0
        assert seconds["readiness_delay"] + seconds["drain"] <= seconds["deadline"]
        assert pod["terminationGracePeriodSeconds"] >= wait + seconds["deadline"]


@pytest.mark.parametrize("case", CASES)
def test_one_thing_sets_the_number_of_pods(case):
    scaled = {}
    for kind in ["HorizontalPodAutoscaler", "ScaledObject"]:
        for item in of_kind(case, kind).values():
            target = item["spec"]["scaleTargetRef"]["name"]
            assert target not in scaled, f"{target} is scaled twice"
            scaled[target] = item["spec"]
    for name, deployment in of_kind(case, "Deployment").items():
        assert ("replicas" in deployment["spec"]) == (name not in scaled), name
        least = deployment["spec"].get("replicas")
        if least is None:
            least = scaled[name].get("minReplicas", scaled[name].get("minReplicaCount"))
        assert (name in of_kind(case, "PodDisruptionBudget")) == (least > 1), f"{name} has {least} pods at least"


def test_matching_scales_by_its_queue():
    spec = of_kind("keda", "ScaledObject")["mentor-matching"]["spec"]
    assert [trigger["metadata"]["queueName"] for trigger in spec["triggers"]] == ["suite1.matching.run"]
    assert settings("keda", "matching")["messaging"]["prefix"] == "suite1."
    authentication = of_kind("keda", "TriggerAuthentication")["mentor-matching"]["spec"]
    assert authentication["secretTargetRef"] == [
        {"parameter": "host", "name": "mentor-rabbitmq", "key": "connection_string"}
    ]


@pytest.mark.parametrize("case", CASES)
def test_pods_are_restricted(case):
    """The `restricted` pod security standard, and no token of the cluster."""
    for name, pod, container in containers(case):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 10000, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert spec["automountServiceAccountToken"] is False, name
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}, name
        assert all("hostPath" not in volume for volume in spec.get("volumes") or []), name
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name
        account = of_kind(case, "ServiceAccount")[spec["serviceAccountName"]]
        assert account["automountServiceAccountToken"] is False, name
    assert not [kind for kind, _ in objects(case) if kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")]


@pytest.mark.parametrize("case", CASES)
def test_nothing_passes_but_named_peers(case):
    policies = of_kind(case, "NetworkPolicy")
    deny = policies[f"{prefix(case)}-default-deny"]["spec"]
    assert set(deny["policyTypes"]) == {"Ingress", "Egress"} and not deny.keys() & {"ingress", "egress"}
    for name, pod in pods(case).items():
        labels = pod["metadata"]["labels"]
        assert selects(deny["podSelector"], labels), f"{name} is out of the default's reach"
        own = [p["spec"] for p in policies.values() if p["spec"] != deny and selects(p["spec"]["podSelector"], labels)]
        assert len(own) == 1, name
        for rule in chain(own[0].get("ingress", []), own[0].get("egress", [])):
            assert rule["ports"], f"{name} lets every port through"
        for rule in own[0].get("ingress", []):
            assert rule["from"], f"{name} lets everybody in"


def test_restricted_names_every_peer():
    for name, policy in of_kind("restricted", "NetworkPolicy").items():
        for rule in policy["spec"].get("egress", []):
            assert rule["to"], f"{name} may talk to any address at {rule['ports']}"
    ingress = of_kind("restricted", "NetworkPolicy")["mentoring-matching"]["spec"]["ingress"]
    grpc = next(rule for rule in ingress if rule["ports"] == [{"port": "grpc"}])
    assert {"podSelector": {}} not in grpc["from"]


@pytest.mark.parametrize("case", CASES)
def test_the_chart_holds_no_secret(case):
    assert not of_kind(case, "Secret")
    for service in ENABLED[case]:
        for table in settings(case, service).values():
            for key, value in table.items():
                assert "password" not in key or key.endswith("_file"), key
                assert not (isinstance(value, str) and "://" in value and ":" in value.split("://")[1].split("@")[0] and "@" in value)


@pytest.mark.parametrize("case", CASES)
def test_a_pod_sees_its_own_credentials_only(case):
    for service in ENABLED[case]:
        pod = pods(case)[f"{prefix(case)}-{service}"]["spec"]
        sources = next(v for v in pod["volumes"] if v["name"] == "secrets")["projected"]["sources"]
        keys = [item["key"] for source in sources for item in source["secret"]["items"]]
        assert f"{service}-password" in keys
        assert not [key for key in keys for other in SERVICES if other != service and key.startswith(other)], service
        assert "owner-password" not in keys
        env = pod["containers"][0]["env"]
        assert not [item for item in env if "valueFrom" in item]


@pytest.mark.parametrize("case", CASES)
def test_every_file_that_the_settings_name_is_mounted(case):
    for service in ENABLED[case]:
        pod = pods(case)[f"{prefix(case)}-{service}"]["spec"]
        mounts = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
        there = set()
        for volume in pod["volumes"]:
            items = [i for s in volume.get("projected", {}).get("sources", []) for i in s["secret"]["items"]]
            items += volume.get("secret", {}).get("items", [])
            there |= {f"{mounts[volume['name']]}/{item['path']}" for item in items}
            if "secret" in volume and "items" not in volume["secret"]:
                there |= {f"{mounts[volume['name']]}/{name}" for name in ("tls.crt", "tls.key", "ca.crt")}
        for section, table in settings(case, service).items():
            for key, value in table.items():
                if key.endswith("_file"):
                    assert value in there, f"{section}.{key} of {service}"
                if section == "database" and "sslrootcert=" in str(value):
                    assert value.split("sslrootcert=")[1] in there


@pytest.mark.parametrize("case", CASES)
def test_dropped_files_come_to_the_gateway_alone(case):
    for service in ENABLED[case]:
        pod = pods(case)[f"{prefix(case)}-{service}"]["spec"]
        claims = {v["name"]: v["persistentVolumeClaim"] for v in pod["volumes"] if "persistentVolumeClaim" in v}
        own = settings(case, service).get("services", {}).get(service, {})
        if (case, service) != ("production", "gateway"):
            assert not claims and "drop_dir" not in own.get("sync", {}), service
            continue
        assert claims == {"drop": {"claimName": "mentor-drop"}}
        mount = next(mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "drop")
        # Files that were taken are moved, so that it must be writable.
        assert mount == {"name": "drop", "mountPath": own["sync"]["drop_dir"], "subPath": "people"}
        assert pod["securityContext"]["fsGroup"] == 65532
        assert own["sync"]["secrets"]["workday"]["tenant"], "beside the secrets"


def test_external_secrets_bring_every_credential():
    made = {(name, d["secretKey"]) for name, item in of_kind("external", "ExternalSecret").items() for d in item["spec"]["data"]}
    wanted = set()
    for pod in pods("external").values():
        for volume in pod["spec"].get("volumes") or []:
            for source in volume.get("projected", {}).get("sources", []):
                wanted |= {(source["secret"]["name"], item["key"]) for item in source["secret"]["items"]}
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", []):
                if "valueFrom" in variable:
                    reference = variable["valueFrom"]["secretKeyRef"]
                    wanted.add((reference["name"], reference["key"]))
    assert made == wanted


def test_migrations_as_a_hook_need_nothing_of_the_release():
    """On a fresh install nothing else of the chart is there yet."""
    job = of_kind("minimal", "Job")["mentor-migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = job["spec"]["template"]["spec"]
    assert not [volume for volume in pod["volumes"] if "configMap" in volume]
    for kind, name in [("ServiceAccount", pod["serviceAccountName"]), ("NetworkPolicy", "mentor-migrate")]:
        before = objects("minimal")[kind, name]["metadata"]["annotations"]
        assert before["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert int(before["helm.sh/hook-weight"]) < int(job["metadata"]["annotations"]["helm.sh/hook-weight"])


def plain_job(*arguments):
    done = template(*arguments, case="external")
    assert done.returncode == 0, done.stderr
    jobs = [item for item in yaml.safe_load_all(done.stdout) if item and item["kind"] == "Job"]
    return next(job for job in jobs if "helm.sh/hook" not in job["metadata"].get("annotations", {}))


def test_plain_migrations_are_a_new_job_for_each_revision_image_and_setting():
    names = {plain_job(*arguments)["metadata"]["name"] for arguments in [
        [], ["--is-upgrade"], ["--set", "image.tag=0.2.0"], ["--set", "messaging.prefix=green-"]]}
    first = plain_job()["metadata"]["name"]
    assert first.startswith("mentor-migrate-1-0-1-0-")
    assert len(names) == 3 and all(len(name) <= 63 for name in names), names
    assert "ttlSecondsAfterFinished" not in plain_job()["spec"]
    long = plain_job("--set", "image.tag=2026.11.22_build+with.a.very.long.name-0123456789")["metadata"]["name"]
    assert len(long) <= 63 and long == long.lower() and "_" not in long and "+" not in long


@pytest.mark.parametrize("case", CASES)
def test_migrations_know_the_services_that_run(case):
    job = next(item for name, item in of_kind(case, "Job").items() if "migrate" in name)
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["migrate", *ENABLED[case]]
    env = {item["name"] for item in container["env"]}
    assert {f"MENTOR__DATABASE__PASSWORDS__{service.upper()}" for service in ENABLED[case]} <= env


@pytest.mark.parametrize("case", CASES)
def test_the_check_asks_every_service(case):
    job = of_kind(case, "Job")[f"{prefix(case)}-test"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "test"
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert [a.split("=")[0] for a in arguments if "://" in a] == ENABLED[case]


def test_routes_reach_every_grpc_service():
    known = yaml.safe_load((CHART / "grpc-services.yaml").read_text())
    for service in SERVICES:
        rules = of_kind("production", "GRPCRoute")[f"mentor-{service}"]["spec"]["rules"]
        assert [m["method"]["service"] for m in rules[0]["matches"]] == known[service]
        assert rules[0]["backendRefs"] == [{"name": f"mentor-{service}", "port": 50051}]
    paths = of_kind("external", "Ingress")["mentor"]["spec"]["rules"][0]["http"]["paths"]
    assert [p["path"] for p in paths] == [f"/{name}" for service in SERVICES for name in known[service]]
    values = of_kind("keda", "HTTPRoute")["mentor-matching"]["spec"]["rules"][0]["matches"]
    assert [m["path"]["value"] for m in values] == [f"/{name}" for name in known["matching"]]


def test_scim_and_the_api_are_reached_by_http_at_the_gateway_alone():
    for case in CASES:
        for service in ENABLED[case]:
            name = f"{prefix(case)}-{service}"
            speaks = service == "gateway"
            container = pods(case)[name]["spec"]["containers"][0]
            assert ({"name": "http", "containerPort": 8080} in container["ports"]) == speaks, name
            assert ("MENTOR__HTTP__LISTEN" in {item["name"] for item in container["env"]}) == speaks, name
            ports = {port["name"]: port["port"] for port in of_kind(case, "Service")[name]["spec"]["ports"]}
            assert ports.get("http") == (8080 if speaks else None), name
            ingress = of_kind(case, "NetworkPolicy")[name]["spec"]["ingress"]
            open_to = {rule["ports"][0]["port"]: rule["from"] for rule in ingress}
            assert ("http" in open_to) == speaks, name
            if speaks:
                # Whoever may call the services, but the chart's own test and the gateway.
                assert open_to["http"] == open_to["grpc"][2:]
    signing_in = ["/auth", "/oauth", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"]
    for case, more in (("production", signing_in), ("keda", [])):
        rules = of_kind(case, "HTTPRoute")["mentor-gateway-http"]["spec"]["rules"]
        assert rules == [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": path}} for path in ["/api", "/scim", *more]],
                "backendRefs": [{"name": "mentor-gateway", "port": 8080}],
            }
        ]
    ingress = of_kind("external", "Ingress")["mentor-gateway-http"]
    # Plain HTTP behind the controller, whatever the others speak.
    assert "annotations" not in ingress["metadata"]
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    assert [path["path"] for path in paths] == ["/api", "/scim"]
    assert all(path["backend"]["service"] == {"name": "mentor-gateway", "port": {"name": "http"}} for path in paths)


@pytest.mark.parametrize("case", CASES)
def test_the_gateway_finds_the_services_and_may_call_them(case):
    gateway = f"{prefix(case)}-gateway"
    api = settings(case, "gateway")["services"]["gateway"]["api"]
    tls = settings(case, "gateway")["server"] if "server" in settings(case, "gateway") else {}
    scheme = "https" if tls.get("tls_certificate_file") else "http"
    assert api["upstreams"] == {service: f"{scheme}://{prefix(case)}-{service}:50051" for service in ENABLED[case]}
    assert ("ca_file" in api) == (scheme == "https")
    assert ("certificate_file" in api) == ("key_file" in api) == ("tls_client_ca_file" in tls)
    policies = of_kind(case, "NetworkPolicy")
    if not policies:
        return
    labels = pods(case)[gateway]["metadata"]["labels"]
    calls = [rule["to"] for rule in policies[gateway]["spec"]["egress"] if {"port": "grpc"} in rule["ports"]]
    for service in ENABLED[case]:
        name = f"{prefix(case)}-{service}"
        [[peer]] = calls
        assert selects(peer["podSelector"], pods(case)[name]["metadata"]["labels"]), name
        [rule] = [rule for rule in policies[name]["spec"]["ingress"] if {"port": "grpc"} in rule["ports"]]
        assert any(selects(peer["podSelector"], labels) for peer in rule["from"] if "podSelector" in peer), name
        others = {"egress": [r for r in policies[name]["spec"]["egress"] if {"port": "grpc"} in r["ports"]]}
        assert service == "gateway" or not others["egress"], name


def test_the_gateway_has_its_secrets_as_files_and_reaches_whom_they_are_for():
    own = settings("production", "gateway")["services"]["gateway"]
    assert own["keys_file"] == "/run/secrets/mentor/gateway-keys"
    assert own["webhooks"] == {"concurrency": 4}
    tenant = "01941f29-7c00-7000-8000-000000000001"
    assert own["sync"]["secrets"] == {"workday": {"tenant": tenant, "file": "/run/secrets/mentor/source-workday"}}
    volumes = pods("production")["mentor-gateway"]["spec"]["volumes"]
    sources = next(volume for volume in volumes if volume["name"] == "secrets")["projected"]["sources"]
    paths = {item["path"] for source in sources for item in source["secret"]["items"]}
    assert {"gateway-keys", "source-workday"} <= paths
    issuers = {issuer["issuer"] for issuer in settings("production", "matching")["identity"]["issuers"]}
    assert "https://mentor.example.com" in issuers, "every service trusts the tokens that the gateway signs"
    for case, ports in (("minimal", set()), ("restricted", {8443}), ("production", {22, 636, 8443})):
        policy = of_kind(case, "NetworkPolicy")[f"{prefix(case)}-gateway"]["spec"]["egress"]
        allowed = {port["port"] for rule in policy for port in rule["ports"]}
        assert ports == allowed & {22, 636, 8443}, case
        other = of_kind(case, "NetworkPolicy")[f"{prefix(case)}-matching"]["spec"]["egress"]
        assert not {port["port"] for rule in other for port in rule["ports"]} & {22, 636}, case


def test_tls_is_mutual_where_it_should_be():
    server = settings("production", "matching")["server"]
    assert server["tls_client_ca_file"] == "/run/secrets/mentor-tls/ca.crt"
    certificate = of_kind("production", "Certificate")["mentor-matching"]["spec"]
    assert "mentor-matching.mentor.svc" in certificate["dnsNames"] and certificate["usages"] == ["server auth"]
    policy = of_kind("production", "BackendTLSPolicy")["mentor-matching"]["spec"]
    assert policy["validation"]["hostname"] in certificate["dnsNames"]
    assert of_kind("production", "Certificate")["mentor-test"]["spec"]["usages"] == ["client auth"]
    # The gateway shows it to the others.
    assert of_kind("production", "Certificate")["mentor-gateway"]["spec"]["usages"] == ["server auth", "client auth"]
    assert "tls_client_ca_file" not in settings("external", "matching")["server"]


@pytest.mark.parametrize("case", CASES)
def test_servers_listen_where_kubelet_can_reach_them(case):
    for name, deployment in of_kind(case, "Deployment").items():
        env = {item["name"]: item.get("value") for item in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
        host = "[::]" if case == "restricted" else "0.0.0.0"
        assert env["MENTOR__SERVER__LISTEN"] == f"{host}:50051" and env["MENTOR__TELEMETRY__LISTEN"] == f"{host}:9464", name


def test_big_numbers_stay_whole():
    assert settings("production", "enrollment")["services"]["enrollment"]["import_max_bytes"] == 134217728
    assert "e+" not in text("production").split("mentor.toml: |")[1].split("---")[0]


def test_a_service_restarts_for_its_own_settings_only():
    def stamp(*arguments):
        found = template(*arguments).stdout
        items = [item for item in yaml.safe_load_all(found) if item and item["kind"] == "Deployment"]
        return {i["metadata"]["name"]: i["spec"]["template"]["metadata"]["annotations"]["mentor/settings"] for i in items}

    before, after = stamp(), stamp("--set", "services.scheduling.settings.report_days=9")
    assert [name for name in before if before[name] != after[name]] == ["mentor-scheduling"]


def test_monitoring_finds_the_services_and_links_the_runbooks():
    monitor = of_kind("production", "ServiceMonitor")["mentor"]["spec"]
    labels = of_kind("production", "Service")["mentor-matching"]["metadata"]["labels"]
    assert selects(monitor["selector"], labels) and monitor["endpoints"][0]["honorLabels"] is True
    assert labels["app.kubernetes.io/component"] in monitor["selector"]["matchExpressions"][0]["values"]
    rules = of_kind("production", "PrometheusRule")["mentor"]["spec"]["groups"]
    alerts = [rule for group in rules for rule in group["rules"]]
    source = yaml.safe_load((CHART / "monitoring/alerts.yaml").read_text())["groups"]
    assert [a["alert"] for a in alerts] == [r["alert"] for g in source for r in g["rules"]]
    assert all(a["annotations"]["runbook_url"].endswith(f"/{a['alert']}.md") for a in alerts)
    dashboards = [name for name in of_kind("production", "ConfigMap") if "-dashboard-" in name]
    assert len(dashboards) == len(list((CHART / "monitoring/dashboards").glob("*.json")))


@pytest.mark.parametrize("case", CASES)
def test_the_notes_name_every_secret(case):
    values = f"ci/{case}-values.yaml"
    # helm 3 wants a cluster for this, even when it is dry.
    done = helm("4", "install", "mentor", ".", "--namespace", "mentor", "--dry-run=client", "--values", values)
    assert done.returncode == 0, done.stderr
    notes = done.stdout.split("NOTES:")[1]
    for pod in pods(case).values():
        for volume in pod["spec"].get("volumes") or []:
            for source in volume.get("projected", {}).get("sources", []):
                # A CA is no credential; the values that name it say so.
                for item in source["secret"]["items"]:
                    named = f"{source['secret']['name']}:" in notes and item["key"] in notes
                    assert named or item["path"].endswith(".crt"), item
