"""Completing what lifecycle hooks wait for: by token or instance, in time or with a heartbeat more."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.capacity import tick
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.holding import Action, open_actions
from udo.sandbox.strict.autoscaling.lifecycle_hooks import LAUNCHING, RESULTS
from udo.sandbox.strict.rules import Refusal, Request, answers


@answers("autoscaling", "CompleteLifecycleAction", moto="has no such operation")
def waits_are_completed(request: Request) -> None:
    """CompleteLifecycleAction ends a wait, by token or instance: CONTINUE lets the instance on, ABANDON ends a launch.

    Source: botocore autoscaling CompleteLifecycleActionType.
    """
    result = request.params["LifecycleActionResult"]
    if result not in RESULTS:
        raise Refusal("ValidationError", f"Lifecycle action result {result} is not valid: [{', '.join(RESULTS)}]")
    group, action = _named(request)
    action.complete(result)
    tick(group)


@answers("autoscaling", "RecordLifecycleActionHeartbeat", moto="has no such operation")
def heartbeats_prolong_waits(request: Request) -> None:
    """RecordLifecycleActionHeartbeat begins the hook's timeout anew, within the end of all waiting.

    Source: botocore autoscaling RecordLifecycleActionHeartbeat (documentation).
    """
    _, action = _named(request)
    action.due = moment.now() + action.hook.heartbeat_timeout


def _named(request: Request) -> tuple[Any, Action]:
    params = request.params
    group = known_group(request.backend("autoscaling"), params["AutoScalingGroupName"])
    token, instance = params.get("LifecycleActionToken"), params.get("InstanceId")
    if not token and not instance:
        raise Refusal("ValidationError", "LifecycleActionToken or InstanceId must be specified")
    for member, action in open_actions(group):
        is_it = action.token == token if token else member.instance_id == instance
        if is_it and action.hook.name == params["LifecycleHookName"]:
            return group, action
    told = f"token {token}" if token else f"instance ID {instance}"
    raise Refusal("ValidationError", f"No active Lifecycle Action found with {told}")


@answers("autoscaling", "DeleteLifecycleHook", moto="leaves nobody waiting, for nobody waits, and accepts any name")
def deleting_a_hook_ends_its_waits(request: Request) -> None:
    """DeleteLifecycleHook first completes what the hook waits for: ABANDON for launching instances, CONTINUE for
    terminating ones.

    Source: botocore autoscaling DeleteLifecycleHook (documentation).
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    name = request.params["LifecycleHookName"]
    if request.backend("autoscaling").lifecycle_hooks.pop(f"{group.name}_{name}", None) is None:
        raise Refusal("ValidationError", f"No Lifecycle Hook found with name {name} in group {group.name}")
    for _member, action in open_actions(group):
        if action.hook.name == name:
            action.complete("ABANDON" if action.hook.lifecycle_transition == LAUNCHING else "CONTINUE")
    tick(group)
