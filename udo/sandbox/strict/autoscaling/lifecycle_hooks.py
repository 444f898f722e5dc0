"""The lifecycle hooks of groups: what they may say, and how they are kept, changed and described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, LifecycleHook

from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces, rule

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
TRANSITIONS = (LAUNCHING, TERMINATING)
RESULTS = ("CONTINUE", "ABANDON")
_MOST = 50
_TWO_DAYS = 172_800
_TARGET = re.compile(r"arn:aws[\w-]*:(sns|sqs):[\w-]+:\d{12}:\S+")


@refuses("autoscaling", "PutLifecycleHook", moto="accepts anything")
def hooks_say_when_and_how_long(request: Request) -> None:
    """A hook has a plain name, is for launching or terminating, waits 30 to 7200 seconds, then continues or abandons;
    it notifies a queue or a topic, with a role; a group has 50 at most.

    Source: botocore autoscaling PutLifecycleHookType, documentation of its members.
    """
    params, backend = request.params, request.backend("autoscaling")
    known = of_group(backend, params["AutoScalingGroupName"])
    before = next((one for one in known if one.name == params["LifecycleHookName"]), None)
    if before is None and len(known) >= _MOST:
        raise Refusal("LimitExceeded", f"You can have at most {_MOST} lifecycle hooks for an Auto Scaling group")
    _refuse_wrong(params, is_new=before is None)


@refuses("autoscaling", "CreateAutoScalingGroup", moto="drops its hooks without a word")
def groups_are_made_with_their_hooks(request: Request) -> None:
    """LifecycleHookSpecificationList gives a new group its hooks, which hold its first instances too.

    Source: botocore autoscaling CreateAutoScalingGroupType, member LifecycleHookSpecificationList.
    """
    for hook in request.params.get("LifecycleHookSpecificationList") or []:
        _refuse_wrong(hook, is_new=True)


def keep(backend: Any, group: str, hooks: list[dict[str, Any]]) -> None:
    """Gives a group its hooks."""
    for hook in hooks:
        updated_hooks_keep_what_is_not_named(backend, group, hook)


def forget(backend: Any, group: str) -> None:
    """Takes every hook from a group."""
    for key in [key for key, one in backend.lifecycle_hooks.items() if one.auto_scaling_group_name == group]:
        backend.lifecycle_hooks.pop(key)


def _refuse_wrong(hook: Mapping[str, Any], *, is_new: bool) -> None:
    name, transition, target = (
        hook["LifecycleHookName"],
        hook.get("LifecycleTransition"),
        hook.get("NotificationTargetARN"),
    )
    timeout, result = hook.get("HeartbeatTimeout"), hook.get("DefaultResult")
    wrong = (
        (not re.fullmatch(r"[A-Za-z0-9\-_/]{1,255}", name), f"Lifecycle hook name {name} is not valid"),
        (is_new and not transition, "LifecycleTransition is required for a new lifecycle hook"),
        (
            transition and transition not in TRANSITIONS,
            f"Lifecycle transition {transition} is not valid: [{', '.join(TRANSITIONS)}]",
        ),
        (
            timeout is not None and not 30 <= int(timeout) <= 7200,
            f"HeartbeatTimeout must be between 30 and 7200 seconds: {timeout}",
        ),
        (result and result not in RESULTS, f"DefaultResult {result} is not valid: [{', '.join(RESULTS)}]"),
        (
            target and not _TARGET.fullmatch(target),
            f"Unable to publish test message to notification target {target}: it is neither a queue nor a topic",
        ),
        (
            is_new and target and not hook.get("RoleARN"),
            "RoleARN is required where a NotificationTargetARN is given",
        ),
    )
    if why := next((text for is_wrong, text in wrong if is_wrong), None):
        raise Refusal("ValidationError", why)


@answers("autoscaling", "PutLifecycleHook")
def put_lifecycle_hook(request: Request) -> None:
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    updated_hooks_keep_what_is_not_named(request.backend("autoscaling"), group.name, request.params)


@rule("autoscaling", "PutLifecycleHook", moto="loses the transition, and invents targets and roles")
def updated_hooks_keep_what_is_not_named(backend: Any, group: str, asked: Mapping[str, Any]) -> None:
    """A hook that is put again keeps what the request does not name; an empty target takes the target away.

    Source: botocore autoscaling PutLifecycleHookType, members LifecycleTransition and NotificationTargetARN.
    """
    name = asked["LifecycleHookName"]
    before = backend.lifecycle_hooks.get(f"{group}_{name}")
    kind: Any = LifecycleHook
    hook = before or kind(name, group, asked.get("LifecycleTransition"), None, None)
    if before is None:
        hook.role_arn = hook.notification_target_arn = hook.notification_metadata = None
    for member, attribute in _MEMBERS.items():
        if asked.get(member) is not None:
            setattr(hook, attribute, asked[member] or None)
    hook.heartbeat_timeout = int(hook.heartbeat_timeout)
    hook.global_timeout = waits_have_an_end(hook.heartbeat_timeout)
    backend.lifecycle_hooks[f"{group}_{name}"] = hook


_MEMBERS = {
    "LifecycleTransition": "lifecycle_transition",
    "NotificationTargetARN": "notification_target_arn",
    "RoleARN": "role_arn",
    "NotificationMetadata": "notification_metadata",
    "HeartbeatTimeout": "heartbeat_timeout",
    "DefaultResult": "default_result",
}


@rule("autoscaling", "DescribeLifecycleHooks", moto="says two days of every hook")
def waits_have_an_end(heartbeat: int) -> int:
    """An instance waits 100 heartbeats at most, and never longer than 48 hours.

    Source: botocore autoscaling shape LifecycleHook, member GlobalTimeout.
    """
    return min(_TWO_DAYS, 100 * heartbeat)


@replaces(AutoScalingBackend, "create_lifecycle_hook")
def create_lifecycle_hook(
    backend: Any, name: str, as_name: str, transition: str | None, timeout: int | None, result: str | None
) -> Any:
    """Makes a hook without a target, as CodeDeploy does."""
    asked = {"LifecycleTransition": transition, "HeartbeatTimeout": timeout, "DefaultResult": result}
    updated_hooks_keep_what_is_not_named(backend, as_name, {"LifecycleHookName": name, **asked})
    return backend.lifecycle_hooks[f"{as_name}_{name}"]


@answers("autoscaling", "DescribeLifecycleHooks")
def describe_lifecycle_hooks(request: Request) -> dict[str, Any]:
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    names = request.params.get("LifecycleHookNames") or []
    found = [one for one in of_group(request.backend("autoscaling"), group.name) if not names or one.name in names]
    return {"LifecycleHooks": [_described(one) for one in found]}


def _described(hook: Any) -> dict[str, Any]:
    shown = {
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": hook.auto_scaling_group_name,
        "GlobalTimeout": hook.global_timeout,
        **{member: getattr(hook, attribute) for member, attribute in _MEMBERS.items()},
    }
    return {key: value for key, value in shown.items() if value is not None}


def of_group(backend: Any, group: str, transition: str | None = None) -> list[Any]:
    """The hooks of a group, of one transition where it is named."""
    return [
        one
        for one in backend.lifecycle_hooks.values()
        if one.auto_scaling_group_name == group and transition in (None, one.lifecycle_transition)
    ]
