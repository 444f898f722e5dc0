"""The bucket and the object that a request to S3 is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask

_HOST = re.compile(r"(.+)\.s3[.-].*")


def where(ask: Ask) -> tuple[str, str]:
    """The names of the bucket and of the object, empty where there is none."""
    host = _HOST.fullmatch(ask.environ.get("HTTP_HOST", ""))
    path = unquote(ask.environ.get("PATH_INFO", "")).removeprefix("/")
    if host:
        return host[1], path
    bucket, _, key = path.partition("/")
    return bucket, key


def _buckets(ask: Ask) -> Iterator[str]:
    bucket, _ = where(ask)
    if bucket:
        yield ask.arn(bucket, region="", account="")


def _objects(ask: Ask) -> Iterator[str]:
    bucket, key = where(ask)
    if bucket:
        yield ask.arn(f"{bucket}/{key or '*'}", region="", account="")


def _none(_ask: Ask) -> Iterator[str]:
    """Access points, which the sandbox does not have."""
    yield from ()


NAMERS = {"bucket": _buckets, "object": _objects, "accesspoint": _none, "accesspointobject": _none}
