"""Members that lifecycle hooks hold: they wait until each hook's action is completed or times out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.lifecycle_hooks import LAUNCHING, TERMINATING, of_group
from udo.sandbox.strict.rules import rule

WAITING = {LAUNCHING: "Pending:Wait", TERMINATING: "Terminating:Wait"}


@dataclass
class Action:
    """What one hook waits for: `due` moves with every heartbeat, `end` does not; `why` tells a result's reason."""

    hook: Any
    token: str
    due: float
    end: float
    result: str | None = None
    why: str = ""

    def complete(self, result: str) -> None:
        """Ends the wait with CONTINUE or ABANDON."""
        self.result, self.why = result, f"Lifecycle Action Completed with {result} Result"


Listener = Callable[[Any, Any, Action], None]
_listeners: list[Listener] = []


def listens(listener: Listener) -> Listener:
    """Registers what is told of every action (group, member, action) when its wait begins, and may complete it."""
    _listeners.append(listener)
    return listener


@dataclass(frozen=True)
class Worker:
    """What works on actions by itself: `due` tells when it does next, `advance` moves it up to the present moment."""

    due: Callable[[], float | None]
    advance: Callable[[], None]


_workers: list[Worker] = []


def works(worker: Worker) -> None:
    """Registers what completes actions as time goes on."""
    _workers.append(worker)


def workers() -> tuple[Worker, ...]:
    """Everything that works on actions by itself."""
    return tuple(_workers)


@rule("autoscaling", "DescribeAutoScalingGroups", moto="keeps hooks, and never holds an instance")
def hooks_hold_members(group: Any, member: Any, transition: str) -> bool:
    """A member that launches or terminates waits (Pending:Wait, Terminating:Wait) for the group's hooks of that kind;
    the activity is in mid lifecycle action meanwhile.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html.
    """
    now = moment.now()
    member.udo_actions = [
        Action(one, str(mock_random.uuid4()), now + one.heartbeat_timeout, now + one.global_timeout)
        for one in of_group(group.autoscaling_backend, group.name, transition)
    ]
    for action in member.udo_actions:
        for listener in _listeners:
            listener(group, member, action)
    if all(action.result == "CONTINUE" for action in member.udo_actions):
        return False
    member.lifecycle_state = WAITING[transition]
    member.udo_activity.update(StatusCode="MidLifecycleAction", Progress=60)
    return True


@rule("autoscaling", "PutLifecycleHook", moto="never applies the default result")
def waits_end_with_the_default_result(member: Any) -> str | None:
    """An action that nobody completes in time has its hook's default result (None while the wait lasts); one abandoned
    launch ends the others, and terminating goes on whatever the result.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html; botocore autoscaling
    PutLifecycleHookType, member DefaultResult.
    """
    actions: list[Action] = member.udo_actions
    for action in actions:
        if action.result is None and moment.now() >= min(action.due, action.end):
            action.result, action.why = action.hook.default_result, "Heartbeat Timeout"
    if any(action.result == "ABANDON" for action in actions):
        return "ABANDON"
    return "CONTINUE" if all(action.result for action in actions) else None


def abandoned(member: Any) -> str:
    """Why a member's launch was abandoned, as the activity tells it."""
    action = next(one for one in member.udo_actions if one.result == "ABANDON")
    return (
        f"Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {action.token} was "
        f"abandoned: {action.why}"
    )


def open_actions(group: Any) -> list[tuple[Any, Action]]:
    """Every member of a group that waits, with each action it waits for."""
    return [
        (member, action)
        for member in group.instance_states
        if member.lifecycle_state in WAITING.values()
        for action in member.udo_actions
        if action.result is None
    ]
