"""Worlds as configurations describe them, built once a process and put back where they are wanted again."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from itertools import dropwhile
from types import FunctionType
from typing import Any

from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend
from moto.ssm.models import ParameterDict

from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.limits import quotas

_functions: dict[str, FunctionType] = {}
# What a backend holds, by its service, account and region.
States = dict[tuple[str, str, str], dict[str, Any]]


@dataclass(frozen=True)
class _Kept:
    states: bytes
    moment: float
    account: str
    region: str
    roles: dict[str, tuple[str, str]]
    next: str


@dataclass
class Worlds:
    """Builds worlds; what was built before in an empty one is put back as it was then."""

    _kept: dict[str, _Kept | None] = field(default_factory=dict)

    def seed(self, world: Any, config: Any, text: str) -> None:
        """What `world.seed` does; `text` is what the configuration is made from."""
        self.build(world, text, lambda: world.seed(config))

    def build(self, world: Any, name: str, build: Callable[[], Any]) -> None:
        """Builds what has this name; it depends on the moment and on what the sandbox is set to."""
        # Instances that answer ssh have keys and addresses of their own.
        if BackendDict._instances or world.hosts is not None:
            build()
            return
        settings = (delays, quotas, world.clock.now(), world.account, world.region, world.public_key)
        key = repr((name, settings, world.block.network))
        if key not in self._kept:
            build()
            self._kept[key] = _keep(world)
        elif kept := self._kept[key]:
            _put_back(world, kept)
        else:
            build()


WORLDS = Worlds()


def once(build: Callable[[Any], None]) -> Callable[[Any], None]:
    """Builds a world, the first time."""

    @wraps(build)
    def built(world: Any) -> None:
        WORLDS.build(world, build.__name__, lambda: build(world))

    return built


def _keep(world: Any) -> _Kept | None:
    file = io.BytesIO()
    try:
        Pickler(file, pickle.HIGHEST_PROTOCOL).dump(_states())
    except (TypeError, AttributeError, pickle.PicklingError):
        return None
    free = world.block.next()
    _go_on(world.block, free)
    return _Kept(file.getvalue(), world.clock.now(), world.owner.account, world.region, dict(world.roles), free)


def _put_back(world: Any, kept: _Kept) -> None:
    world.owner.account, world.region = kept.account, kept.region
    world.roles.update(kept.roles)
    _go_on(world.block, kept.next)
    states: States = Unpickler(io.BytesIO(kept.states)).load()
    for place, state in states.items():
        backend = _backend(*place)
        backend.__dict__.clear()
        backend.__dict__.update(state)
    world.clock.step(kept.moment - world.clock.now())
    world.advance()


def _go_on(block: Any, address: str) -> None:
    block._free = dropwhile(lambda one: str(one) != address, block._addresses())


def _states() -> States:
    return {
        (service.service_name, account, region): backend.__dict__
        for service in BackendDict._instances
        for account, region, backend in service.iter_backends()
    }


def _backend(service: str, account: str, region: str) -> Any:
    """moto's object for a service in a region; where there is none yet, one that nothing was made in."""
    regions = get_backend(service)[account]
    # Asking whether it is in there answers for every region there may be.
    if dict.get(regions, region) is None:
        made = object.__new__(regions.backend)
        made.region_name, made.account_id = region, account
        dict.__setitem__(regions, region, made)
    return dict.__getitem__(regions, region)


class Pickler(pickle.Pickler):
    """Pickles what backends hold, each backend and each function within another only by its name."""

    def persistent_id(self, obj: Any) -> Any:
        """Names a backend, or a function."""
        if isinstance(obj, FunctionType) and "<locals>" in obj.__qualname__:
            _functions[obj.__qualname__] = obj
            return ("function", obj.__qualname__)
        if not isinstance(obj, BaseBackend):
            return None
        service = type(obj).__module__.split(".")[1]
        return service, obj.account_id, obj.region_name

    def reducer_override(self, obj: Any) -> Any:
        """Takes a dictionary with a constructor of its own apart."""
        if type(obj) is not ParameterDict:
            return NotImplemented
        return ParameterDict, (obj.account_id, obj.region_name), vars(obj), None, iter(obj.items())


class Unpickler(pickle.Unpickler):
    """Finds what was pickled by its name."""

    def persistent_load(self, pid: Any) -> Any:
        """The backend or function of that name."""
        match pid:
            case ("function", name):
                return _functions[name]
            case (service, account, region):
                return _backend(service, account, region)
