"""The health of targets: it is looked for, takes its time, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from udo.sandbox.strict import moment
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import replaces, rule

_health_of = FakeTargetGroup.health_for
_register = FakeTargetGroup.register
_deregister = FakeTargetGroup.deregister
_terminated = FakeTargetGroup.deregister_terminated_instances
_describe = ELBv2Backend.describe_target_health


_DELAY = "deregistration_delay.timeout_seconds"


@dataclass
class Answering:
    """Tells of an instance, by its id, whether what runs there fails the checks of its target groups."""

    fails: Callable[[str], bool] = lambda _instance_id: False


answering = Answering()


@replaces(FakeTargetGroup, "health_for")
def health_for(target_group: Any, target: Any, ec2_backend: Any) -> Any:
    """What a target group says of a target."""
    told = _health_of(target_group, target, ec2_backend)
    if judged := targets_that_leave_are_draining(target_group, told.instance_id):
        told.status, told.reason, told.description = judged
        return told
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
            _left(target_group).pop(target["Id"], None)


@replaces(FakeTargetGroup, "deregister")
def deregister(target_group: Any, targets: list[dict[str, Any]]) -> None:
    """Deregisters targets, which begin to drain."""
    _deregister(target_group, targets)
    for target in targets:
        _left(target_group)[target["Id"]] = moment.now()


@replaces(FakeTargetGroup, "deregister_terminated_instances")
def deregister_terminated_instances(target_group: Any, instance_ids: list[str]) -> None:
    """Deregisters instances that are terminated."""
    for one in {*instance_ids} & {*target_group.targets}:
        _left(target_group)[one] = moment.now()
    _terminated(target_group, instance_ids)


@replaces(ELBv2Backend, "describe_target_health")
def describe_target_health(backend: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> list[Any]:
    """The health of the targets that are named; else of all that are registered, and of those that drain."""
    found = _describe(backend, target_group_arn, targets)
    if targets:
        return found
    group = backend.target_groups[target_group_arn]
    leaving = [one for one in _left(group) if targets_that_leave_are_draining(group, one)]
    return [*found, *(_draining(group, one) for one in leaving)]


def _draining(target_group: Any, instance_id: str) -> Any:
    port = target_group.deregistered_targets.get(instance_id, {}).get("Port", target_group.port)
    judged = targets_that_leave_are_draining(target_group, instance_id)
    return FakeHealthStatus(instance_id, port, target_group.health_check_port, *(judged or ()))


@rule("elbv2", "DeregisterTargets", "DescribeTargetHealth", moto="shows them no more, or as draining for ever")
def targets_that_leave_are_draining(target_group: Any, instance_id: str) -> tuple[str, str, str] | None:
    """A target that was deregistered is draining, with the reason Target.DeregistrationInProgress, until the
    deregistration delay of its target group is over (300 s where nobody has set it), and is listed as long.

    Source: docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html; there
    target-group-health-checks.html (reason codes).
    """
    since = _left(target_group).get(instance_id)
    if since is None or instance_id in target_group.targets:
        return None
    if moment.now() >= since + deregistration_delay(target_group):
        return None
    return "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"


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


def deregistration_delay(target_group: Any) -> float:
    """How long a target of the target group drains, in seconds."""
    return float(target_group.attributes[_DELAY])


def _since(target_group: Any) -> dict[str, float]:
    """When each target was registered, by its id."""
    if not hasattr(target_group, "udo_since"):
        target_group.udo_since = {}
    found: dict[str, float] = target_group.udo_since
    return found


def _left(target_group: Any) -> dict[str, float]:
    """When each target that is none any more was deregistered, by its id."""
    if not hasattr(target_group, "udo_left"):
        target_group.udo_left = {}
    found: dict[str, float] = target_group.udo_left
    return found
