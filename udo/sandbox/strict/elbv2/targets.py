"""The health of targets: it is looked for, takes its time, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import FakeTargetGroup

from udo.sandbox.strict import moment
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import replaces, rule

_health_of = FakeTargetGroup.health_for
_register = FakeTargetGroup.register


@dataclass
class Answering:
    """Tells of an instance, by its id, whether what runs there fails the checks of its target groups."""

    fails: Callable[[str], bool] = lambda _instance_id: False


answering = Answering()


@replaces(FakeTargetGroup, "health_for")
def health_for(target_group: Any, target: Any, ec2_backend: Any) -> Any:
    """What a target group says of a target."""
    told = _health_of(target_group, target, ec2_backend)
    if told.status != "healthy":
        return told
    for judged in (
        targets_without_a_load_balancer_are_unused(target_group),
        targets_begin_as_initial(target_group, told.instance_id),
        targets_that_do_not_answer_are_unhealthy(target_group, told.instance_id),
    ):
        if judged:
            told.status, told.reason, told.description = judged
            return told
    return told


@replaces(FakeTargetGroup, "register")
def register(target_group: Any, targets: list[dict[str, Any]]) -> None:
    """Registers targets; one that is a target already stays as it is."""
    known = set(target_group.targets)
    _register(target_group, targets)
    since = _since(target_group)
    for target in targets:
        if target["Id"] not in known:
            since[target["Id"]] = moment.now()


@rule("elbv2", "DescribeTargetHealth", moto="calls them healthy")
def targets_without_a_load_balancer_are_unused(target_group: Any) -> tuple[str, str, str] | None:
    """The targets of a target group that no load balancer forwards to are unused, with the reason Target.NotInUse.

    Source: docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html (reason codes).
    """
    if target_group.load_balancer_arns:
        return None
    why = "Target group is not configured to receive traffic from the load balancer"
    return "unused", "Target.NotInUse", why


@rule("elbv2", "RegisterTargets", "DescribeTargetHealth", moto="calls them healthy at once")
def targets_begin_as_initial(target_group: Any, instance_id: str) -> tuple[str, str, str] | None:
    """A target is initial while it is registered and checked for the first time, with the reason of either.

    Source: docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html (reason codes).
    """
    passed = moment.now() - _since(target_group).get(instance_id, 0.0)
    if delays.target <= 0 or passed >= delays.target:
        return None
    if passed < delays.target / 2:
        return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
    return "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"


@rule("elbv2", "DescribeTargetHealth", moto="calls every running instance healthy")
def targets_that_do_not_answer_are_unhealthy(_target_group: Any, instance_id: str) -> tuple[str, str, str] | None:
    """A target whose checks are answered with another code than is expected is unhealthy, with the codes that came.

    Source: docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html (reason codes).
    """
    if not answering.fails(instance_id):
        return None
    return "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [502]"


def fails(target_group: Any, instance_id: str) -> bool:
    """Whether a target of the target group is unhealthy."""
    return (
        instance_id in target_group.targets
        and bool(target_group.load_balancer_arns)
        and targets_begin_as_initial(target_group, instance_id) is None
        and answering.fails(instance_id)
    )


def _since(target_group: Any) -> dict[str, float]:
    """When each target was registered, by its id."""
    if not hasattr(target_group, "udo_since"):
        target_group.udo_since = {}
    found: dict[str, float] = target_group.udo_since
    return found
