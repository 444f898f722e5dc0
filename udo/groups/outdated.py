"""Tells which members were launched from something else than their group launches from now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.model.groups import Override
from udo.model.launch import LaunchConfigurationReference, LaunchReference, LaunchTemplateReference

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.model.groups import AutoScalingGroup, Member


def outdated_ids(
    members: Iterable[Member], launch: LaunchReference | None, overrides: Sequence[Override] = ()
) -> frozenset[str]:
    """The ids of the members that the group would not launch like that now; versions must be numbers.

    In a mixed instances policy it is the override of a member's type that decides, its image and its own template; a
    type that no override names any more is outdated. One that names nothing was launched from a launch configuration
    that is gone.
    """
    ways = overrides or (Override(),)
    return frozenset(one.instance_id for one in members if not any(_fits(one, launch, way) for way in _of(one, ways)))


def outdated(group: AutoScalingGroup) -> int | None:
    """How many members were launched from something else than the group launches from now.

    None where the group follows $Latest or $Default, which a listing cannot tell from a number.
    """
    if follows(group):
        return None
    return len(outdated_ids(group.members, group.launch, group.overrides))


def follows(group: AutoScalingGroup) -> bool:
    """Whether the group, or an override of it, launches from $Latest or $Default of a template."""
    return any(getattr(launch, "version", "").startswith("$") for launch in (group.launch, *group.own_templates))


def numbered(group: AutoScalingGroup, numbers: Mapping[str, Mapping[str, str]]) -> AutoScalingGroup:
    """The group as if it launched from the numbers that $Latest and $Default mean, by template id, where known."""

    def pinned(launch: Any) -> Any:
        number = numbers.get(getattr(launch, "id", ""), {}).get(getattr(launch, "version", ""))
        return replace(launch, version=number) if number else launch

    overrides = tuple(replace(one, launch=pinned(one.launch)) for one in group.overrides)
    return replace(group, launch=pinned(group.launch), overrides=overrides)


def observe_outdated(aws: Aws, group: AutoScalingGroup | None) -> frozenset[str]:
    """The ids of the members of a group that are outdated, $Latest and $Default looked up.

    Raises: UdoError.
    """
    if group is None:
        return frozenset()
    overrides = [replace(one, launch=_numbered(aws, one.launch)) for one in group.overrides]
    return outdated_ids(group.members, _numbered(aws, group.launch), overrides)


def _numbered(aws: Aws, launch: LaunchReference | None) -> Any:
    if not isinstance(launch, LaunchTemplateReference) or not launch.version.startswith("$"):
        return launch
    return replace(launch, version=str(aws.ec2.launch_template_versions(launch.id, launch.version)[0].number))


def launched_after(params: Mapping[str, Any]) -> tuple[LaunchReference, tuple[Override, ...]]:
    """What a group launches from once UpdateAutoScalingGroup has set it; nothing was launched yet from a Ref."""
    if "LaunchConfigurationName" in params:
        return LaunchConfigurationReference(params["LaunchConfigurationName"]), ()
    policy = params.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    rows = policy.get("Overrides", ())
    overrides = (
        Override(row.get("InstanceType", ""), row.get("ImageId", ""), _template(row.get("LaunchTemplateSpecification")))
        for row in rows
    )
    launch = _template(params.get("LaunchTemplate") or policy["LaunchTemplateSpecification"])
    assert launch  # noqa: S101  (one of them is there)
    return launch, tuple(overrides)


def _template(row: Mapping[str, Any] | None) -> LaunchTemplateReference | None:
    return LaunchTemplateReference(str(row["LaunchTemplateId"]), "", str(row["Version"])) if row else None


def _of(member: Member, ways: Sequence[Override]) -> list[Override]:
    named = [way for way in ways if way.instance_type == member.instance_type]
    return named or [way for way in ways if not way.instance_type]


def _fits(member: Member, launch: LaunchReference | None, way: Override) -> bool:
    return member.image_id == way.image_id and _identity(member.launch) == _identity(way.launch or launch)


def _identity(launch: LaunchReference | None) -> tuple[Any, ...]:
    """What makes two references the same: a configuration's name, or a template's id and version."""
    if isinstance(launch, LaunchTemplateReference):
        return (launch.id, launch.version)
    return (launch.name,) if launch else ()
