"""What a group leaves behind of its launch data when it ends: its family, but for what others use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.plan import Call, Pair, Read
from udo.launch.keeping import delete_configuration
from udo.launch.naming import family
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from udo.model.groups import AutoScalingGroup
    from udo.model.launch import LaunchReference


def family_ends(
    name: str, configurations: Iterable[str], template_id: str, groups: Mapping[str, AutoScalingGroup]
) -> tuple[tuple[Call, ...], tuple[str, ...]]:
    """The calls that delete the launch data of a group's exact family, and a note for each that another group uses.

    `template_id` is that of the launch template named like the group, empty for none; `groups` are all of the region.
    """
    numbers = family(name, configurations, {*groups} - {name})
    calls, notes = [], []
    for one in sorted(numbers, key=lambda one: numbers[one]):
        if users := _users(name, groups, LaunchConfigurationReference, one):
            notes.append(f"launch configuration {one} stays: {users} uses it")
        else:
            calls.append(replace(delete_configuration(one), optional=False))
    if template_id and (users := _users(name, groups, LaunchTemplateReference, template_id)):
        notes.append(f"launch template {name} stays: {users} uses it")
    elif template_id:
        calls.append(_delete_template(template_id, name))
    return tuple(calls), tuple(notes)


def strange(name: str, group: AutoScalingGroup) -> tuple[str, ...]:
    """A note for what the group launches from that is not of its family: it stays."""
    found = group.launch
    own = bool(found and family(name, [found.name])) if isinstance(found, LaunchConfigurationReference) else False
    if found is None or own or (isinstance(found, LaunchTemplateReference) and found.name == name):
        return ()
    what = f"launch template {found.name}" if isinstance(found, LaunchTemplateReference) else str(found)
    return (f"{what} stays: its name is not one of {name}'s family",)


def _users(name: str, groups: Mapping[str, AutoScalingGroup], kind: type[LaunchReference], meant: str) -> str:
    found = (other for other, group in groups.items() if other != name and meant in _references(group, kind))
    return ", ".join(sorted(found))


def _references(group: AutoScalingGroup, kind: type[LaunchReference]) -> Iterator[str]:
    for one in group.references:
        if isinstance(one, kind):
            yield one.id if isinstance(one, LaunchTemplateReference) else one.name


def _delete_template(template_id: str, name: str) -> Call:
    there = Read(
        "ec2",
        "DescribeLaunchTemplates",
        {"Filters": [{"Name": "launch-template-name", "Values": [name]}]},
        f"LaunchTemplates[?LaunchTemplateId=='{template_id}'].LaunchTemplateId",
    )
    inside = "MixedInstancesPolicy.LaunchTemplate"
    uses = " || ".join(
        (
            f"LaunchTemplate.LaunchTemplateId=='{template_id}'",
            f"{inside}.LaunchTemplateSpecification.LaunchTemplateId=='{template_id}'",
            f"{inside}.Overrides[?LaunchTemplateSpecification.LaunchTemplateId=='{template_id}']",
        )
    )
    path = f"AutoScalingGroups[?{uses}].AutoScalingGroupName"
    unused = Pair(Read("autoscaling", "DescribeAutoScalingGroups", {"MaxRecords": 100}, path), [], f"users of {name}")
    return Call(
        f"delete launch template {name} ({template_id}) with all its versions",
        "ec2",
        "DeleteLaunchTemplate",
        {"LaunchTemplateId": template_id},
        expect=(unused,),
        proof=(Pair(there, [], f"launch template {name}"),),
    )
