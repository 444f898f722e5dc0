"""The write that makes a group launch from something else, and the plan around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Plan, Ref
from udo.errors import Refused
from udo.groups.tags import group_read, launch_read, policy_read
from udo.launch.proof import unknown_read
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from udo.change.plan import Difference
    from udo.launch.states import Heading, State
    from udo.model.groups import AutoScalingGroup

# Versions by the id of their template.
Numbers = Mapping[str, str | Ref]
# What of a group stays put while its launch data is changed; sizes in use and members move by themselves.
_STEADY = (
    "MinSize",
    "MaxSize",
    "VPCZoneIdentifier",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "DefaultCooldown",
    "NewInstancesProtectedFromScaleIn",
    "TerminationPolicies",
)


def launch_pair(group: AutoScalingGroup) -> Pair:
    """What the group was seen to launch from, as a reading to compare before a write."""
    says = f"{group.name} launches from"
    if isinstance(group.launch, LaunchTemplateReference):
        read = launch_read(group.name, mixed=group.launch.mixed)
        return Pair(read, [group.launch.id, group.launch.version], says)
    name = group.launch.name if group.launch else None
    # Where it is a template by now, that is told; it never equals the name of a configuration.
    template = "(LaunchTemplate || MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification)"
    named = f"join(' version ', {template}.[LaunchTemplateName, Version || '$Default'] || `[]`)"
    path = f"[LaunchConfigurationName || join(' ', ['launch template', {named}])] | [0]"
    return Pair(group_read(group.name, path), name, says)


def to_configuration(group: AutoScalingGroup, name: str) -> Call:
    """The write that makes the group launch from a launch configuration, if nobody changed what is live."""
    says = f"{group.name} launches from"
    return Call(
        f"{says} {name} (was {short_reference(group)})",
        "autoscaling",
        "UpdateAutoScalingGroup",
        {"AutoScalingGroupName": group.name, "LaunchConfigurationName": name},
        expect=(launch_pair(group),),
        proof=(Pair(group_read(group.name, "LaunchConfigurationName"), name, says),),
    )


def to_version(
    group: AutoScalingGroup,
    template: LaunchTemplateReference,
    number: str | Ref,
    *,
    live: Pair | None = None,
    created: Ref | None = None,
    overrides: Numbers | None = None,
    pinned: Numbers | None = None,
    images: Mapping[str, str] | None = None,
) -> Call:
    """The write that pins the group to a number of a template, in its mixed instances policy where it has one.

    `live` is what must hold before, where it is not what was seen; `created` the id of a template that an earlier
    step makes. `overrides` are the numbers that overrides with a template of their own are to have, by template id,
    and `pinned` those that an earlier step gives them; `images` are the images that overrides get instead of theirs.
    """
    expected = live or launch_pair(group)
    was = expected.value[1] if isinstance(expected.value, list) else expected.value
    reference = {"LaunchTemplateId": created or template.id, "Version": number}
    policy = template.mixed and _policy(group, reference, overrides or {}, images or {})
    params = {"MixedInstancesPolicy": policy} if policy else {"LaunchTemplate": reference}
    says = f"{group.name} launches from"
    others = [f", overrides from {_version(to)} of {_named(group, one)}" for one, to in (overrides or {}).items()]
    others += [f", overrides from {new} (was {old})" for old, new in (images or {}).items()]
    proof = [version_pair(group, template, number, created)]
    proof += [_overrides_pair(group, overrides)] if overrides else []
    proof += [_images_pair(group, images)] if images else []
    return Call(
        f"{says} {_version(number)} of launch template {template.name} (was {was}){''.join(others)}",
        "autoscaling",
        "UpdateAutoScalingGroup",
        {"AutoScalingGroupName": group.name, **params},
        expect=(expected, *_policy_pairs(group, pinned or {})) if template.mixed else (expected,),
        proof=tuple(proof),
    )


def check_policy(group: AutoScalingGroup, *, anyway: bool) -> AutoScalingGroup:
    """The group, where its mixed instances policy can be sent back whole.

    Raises: Refused where a part of it is not known here, unless it may be lost.
    """
    if group.unknown and not anyway:
        raise Refused(
            f"{', '.join(group.unknown)} in the mixed instances policy of {group.name} would be lost: this botocore "
            "does not know it",
            hint="upgrade boto3, or use --anyway; nothing was changed",
        )
    return group


def version_pair(
    group: AutoScalingGroup, template: LaunchTemplateReference, number: str | Ref, created: Ref | None = None
) -> Pair:
    """Holds where the group is pinned to that number of the template."""
    read = launch_read(group.name, mixed=template.mixed)
    return Pair(read, [created or template.id, number], f"{group.name} launches from")


def swapped(
    heading: Heading,
    state: State,
    steps: tuple[Call, ...],
    swap: Call,
    found: tuple[Difference, ...],
    now: str,
    notes: tuple[str, ...] = (),
) -> Plan:
    """The plan whose goal is the swap's proof; `now` says what the group launches from afterwards."""
    group = state.group
    seen = steady(group.name, {key: group.raw[key] for key in _STEADY if key in group.raw})
    return Plan(
        heading.command,
        heading.target,
        steps,
        goal=swap.proof,
        seen=seen,
        differences=found,
        notes=(*state.notes, *notes, running(group)),
        done=f"{group.name} launches from {now}",
    )


def steady(group_name: str, values: Mapping[str, Any]) -> tuple[Pair, ...]:
    """Holds where these members of the group are still what was seen; nothing of none."""
    path = ", ".join(f"{key}: {key}" for key in values)
    return (Pair(group_read(group_name, f"{{{path}}}"), dict(values), group_name),) if values else ()


def short_reference(group: AutoScalingGroup) -> str:
    """What the group launches from, a configuration by its mere name."""
    return group.launch.name if isinstance(group.launch, LaunchConfigurationReference) else str(group.launch)


def _overrides_pair(group: AutoScalingGroup, numbers: Numbers) -> Pair:
    """Holds where these templates stand in the overrides with these numbers."""
    rows = _rows(group, numbers)
    specifications = (row["LaunchTemplateSpecification"] for row in rows if "LaunchTemplateSpecification" in row)
    wanted = [[one.get("LaunchTemplateId"), one.get("Version")] for one in specifications]
    path = "MixedInstancesPolicy.LaunchTemplate.Overrides[].LaunchTemplateSpecification.[LaunchTemplateId, Version]"
    return Pair(group_read(group.name, path), wanted, f"overrides of {group.name} launch from")


def _images_pair(group: AutoScalingGroup, images: Mapping[str, str]) -> Pair:
    """Holds where the overrides have these images in place of theirs."""
    rows = _rows(group, {}, images)
    wanted = [row["ImageId"] for row in rows if "ImageId" in row]
    read = group_read(group.name, "MixedInstancesPolicy.LaunchTemplate.Overrides[].ImageId")
    return Pair(read, wanted, f"overrides of {group.name} launch")


def _policy_pairs(group: AutoScalingGroup, pinned: Numbers) -> tuple[Pair, Pair]:
    """The rest of the policy as it was seen: the write sends all of it, and must not put back what somebody changed.

    What this botocore does not know of it cannot be compared, but that there is more of it than was seen.
    """
    policy = group.raw["MixedInstancesPolicy"]
    seen = {
        "Overrides": _rows(group, pinned) or policy["LaunchTemplate"].get("Overrides"),
        "InstancesDistribution": policy.get("InstancesDistribution"),
    }
    says = f"mixed instances policy of {group.name}"
    unknown = Pair(unknown_read(group.name), list(group.unknown), f"what this botocore does not know of the {says}")
    return Pair(policy_read(group.name), seen, says), unknown


def _policy(
    group: AutoScalingGroup, reference: Mapping[str, Any], numbers: Numbers, images: Mapping[str, str]
) -> dict[str, Any]:
    """The live mixed instances policy with another specification, numbers and images inside; all else stays."""
    policy = group.raw["MixedInstancesPolicy"]
    overrides = [_override(row) for row in _rows(group, numbers, images)]
    template = {"LaunchTemplateSpecification": reference} | ({"Overrides": overrides} if overrides else {})
    return {**policy, "LaunchTemplate": template}


def _rows(
    group: AutoScalingGroup, numbers: Numbers, images: Mapping[str, str] | None = None
) -> list[Mapping[str, Any]]:
    """The overrides of the policy; those with a template or an image of their own that is named here have another."""
    found: list[Mapping[str, Any]] = []
    for row in group.raw["MixedInstancesPolicy"]["LaunchTemplate"].get("Overrides", ()):
        own = row.get("LaunchTemplateSpecification", {})
        number = numbers.get(own.get("LaunchTemplateId"))
        image = (images or {}).get(row.get("ImageId", ""))
        changed: dict[str, Any] = {"ImageId": image} if image else {}
        changed |= {} if number is None else {"LaunchTemplateSpecification": {**own, "Version": number}}
        found.append({**row, **changed})
    return found


def _override(row: Mapping[str, Any]) -> dict[str, Any]:
    # AWS returns id and name of an override's own template, and takes only one of them.
    own = row.get("LaunchTemplateSpecification")
    if not own or "LaunchTemplateId" not in own:
        return dict(row)
    return {**row, "LaunchTemplateSpecification": {k: v for k, v in own.items() if k != "LaunchTemplateName"}}


def _named(group: AutoScalingGroup, template_id: str) -> str:
    return next((one.name for one in group.own_templates if one.id == template_id), template_id)


def _version(number: str | Ref) -> str:
    return "the new version" if isinstance(number, Ref) else f"version {number}"


def running(group: AutoScalingGroup) -> str:
    """What becomes of the members where only what is launched next changes."""
    count = len(group.members)
    if not count:
        return "the group is empty"
    stay = f"{count} running instances stay as they are" if count > 1 else "1 running instance stays as it is"
    return f"{stay}; those launched from now on are new"
