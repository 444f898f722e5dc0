"""Turns a group on a launch configuration into one on a launch template of its own, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Difference, Pair, Plan, Read, Ref
from udo.errors import Conflict, Refused
from udo.groups.points import literal
from udo.launch.copying import comparable, configuration_copy, copied, laid_over, satisfies
from udo.launch.differences import brief_user_data, differences, leaves
from udo.launch.naming import check_template_name
from udo.launch.overlay import template_keys
from udo.launch.remembering import remember, spare
from udo.launch.swapping import launch_pair, swapped, to_version
from udo.launch.versions import check_complete, check_nothing_lost
from udo.model.launch import LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.launch.states import ConfigurationState, Heading, Wanted
    from udo.model.launch import LaunchTemplateVersion

# Source: API_LaunchConfiguration and API_RequestLaunchTemplateData: members that mean the same under both names.
_SAME = {
    "ImageId": "ImageId",
    "InstanceType": "InstanceType",
    "KernelId": "KernelId",
    "RamdiskId": "RamDiskId",
    "KeyName": "KeyName",
    "EbsOptimized": "EbsOptimized",
    "MetadataOptions": "MetadataOptions",
    "InstanceMonitoring": "Monitoring",
    "UserData": "UserData",
}
_OTHERWISE = (
    "IamInstanceProfile",
    "SpotPrice",
    "PlacementTenancy",
    "SecurityGroups",
    "AssociatePublicIpAddress",
    "BlockDeviceMappings",
)


def converted(data: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a launch configuration as launch template data.

    Raises: Refused for what cannot be carried over.
    """
    unknown = sorted(set(data) - set(_SAME) - set(_OTHERWISE))
    if unknown:
        raise Refused(f"{', '.join(unknown)} cannot be carried into a launch template", hint="nothing was changed")
    result = {_SAME[key]: value for key, value in data.items() if key in _SAME}
    if profile := data.get("IamInstanceProfile"):
        result["IamInstanceProfile"] = {"Arn" if profile.startswith("arn:") else "Name": profile}
    if "SpotPrice" in data:
        result["InstanceMarketOptions"] = {"MarketType": "spot", "SpotOptions": {"MaxPrice": data["SpotPrice"]}}
    if "PlacementTenancy" in data:
        result["Placement"] = {"Tenancy": data["PlacementTenancy"]}
    if "BlockDeviceMappings" in data:
        result["BlockDeviceMappings"] = [_device(device) for device in data["BlockDeviceMappings"]]
    return result | _network(data)


def plan_conversion(
    heading: Heading, state: ConfigurationState, wanted: Wanted, existing: Sequence[LaunchTemplateVersion]
) -> Plan:
    """The plan that gives the group a launch template named like it, with the live content and the launch keys laid
    over it, or those alone.

    `existing` are the versions of a template of that name, newest first; one that Udo made is used again.

    Raises: Conflict for a template of that name that is not Udo's, Refused for what cannot be carried over, UsageError
    where udo.yml alone does not say enough.
    """
    group, live = state.group, state.live.name
    check_template_name(group.name)
    check_nothing_lost(state.configurations[live].unknown, wanted)
    base = converted(configuration_copy(state.configurations[live].data, state.shape))
    kept: dict[str, Any] = {} if wanted.from_config else base
    content = laid_over(kept, template_keys(wanted.keys, kept))
    if wanted.from_config:
        check_complete(content)
    _check_ours(group.name, existing)
    twin = next(
        (version for version in existing if satisfies(copied(version.data, state.template_shape), content)), None
    )
    create, template_id, number = _created(state, wanted, content, existing, twin)
    mapped = tuple(f"{path}: {text}" for path, text in sorted(_map(content).items()))
    moved = Difference("launches from", f"launch configuration {live}", f"launch template {group.name}", mapped)
    found = (moved, *differences(comparable(base), comparable(content)))
    shown = twin.number if twin else "{version}"
    reference = LaunchTemplateReference(existing[0].template_id if existing else "", group.name, "")
    swap = to_version(group, reference, number, live=launch_pair(group), created=template_id)
    now = tagged(template_id, reference, number)
    tag = remember(group, now, live, made=not twin or now == spare(group, live))
    goal = f"launch template {group.name} version {shown} (was launch configuration {live})"
    return swapped(heading, state, (*create, *tag, swap), swap, found, goal)


def _created(
    state: ConfigurationState,
    wanted: Wanted,
    content: Mapping[str, Any],
    existing: Sequence[LaunchTemplateVersion],
    twin: LaunchTemplateVersion | None,
) -> tuple[tuple[Call, ...], Ref | None, str | Ref]:
    """The call that makes what is missing, the template's id where it is made, and the number to launch from."""
    if twin:
        return (), None, str(twin.number)
    if existing:
        return (_next_version(state, wanted, content, existing[0].template_id),), None, Ref("version")
    return (_template(state, wanted, content),), Ref("template"), Ref("version")


def tagged(template_id: Ref | None, reference: LaunchTemplateReference, number: str | Ref) -> str | Ref:
    """A version as the tag keeps it, of a template that exists or is made."""
    if template_id:
        # The first version of a new template is 1. Source: API_CreateLaunchTemplate.
        return Ref(template_id.name, "{}:1")
    if isinstance(number, Ref):
        return Ref(number.name, f"{reference.id}:{{}}")
    return f"{reference.id}:{number}"


def _check_ours(name: str, existing: Sequence[LaunchTemplateVersion]) -> None:
    if existing and not existing[-1].description.startswith("udo:"):
        raise Conflict(
            f"there is a launch template {name} that Udo did not make",
            hint="rename or delete it, or put the group on it by hand; nothing was changed",
        )


def _template(state: ConfigurationState, wanted: Wanted, content: Mapping[str, Any]) -> Call:
    name = state.group.name
    mine = f"LaunchTemplateVersions[?VersionDescription=={literal(wanted.description)}] | [0]"
    asked = {"LaunchTemplateName": name}
    return Call(
        f"launch template {name} with the content of {state.live.name}",
        "ec2",
        "CreateLaunchTemplate",
        {"LaunchTemplateName": name, "VersionDescription": wanted.description, "LaunchTemplateData": dict(content)},
        save={"template": "LaunchTemplate.LaunchTemplateId", "version": "LaunchTemplate.LatestVersionNumber"},
        expect=(launch_pair(state.group),),
        proof=(
            Pair(
                Read("ec2", "DescribeLaunchTemplateVersions", asked, f"{mine}.LaunchTemplateId"), Ref("template"), name
            ),
            Pair(Read("ec2", "DescribeLaunchTemplateVersions", asked, f"{mine}.VersionNumber"), Ref("version"), name),
        ),
    )


def _next_version(state: ConfigurationState, wanted: Wanted, content: Mapping[str, Any], template_id: str) -> Call:
    name = state.group.name
    path = f"LaunchTemplateVersions[?VersionDescription=={literal(wanted.description)}] | [0].VersionNumber"
    mine = Read("ec2", "DescribeLaunchTemplateVersions", {"LaunchTemplateId": template_id, "MaxResults": 200}, path)
    return Call(
        f"new version of launch template {name} with the content of {state.live.name}",
        "ec2",
        "CreateLaunchTemplateVersion",
        {
            "LaunchTemplateId": template_id,
            "VersionDescription": wanted.description,
            "LaunchTemplateData": dict(content),
        },
        save={"version": "LaunchTemplateVersion.VersionNumber"},
        expect=(launch_pair(state.group),),
        proof=(Pair(mine, Ref("version"), f"a version of {name} made by this run"),),
    )


def _network(data: Mapping[str, Any]) -> dict[str, Any]:
    groups = data.get("SecurityGroups", [])
    names = [group for group in groups if not group.startswith("sg-")]
    if names:
        told = f"security group{'s' if len(names) > 1 else ''} {', '.join(names)} by name cannot be carried over"
        raise Refused(told, hint="name them by id in udo.yml; nothing was changed")
    if "AssociatePublicIpAddress" not in data:
        return {"SecurityGroupIds": groups} if groups else {}
    interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": data["AssociatePublicIpAddress"]}
    return {"NetworkInterfaces": [interface | ({"Groups": groups} if groups else {})]}


def _device(device: Mapping[str, Any]) -> dict[str, Any]:
    # A launch template says NoDevice with an empty text. Source: API_LaunchTemplateBlockDeviceMappingRequest.
    return {key: "" if key == "NoDevice" else value for key, value in device.items()}


def _map(content: Mapping[str, Any]) -> dict[str, str]:
    """What the template says, each plain value by its dotted path."""
    found = {at: text for key, value in content.items() for at, text in leaves(value, key).items()}
    return found | ({"UserData": brief_user_data(content["UserData"])} if "UserData" in content else {})
