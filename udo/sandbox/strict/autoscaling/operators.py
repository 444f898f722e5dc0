"""Groups that a service of AWS keeps: nobody else changes them."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.core.errors import COMMON_ERROR_CODES

from udo.sandbox.strict.autoscaling.groups_known import NAMING_A_GROUP
from udo.sandbox.strict.rules import Refusal, Request, adds, refuses

_DENIED = "AccessDenied"
# No service's model has it, and moto warns of a code that it does not know.
COMMON_ERROR_CODES.append(_DENIED)
_CHANGING = tuple(name for name in NAMING_A_GROUP if not name.startswith("Describe"))


@refuses("autoscaling", *_CHANGING, moto="knows no operator, and lets everybody change it")
def groups_of_operators_are_theirs_alone(request: Request) -> None:
    """A group with an Operator is changed by that service alone: whoever else asks is denied access.

    Source: botocore autoscaling CreateAutoScalingGroupType, member Operator.
    """
    params, groups = request.params, request.backend("autoscaling").autoscaling_groups
    group = groups.get(params.get("AutoScalingGroupName"))
    if group is not None and (operator := getattr(group, "udo_operator", None)):
        told = f"The Auto Scaling group {group.name} is managed by {operator['Principal']}"
        raise Refusal(_DENIED, told)


def keep_operator(request: Request, group: Any) -> None:
    """Has a new group remember whose it is."""
    group.udo_operator = request.params.get("Operator")


adds(FakeAutoScalingGroup, "operator")(property(lambda group: getattr(group, "udo_operator", None)))
