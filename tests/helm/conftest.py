"""What the tests share: both helms, the values of helm/mentor/ci, and what was rendered from them."""

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml
from generate import SERVICES  # noqa: F401, the tests take it from here

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/mentor"
CASES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
HELMS = ["3", "4"]


def tool(name):
    """The path of a tool, which `cargo xtask chart` gives in the environment."""
    variable = f"MENTOR_CHART_{name.upper()}"
    if variable not in os.environ:
        raise SystemExit(f"{variable} is not set: run `cargo xtask chart`")
    return os.environ[variable]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def helm(version, *arguments):
    return run(tool(f"helm{version}"), *arguments, cwd=CHART)


def template(*arguments, version="4", case="minimal"):
    """`helm template` of a case, with more arguments; the finished process."""
    values = f"ci/{case}-values.yaml"
    return helm(version, "template", "mentor", ".", "--namespace", "mentor", "--values", values, *arguments)


@cache
def text(case, version="4"):
    done = template(version=version, case=case)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def objects(case, version="4"):
    """(kind, name) -> object."""
    found = [item for item in yaml.safe_load_all(text(case, version)) if item]
    named = {(item["kind"], item["metadata"]["name"]): item for item in found}
    assert len(named) == len(found), "two objects of one kind have the same name"
    return named


def of_kind(case, kind):
    return {name: item for (found, name), item in objects(case).items() if found == kind}


def pods(case):
    """name -> the pod template of every workload."""
    return {
        name: item["spec"]["template"]
        for (kind, name), item in objects(case).items()
        if kind in ("Deployment", "Job")
    }


def refusal(*arguments, case="minimal"):
    """The message with which both helms refuse these values."""
    messages = []
    for version in HELMS:
        done = template(*arguments, version=version, case=case)
        assert done.returncode != 0, f"helm {version} accepts {arguments}"
        messages.append(done.stderr)
    return messages


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """A folder with a file for each case."""
    folder = tmp_path_factory.mktemp("rendered")
    for case in CASES:
        (folder / f"{case}.yaml").write_text(text(case))
    return folder
