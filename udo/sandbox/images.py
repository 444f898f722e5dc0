"""The machine images of the sandbox: those a configuration names, with an earlier one of the same kind for each."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from udo.launch.images import parameter_of

if TYPE_CHECKING:
    from udo.sandbox.world import World

_NEWEST = datetime.date(2026, 1, 5)
_EARLIER = datetime.date(2025, 11, 17)


def image_id(world: World, region: str, ami: Any, instance_type: str) -> str:
    """The id of the image a role's `ami` names, registered with it and an earlier one where it is not there yet."""
    if isinstance(ami, dict):
        return _by_name(world, region, ami, instance_type)
    if path := parameter_of(str(ami)):
        found = parameter(world, region, path, _invented(path))
        return _pair(world, region, found, _name(_NEWEST, instance_type), instance_type)
    return _pair(world, region, str(ami), _name(_NEWEST, instance_type), instance_type)


def earlier(image: str) -> str:
    """The id of the earlier image registered beside one."""
    return _invented(f"earlier than {image}")


def parameter(world: World, region: str, path: str, value: str) -> str:
    """The value at a path of Parameter Store, put there where there is none; AWS's own paths too."""
    from moto.ssm.models import Parameter, ssm_backends

    store = ssm_backends[world.account][region]
    found = store.get_parameter(path)
    if found is not None:
        return str(found.value)
    when = datetime.datetime.fromtimestamp(world.clock.now(), datetime.UTC)
    # PutParameter refuses /aws, which is where AWS's own parameters for images live.
    make = cast("Any", Parameter)
    store._parameters[path].append(make(world.account, path, value, "String", None, None, None, when, 1, "text"))
    return value


def snapshot(world: World, region: str, name: str) -> None:
    """A snapshot with this id, of 8 GiB, made where there is none."""
    from moto.ec2.models import ec2_backends

    if name in ec2_backends[world.account][region].snapshots:
        return
    ec2 = world.client("ec2", region)
    volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=8)["VolumeId"]
    with wanted_id("moto.ec2.models.elastic_block_store", "random_snapshot_id", name):
        ec2.create_snapshot(VolumeId=volume, Description="in the sandbox")
    ec2.delete_volume(VolumeId=volume)


def _by_name(world: World, region: str, ami: dict[str, Any], instance_type: str) -> str:
    name = re.sub(r"[*?]+", _NEWEST.strftime("%Y%m%d"), ami.get("name") or "image")
    return _pair(world, region, _invented(f"{ami.get('owner')} {name}"), name, instance_type, ami.get("owner"))


def _pair(world: World, region: str, image: str, name: str, instance_type: str, owner: str | None = None) -> str:
    before = name.replace(_NEWEST.strftime("%Y%m%d"), _EARLIER.strftime("%Y%m%d"))
    _register(world, region, earlier(image), before, _EARLIER, instance_type, owner)
    _register(world, region, image, name, _NEWEST, instance_type, owner)
    return image


def _register(
    world: World, region: str, image: str, name: str, day: datetime.date, instance_type: str, owner: str | None
) -> None:
    from moto.ec2.models import ec2_backends

    from udo.sandbox.strict.ec2.public_images import register

    register(
        ec2_backends[world.account][region],
        image,
        name=name,
        architecture=_architecture(instance_type),
        created=datetime.datetime.combine(day, datetime.time(9)),
        owner=None if owner == "amazon" else world.account if owner == "self" else owner,
    )


def _name(day: datetime.date, instance_type: str) -> str:
    return f"al2023-ami-2023.9.{day:%Y%m%d}.0-kernel-6.1-{_architecture(instance_type)}"


def _architecture(instance_type: str) -> str:
    """Source: Amazon EC2 instance type naming: a `g` after the generation stands for Graviton."""
    return "arm64" if re.match(r"[a-z]+\d+g", instance_type) else "x86_64"


def _invented(seed: str) -> str:
    return f"ami-{hashlib.sha256(seed.encode()).hexdigest()[:17]}"


@contextmanager
def wanted_id(module: str, function: str, value: str | None) -> Iterator[None]:
    """Makes what moto creates within the block carry this id; None leaves the choice to moto."""
    import importlib

    place = importlib.import_module(module)
    original = getattr(place, function)
    if value is not None:
        setattr(place, function, lambda *_args, **_kwargs: value)
    try:
        yield
    finally:
        setattr(place, function, original)
