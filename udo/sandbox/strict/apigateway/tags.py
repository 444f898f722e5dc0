"""The tags of APIs, stages, keys and usage plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.apigateway.state import Backend, Document, missing
from udo.sandbox.strict.rules import Request


def get_tags(request: Request) -> Mapping[str, Any]:
    """The tags of a thing."""
    return {"tags": _tagged(request).get("tags", {})}


def tag_resource(request: Request) -> Mapping[str, Any]:
    """Gives a thing tags."""
    _tagged(request).setdefault("tags", {}).update(request.params["tags"])
    return {}


def untag_resource(request: Request) -> Mapping[str, Any]:
    """Takes tags from a thing."""
    for key in request.params["tagKeys"]:
        _tagged(request).get("tags", {}).pop(key, None)
    return {}


def _tagged(request: Request) -> Document:
    backend: Backend = request.backend("apigateway")
    match request.params["resourceArn"].rpartition("::/")[2].split("/"):
        case ["restapis", api]:
            return backend.api(api).document
        case ["restapis", api, "stages", stage]:
            return backend.stage(backend.api(api), stage)
        case ["apikeys", key]:
            return backend.key(key)
        case ["usageplans", plan]:
            return backend.plan(plan)
    found: Document = missing("Invalid ARN specified in the request")
    return found
