"""Filters of describe calls: the names an operation has, and what their values match."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Sequence
from typing import Any

import moto.ec2.models.security_groups
import moto.ec2.models.tags
import moto.ec2.utils
from moto.core.utils import get_service_model
from moto.ec2.models.amis import Ami

from udo.sandbox.strict.rules import Refusal, Request, refuses, replaces, rule

_FILTERED = (
    "DescribeImages",
    "DescribeInstanceStatus",
    "DescribeInstances",
    "DescribeKeyPairs",
    "DescribeLaunchTemplateVersions",
    "DescribeLaunchTemplates",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
)
# What moto's instances know and its filters do not.
_MORE = {
    "client-token": "client_token",
    "ebs-optimized": "ebs_optimized",
    "hypervisor": "hypervisor",
    "instance-lifecycle": "lifecycle",
    "instance-state-code": "state_code",
    "launch-index": "ami_launch_index",
    "launch-time": "launch_time",
    "monitoring-state": "monitoring_state",
    "platform": "platform",
    "root-device-name": "root_device_name",
    "root-device-type": "root_device_type",
    "tenancy": "placement.tenancy",
    "virtualization-type": "virtualization_type",
}


@refuses("ec2", *_FILTERED, moto="crashes (HTTP 500), says that moto lacks it, or ignores it")
def unknown_filters_are_refused(request: Request) -> None:
    """A filter that the operation does not have is InvalidParameterValue.

    Source: botocore ec2 DescribeInstancesRequest and the like, documentation of member Filters.
    """
    operation = request.response._get_action()
    for one in request.params.get("Filters") or []:
        one["Name"] = name = filters_have_other_names(operation, one.get("Name", ""))
        if name not in _filters(operation) and not name.startswith("tag:"):
            raise Refusal("InvalidParameterValue", f"The filter '{name}' is invalid")
        if len(one.get("Values") or []) > 200:
            raise Refusal(
                "FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200"
            )


@rule("ec2", "DescribeSubnets", "DescribeVpcs", moto="does not know some of them")
def filters_have_other_names(operation: str, name: str) -> str:
    """Some filters may be called by an older name: defaultForAz, availabilityZoneId, cidr, isDefault.

    Source: botocore ec2 DescribeSubnetsRequest, member Filters (`You can also use ... as the filter name`); the data
    sources aws_vpc of Terraform and ec2_vpc_net_info of Ansible (isDefault, cidr-block).
    """
    return _other_names(operation).get(name, name)


@functools.cache
def _other_names(operation: str) -> dict[str, str]:
    others = (
        {"isDefault": "is-default", "cidr-block": "cidr", "cidrBlock": "cidr"} if operation == "DescribeVpcs" else {}
    )
    for name, told in re.findall(
        r"<code>([a-z-]+)</code> -((?:(?!</li>).)*?)as the filter name", _documented(operation)
    ):
        also = told.rpartition("You can also use")[2]
        others |= dict.fromkeys(re.findall(r"<code>([A-Za-z]+)</code>", also), name)
    return others


@functools.cache
def _filters(operation: str) -> frozenset[str]:
    return frozenset(re.findall(r"<code>([a-z][a-z0-9.-]+)</code> [-\u2013]", _documented(operation)))


def _documented(operation: str) -> str:
    shape: Any = get_service_model("ec2").operation_model(operation).input_shape
    return str(shape.members["Filters"].documentation)


_image_value: Any = Ami.get_filter_value


@replaces(Ami, "get_filter_value")
@rule("ec2", "DescribeImages", moto="says that it lacks them")
def images_are_filtered_by_what_they_are(image: Any, name: str, method: str | None = None) -> Any:
    """Images are filtered by boot mode, hypervisor, ENA and SR-IOV support and their volumes, too; none of these says
    which types of instances it supports.

    Source: botocore ec2 DescribeImagesRequest, member Filters.
    """
    if name in _OF_IMAGES:
        attribute, usual = _OF_IMAGES[name]
        return getattr(image, attribute, None) or usual
    if name.startswith("instance-type-specification."):
        return None
    kind, _, member = name.partition(".")
    if kind == "block-device-mapping":
        return [_of_volume(one, member) for one in image.block_device_mappings]
    return _image_value(image, name, method)


# Filter -> attribute of moto's images, and what an image has that was not said to have it.
_OF_IMAGES = {
    "boot-mode": ("boot_mode", "legacy-bios"),
    "ena-support": ("ena_support", "true"),
    "hypervisor": ("hypervisor", "xen"),
    "sriov-net-support": ("sriov", "simple"),
}


def _of_volume(mapping: dict[str, Any], member: str) -> str:
    words = "".join(word.capitalize() for word in member.split("-"))
    value = mapping.get(words, mapping.get("Ebs", {}).get(words))
    return str(value).lower() if isinstance(value, bool) else str(value)


@replaces(moto.ec2.utils, "instance_value_in_filter_values")
@rule("ec2", "DescribeInstances", "DescribeInstanceStatus", moto="takes * and ? as they stand, and lacks many filters")
def values_of_filters_are_patterns(value: Any, wanted: Sequence[str]) -> bool:
    """In the values of a filter * stands for any characters and ? for one; launch-time, tenancy and others filter too.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html; botocore ec2 DescribeInstancesRequest
    (launch-time: "You can use a wildcard (*)").
    """
    if isinstance(value, list):
        return any(values_of_filters_are_patterns(one, wanted) for one in value)
    if value is None:
        return False
    text = _text(value)
    return text in wanted or any(_pattern(one).match(text) for one in wanted if "*" in one or "?" in one)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z") if isinstance(value, datetime.datetime) else str(value)


@replaces(moto.ec2.models.security_groups, "aws_api_matches")
@rule("ec2", "DescribeSecurityGroups", moto="takes a value for a regular expression, and crashes where it is none")
def only_stars_and_question_marks_are_patterns(pattern: str, value: Any) -> bool:
    """Every other character of a filter's value stands for itself, brackets too, and so does one behind a backslash.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html.
    """
    return _pattern(pattern).match(str(value)) is not None


@replaces(moto.ec2.utils, "simple_aws_filter_to_re")
@replaces(moto.ec2.models.tags, "simple_aws_filter_to_re")
def _expression(value: str) -> str:
    parts = re.findall(r"\\.|.", value, re.DOTALL)
    return "".join({"*": ".*", "?": "."}.get(part) or re.escape(part[-1]) for part in parts) + r"\Z"


@functools.lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(_expression(value), re.DOTALL)


replaces(moto.ec2.utils, "filter_dict_attribute_mapping")(moto.ec2.utils.filter_dict_attribute_mapping | _MORE)
