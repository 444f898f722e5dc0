"""Values as the shapes of AWS's models allow them: lengths, ranges and enumerations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.utils import get_service_model

from udo.sandbox.strict.rules import Refusal, Request, refuses

_AUTO_SCALING = (
    "CreateAutoScalingGroup",
    "CreateLaunchConfiguration",
    "CreateOrUpdateTags",
    "PutScalingPolicy",
    "PutScheduledUpdateGroupAction",
    "StartInstanceRefresh",
    "UpdateAutoScalingGroup",
)


@refuses("autoscaling", *_AUTO_SCALING, moto="accepts any value that botocore lets through")
def values_fit_their_shapes(request: Request) -> None:
    """A text that is too long, a number out of its range or a word outside its enumeration is ValidationError.

    Source: botocore autoscaling, `min`, `max` and `enum` of the shapes (a tag's key: 128 characters).
    """
    refuse_the_first("autoscaling", request, "ValidationError")


@refuses("ssm", "PutParameter", moto="accepts any length of names and descriptions, and any tier")
def parameters_fit_their_shapes(request: Request) -> None:
    """A parameter whose name or description is too long, or whose tier does not exist, is ValidationException.

    Source: botocore ssm PutParameterRequest (ParameterTier: Standard, Advanced, Intelligent-Tiering).
    """
    refuse_the_first("ssm", request, "ValidationException")


@refuses("cloudwatch", "DescribeAlarms", "PutMetricAlarm", "SetAlarmState", moto="accepts any value that fits no enum")
def alarms_fit_their_shapes(request: Request) -> None:
    """A name that is too long, a number out of its range or a word outside its enumeration is ValidationError.

    Source: botocore cloudwatch, `min`, `max` and `enum` of the shapes (StateValue, Statistic, ComparisonOperator).
    """
    refuse_the_first("cloudwatch", request, "ValidationError")


def refuse_the_first(service: str, request: Request, code: str) -> None:
    """Refuses a request for the first of its values that does not fit its shape."""
    shape = get_service_model(service).operation_model(request.response._get_action()).input_shape
    # User data has a rule of its own, in bytes before they are encoded.
    params = {name: value for name, value in request.params.items() if name != "UserData"}
    for member, value, constraint in _misfits(shape, params, ""):
        told = f"1 validation error detected: Value '{str(value)[:300]}' at '{member}' failed to satisfy constraint: "
        raise Refusal(code, f"{told}Member must {constraint}")


def _misfits(shape: Any, value: Any, member: str) -> Iterator[tuple[str, Any, str]]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, one in value.items():
            if name in shape.members and one is not None:
                short = name[0].lower() + name[1:]
                yield from _misfits(shape.members[name], one, f"{member}.{short}" if member else short)
    elif shape.type_name == "list" and isinstance(value, list):
        for number, one in enumerate(value, start=1):
            yield from _misfits(shape.member, one, f"{member}.{number}.member")
    elif constraint := _broken(shape, value):
        yield member, value, constraint


def _broken(shape: Any, value: Any) -> str | None:
    allowed, low, high = (shape.metadata.get(name) for name in ("enum", "min", "max"))
    if shape.type_name == "string":
        if allowed and value not in allowed:
            return f"satisfy enum value set: [{', '.join(allowed)}]"
        what, size = "length", float(len(str(value)))
    elif shape.type_name in ("integer", "long", "float", "double"):
        what, size = "value", float(value)
    else:
        return None
    if high is not None and size > high:
        return f"have {what} less than or equal to {high}"
    return f"have {what} greater than or equal to {low}" if low is not None and size < low else None
