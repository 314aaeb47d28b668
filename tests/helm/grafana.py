"""Grafana's own types, from its makers' Foundation SDK: what they don't know of a dashboard, or know otherwise."""

import enum
import json
import types
import typing

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

plugins.register_default_plugins()


def faults(board):
    """Empty for a dashboard whose every field is one of Grafana's, of its type."""
    read = Dashboard.from_json(board)
    again = json.loads(JSONEncoder(sort_keys=True).encode(read))
    unknown = [f"{panel.title}: there is no panel {panel.type_val!r}" for panel in read.panels or [] if isinstance(panel.options, dict)]
    return [*lost(board, again, "dashboard"), *mistyped(read, Dashboard, "dashboard"), *unknown]


def lost(before, after, path):
    """What did not come back as it was: the reader passes over names that it doesn't know."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            yield from lost(value, after.get(name), f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{at}]")
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"


def mistyped(value, hint, path):
    """What is not of its type: the reader takes values as they are."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if value is None:
        return
    if hint in (typing.Any, object):
        # What a plugin has read is of a class of its own.
        yield from fields(value, path)
    elif origin in (typing.Union, types.UnionType):
        # Of several, the one that fits best.
        yield from min((list(mistyped(value, one, path)) for one in arguments if one is not type(None)), key=len)
    elif origin is typing.Literal:
        if value not in arguments:
            yield f"{path}: {value!r} is none of {arguments}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
        for at, one in enumerate(value if isinstance(value, list) else []):
            yield from mistyped(one, arguments[0], f"{path}[{at}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
        for name, one in value.items() if isinstance(value, dict) else []:
            yield from mistyped(one, arguments[1], f"{path}.{name}")
    elif issubclass(hint, enum.Enum):
        if value not in {one.value for one in hint}:
            yield f"{path}: {value!r} is none of {[one.value for one in hint]}"
    elif not isinstance(value, (int, float) if hint is float else hint) or isinstance(value, bool) != (hint is bool):
        yield f"{path}: {value!r} is no {hint.__name__}"
    else:
        yield from fields(value, path)


def fields(value, path):
    if type(value).__module__.startswith("grafana_foundation_sdk"):
        for name, hint in typing.get_type_hints(type(value)).items():
            yield from mistyped(getattr(value, name, None), hint, f"{path}.{name}")
