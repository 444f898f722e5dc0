"""Saved plans of launch data and settings carried out, and what that is held to: both or what is said, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from arena import Arena, Run
from invariants import (
    CODES,
    TAGS,
    capacity_is_never_lowered,
    every_group_launches_from_something,
    exit_0_means,
    exit_code_is_one_of,
    no_process_is_touched,
    only_these_change,
    the_lock_is_given_back,
)
from launch_check import (
    LAUNCH,
    TAG,
    at_goal,
    at_most_one_copy_is_made,
    excuses,
    exit_0_means_all_of_it_unless_said,
    nothing_needed_is_deleted,
    nothing_of_others_changes,
    same,
)
from launch_worlds import CONFIG, NEW_IMAGE, WORLDS
from scenario import Case, Check, Scenario
from state import OURS, State, launched, reference
from update_scenarios import what_others_made_stays

PLAN = "home/plan"
_SAYS = """scale_policy: {min_size: 1, max_size: 5}, tags: {team: payments}, health_check: {grace: 2m},
        metrics: [GroupMinSize], scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}},
        scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}},
        lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}}"""
_POLICY = """mixed_instances: {InstancesDistribution: {OnDemandBaseCapacity: 2},
        Overrides: [{InstanceType: t3.small}, {InstanceType: m7g.large, WeightedCapacity: '4'}]}"""
_KEYS = ("max_size", "health_check_period", "health_check_grace_period", "metrics", TAGS)
_THEIRS = "theirs"


def _world(kind: str, arena: Arena) -> None:
    """A group of each kind with nothing of what udo.yml says, and policies, schedules and hooks of others."""
    WORLDS[kind](arena.world)
    client = arena.world.client("autoscaling")
    for name in (OURS, "prod-web"):
        group = {"AutoScalingGroupName": name}
        client.put_scaling_policy(**group, PolicyName=_THEIRS, AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
        client.put_scheduled_update_group_action(
            **group, ScheduledActionName=_THEIRS, Recurrence="0 6 * * *", DesiredCapacity=1
        )
        holds = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "HeartbeatTimeout": 900}
        client.put_lifecycle_hook(**group, LifecycleHookName=_THEIRS, **holds)


def _settings(state: State) -> dict[str, Any]:
    """What the plan sets, as it stands."""
    group = state["groups"][OURS]
    policy = group.get("mixed_instances_policy") or {}
    return {
        "sizes and checks": {key: group.get(key) for key in _KEYS if key not in (TAGS, "metrics")},
        "metrics": group.get("metrics"),
        "tags": {row["Key"]: row["Value"] for row in group.get(TAGS, ()) if row["Key"] != TAG},
        "parts": {key: one for key, one in state["parts"].items() if f"/{OURS}/" in key},
        "distribution": policy.get("InstancesDistribution"),
        "overrides": policy.get("LaunchTemplate", {}).get("Overrides"),
    }


def only_what_the_plan_says_of_the_group_changes(case: Case) -> None:
    """I2, of the group itself."""
    before, after = (state["groups"][OURS] for state in (case.before, case.after))
    for key in (set(before) | set(after)) - LAUNCH - {*_KEYS}:
        assert after.get(key) == before.get(key), f"{key} of the group changed"
    for key in _settings(case.before):
        told = [_settings(state)[key] for state in (case.before, case.after, case.end)]
        assert key == "parts" or told[1] in (told[0], told[2]), f"{key} of the group is neither old nor new"


def launch_data_and_settings_change_together(case: Case) -> None:
    """One write does both: there is no moment in which one of them is old."""
    now, end = _settings(case.after), _settings(case.end)
    for key in ("sizes and checks", "overrides", "distribution"):
        is_new = now[key] == end[key]
        assert is_new == at_goal(case) or _settings(case.before)[key] == end[key], f"{key} and what is launched differ"


def _end(launches: str, end: State) -> None:
    group = end["groups"][OURS]
    assert (":".join(reference(group)), launched(end)["ImageId"]) == (launches, NEW_IMAGE)
    found = _settings(end)
    assert (group["min_size"], group["max_size"], found["tags"]["team"]) == (1, 5, "payments")
    names = {key.rpartition("/")[2] for key in found["parts"]}
    assert names == {"up", "night", "drain", _THEIRS}
    if found["distribution"]:
        assert [one["InstanceType"] for one in found["overrides"]] == ["t3.small", "m7g.large"]
        assert str(found["distribution"]["OnDemandBaseCapacity"]) == "2"
    assert not end["parameters"]


def _done(case: Case, run: Run) -> None:
    """I4: whatever a success leaves out, it says."""
    exit_0_means(lambda one: at_goal(one) and _settings(one.after) == _settings(one.end))(case, run)
    exit_0_means_all_of_it_unless_said(case, run)


def _check(launches: str) -> Check:
    return Check(
        always=(
            every_group_launches_from_something,
            only_these_change("groups", "configurations", "templates", "parts"),
            nothing_of_others_changes,
            what_others_made_stays,
            only_what_the_plan_says_of_the_group_changes,
            launch_data_and_settings_change_together,
            no_process_is_touched,
            capacity_is_never_lowered,
            nothing_needed_is_deleted,
            at_most_one_copy_is_made,
        ),
        told=(exit_code_is_one_of(*CODES), _done, the_lock_is_given_back),
        end=partial(_end, launches),
        same=same,
        excuses=excuses,
    )


def _scenario(kind: str, launches: str, *more: str) -> Scenario:
    build: Callable[[Arena], None] = partial(_world, kind)
    config = CONFIG.replace("webapp: {", f"webapp: {{{', '.join((_SAYS, *more))}, ")
    save = ("plan", "prod", "webapp", "--save", PLAN, "--yes")
    return Scenario(("apply", PLAN, "--yes"), build, _check(launches), config, save)


CORE = {"apply-mixed": _scenario("mixed", f"{OURS}:2", _POLICY)}
MORE = {
    "apply-configuration": _scenario("configuration", f"{OURS}-v2"),
    "apply-template": _scenario("template", f"{OURS}:2"),
    "apply-template-to-mixed": _scenario("template", f"{OURS}:2", _POLICY),
}
