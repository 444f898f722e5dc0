"""Groups that are made, and what that is held to: whole or marked, nothing of others touched, no copy left over."""

from __future__ import annotations

from typing import Any

from arena import Arena
from deploy_worlds import begin, config, end
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
    what_acts_on_others_stays,
)
from launch_worlds import configuration
from scenario import Case, Check, Scenario, after, cut_off
from state import OURS, State

CREATE = ("create", "prod", "webapp")
_PARTS = """tags: {team: payments}, health_check: {grace: 2m, type: ELB}, metrics: [GroupMinSize],
        lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}},
        scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}},
        scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}}"""
_MIXED = "mixed_instances: {InstancesDistribution: {OnDemandBaseCapacity: 1}, Overrides: [{InstanceType: t3.small}]}"
_ROLE = "service_role: 'arn:aws:iam::123456789012:role/codedeploy'"
_STRAYS = (f"{OURS}-v2-keep", f"{OURS}2-v3", f"x{OURS}-v9")
_CREATING = "udo:creating"


def _absent(arena: Arena) -> None:
    """No group of ours, beside groups and launch data named almost like it; to its deployment group a revision went."""
    arena.world.seed(arena.config())
    begin(arena.world)
    end(arena.world)
    _end(arena)


def _undeployed(arena: Arena) -> None:
    """The same where nothing was ever deployed."""
    arena.world.seed(arena.config())
    _end(arena)


def _end(arena: Arena) -> None:
    client = arena.world.client("autoscaling")
    asked = {"applicationName": "shop", "currentDeploymentGroupName": OURS}
    arena.world.client("codedeploy").update_deployment_group(**asked, autoScalingGroups=["prod-web"])
    client.delete_auto_scaling_group(AutoScalingGroupName=OURS, ForceDelete=True)
    names = {
        one["LaunchTemplateName"] for one in arena.world.client("ec2").describe_launch_templates()["LaunchTemplates"]
    }
    if OURS in names:
        arena.world.client("ec2").delete_launch_template(LaunchTemplateName=OURS)
    else:
        client.delete_launch_configuration(LaunchConfigurationName=f"{OURS}-v1")
    for name in _STRAYS:
        configuration(arena.world, name)


def _without_deployment_group(arena: Arena) -> None:
    """The same without its deployment group."""
    _undeployed(arena)
    client = arena.world.client("codedeploy")
    client.delete_deployment_group(applicationName="shop", deploymentGroupName=OURS)


def others_stay(case: Case) -> None:
    """I2: of every kind only what is of ours changes; of its deployment group only that it is in it."""
    for kind in ("groups", "templates", "configurations", "deployment_groups"):
        before, now = (
            {name: one for name, one in state[kind].items() if name not in (OURS, f"{OURS}-v1")}
            for state in (case.before, case.after)
        )
        assert now == before, f"{kind} of others changed"
    before, now = (
        [name for name in state["deployment_groups"].get(OURS, {}).get("auto_scaling_groups", ()) if name != OURS]
        for state in (case.before, case.after)
    )
    assert now == before, "another group left the deployment group"


def whole_or_marked(case: Case) -> None:
    """A group without the mark is all that it was to be, but for its members."""
    group = case.after["groups"].get(OURS)
    if group is None or _CREATING in _tags(group):
        return
    told, meant = _told(case.after), _told(case.end)
    assert {**told, "members": None} == {**meant, "members": None}, "neither whole nor marked"


def no_copy_is_left_over(case: Case) -> None:
    """I6: of launch data there is what the group launches from, and no more."""
    versions = case.after["templates"].get(OURS, {}).get("versions", {})
    family = {name for name in case.after["configurations"] if name not in case.before["configurations"]}
    assert len(versions) + len(family) <= 1, "made twice"


def _told(state: State) -> dict[str, Any]:
    """Our group with all that is its own."""
    group = state["groups"].get(OURS, {})
    names = ("min_size", "max_size", "desired_capacity", "health_check_grace_period", "health_check_type", "metrics")
    parts = {key: {**one, "name": None} for key, one in state["parts"].items() if f"/{OURS}/" in key}
    joined = state["deployment_groups"].get(OURS, {}).get("auto_scaling_groups", ())
    return {
        **{name: group.get(name) for name in names},
        "tags": _tags(group),
        "parts": sorted(key.partition("-deployment-hook-")[0] for key in parts),
        "launch": (*state["templates"].get(OURS, {}).get("versions", ()), group.get("launch_configuration_name")),
        "joined": sorted(joined),
        "members": len(group.get("instance_states", ())),
    }


def _tags(group: Any) -> dict[str, str]:
    return {row["Key"]: row["Value"] for row in group.get(TAGS, ())}


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks, and for who the members are."""
    return _told(one) == _told(other) and one["configurations"].keys() == other["configurations"].keys()


def _made(state: State) -> None:
    told = _told(state)
    assert (told["min_size"], told["desired_capacity"], told["max_size"], told["members"]) == (0, 3, 9, 3)
    assert OURS in told["joined"]
    assert _CREATING not in told["tags"]
    assert told["tags"].items() >= {"cluster": "prod", "role": "webapp", "Name": OURS, "udo:app": "shop"}.items()
    assert not state["parameters"]


_CHECK = Check(
    always=(
        every_group_launches_from_something,
        only_these_change(
            *("groups", "parts", "templates", "configurations", "instances", "deployment_groups", "deployments"),
            "alarms",
        ),
        others_stay,
        what_acts_on_others_stays,
        no_process_is_touched,
        capacity_is_never_lowered,
        whole_or_marked,
        no_copy_is_left_over,
    ),
    told=(
        exit_code_is_one_of(*CODES, 124),
        exit_0_means(lambda case: _told(case.after) == _told(case.end)),
        the_lock_is_given_back,
    ),
    end=_made,
    same=same,
)
_HALF = after(cut_off(_absent, "PutScalingPolicy", *CREATE), "unlock", "prod", "webapp", "--yes")
CORE = {"create": Scenario(CREATE, _absent, _CHECK, config(_PARTS))}
MORE = {
    "create-template": Scenario(CREATE, _undeployed, _CHECK, config()),
    "create-configuration": Scenario(CREATE, _undeployed, _CHECK, config("launch: {as: configuration}")),
    "create-mixed": Scenario(CREATE, _absent, _CHECK, config(_MIXED)),
    "create-half": Scenario(CREATE, _HALF, _CHECK, config(_PARTS)),
    "create-made": Scenario(CREATE, _without_deployment_group, _CHECK, config(f"deploy: {{{_ROLE}}}")),
}
