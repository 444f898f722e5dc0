"""Readings that prove a launch change done, as JMESPath over what AWS returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from udo.change.plan import Pair, Read

# Plain text members that AWS answers with "" where they are not set, and that must not be set by somebody else.
_MAY_BE_EMPTY = ("KeyName", "IamInstanceProfile", "SpotPrice", "PlacementTenancy", "KernelId", "RamdiskId", "UserData")


def unknown_read(group_name: str) -> Read:
    """The elements of a group's mixed instances policy that this botocore does not know, as `aws.unknown` adds them."""
    asked = {"AutoScalingGroupNames": [group_name]}
    return Read("autoscaling", "DescribeAutoScalingGroups", asked, "UdoUnknown[0]")


def configuration_proof(name: str, wanted: Mapping[str, Any]) -> Pair:
    """Holds once a launch configuration of that name has exactly the content wanted (base64 user data)."""
    paths, values = [], {}
    for key, value in wanted.items():
        path, expected = projected(key, value)
        paths.append(f"{key}: {path}")
        values[key] = expected
    for key in _MAY_BE_EMPTY:
        if key not in wanted:
            paths.append(f"{key}: {key} || `null`")
            values[key] = None
    asked = {"LaunchConfigurationNames": [name]}
    read = Read("autoscaling", "DescribeLaunchConfigurations", asked, f"LaunchConfigurations[0].{{{', '.join(paths)}}}")
    return Pair(read, values, f"launch configuration {name}")


def projected(path: str, value: Any) -> tuple[str, Any]:
    """A JMESPath that reads only what `value` says at `path`, and what it must give.

    AWS adds defaults to nested values; security groups and block devices come in any order.
    """
    match value:
        case Mapping() if value:
            parts = {key: projected(key, item) for key, item in value.items()}
            inside = ", ".join(f"{key}: {part}" for key, (part, _) in parts.items())
            return f"{path}.{{{inside}}}", {key: expected for key, (_, expected) in parts.items()}
        case list() if value and all(isinstance(item, Mapping) for item in value):
            if all("DeviceName" in item for item in value):
                path = f"sort_by({path} || `[]`, &DeviceName)"
                value = sorted(value, key=lambda item: str(item["DeviceName"]))
            rows = [projected(f"{path}[{number}]", item) for number, item in enumerate(value)]
            return f"[{', '.join(part for part, _ in rows)}]", [expected for _, expected in rows]
        case list() if all(isinstance(item, str) for item in value):
            return f"sort({path} || `[]`)", sorted(value)
    return path, value
