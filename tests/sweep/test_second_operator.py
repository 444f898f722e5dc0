"""A second operator at work before every call of a launch change: nothing of theirs is overwritten, or it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from arena import Arena, Run
from botocore.exceptions import ClientError
from invariants import LOCK
from launch_scenarios import NEW, UPDATE
from launch_worlds import OLD_IMAGE, configuration
from scenarios import EVERY
from state import OURS, launched, reference, state_of
from sweeping import positions, undisturbed
from whole import rows, some

THEIRS = "theirs"
SWAP = "autoscaling:UpdateAutoScalingGroup"
UPDATES = ("updatelc-configuration", "updatelc-template", "updatelc-mixed", "to-template")
ROLLBACKS = ("rollback-configuration", "rollback-template", "rollback-mixed", "rollback-from-template")
APPLIES = ("apply-mixed", "apply-configuration", "apply-template", "apply-template-to-mixed")
Colleague = Callable[[Any], None]
Cases = Callable[[int], None]
pytestmark = pytest.mark.usefixtures("one_thread")


def _last(run: Run, operation: str) -> int:
    """The position of the last call of that name."""
    return max((nth for nth, one in enumerate(run.asked, 1) if one == operation), default=0)


def _check_reachable(arena: Arena) -> dict[str, Any]:
    state = state_of(arena.world)
    for name in state["groups"]:
        assert launched(state, name), f"{name} launches from nothing"
    return state


def _check_updates(arena: Arena, words: tuple[str, ...]) -> None:
    """The same command, run again, ends at the goal and then has nothing to do."""
    again = arena.run(*words)
    assert again.exit == 0, again.stderr
    state = _check_reachable(arena)
    # In a mixed instances policy the types of the overrides win, so that of udo.yml is left out.
    types = (state["groups"][OURS].get("mixed_instances_policy") and launched(state)["InstanceType"]) or NEW[1]
    assert (launched(state)["ImageId"], launched(state)["InstanceType"]) == (NEW[0], types)
    third = arena.run(*words)
    assert (third.exit, third.writes) == (0, ())


def _relaunches(world: Any) -> None:
    """Puts our group on launch data of their own, of the kind it has."""
    client = world.client("autoscaling")
    row = client.describe_auto_scaling_groups(AutoScalingGroupNames=[OURS])["AutoScalingGroups"][0]
    if "LaunchConfigurationName" in row:
        configuration(world, THEIRS, InstanceType="c7g.large")
        client.update_auto_scaling_group(AutoScalingGroupName=OURS, LaunchConfigurationName=THEIRS)
        return
    data = {"ImageId": OLD_IMAGE, "InstanceType": "c7g.large"}
    world.client("ec2").create_launch_template(LaunchTemplateName=THEIRS, LaunchTemplateData=data)
    specification = {"LaunchTemplateName": THEIRS, "Version": "1"}
    if "MixedInstancesPolicy" in row:
        policy = row["MixedInstancesPolicy"]
        policy["LaunchTemplate"]["LaunchTemplateSpecification"] = specification
        client.update_auto_scaling_group(AutoScalingGroupName=OURS, MixedInstancesPolicy=policy)
    else:
        client.update_auto_scaling_group(AutoScalingGroupName=OURS, LaunchTemplate=specification)


@pytest.mark.parametrize("name", some(UPDATES + ROLLBACKS, "updatelc-configuration"))
@pytest.mark.whole
def test_launch_data_that_a_colleague_put_in_meanwhile_is_never_overwritten(
    arena: Arena, cases: Cases, name: str
) -> None:
    windows, number = 0, 0
    for number, call, run in positions(arena, name, _relaunches):
        told = (number, call, run.exit, run.stderr)
        theirs = reference(_check_reachable(arena)["groups"][OURS])[0] == THEIRS
        if call == SWAP:
            # The one request between our reading and our writing: AWS has no conditional update.
            windows += 1
        elif number == 1:
            assert run.exit == (0 if name in UPDATES else 2), told
        else:
            assert theirs, told
            seen = number <= _last_look(run)
            assert run.exit == (4 if seen else 0), told
        if name in UPDATES and run.exit == 4:
            _check_updates(arena, EVERY[name].words)
    assert windows == 1
    cases(number)


def _last_look(run: Run) -> int:
    """The position of the reading that showed the goal; what happens later is none of this run's business."""
    looks = [nth for nth, one in enumerate(run.asked, 1) if one == "autoscaling:DescribeAutoScalingGroups"]
    swap = _last(run, SWAP)
    return next((nth for nth in looks if swap and nth > swap), len(run.asked))


def _scales(world: Any) -> None:
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=OURS, MinSize=0, MaxSize=7)


@pytest.mark.whole
@pytest.mark.parametrize("name", some(UPDATES + ROLLBACKS, "updatelc-configuration"))
def test_sizes_that_a_colleague_changed_meanwhile_stay_and_are_named(arena: Arena, cases: Cases, name: str) -> None:
    number = 0
    for number, call, run in positions(arena, name, _scales):
        told = (number, call, run.exit, run.stderr)
        group = _check_reachable(arena)["groups"][OURS]
        assert (group.get("min_size", 0), group["max_size"]) == (0, 7), told
        last = _last(run, "autoscaling:DescribeAutoScalingGroups")
        assert run.exit == (4 if 1 < number <= last else 0), told
        if run.exit == 4:
            assert "MaxSize 3 -> 7" in run.stderr, told
    cases(number)


@pytest.mark.parametrize("name", some(APPLIES))
def test_a_saved_plan_never_overwrites_what_a_colleague_launches_meanwhile(
    arena: Arena, cases: Cases, name: str
) -> None:
    windows, number = 0, 0
    for number, call, run in positions(arena, name, _relaunches):
        told = (number, call, run.exit, run.stderr)
        if call == SWAP:
            windows += 1
            continue
        assert reference(_check_reachable(arena)["groups"][OURS])[0] == THEIRS, told
        assert run.exit == (4 if number <= _last_look(run) else 0), told
    assert windows == 1
    cases(number)


def _sets(world: Any) -> None:
    """Sets what our plan sets, otherwise."""
    client = world.client("autoscaling")
    more: dict[str, Any] = {"HealthCheckGracePeriod": 33}
    if (
        "MixedInstancesPolicy"
        in client.describe_auto_scaling_groups(AutoScalingGroupNames=[OURS])["AutoScalingGroups"][0]
    ):
        more["MixedInstancesPolicy"] = {"InstancesDistribution": {"OnDemandBaseCapacity": 7}}
    client.update_auto_scaling_group(AutoScalingGroupName=OURS, **more)


@pytest.mark.parametrize("name", some(APPLIES))
def test_a_saved_plan_never_overwrites_what_a_colleague_sets_meanwhile(arena: Arena, cases: Cases, name: str) -> None:
    windows, number = 0, 0
    for number, call, run in positions(arena, name, _sets):
        told = (number, call, run.exit, run.stderr)
        if call == SWAP:
            windows += 1
            continue
        (group,) = (
            arena.world.client("autoscaling")
            .describe_auto_scaling_groups(AutoScalingGroupNames=[OURS])
            .get("AutoScalingGroups")
        )
        policy = group.get("MixedInstancesPolicy", {}).get("InstancesDistribution", {})
        assert (group["HealthCheckGracePeriod"], policy.get("OnDemandBaseCapacity", 7)) == (33, 7), told
        assert run.exit in (0, 4), told
        assert run.exit == 4 or number > _last_look(run), told
    assert windows == 1
    cases(number)


def _takes_the_name(world: Any) -> None:
    """Creates what would be our next name, with other content; a colleague who comes too late is refused."""
    try:
        configuration(world, f"{OURS}-v2", InstanceType="c7g.large")
    except ClientError:
        return


def _takes_the_template(world: Any) -> None:
    data = {"ImageId": OLD_IMAGE, "InstanceType": "c7g.large"}
    ec2 = world.client("ec2")
    try:
        ec2.create_launch_template(LaunchTemplateName=OURS, LaunchTemplateData=data, VersionDescription="by hand")
    except ClientError:
        ec2.create_launch_template_version(
            LaunchTemplateName=OURS, LaunchTemplateData=data, VersionDescription="by hand"
        )


@pytest.mark.parametrize(
    ("name", "colleague"),
    rows(
        [
            ("updatelc-configuration", _takes_the_name),
            ("updatelc-template", _takes_the_template),
            ("updatelc-mixed", _takes_the_template),
            ("to-template", _takes_the_template),
        ],
        kept=[],
    ),
)
def test_a_name_that_a_colleague_took_meanwhile_is_not_ours(
    arena: Arena, cases: Cases, name: str, colleague: Colleague
) -> None:
    number, stopped = 0, 0
    goal = launched(undisturbed(arena, name).end)
    for number, call, run in positions(arena, name, colleague):
        told = (number, call, run.exit, run.stderr)
        state = _check_reachable(arena)
        data = launched(state)
        assert data["InstanceType"] != "c7g.large", told
        if run.exit == 0:
            assert (data["ImageId"], data["InstanceType"]) == (goal["ImageId"], goal["InstanceType"]), told
        else:
            stopped += 1
            assert data["InstanceType"] == "t3.small", told
        if name != "to-template":
            assert run.exit in (0, 4), told
            _check_updates(arena, UPDATE)
    assert stopped or name in ("updatelc-template", "updatelc-mixed")
    cases(number)


def _deletes_the_twin(world: Any) -> None:
    """Deletes what looks left over: our copy, as long as no group launches from it."""
    state = state_of(world)
    used = {reference(group) for group in state["groups"].values()}
    if f"{OURS}-v2" in state["configurations"] and (f"{OURS}-v2",) not in used:
        world.client("autoscaling").delete_launch_configuration(LaunchConfigurationName=f"{OURS}-v2")
    if "2" in state["templates"].get(OURS, {}).get("versions", {}) and (OURS, "2") not in used:
        world.client("ec2").delete_launch_template_versions(LaunchTemplateName=OURS, Versions=["2"])


@pytest.mark.parametrize("name", some([*UPDATES[:3], "updatelc-twin-configuration", "updatelc-twin-template"]))
def test_a_copy_that_a_colleague_deletes_meanwhile_is_made_again(arena: Arena, cases: Cases, name: str) -> None:
    number = 0
    for _ in positions(arena, name, _deletes_the_twin):
        number += 1
        _check_reachable(arena)
        _check_updates(arena, UPDATE)
    cases(number)


def _locks(world: Any) -> None:
    holder = {"run": "r", "holder": "somebody", "host": "elsewhere", "since": "now", "pid": 1, "started": "1"}
    try:
        world.client("ssm").put_parameter(Name=LOCK, Value=json.dumps(holder), Type="String")
    except ClientError:
        return


@pytest.mark.whole
@pytest.mark.parametrize("name", some(UPDATES + ROLLBACKS, "updatelc-configuration"))
def test_a_lock_that_a_colleague_took_first_is_honoured(arena: Arena, cases: Cases, name: str) -> None:
    number = 0
    for number, call, run in positions(arena, name, _locks):
        told = (number, call, run.exit, run.stderr)
        state = _check_reachable(arena)
        first = number <= run.asked.index("ssm:PutParameter") + 1
        assert run.exit == (4 if first else 0), told
        if first:
            assert run.writes == ("ssm:PutParameter",), told
            assert "somebody on elsewhere" in run.stderr
            assert LOCK in state["parameters"]
    cases(number)


def _uses_old_ones(world: Any) -> None:
    """Puts a group of theirs on the oldest of ours that is not in use."""
    client = world.client("autoscaling")
    for number in (2, 7):
        try:
            client.update_auto_scaling_group(
                AutoScalingGroupName="prod-web", LaunchConfigurationName=f"{OURS}-v{number}"
            )
        except ClientError:
            continue
        return


@pytest.mark.parametrize("name", some(["prune-configuration", "updatelc-tidying-configuration"], "prune-configuration"))
@pytest.mark.whole
def test_an_old_one_that_a_colleague_comes_to_use_meanwhile_is_kept(arena: Arena, cases: Cases, name: str) -> None:
    number = 0
    for number, call, run in positions(arena, name, _uses_old_ones):
        assert run.exit == 0, (number, call, run.stderr)
        _check_reachable(arena)
    cases(number)


@pytest.mark.parametrize("name", some(UPDATES[:3]))
def test_of_two_runs_at_once_without_a_lock_one_wins_and_the_other_stops(arena: Arena, cases: Cases, name: str) -> None:
    # In a mixed instances policy the types of the overrides win.
    changed, mark = (
        ("instance_monitoring=true", "Monitoring") if "mixed" in name else ("instance_type=c7g.large", "c7g")
    )
    theirs = (*UPDATE, "--set", changed)
    windows, number = 0, 0
    for number, call, run in positions(arena, name, lambda _world: _wins(arena, theirs), lock=False):
        told = (number, call, run.exit, run.stderr)
        data = launched(_check_reachable(arena))
        if call == SWAP:
            windows += 1
        elif number > 1:
            assert mark in str(data), told
            assert run.exit == (4 if number <= _last_look(run) else 0), told
        _check_updates(arena, UPDATE)
    assert windows == 1
    cases(number)


def _wins(arena: Arena, words: tuple[str, ...]) -> None:
    done = arena.run(*words)
    assert done.exit == 0, done.stderr
