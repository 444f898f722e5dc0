"""The templates, images and other things that a request to EC2 is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask

# How ids of EC2 begin -> what they are of.
_KINDS = {
    "i": "instance",
    "lt": "launch-template",
    "vol": "volume",
    "snap": "snapshot",
    "ami": "image",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
    "eni": "network-interface",
    "key": "key-pair",
    "igw": "internet-gateway",
    "rtb": "route-table",
    "eipalloc": "elastic-ip",
    "nat": "natgateway",
}
_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}")


def resource(ask: Ask, kind: str, name: str) -> str:
    """The ARN of a thing of EC2; images and snapshots are nobody's."""
    return ask.arn(f"{kind}/{name}", service="ec2", account="" if kind in ("image", "snapshot") else None)


def _templates(ask: Ask) -> Iterator[str]:
    known = ask.backend(ec2_backends).launch_template_name_to_ids
    said: dict[str, Any] = ask.params.get("LaunchTemplate") or {}
    is_new = ask.asked.operation == "CreateLaunchTemplate"
    names = [*ask.named("LaunchTemplateName", "LaunchTemplateNames"), *filter(None, [said.get("LaunchTemplateName")])]
    ids = [*ask.named("LaunchTemplateId", "LaunchTemplateIds"), *filter(None, [said.get("LaunchTemplateId")])]
    for name in () if is_new else [*ids, *(known.get(one, "*") for one in names)]:
        yield resource(ask, "launch-template", name)


def _of_kind(kind: str, *parameters: str) -> Any:
    def named(ask: Ask) -> Iterator[str]:
        ids = ask.named(*parameters)
        # Tags are put on anything.
        ids += [one for one in ask.named("Resources", "ResourceId") if _kind(one) == kind]
        yield from (resource(ask, kind, one) for one in ids)

    return named


def _kind(name: str) -> str:
    found = _ID.fullmatch(name)
    return _KINDS.get(found[1], "") if found else ""


NAMERS = {
    "launch-template": _templates,
    "instance": _of_kind("instance", "InstanceId", "InstanceIds"),
    "image": _of_kind("image", "ImageId"),
    "key-pair": _of_kind("key-pair", "KeyName"),
    "security-group": _of_kind("security-group", "GroupId", "SecurityGroupIds", "SecurityGroupId"),
    "subnet": _of_kind("subnet", "SubnetId", "SubnetIds"),
    "volume": _of_kind("volume", "VolumeId", "VolumeIds"),
    "network-interface": _of_kind("network-interface", "NetworkInterfaceId"),
    "vpc": _of_kind("vpc", "VpcId"),
    "snapshot": _of_kind("snapshot", "SnapshotId"),
}
