"""Which launch configurations and template versions are kept, and the calls that delete the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Read
from udo.groups.points import literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# Source: API_DeleteLaunchTemplateVersions: at most 200 versions in one request.
_VERSIONS = 200


def beyond(numbers: Iterable[int], keep: int, needed: Collection[int], spare: Collection[int] = ()) -> tuple[int, ...]:
    """The numbers beyond the newest `keep` that nobody needs, oldest first.

    `spare` ones, which nothing ever launched from, are not counted among the newest: they go.
    """
    left = {number for number in spare if number not in needed}
    newest_first = sorted(set(numbers) - left, reverse=True)
    return tuple(sorted({*left, *(number for number in newest_first[keep:] if number not in needed)}))


def delete_configurations(
    family: Mapping[str, int], current: int, keep: int, needed: Collection[str], spare: str = ""
) -> tuple[Call, ...]:
    """The calls that delete the old configurations of a family; `current` is the number launched from afterwards.

    Nothing ever launched from the `spare` one.
    """
    numbers = {*family.values(), current}
    left = {family[spare]} if spare in family else set()
    old = beyond(numbers, keep, {family[name] for name in needed if name in family} | {current}, left)
    names = sorted((name for name in family if family[name] in old), key=lambda name: family[name])
    return tuple(delete_configuration(name) for name in names if name not in needed)


def delete_versions(template_id: str, template_name: str, old: Iterable[int]) -> tuple[Call, ...]:
    """The calls that delete old versions of a template, unless a group has come to use one meanwhile.

    EC2 does not refuse to delete a version that a group launches from; later launches fail.
    """
    numbers = [str(number) for number in old]
    batches = [numbers[start : start + _VERSIONS] for start in range(0, len(numbers), _VERSIONS)]
    return tuple(_delete_versions(template_id, template_name, batch) for batch in batches)


def delete_configuration(name: str) -> Call:
    """The call that deletes a launch configuration, unless a group has come to use it meanwhile."""
    asked, path = {"LaunchConfigurationNames": [name]}, "LaunchConfigurations[].LaunchConfigurationName"
    return Call(
        f"delete launch configuration {name}",
        "autoscaling",
        "DeleteLaunchConfiguration",
        {"LaunchConfigurationName": name},
        expect=(_unused(f"LaunchConfigurationName=={literal(name)}", name),),
        proof=(Pair(Read("autoscaling", "DescribeLaunchConfigurations", asked, path), [], name),),
        optional=True,
    )


def _delete_versions(template_id: str, template_name: str, numbers: list[str]) -> Call:
    listed = ", ".join(literal(number) for number in numbers)
    asked: dict[str, Any] = {"LaunchTemplateId": template_id, "MaxResults": 200}
    left = f"LaunchTemplateVersions[?contains([{listed}], to_string(VersionNumber))].VersionNumber"
    return Call(
        f"delete version{'s' if len(numbers) > 1 else ''} {', '.join(numbers)} of launch template {template_name}",
        "ec2",
        "DeleteLaunchTemplateVersions",
        {"LaunchTemplateId": template_id, "Versions": numbers},
        expect=(
            _unused(
                f"LaunchTemplate.LaunchTemplateId=='{template_id}' && contains([{listed}], LaunchTemplate.Version)",
                "it",
            ),
            _unused(_in_policy(template_id, listed), "it"),
        ),
        proof=(Pair(Read("ec2", "DescribeLaunchTemplateVersions", asked, left), [], f"versions of {template_name}"),),
        optional=True,
    )


def _in_policy(template_id: str, listed: str) -> str:
    inside = "MixedInstancesPolicy.LaunchTemplate"
    specification = f"{inside}.LaunchTemplateSpecification"
    own = f"{specification}.LaunchTemplateId=='{template_id}' && contains([{listed}], {specification}.Version)"
    override = f"LaunchTemplateSpecification.LaunchTemplateId=='{template_id}'"
    return f"({own}) || {inside}.Overrides[?{override} && contains([{listed}], LaunchTemplateSpecification.Version)]"


def _unused(condition: str, what: str) -> Pair:
    asked: dict[str, Any] = {"MaxRecords": 100}
    path = f"AutoScalingGroups[?{condition}].AutoScalingGroupName"
    return Pair(Read("autoscaling", "DescribeAutoScalingGroups", asked, path), [], f"groups that use {what}")
