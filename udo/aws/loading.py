"""Loads botocore's models of services: whole ones, or ones that are cut down to what is asked and kept in the cache."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import botocore
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader

from udo import cache_file
from udo.aws.cut import PLAIN, cut

# Turns the cache off.
_SWITCH = "UDO_CACHE"
# What a client is made from, and how listings go on.
_PARTS = ("service-2", "endpoint-rule-set-1", "paginators-1")
# The services whose endpoints are kept; every run that changes anything asks sts too.
_REACHED = (*PLAIN, "sts")

Operations = Mapping[str, Mapping[str, tuple[str, ...]]]


class FullLoader(Loader):
    """botocore's loader of service models, which does not look into the folders of all services to name them.

    That is some five thousand files, and a tenth of what `udo status` costs.
    """

    def list_available_services(self, type_name: str) -> list[str]:
        return [name for path in self.search_paths if os.path.isdir(path) for name in os.listdir(path)]  # noqa: PTH112, PTH208


class CutLoader:
    """A loader that gives models cut down to some operations, and whole ones where there is any doubt about those.

    `prefix` tells what is kept of a service for these operations from what is kept of it for others.
    """

    def __init__(self, full: FullLoader, operations: Operations = PLAIN, prefix: str = "") -> None:
        self._full = full
        self._operations = operations
        self._prefix = prefix
        self._cut: dict[str, dict[str, Any] | None] = {}

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """botocore's model of that name."""
        if api_version is None and type_name in _PARTS and service_name in self._operations:
            asked = self._operations[service_name]
            kind = self._prefix + service_name
            parts = self._known(kind, service_name, asked, lambda: _models(self._full, service_name, asked))
            if parts is not None:
                return parts[type_name]
        return self._full.load_service_model(service_name, type_name, api_version)

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """A file of botocore's and where it stands; of the endpoints, a megabyte, those of few services at first."""
        if name == "endpoints":
            kept = self._known(name, "endpoints.json", _REACHED, lambda: _endpoints(self._full))
            if kept is not None:
                return self._lazily(kept), str(Path(self._full.BUILTIN_DATA_PATH, name))
        found: tuple[Any, str] = self._full.load_data_with_path(name)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._full, name)

    def _known(
        self, kind: str, place: str, wanted: object, make: Callable[[], dict[str, Any]]
    ) -> dict[str, Any] | None:
        """What is kept of this kind, or made and kept now; None where that cannot be."""
        if kind not in self._cut:
            is_off = os.environ.get(_SWITCH) == "off"
            self._cut[kind] = None if is_off else _kept_or_made(self._full, kind, place, wanted, make)
        return self._cut[kind]

    def _lazily(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        def others(number: int) -> Mapping[str, Any]:
            services: Mapping[str, Any] = self._full.load_data("endpoints")["partitions"][number]["services"]
            return services

        partitions = [
            {**partition, "services": _Services(partition["services"], partial(others, number))}
            for number, partition in enumerate(kept["partitions"])
        ]
        return {**kept, "partitions": partitions}


class _Services(Mapping[str, Any]):
    """The services of a partition: few are here, and for the others the whole file is read."""

    def __init__(self, few: Mapping[str, Any], others: Callable[[], Mapping[str, Any]]) -> None:
        self._few = few
        self._others = others

    def __getitem__(self, name: str) -> Any:
        return (self._few if name in _REACHED else self._others())[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._others())

    def __len__(self) -> int:
        return len(self._others())


def _kept_or_made(
    full: FullLoader, kind: str, place: str, wanted: object, make: Callable[[], dict[str, Any]]
) -> dict[str, Any] | None:
    try:
        key = _key(full, place, wanted)
        kept = cache_file.read(kind, key)
        if kept is None:
            kept = make()
            cache_file.write(kind, key, kept)
    except (OSError, RuntimeError, KeyError, DataNotFoundError):
        return None
    return kept


def _key(full: FullLoader, place: str, wanted: object) -> str:
    """All that what is kept depends on. Raises: KeyError where the operator has models of his own there; OSError."""
    own = Path(full.BUILTIN_DATA_PATH)
    if any(Path(path, place).exists() for path in full.search_paths if Path(path) != own):
        raise KeyError(place)
    source = own / place
    if source.is_dir():
        source /= full.determine_latest_version(place, _PARTS[0])
    files: Iterable[Path] = sorted(source.iterdir()) if source.is_dir() else [source]
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return json.dumps([botocore.__version__, str(source), stats, wanted])


def _models(full: FullLoader, service: str, asked: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    model, rules, listings = (full.load_service_model(service, part) for part in _PARTS)
    paginators = {name: how for name, how in listings["pagination"].items() if name in asked}
    return dict(zip(_PARTS, (cut(model, asked), rules, {"pagination": paginators}), strict=True))


def _endpoints(full: FullLoader) -> dict[str, Any]:
    whole = full.load_data("endpoints")
    partitions = [
        {**one, "services": {name: how for name, how in one["services"].items() if name in _REACHED}}
        for one in whole["partitions"]
    ]
    return {**whole, "partitions": partitions}
