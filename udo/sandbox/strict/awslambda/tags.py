"""The tags of functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.rules import Request


def list_tags(request: Request) -> Mapping[str, Any]:
    """The tags of a function."""
    return {"Tags": request.backend("lambda").found(request.params["Resource"]).tags}


def tag_resource(request: Request) -> Mapping[str, Any]:
    """Gives a function tags."""
    request.backend("lambda").found(request.params["Resource"]).tags.update(request.params["Tags"])
    return {}


def untag_resource(request: Request) -> Mapping[str, Any]:
    """Takes tags from a function."""
    tags = request.backend("lambda").found(request.params["Resource"]).tags
    for key in request.params["TagKeys"]:
        tags.pop(key, None)
    return {}
