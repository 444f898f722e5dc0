"""What a new group launches from: launch data from udo.yml alone, reused where an earlier run has made it already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Read, Ref
from udo.errors import ConfigError, Problem, Refused, UsageError
from udo.frozen import frozen
from udo.groups.ending import gone_goal
from udo.groups.points import literal
from udo.groups.tags import group_read
from udo.launch.changes import ALWAYS_SAID
from udo.launch.copying import comparable, configuration_copy, copied, laid_over, satisfies, sendable
from udo.launch.differences import differences
from udo.launch.naming import check_configuration_name, check_template_name, family, next_free_name
from udo.launch.overlay import configuration_keys, launch_keys, template_keys
from udo.launch.proof import configuration_proof
from udo.launch.swapping import version_pair
from udo.model.groups import AutoScalingGroup
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.aws import Aws
    from udo.change.plan import Difference
    from udo.config import Role
    from udo.model.launch import LaunchTemplateVersion


@frozen
class First:
    """What a new group launches from, as CreateAutoScalingGroup is told it (`params`; a template alone of a mixed
    instances policy, too), the call that makes it where it is not there, and what proves that a group is on it."""

    params: Mapping[str, Any]
    proof: Pair
    create: Call | None = None
    found: tuple[Difference, ...] = ()
    note: str = ""


def is_mixed(role: Role) -> bool:
    """Whether the group gets a mixed instances policy. Raises: ConfigError."""
    return bool(role.has("mixed_instances") and role.get("mixed_instances"))


def observe_first(aws: Aws, role: Role, image: str | None, description: str) -> First:
    """What the role's new group launches from; its security groups are ids of the right VPC, and `image` what its ami
    stands for now.

    Raises: UsageError where udo.yml does not say enough; ConfigError; Refused; another UdoError.
    """
    keys = launch_keys(role, ami=image)
    _complete(role, keys)
    if role.get("launch.as") == "configuration":
        return _configuration(aws, role, keys)
    return _template(aws, role, keys, description)


def _complete(role: Role, keys: Mapping[str, Any]) -> None:
    """Accepts launch keys that can launch something: overrides may say the type. Raises: UsageError, ConfigError."""
    overrides = (role.get("mixed_instances") or {}).get("Overrides") if is_mixed(role) else None
    needed = ["ami"] if overrides else ["ami", "instance_type"]
    if missing := [key for key in needed if key not in keys]:
        told = f"{role.label} does not say {' and '.join(missing)} ({role.mark})"
        raise UsageError(told, hint="a new group needs it: set it in udo.yml")
    if is_mixed(role) and not any(role.get("mixed_instances").values()):
        told = f"mixed_instances of {role.label} says nothing: name Overrides, or leave it out"
        raise ConfigError(Problem(*role.mark_of("mixed_instances"), told))
    if is_mixed(role) and role.get("launch.as") == "configuration":
        told = f"mixed_instances of {role.label} needs a launch template, and launch.as is configuration"
        raise ConfigError(Problem(*role.mark_of("mixed_instances"), told))
    # Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html, prerequisites.
    if is_mixed(role) and "spot_price" in keys:
        told = (
            f"spot_price of {role.label} does not go with mixed_instances: its InstancesDistribution says what is spot"
        )
        raise ConfigError(Problem(*role.mark_of("spot_price"), told))


def _configuration(aws: Aws, role: Role, keys: Mapping[str, Any]) -> First:
    content = ALWAYS_SAID | laid_over({}, configuration_keys(keys))
    configurations = aws.autoscaling.launch_configurations()
    groups = aws.autoscaling.groups()
    used = {
        one.name
        for group in groups.values()
        for one in group.references
        if isinstance(one, LaunchConfigurationReference)
    }
    numbers = family(role.group_name, configurations, {*groups} - {role.group_name})
    shape = aws.launch_configuration_shape()
    twin = next(
        (
            name
            for name in sorted(numbers, key=lambda name: -numbers[name])
            if name not in used and satisfies(configuration_copy(configurations[name].data, shape), content)
        ),
        None,
    )
    name = twin or next_free_name(role.group_name, numbers.values(), {*configurations, *groups})
    check_configuration_name(name)
    create = Call(
        f"launch configuration {name}",
        "autoscaling",
        "CreateLaunchConfiguration",
        {"LaunchConfigurationName": name, **sendable(content)},
        expect=(gone_goal(role.group_name),),
        proof=(configuration_proof(name, content),),
    )
    return First(
        {"LaunchConfigurationName": name},
        Pair(group_read(role.group_name, "LaunchConfigurationName"), name, f"{role.group_name} launches from"),
        None if twin else create,
        differences({}, comparable(content)),
        f"{name} has this content already and nothing uses it: it is reused" if twin else "",
    )


def _template(aws: Aws, role: Role, keys: Mapping[str, Any], description: str) -> First:
    name = role.group_name
    check_template_name(name)
    content = laid_over({}, template_keys(keys, {}))
    existing = aws.ec2.launch_template_named(name)
    shape = aws.launch_template_shape()
    twin = next((one for one in existing if satisfies(copied(one.data, shape), content)), None)
    if existing and not twin:
        refuse_to_drag_along(name, existing[0].template_id, aws.autoscaling.groups())
    create, template_id, number = made(name, content, description, existing, twin, gone_goal(name))
    reference = LaunchTemplateReference(existing[0].template_id if existing else "", name, "", mixed=is_mixed(role))
    group = AutoScalingGroup(name, None, 0, 0, 0)
    return First(
        {"LaunchTemplateId": template_id or reference.id, "Version": number},
        version_pair(group, reference, number, template_id),
        create,
        differences({}, comparable(content)),
        f"version {number} of launch template {name} has this content already: it is reused" if twin else "",
    )


def refuse_to_drag_along(name: str, template_id: str, groups: Mapping[str, AutoScalingGroup]) -> None:
    """Accepts a template of which a new version changes no other group. Raises: Refused."""
    followers = [
        group.name
        for group in groups.values()
        for one in (group.launch, *group.own_templates)
        if isinstance(one, LaunchTemplateReference) and (one.id, one.version) == (template_id, "$Latest")
    ]
    if followers:
        told = (
            f"a new version of launch template {name} would change {', '.join(sorted({*followers}))} (on $Latest of it)"
        )
        raise Refused(told, hint="pin it to a number first; nothing was changed")


def made(
    name: str,
    content: Mapping[str, Any],
    description: str,
    existing: Sequence[LaunchTemplateVersion],
    twin: LaunchTemplateVersion | None,
    before: Pair,
) -> tuple[Call | None, Ref | None, str | Ref]:
    """The call that makes what is missing of a template, where `before` holds; the template's id where it is made; and
    the number to launch from."""
    if twin:
        return None, None, str(twin.number)
    data = {"VersionDescription": description, "LaunchTemplateData": dict(content)}
    mine = f"LaunchTemplateVersions[?VersionDescription=={literal(description)}] | [0]"
    if existing:
        template_id = existing[0].template_id
        read = Read(
            "ec2",
            "DescribeLaunchTemplateVersions",
            {"LaunchTemplateId": template_id, "MaxResults": 200},
            f"{mine}.VersionNumber",
        )
        call = Call(
            f"new version of launch template {name}",
            "ec2",
            "CreateLaunchTemplateVersion",
            {"LaunchTemplateId": template_id, **data},
            save={"version": "LaunchTemplateVersion.VersionNumber"},
            expect=(before,),
            proof=(Pair(read, Ref("version"), f"a version of {name} made by this run"),),
        )
        return call, None, Ref("version")
    asked = {"LaunchTemplateName": name}
    described = "DescribeLaunchTemplateVersions"
    call = Call(
        f"launch template {name}",
        "ec2",
        "CreateLaunchTemplate",
        {"LaunchTemplateName": name, **data},
        save={"template": "LaunchTemplate.LaunchTemplateId", "version": "LaunchTemplate.LatestVersionNumber"},
        expect=(before,),
        proof=(
            Pair(Read("ec2", described, asked, f"{mine}.LaunchTemplateId"), Ref("template"), name),
            Pair(Read("ec2", described, asked, f"{mine}.VersionNumber"), Ref("version"), name),
        ),
    )
    return call, Ref("template"), Ref("version")
