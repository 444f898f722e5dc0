"""Filters of describe calls: the names an operation has, and what their values match."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Sequence
from typing import Any

import moto.ec2.utils
from moto.core.utils import get_service_model

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
    for one in request.params.get("Filters") or []:
        name = one.get("Name", "")
        if name not in _filters(request.response._get_action()) and not name.startswith("tag:"):
            raise Refusal("InvalidParameterValue", f"The filter '{name}' is invalid")
        if len(one.get("Values") or []) > 200:
            raise Refusal(
                "FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200"
            )


@functools.cache
def _filters(operation: str) -> frozenset[str]:
    shape: Any = get_service_model("ec2").operation_model(operation).input_shape
    return frozenset(re.findall(r"<code>([a-z][a-z0-9.-]+)</code> -", shape.members["Filters"].documentation))


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


@functools.lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(moto.ec2.utils.simple_aws_filter_to_re(value))


replaces(moto.ec2.utils, "filter_dict_attribute_mapping")(moto.ec2.utils.filter_dict_attribute_mapping | _MORE)
