"""Values of one group, and the tags that Udo writes on it."""

from __future__ import annotations

from typing import Any

from udo.change.plan import Call, Pair, Read, Ref
from udo.groups.points import literal


def group_read(group_name: str, path: str) -> Read:
    """A value of one group."""
    asked = {"AutoScalingGroupNames": [group_name]}
    return Read("autoscaling", "DescribeAutoScalingGroups", asked, f"AutoScalingGroups[0].{path}")


def tag_read(group_name: str, key: str) -> Read:
    """The value of a tag, null where there is none."""
    return group_read(group_name, f"Tags[?Key=={literal(key)}] | [0].Value")


def launch_read(group_name: str, *, mixed: bool) -> Read:
    """The launch template of a group and its version, in its mixed instances policy or not; null where it has none."""
    inside = "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification" if mixed else "LaunchTemplate"
    return group_read(group_name, f"{inside}.[LaunchTemplateId, Version || '$Default']")


def policy_read(group_name: str) -> Read:
    """The mixed instances policy of a group around what it launches, null where it has none."""
    inside = "{Overrides: LaunchTemplate.Overrides, InstancesDistribution: InstancesDistribution}"
    return group_read(group_name, f"MixedInstancesPolicy.{inside}")


def tag_call(group_name: str, key: str, value: str | Ref, says: str, *, optional: bool = False) -> Call:
    """The call that writes a tag which instances do not get."""
    tag: dict[str, Any] = {
        "ResourceId": group_name,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": value,
        "PropagateAtLaunch": False,
    }
    proof = Pair(tag_read(group_name, key), value, says)
    return Call(says, "autoscaling", "CreateOrUpdateTags", {"Tags": [tag]}, proof=(proof,), optional=optional)


def untag_call(group_name: str, key: str, value: str, says: str, *, undoes: str = "") -> Call:
    """The call that removes a tag where it still has this value."""
    tag = {"ResourceId": group_name, "ResourceType": "auto-scaling-group", "Key": key}
    read = tag_read(group_name, key)
    gone = (Pair(read, None, says),)
    seen = (Pair(read, value, f"tag {key} of {group_name}"),)
    return Call(says, "autoscaling", "DeleteTags", {"Tags": [tag]}, expect=seen, proof=gone, undoes=undoes)
