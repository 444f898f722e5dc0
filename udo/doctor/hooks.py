"""The check of lifecycle hooks: whether anybody can answer what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from udo.doctor.access import length
from udo.doctor.event_patterns import listens
from udo.doctor.finding import Finding, Subject, warning
from udo.refresh.forecast import OF_CODEDEPLOY

if TYPE_CHECKING:
    from udo.model.scaling import LifecycleHook

# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html.
_KINDS = {"launching": "EC2 Instance-launch Lifecycle Action", "terminating": "EC2 Instance-terminate Lifecycle Action"}


def hooks(subject: Subject) -> Iterator[Finding]:
    """Hooks that notify nobody, and whose events no rule of EventBridge listens to.

    An instance may answer by itself, which nobody can see from outside.
    """
    group = subject.group
    assert group  # noqa: S101  (this is a check of roles whose group exists)
    covered = any(group.name in one.auto_scaling_groups for one in subject.facts.deployment_groups.values())
    for hook in subject.facts.hooks.get(group.name, ()):
        if hook.name.startswith(OF_CODEDEPLOY):
            if not covered and "deployment_groups" not in subject.facts.unread:
                says = (
                    f"hook {hook.name} is of a deployment group that no role names: where that is gone, {_held(hook)}"
                )
                command = f"aws autoscaling delete-lifecycle-hook --auto-scaling-group-name {group.name}"
                yield warning(says, group.name, f"{command} --lifecycle-hook-name {hook.name}")
        elif is_open(hook) and not _is_heard(subject, group.name, hook):
            says = f"hook {hook.name} notifies nobody, and no rule of EventBridge listens"
            remedy = "give it a NotificationTargetARN (lifecycle_hooks of udo.yml), or make a rule"
            yield warning(f"{says}: unless the instance answers itself, {_held(hook)}", group.name, remedy)


def is_open(hook: LifecycleHook) -> bool:
    """Whether a hook notifies nobody by itself; of CodeDeploy's own it is the service that answers."""
    return not (hook.raw.get("NotificationTargetARN") or hook.name.startswith(OF_CODEDEPLOY))


def _is_heard(subject: Subject, group: str, hook: LifecycleHook) -> bool:
    detail = {
        "AutoScalingGroupName": group,
        "LifecycleHookName": hook.name,
        "LifecycleTransition": hook.raw.get("LifecycleTransition", ""),
    }
    event = {"source": "aws.autoscaling", "detail-type": _KINDS.get(hook.holds, ""), "detail": detail}
    return any(listens(rule.pattern, event) for rule in subject.facts.rules)


def _held(hook: LifecycleHook) -> str:
    """What becomes of instances that it holds."""
    after = "then goes on" if hook.default_result == "CONTINUE" else "then is terminated"
    return f"each {hook.holds} instance waits {length(hook.seconds)}, {after}"
