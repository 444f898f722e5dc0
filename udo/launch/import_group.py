"""Reads live groups and says them in the words of udo.yml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from udo.config.writing import Part, readable
from udo.errors import Absent, Conflict
from udo.frozen import frozen
from udo.groups.overrides import listed, without_effect
from udo.launch.describing import Described, described_configuration, described_template
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.model.groups import AutoScalingGroup

# Tags that AWS and Udo keep for themselves: they are nobody's to set.
_NOT_OURS = ("aws:", "udo:")
_PLAIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9_]*)-([A-Za-z0-9][A-Za-z0-9_]*)")


@frozen
class Live:
    """A group as it is, and the launch data it lives on in the words of udo.yml."""

    group: AutoScalingGroup
    launch: Described


def observe_groups(aws: Aws, names: Iterable[str]) -> list[Live]:
    """The groups of these exact names, in this order.

    Raises: Absent naming every one that does not exist; Conflict for one that goes or cannot launch; UdoError.
    """
    wanted = list(dict.fromkeys(names))
    groups = aws.autoscaling.groups(wanted, whole=True)
    if missing := [name for name in wanted if name not in groups]:
        verb = "does" if len(missing) == 1 else "do"
        raise Absent(f"group {', '.join(missing)} {verb} not exist", hint=f"looked in {aws.region}")
    if going := [name for name, group in groups.items() if group.status]:
        raise Conflict(f"group {', '.join(going)} is being deleted", hint="leave it out")
    known = _configurations(aws, groups.values())
    return [Live(groups[name], known.get(name) or _template(aws, groups[name])) for name in wanted]


def parts(found: Sequence[Live]) -> Iterator[tuple[Part, bytes]]:
    """Each group as a role of udo.yml, with the content of its user data file, empty for none.

    A name like `prod-webapp`, which can be read one way only, is cluster and role; others keep their name.
    """
    taken: set[tuple[str, str]] = set()
    files: set[str] = set()
    for live in found:
        cluster, role, named = _place(live.group.name, taken)
        taken.add((cluster, role))
        keys = {**named, **_group_keys(live.group), **_launch_keys(live)}
        if live.launch.user_data:
            keys["user_data"] = {"file": _free(f"{_plain(live.group.name)}.user-data", files)}
            files.add(keys["user_data"]["file"])
        yield Part(cluster, role, keys, _remarks(live)), live.launch.user_data


def _configurations(aws: Aws, groups: Iterable[AutoScalingGroup]) -> dict[str, Described]:
    names = {
        group.name: group.launch.name for group in groups if isinstance(group.launch, LaunchConfigurationReference)
    }
    found = aws.autoscaling.launch_configurations(sorted(set(names.values()))) if names else {}
    if gone := [f"{name} of group {group}" for group, name in names.items() if name not in found]:
        raise Conflict(f"launch configuration {', '.join(gone)} is gone", hint="the group cannot launch")
    shape = aws.launch_configuration_shape() if names else {}
    return {group: described_configuration(found[name].data, shape) for group, name in names.items()}


def _template(aws: Aws, group: AutoScalingGroup) -> Described:
    launch = group.launch
    if not isinstance(launch, LaunchTemplateReference):
        raise Conflict(f"group {group.name} names neither a launch configuration nor a launch template")
    versions = aws.ec2.launch_template_versions(launch.id, launch.version)
    if not versions:
        raise Conflict(f"{launch} of group {group.name} is gone", hint="the group cannot launch")
    return described_template(versions[0].data, aws.launch_template_shape(), without_effect(group))


def _place(name: str, taken: set[tuple[str, str]]) -> tuple[str, str, dict[str, str]]:
    if found := _PLAIN.fullmatch(name):
        place = found[1], found[2]
        if place not in taken:
            return *place, {}
    role = _free(_plain(name), {role for cluster, role in taken if cluster == "default"})
    return "default", role, {} if name == f"default-{role}" else {"group_name": name}


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).lstrip("-_") or "role"


def _free(name: str, taken: Iterable[str]) -> str:
    stem, dot, end = name.partition(".")
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}{dot}{end}"
    return name


def _group_keys(group: AutoScalingGroup) -> dict[str, Any]:
    raw = group.raw
    subnets = list(group.subnets)
    sizes = {"min_size": group.min_size, "max_size": group.max_size, "desired": group.desired_capacity}
    kind, grace = raw.get("HealthCheckType"), raw.get("HealthCheckGracePeriod")
    health = {"type": [one.strip() for one in str(kind or "").split(",") if one.strip()], "grace": grace}
    found = {
        "subnets": subnets,
        "availability_zones": [] if subnets else list(raw.get("AvailabilityZones", ())),
        "scale_policy": sizes,
        "elbs": list(raw.get("LoadBalancerNames", ())),
        "target_groups": list(raw.get("TargetGroupARNs", ())),
        "health_check": {key: value for key, value in health.items() if value},
        "tags": _tags(group.tags),
    }
    return {key: value for key, value in found.items() if value and readable(key, value)}


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    own = {key: value for key, value in tags.items() if not key.lower().startswith(_NOT_OURS)}
    return {key: value for key, value in sorted(own.items()) if readable("tags", {key: value})}


def _launch_keys(live: Live) -> dict[str, Any]:
    kind = "configuration" if isinstance(live.group.launch, LaunchConfigurationReference) else "template"
    return {"launch": {"as": kind}, **live.launch.keys}


def _remarks(live: Live) -> list[str]:
    found = []
    launch = live.group.launch
    if isinstance(launch, LaunchTemplateReference) and launch.version.startswith("$"):
        found.append(f"It follows {launch.version} of {launch.name}: the first updatelc pins it to a number.")
    if isinstance(launch, LaunchTemplateReference) and launch.mixed:
        found.append("Its mixed instances policy stays as it is in AWS.")
    if idle := without_effect(live.group):
        keys = ", ".join(sorted(idle)) if len(idle) < 3 else "what is launched"
        found.append(f"Overrides decide {keys}: {listed(live.group.overrides)}.")
    if live.launch.left:
        found.append(f"Only AWS says, and Udo carries over: {', '.join(live.launch.left)}.")
    return found
