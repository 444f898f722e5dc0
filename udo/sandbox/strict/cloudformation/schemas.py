"""What AWS's registry says of a type of resource; it is read from the data that cfn-lint ships."""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Any region has the types that the sandbox knows; this one has nearly all there are.
_REGION = "us-east-1"
_PREFIX = "/properties/"


def is_known(kind: str) -> bool:
    """Whether AWS has such a type."""
    return kind in _files()


@functools.cache
def schema(kind: str) -> Mapping[str, Any]:
    """The schema of a type, as in AWS's registry."""
    text = (_folder() / "resources" / f"{_files()[kind]}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def properties(kind: str) -> Mapping[str, Any]:
    """The schemas of the properties of a type."""
    found: dict[str, Any] = schema(kind)["properties"]
    return found


def read_only(kind: str) -> frozenset[str]:
    """The properties that are AWS's to set, which Fn::GetAtt reads: names with a dot where they are nested."""
    return frozenset(_paths(kind, "readOnlyProperties"))


def recreation(kind: str, name: str) -> str:
    """Whether a change of a property makes a resource anew: Always, Conditionally or Never."""
    if name in _tops(kind, "createOnlyProperties"):
        return "Always"
    return "Conditionally" if name in _tops(kind, "conditionalCreateOnlyProperties") else "Never"


def has_system_tags(kind: str) -> bool:
    """Whether CloudFormation puts its own tags, aws:cloudformation:.., on a resource of the type."""
    return bool(schema(kind).get("tagging", {}).get("cloudFormationSystemTags"))


@functools.cache
def _tops(kind: str, key: str) -> frozenset[str]:
    return frozenset(path.partition(".")[0] for path in _paths(kind, key))


def _paths(kind: str, key: str) -> list[str]:
    return [one.removeprefix(_PREFIX).replace("/", ".") for one in schema(kind).get(key, ())]


@functools.cache
def _files() -> Mapping[str, str]:
    found: dict[str, str] = json.loads((_folder() / "providers" / f"{_REGION}.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def _folder() -> Path:
    # cfn-lint itself takes more than a second to import; its data takes a few milliseconds to read.
    found = importlib.util.find_spec("cfnlint")
    if found is None or not found.submodule_search_locations:
        raise NotImplementedError("stacks: pip install 'udo-aws[stacks]'")
    return Path(found.submodule_search_locations[0]) / "data" / "schemas"
