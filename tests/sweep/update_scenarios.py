"""Groups brought to what udo.yml says, and what that is held to: nothing else of them changes."""

from __future__ import annotations

from typing import Any

from arena import Arena
from deploy_worlds import config
from invariants import (
    CODES,
    TAGS,
    capacity_is_never_lowered,
    every_group_launches_from_something,
    exit_0_means,
    exit_code_is_one_of,
    no_process_is_touched,
    only_ours_changes,
    only_these_change,
    the_lock_is_given_back,
)
from scenario import Case, Check, Scenario
from state import OURS, State

_SAYS = """tags: {team: payments}, health_check: {grace: 2m, type: ELB}, default_instance_warmup: 1m,
        metrics: [GroupMinSize, GroupMaxSize],
        lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}},
        scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}},
        scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}}"""
CONFIG = config(_SAYS)
_KEYS = ("health_check_grace_period", "health_check_type", "default_instance_warmup", "metrics", TAGS)
# What somebody else has made beside it, in our group and in those named almost like it.
_THEIRS = "theirs"


def _three(arena: Arena) -> None:
    """A group of three that has little of what udo.yml says, and policies, schedules and hooks of others."""
    arena.world.seed(arena.config())
    client = arena.world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=OURS, HealthCheckGracePeriod=33, HealthCheckType="EC2")
    client.delete_tags(Tags=[{"ResourceId": OURS, "ResourceType": "auto-scaling-group", "Key": "team"}])
    for name in (OURS, "prod-web"):
        group = {"AutoScalingGroupName": name}
        change = {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1}
        client.put_scaling_policy(**group, PolicyName=_THEIRS, **change)
        client.put_scaling_policy(**group, PolicyName="up", **change)
        client.put_scheduled_update_group_action(
            **group, ScheduledActionName=_THEIRS, Recurrence="0 6 * * *", DesiredCapacity=1
        )
        holds = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "HeartbeatTimeout": 900}
        client.put_lifecycle_hook(**group, LifecycleHookName=_THEIRS, **holds)


def _end(state: State) -> None:
    assert _told(state) == {
        "tags": {"team": "payments", "Name": OURS},
        "grace": 120,
        "kind": "ELB",
        "warmup": 60,
        "metrics": ["GroupMinSize", "GroupMaxSize"],
        "hooks": {"drain": 60, _THEIRS: 900},
        "policies": {"up": 2, _THEIRS: 1},
        "schedules": {"night": "0 22 * * *", _THEIRS: "0 6 * * *"},
    }
    assert not state["parameters"]


def what_others_made_stays(case: Case) -> None:
    """I2: policies, schedules and hooks that udo.yml does not say, and those of other groups."""
    ours = ("up", "night", "drain")
    left = [
        {key: one for key, one in state["parts"].items() if _left(key, ours)} for state in (case.before, case.after)
    ]
    assert left[0] == left[1], "what somebody else has made changed"


def _left(key: str, ours: tuple[str, ...]) -> bool:
    _, group, name = key.split("/")
    return group != OURS or name not in ours


def _told(state: State) -> dict[str, Any]:
    group = state["groups"][OURS]
    parts: dict[str, dict[str, Any]] = {"hooks": {}, "policies": {}, "schedules": {}}
    for key, one in state["parts"].items():
        kind, owner, name = key.split("/")
        if owner == OURS and not name.startswith("CodeDeploy-managed-"):
            parts[kind][name] = one.get(_SHOWN[kind])
    return {
        "tags": {row["Key"]: row["Value"] for row in group.get(TAGS, ())},
        "grace": group.get("health_check_grace_period"),
        "kind": group.get("health_check_type"),
        "warmup": group.get("default_instance_warmup"),
        "metrics": group.get("metrics"),
        **parts,
    }


_SHOWN = {"hooks": "heartbeat_timeout", "policies": "scaling_adjustment", "schedules": "recurrence"}


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks."""
    return _told(one) == _told(other) and {**one, "parameters": None} == {**other, "parameters": None}


_CHECK = Check(
    always=(
        every_group_launches_from_something,
        only_these_change("groups", "parts"),
        only_ours_changes("groups", *_KEYS),
        no_process_is_touched,
        capacity_is_never_lowered,
        what_others_made_stays,
    ),
    told=(
        exit_code_is_one_of(*CODES),
        exit_0_means(lambda case: _told(case.after) == _told(case.end)),
        the_lock_is_given_back,
    ),
    end=_end,
    same=same,
)
CORE = {"update": Scenario(("update", "prod", "webapp"), _three, _CHECK, CONFIG)}
MORE: dict[str, Scenario] = {}
