"""What is derived: values.schema.json, the tables of README.md, grpc-services.yaml.

values.yaml is the source: a value's default gives its type, the comment above it its meaning. Settings come from the
suite's own config.defaults.toml, gRPC services from the protos.
"""

import json
import re
import tomllib
from pathlib import Path

import yaml

from dashboards import DASHBOARDS, dashboard

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/mentor"
SERVICES = sorted(yaml.safe_load((CHART / "values.yaml").read_text())["services"])
TABLES = ("<!-- values -->", "<!-- end of values -->")

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
OBJECTS = {"type": "array", "items": {"type": "object"}}
PORTS = {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": 65535}}
AMOUNTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: {"type": ["string", "number"]} for name in ["cpu", "memory", "ephemeral-storage"]},
}
DURATION = {"type": "string", "pattern": "^([0-9]+(h|m|s))+$"}

# By the end of a value's path: what its default does not tell.
RULES = {
    "commonLabels": TEXTS, "podLabels": TEXTS, "podAnnotations": TEXTS, "annotations": TEXTS, "httpAnnotations": TEXTS, "labels": TEXTS,
    "nodeSelector": TEXTS, "serviceAccountAnnotations": TEXTS,
    "tolerations": OBJECTS, "topologySpreadConstraints": OBJECTS, "parentRefs": OBJECTS, "from": OBJECTS, "to": OBJECTS,
    "ports": PORTS,
    "pullSecrets": {"type": "array", "items": {"type": "string", "minLength": 1}},
    "hostnames": {"type": "array", "items": {"type": "string", "minLength": 1}},
    "queues": {"type": "array", "items": {"type": "string", "pattern": "^[a-z_]+$"}},
    "affinity": {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "object"} for name in ["nodeAffinity", "podAffinity", "podAntiAffinity"]},
    },
    "extraEnv": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "value": {"type": "string"},
                "valueFrom": {"type": "object"},
            },
        },
    },
    "resources": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"requests": AMOUNTS, "limits": AMOUNTS},
    },
    "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    "repository": {"type": "string", "minLength": 1},
    "image.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "migrations.mode": {"enum": ["hook", "plain"]},
    "migrations.ttlSecondsAfterFinished": {"type": ["integer", "null"], "minimum": 0},
    "tls.mode": {"enum": ["none", "server", "mutual"]},
    "tls.existingSecrets": {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "string", "minLength": 1} for name in SERVICES},
    },
    "duration": DURATION, "renewBefore": DURATION, "interval": DURATION, "refreshInterval": DURATION,
    "issuerRef.kind": {"enum": ["Issuer", "ClusterIssuer"]},
    "secretStoreRef.kind": {"enum": ["SecretStore", "ClusterSecretStore"]},
    "gateway.kind": {"enum": ["GRPCRoute", "HTTPRoute"]},
    "replicas": {"type": "integer", "minimum": 1},
    "minReplicas": {"type": "integer", "minimum": 1},
    "maxReplicas": {"type": "integer", "minimum": 1},
    "queueLength": {"type": "integer", "minimum": 1},
    "targetCPUUtilizationPercentage": {"type": "integer", "minimum": 1, "maximum": 100},
    "sources.secrets": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "additionalProperties": {
            "type": "object",
            "required": ["tenant", "existingSecret", "key"],
            "additionalProperties": False,
            "properties": {name: {"type": "string", "minLength": 1} for name in ["tenant", "existingSecret", "key"]},
        },
    },
    # Kubernetes refuses a path that leads out of the volume.
    "subPath": {"type": "string", "pattern": r"^([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$"},
    "externalSecrets.secrets": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["key"],
                "additionalProperties": False,
                "properties": {name: {"type": "string"} for name in ["key", "property", "version"]},
            },
        },
    },
}

# What the chart sets itself.
OWNED = {
    "server": ["listen", "tls_certificate_file", "tls_key_file", "tls_client_ca_file"],
    "database": ["url", "direct_url", "password", "passwords"],
    "messaging": ["broker", "url", "password", "prefix"],
    "cache": ["kind", "url", "password", "prefix"],
    "http": ["listen"],
    "identity": ["dev"],
    "telemetry": ["listen", "otlp_endpoint"],
    "migrate": None, "shutdown": None, "services": None,
}
# The same in a service's own settings: files and secrets that values name.
AREAS_OWNED = {"": ["keys_file", "generate_keys"], "sync": ["secrets", "drop_dir"]}
ISSUERS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["issuer", "jwks_url"],
        "additionalProperties": False,
        "properties": {
            "issuer": {"type": "string", "minLength": 1},
            "jwks_url": {"type": "string", "pattern": "^https?://"},
            "tenant": {"type": "string"},
            "tenants": {"type": "array", "items": {"type": "string"}},
            "audience": {"type": "string"},
            "algorithms": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
    },
}


def comments():
    """path -> the comment above it in values.yaml."""
    found, stack, pending = {}, [], []
    for line in (CHART / "values.yaml").read_text().splitlines():
        text = line.strip()
        if text.startswith("#"):
            pending.append(text.lstrip("# "))
        elif match := re.match(r"( *)([\w-]+):", line):
            indent = len(match[1])
            stack = [item for item in stack if item[0] < indent] + [(indent, match[2])]
            if pending:
                found[tuple(name for _, name in stack)] = " ".join(pending)
            pending = []
        else:
            pending = []
    return found


def is_leaf(path, value, notes):
    inside = any(len(other) > len(path) and other[: len(path)] == path for other in notes)
    return not (isinstance(value, dict) and inside)


def rule(path, value):
    for end in range(len(path), 0, -1):
        name = ".".join(path[-end:])
        if name in RULES:
            return RULES[name]
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer", "minimum": 0}
        case str():
            return {"type": "string"}
    raise SystemExit(f"values.yaml: {'.'.join(path)} needs a rule in tests/helm/generate.py")


def schema_of(path, values, notes):
    properties = {}
    for name, value in values.items():
        here = (*path, name)
        if here == ("settings",):
            properties[name] = settings()
        elif len(here) == 3 and here[0] == "services" and name == "settings":
            properties[name] = own_settings(here[1])
        elif is_leaf(here, value, notes):
            if here not in notes:
                raise SystemExit(f"values.yaml: {'.'.join(here)} has no comment")
            properties[name] = {"description": notes[here], **rule(here, value)}
        else:
            properties[name] = schema_of(here, value, notes)
    return {"type": "object", "additionalProperties": False, "properties": properties}


def merged(base, own):
    """The properties of a service: those of `defaults`, and its own over them."""
    properties = dict(base["properties"])
    for name, schema in own["properties"].items():
        both = "properties" in schema and "properties" in properties.get(name, {})
        properties[name] = merged(properties[name], schema) if both else schema
    return {**base, "properties": properties}


def plain(value):
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array", "items": {"type": "string"}}
    return {"type": "object"}


def settings():
    sections = {}
    for section, table in tomllib.loads((ROOT / "libs/runtime/config.defaults.toml").read_text()).items():
        owned = OWNED.get(section, [])
        if owned is None or not isinstance(table, dict):
            continue
        owned = {*owned, *(f"{name}_file" for name in owned)}
        keys = {name: plain(value) for name, value in table.items() if name not in owned}
        if section == "identity":
            keys["issuers"] = ISSUERS
        if keys:
            sections[section] = {"type": "object", "additionalProperties": False, "properties": keys}
    return {"type": "object", "additionalProperties": False, "properties": sections}


def own_settings(service):
    """The fields of the service's `Settings`, and of those of its areas."""
    source = ROOT / f"services/{service}/src/config.rs"
    table = fields(source, "Settings", source.read_text() if source.exists() else "")
    for owned in AREAS_OWNED[""]:
        table["properties"].pop(owned, None)
    return table


def fields(source, struct, text):
    body = re.search(rf"pub(?:\(crate\))? struct {struct} \{{(.*?)\n\}}", text, re.S)
    types = {"bool": "boolean", "String": "string", "f64": "number", "f32": "number"}
    keys = {}
    for name, kind in re.findall(r"pub(?:\(crate\))? (\w+): ([^,\n]+),", body[1] if body else ""):
        if area := re.fullmatch(r"(?:crate::(\w+)::)?(\w*Settings)", kind):
            # `crate::webhooks::Settings`, or a name that is used as `crate::sync::settings::SyncSettings`.
            used = re.search(rf"use crate::(\w+)::settings::{area[2]};", text)
            file = source.parent / (area[1] or used[1]) / "settings.rs"
            keys[name] = fields(file, area[2], file.read_text())
            for owned in AREAS_OWNED.get(name, []):
                keys[name]["properties"].pop(owned)
        elif kind in types:
            keys[name] = {"type": types[kind]}
        else:
            keys[name] = {"type": "integer"} if re.fullmatch(r"[iu](8|16|32|64|size)", kind) else {}
    return {"type": "object", "additionalProperties": False, "properties": keys}


def schema():
    values, notes = yaml.safe_load((CHART / "values.yaml").read_text()), comments()
    whole = schema_of((), values, notes)
    base = whole["properties"]["defaults"]
    services = whole["properties"]["services"]["properties"]
    for name in services:
        services[name] = merged(base, services[name])
    for old, new in yaml.safe_load((CHART / "renamed.yaml").read_text()).items():
        table, *inner = whole, *old.split(".")
        for name in inner[:-1]:
            table = table["properties"][name]
        table["properties"][inner[-1]] = {"deprecated": True, "description": f"Now {new}."}
    whole["properties"]["global"] = {"type": "object", "description": "Given by a parent chart; not used."}
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "mentor", **whole}, indent=1) + "\n"


def tables():
    values, notes = yaml.safe_load((CHART / "values.yaml").read_text()), comments()
    rows = ["| value | default | meaning |", "|---|---|---|"]

    def walk(path, table):
        for name, value in table.items():
            here = (*path, name)
            if is_leaf(here, value, notes):
                default = json.dumps(value) if value not in ({}, [], "") else {"dict": "`{}`", "list": "`[]`"}.get(type(value).__name__, "empty")
                default = default if default.startswith("`") or default == "empty" else f"`{default}`"
                rows.append(f"| `{'.'.join(here)}` | {default} | {notes[here]} |".replace("||", "|"))
            else:
                if here in notes:
                    rows.append(f"| **`{'.'.join(here)}`** | | {notes[here]} |")
                walk(here, value)

    walk((), values)
    return "\n".join(rows)


def readme():
    text = (CHART / "README.md").read_text()
    head, rest = text.split(TABLES[0])
    return f"{head}{TABLES[0]}\n{tables()}\n{TABLES[1]}{rest.split(TABLES[1])[1]}"


def grpc_services():
    lines = ["# The gRPC services of each service, from the protos: what routes match. Derived; see tests/helm/generate.py."]
    for service in SERVICES:
        lines.append(f"{service}:")
        for proto in sorted((ROOT / f"proto/mentor/{service}/v1").glob("*.proto")):
            for name in re.findall(r"^service (\w+)", proto.read_text(), re.M):
                lines.append(f"  - mentor.{service}.v1.{name}")
    return "\n".join(lines) + "\n"


DERIVED = {
    "values.schema.json": schema,
    "README.md": readme,
    "grpc-services.yaml": grpc_services,
    **{f"monitoring/dashboards/{name}.json": lambda name=name: dashboard(name) for name in DASHBOARDS},
}

if __name__ == "__main__":
    for file, make in DERIVED.items():
        (CHART / file).write_text(make())
        print(f"wrote helm/mentor/{file}")
