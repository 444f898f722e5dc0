"""An AWS that is put back as it was in a millisecond, and command lines run against it with clients made once."""

from __future__ import annotations

import io
import os
import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import actions
from moto.autoscaling.models import autoscaling_backends
from moto.backends import get_backend
from moto.core.base_backend import BaseBackend
from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends

from udo.sandbox import strict
from udo.sandbox.clock import Clock
from udo.sandbox.faults import Killed

REGION = "us-west-2"
OURS = "prod-webapp"
_RANDOM = re.compile(r"(udo:|lt-)(?:[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}|[0-9a-f]{17})")
# What differs from one run to the next and means nothing: times, random ids, and what moto keeps for itself.
_PASSING = frozenset({"created_time", "create_time", "arn", "udo_activity", "udo_ready_at", "udo_gone_at", "_id", "id"})

_LOOKED_INTO = frozenset({"InstanceState", "Birth", "Base64EncodedString"})


@dataclass(frozen=True)
class Run:
    """What a command line did; `exit` is None where it was killed, `asked` the operations it asked for, in order."""

    exit: int | None
    stdout: str
    stderr: str
    asked: tuple[str, ...]

    @property
    def writes(self) -> tuple[str, ...]:
        """The operations that would change AWS, locks included."""
        return tuple(one for one in self.asked if not one.partition(":")[2].startswith(("Describe", "Get", "List")))


@dataclass(frozen=True)
class Memory:
    """What one test may know of those before it: worlds as they were built, files as they were read, what was proven.

    `proven` are the states, as text, of which is known that the same command leads from them to its end.
    """

    worlds: dict[Any, bytes] = field(default_factory=dict)
    configs: dict[str, Any] = field(default_factory=dict)
    undisturbed: dict[Any, Any] = field(default_factory=dict)
    proven: set[Any] = field(default_factory=set)


class Arena:
    """The world of one test with `udo.yml` read once and AWS's clients made once."""

    def __init__(self, world: Any, time: Any, aws: Any, memory: Memory) -> None:
        self.world = world
        self.memory = memory
        self._time = time
        self._aws = aws
        self._quotas = [quota for client in aws._connection._clients.values() for quota in _quotas(client)]

    def keep(self, name: Any, build: Callable[[], None]) -> None:
        """Puts the world as `build` makes it, which is done once for each name."""
        if name not in self.memory.worlds:
            self.world.clock = Clock.by_hand()
            self.world.reset()
            build()
            self.memory.worlds[name] = _pickled(self._backends())
        self.put_back(name)

    def put_back(self, name: Any) -> None:
        """Makes the world again what it was when it was kept: no fault, no lock, nothing in the log."""
        self.world.faults.clear()
        self.world.log.clear()
        self.world.clock = Clock.by_hand()
        strict.reset()
        for backend, state in zip(
            self._backends(), _unpickled(self.memory.worlds[name], self._backends()), strict=True
        ):
            backend.__dict__.clear()
            backend.__dict__.update(state)
        self.parameters.clear()

    @property
    def parameters(self) -> Any:
        """What Parameter Store holds, by name."""
        return ssm_backends[self.world.account][REGION]._parameters

    def run(self, *words: str) -> Run:
        """Runs a command line as `udo` does, but for the file and the clients, which already exist."""
        from udo import signals
        from udo.cli import _exit_code
        from udo.options import Options
        from udo.session import Session

        before = len(self.world.log)
        self._rested()
        session = Session(Options(), clock=self._time, words=words)
        session.config = self._config()
        session._aws[None, REGION, None] = self._aws
        code: int | None = None
        with _captured() as (out, err):
            caught = signals.catch()
            try:
                code = _exit_code(list(words), session)
            except Killed:
                code = None
            finally:
                if caught:
                    signals.let_go()
        asked = tuple(one.name for one in list(self.world.log)[before:])
        actions.check(words, asked)
        return Run(code, out.getvalue(), err.getvalue(), asked)

    def _config(self) -> Any:
        from udo.config import load

        text = Path("udo.yml").read_text(encoding="utf-8")
        if text not in self.memory.configs:
            self.memory.configs[text] = load(Path("udo.yml"), os.environ)
        return self.memory.configs[text]

    def _rested(self) -> None:
        # A client gives up trying again after some hundred failures: each run is to find a fresh one.
        for quota in self._quotas:
            quota.release(quota.INITIAL_CAPACITY)

    def _backends(self) -> tuple[Any, ...]:
        account = self.world.account
        return autoscaling_backends[account][REGION], ec2_backends[account][REGION]


def state_of(world: Any) -> dict[str, dict[str, Any]]:
    """Everything launch changes could touch, read from moto's own objects: `kind -> name -> plain data`."""
    scaling, ec2 = autoscaling_backends[world.account][REGION], ec2_backends[world.account][REGION]
    parameters = ssm_backends[world.account][REGION]._parameters
    instances = (instance for one in ec2.reservations.values() for instance in one.instances)
    return {
        "groups": {name: _plain(one, top=True) for name, one in scaling.autoscaling_groups.items()},
        "configurations": {name: _plain(one, top=True) for name, one in scaling.launch_configurations.items()},
        "templates": {one.name: _template(one) for one in ec2.launch_templates.values()},
        "instances": {instance.id: instance.state for instance in instances},
        "parameters": {name: rows[-1].value for name, rows in parameters.items() if rows},
    }


def reference(group: Mapping[str, Any]) -> tuple[str, ...]:
    """What a group of `state_of` launches from: a configuration's name, or a template's name and version."""
    policy = group.get("mixed_instances_policy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    if policy:
        return group["ec2_launch_template"], str(policy.get("Version"))
    if "ec2_launch_template" in group:
        return group["ec2_launch_template"], str(group["launch_template_version"])
    return (group["launch_configuration_name"],)


def launched(state: Mapping[str, Any], name: str = OURS) -> Any:
    """The launch data that new instances of a group are made of; KeyError where the group points at nothing."""
    match reference(state["groups"][name]):
        case (template, version):
            rows = state["templates"][template]
            chosen = {"$Latest": rows["latest"], "$Default": rows["default"]}.get(version, version)
            return rows["versions"][str(chosen)]["data"]
        case (configuration,):
            return state["configurations"][configuration]["udo_asked"]


def _template(template: Any) -> dict[str, Any]:
    versions = {str(one.number): _plain(one, top=True) for one in template.versions if one is not None}
    return {
        "default": template.default_version_number,
        "latest": max(map(int, versions), default=0),
        "versions": versions,
    }


def _plain(value: Any, *, top: bool = False) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _RANDOM.sub(r"\1", value)
        case dict():
            return _plain_parts(value)
        case list() | tuple() | set():
            return [_plain(item) for item in value]
    if top or type(value).__name__ in _LOOKED_INTO:
        return _plain_parts(vars(value))
    if isinstance(value, BaseBackend):
        return type(value).__name__
    # Of everything else that is held on to, who it is.
    return getattr(value, "name", None) or getattr(value, "id", None) or type(value).__name__


def _plain_parts(parts: Mapping[str, Any]) -> dict[str, Any]:
    # What is empty may as well be left out: moto sets some of it only when it is first asked.
    plain = {str(key): _plain(value) for key, value in parts.items() if key not in _PASSING}
    return {key: value for key, value in plain.items() if value not in (None, "", {}, [])}


@contextmanager
def _captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        yield out, err


def _pickled(backends: tuple[Any, ...]) -> bytes:
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump([backend.__dict__ for backend in backends])
    return file.getvalue()


def _unpickled(kept: bytes, backends: tuple[Any, ...]) -> list[dict[str, Any]]:
    loaded = _Unpickler(io.BytesIO(kept))
    return loaded.load()


class _Pickler(pickle.Pickler):
    """Pickles what backends hold, each backend itself only by its name."""

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, BaseBackend):
            return None
        service = type(obj).__module__.split(".")[1]
        return service, obj.account_id, obj.region_name


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        service, account, region = pid
        return get_backend(service)[account][region]


def _quotas(client: Any) -> Iterator[Any]:
    events = client.meta.events
    name = f"needs-retry.{client.meta.service_model.service_id.hyphenize()}"
    for handler in events._emitter._handlers.prefix_search(name):
        checker = getattr(getattr(handler, "__self__", None), "_retry_quota", None)
        if checker is not None:
            yield checker._quota
