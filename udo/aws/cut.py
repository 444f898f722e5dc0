"""Service models cut down to what Udo asks for: what botocore loads and parses costs what its model holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# The whole answer of an operation.
WHOLE: tuple[str, ...] = ()
# The operations that are read by cut-down models, and the members of their answers that Udo's reads use.
# None of them tells of launch data, and none is a write. A member that is no structure or list of structures is kept
# as it is, and so is everything below one that is named last.
PLAIN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "autoscaling": {
        "DescribeAutoScalingGroups": WHOLE,
        "DescribeInstanceRefreshes": WHOLE,
        "DescribeLifecycleHooks": WHOLE,
        "DescribePolicies": WHOLE,
        "DescribeScalingActivities": WHOLE,
        "DescribeScheduledActions": WHOLE,
        "DescribeWarmPool": WHOLE,
    },
    "cloudformation": {
        "DescribeChangeSet": WHOLE,
        "DescribeEvents": WHOLE,
        "DescribeStackEvents": WHOLE,
        "DescribeStacks": WHOLE,
        "ListChangeSets": WHOLE,
        "ListStackResources": WHOLE,
    },
    "cloudwatch": {"DescribeAlarms": WHOLE, "GetMetricData": WHOLE},
    "codedeploy": {
        "BatchGetDeploymentGroups": WHOLE,
        "BatchGetDeploymentTargets": WHOLE,
        "BatchGetDeployments": WHOLE,
        "GetDeployment": WHOLE,
        "GetDeploymentGroup": WHOLE,
        "ListDeploymentGroups": WHOLE,
        "ListDeploymentTargets": WHOLE,
        "ListDeployments": WHOLE,
    },
    "ec2": {
        "DescribeInstances": (
            "NextToken",
            "Reservations.Instances.ImageId",
            "Reservations.Instances.InstanceId",
            "Reservations.Instances.InstanceType",
            "Reservations.Instances.Ipv6Address",
            "Reservations.Instances.LaunchTime",
            "Reservations.Instances.NetworkInterfaces.Ipv6Addresses",
            "Reservations.Instances.Placement.AvailabilityZone",
            "Reservations.Instances.PrivateIpAddress",
            "Reservations.Instances.PublicIpAddress",
            "Reservations.Instances.State",
            "Reservations.Instances.Tags",
        ),
        # Which numbers there are, and not what they launch.
        "DescribeLaunchTemplates": (
            "NextToken",
            "LaunchTemplates.DefaultVersionNumber",
            "LaunchTemplates.LatestVersionNumber",
            "LaunchTemplates.LaunchTemplateId",
        ),
        "GetConsoleOutput": WHOLE,
    },
    "elbv2": {"DescribeTargetHealth": WHOLE},
    "events": {"ListRules": ("NextToken", "Rules.EventPattern", "Rules.Name", "Rules.State")},
    "sns": {"GetTopicAttributes": WHOLE, "ListSubscriptions": WHOLE},
    "ssm": {
        "DescribeInstanceInformation": (
            "NextToken",
            "InstanceInformationList.InstanceId",
            "InstanceInformationList.LastPingDateTime",
            "InstanceInformationList.PingStatus",
        ),
        "GetCommandInvocation": WHOLE,
        "GetParameters": WHOLE,
        "GetParametersByPath": WHOLE,
        "ListCommandInvocations": (
            "NextToken",
            "CommandInvocations.CommandPlugins.Output",
            "CommandInvocations.CommandPlugins.ResponseCode",
            "CommandInvocations.CommandPlugins.ResponseFinishDateTime",
            "CommandInvocations.CommandPlugins.ResponseStartDateTime",
            "CommandInvocations.InstanceId",
            "CommandInvocations.Status",
            "CommandInvocations.StatusDetails",
        ),
        "ListCommands": ("NextToken", "Commands.CommandId", "Commands.Comment", "Commands.StatusDetails"),
    },
}
# The writes of services whose models hold far more; every member of theirs is kept. None of them carries launch data.
SENT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ssm": {"CancelCommand": WHOLE, "DeleteParameter": WHOLE, "PutParameter": WHOLE, "SendCommand": WHOLE},
}


def cut(model: Mapping[str, Any], operations: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A service model with these operations alone, their answers with these members alone, and no documentation.

    Input shapes and the shapes of errors stay whole.

    Raises: KeyError where the model lacks what is to be kept.
    """
    shapes = model["shapes"]
    kept = _Kept(shapes)
    for name, shape in shapes.items():
        if shape.get("exception"):
            kept.keep(name)
    for operation, members in operations.items():
        description = model["operations"][operation]
        for part in ("input", *(() if members else ("output",))):
            if part in description:
                kept.keep(description[part]["shape"])
        for error in description.get("errors", ()):
            kept.keep(error["shape"])
        for path in members:
            kept.keep(description["output"]["shape"], path.split("."))
    return {
        **{key: value for key, value in model.items() if key not in ("documentation", "examples")},
        "operations": {name: _undocumented(model["operations"][name]) for name in operations},
        "shapes": {name: _shape(shapes[name], kept.members[name]) for name in shapes if name in kept.members},
    }


class _Kept:
    """The shapes that stay, by name, and which members of each; None for all."""

    def __init__(self, shapes: Mapping[str, Any]) -> None:
        self._shapes = shapes
        self.members: dict[str, set[str] | None] = {}

    def keep(self, name: str, path: Iterable[str] = ()) -> None:
        """Keeps a shape along a path of members, and all that is at its end."""
        shape = self._shapes[name]
        rest = list(path)
        if shape["type"] != "structure":
            self.members[name] = None
            for part in _below(shape):
                self.keep(part["shape"], rest)
        elif rest:
            members = self.members.setdefault(name, set())
            if members is not None:
                members.add(rest[0])
                self.keep(shape["members"][rest[0]]["shape"], rest[1:])
        elif self.members.get(name, ()) is not None:
            self.members[name] = None
            for part in _below(shape):
                self.keep(part["shape"])


def _below(shape: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (*shape.get("members", {}).values(), *(shape[part] for part in ("member", "key", "value") if part in shape))


def _shape(shape: Mapping[str, Any], members: set[str] | None) -> dict[str, Any]:
    bare = _undocumented(shape)
    for part in ("member", "key", "value"):
        if part in bare:
            bare[part] = _undocumented(bare[part])
    if "members" in bare:
        wanted = (
            bare["members"].items() if members is None else ((n, m) for n, m in bare["members"].items() if n in members)
        )
        bare["members"] = {name: _undocumented(member) for name, member in wanted}
    if members is not None and "required" in bare:
        bare["required"] = [name for name in bare["required"] if name in members]
    return bare


def _undocumented(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != "documentation"}
