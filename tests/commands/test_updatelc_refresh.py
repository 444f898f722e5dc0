"""updatelc --refresh: what a group launches and its members in one change, brought by the refresh or around it."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import at, writes
from launch_worlds import CONFIG, configuration_world, mixed_world, template_world, write_config
from refresh_worlds import group, launched, refreshes, sized, tag
from whole import rows

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
BOTH = ("updatelc", "prod", "webapp", "--refresh", "--yes")


def made(world: Any, build: Any, desired: int = 3, more: str = "") -> Any:
    """The world of a kind, with so many members of what was launched before."""
    build(world)
    write_config(CONFIG.replace("instance_type: m7g.large", f"instance_type: m7g.large{more}"))
    sized(world, desired)
    world.log.clear()
    return world


def follows_latest(world: Any) -> None:
    """A group on $Latest of its template."""
    template_world(world)
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp",
        LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": "$Latest"},
    )


def live(world: Any) -> str:
    """What the group launches from: a version or a configuration's name."""
    found = group(world)
    template = found.get("LaunchTemplate") or found.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get(
        "LaunchTemplateSpecification"
    )
    return str(template["Version"] if template else found["LaunchConfigurationName"])


def remembered(world: Any) -> dict[str, Any]:
    """What the tag says, without the id of the template."""
    told = json.loads(tag(world) or "{}")
    return {key: one.rpartition(":")[2] if isinstance(one, str) else one for key, one in told.items()}


@pytest.mark.parametrize("build", rows([(template_world,), (mixed_world,)], [(template_world,)]))
def test_the_refresh_itself_brings_the_new_version_and_the_group_gets_it_with_success(
    world: Any, udo: Udo, build: Any
) -> None:
    made(world, build)
    done = udo(*BOTH)
    assert done.exit == 0, done.stderr
    assert "the refresh itself brings version 2: the group has it once all are replaced" in done.stderr
    assert (live(world), launched(world)) == ("2", ["2", "2", "2"])
    assert "UpdateAutoScalingGroup" not in writes(world)
    [one] = refreshes(world)
    assert (one["Preferences"]["AutoRollback"], one["Preferences"]["SkipMatching"]) == (True, True)
    assert remembered(world) == {"now": "2", "before": "1"}
    counted = re.findall(r"^\[(.*?)\]", done.stderr, re.MULTILINE)
    assert counted == ["1/5", "2/5", "3/5", "4/5", "5/5", "6"], "one count for all, what is put right after it too"
    before = writes(world)
    again = udo(*BOTH)
    assert (again.exit, writes(world)) == (0, before), again.stderr
    assert udo("rollback", "prod", "webapp").exit == 0
    assert live(world) == "1"


def test_the_question_is_put_below_all_that_would_be_done(world: Any, udo: Udo) -> None:
    made(world, template_world)
    asked = udo(*BOTH[:-1])
    assert asked.exit == 7
    shown = [line for line in udo(*BOTH, "-n").stdout.splitlines() if re.match(r"  \d+\. ", line)]
    assert len(shown) == 5
    assert [line for line in asked.stderr.splitlines() if line in shown] == shown
    told = udo(*BOTH[:-1], "-o", "json").json["data"]["plan"]
    assert len(told["steps"]) == len(shown)


@pytest.mark.parametrize(
    ("build", "now", "why"),
    rows(
        [
            (configuration_world, "prod-webapp-v2", "it launches from a launch configuration"),
            (follows_latest, "2", "it follows $Latest"),
        ],
        [(configuration_world, "prod-webapp-v2", "it launches from a launch configuration")],
    ),
)
def test_where_aws_could_not_take_it_back_the_group_launches_it_first(
    world: Any, udo: Udo, build: Any, now: str, why: str
) -> None:
    made(world, build)
    done = udo(*BOTH)
    assert done.exit == 0, done.stderr
    assert f"first the group launches what is new, then its members are replaced, because {why}" in done.stderr
    assert (live(world), launched(world)) == (now, [now] * 3)
    assert "DesiredConfiguration" not in refreshes(world)[0]
    before = writes(world)
    assert (udo(*BOTH).exit, writes(world)) == (0, before)


@pytest.mark.parametrize(
    "words", [("rollback", "prod", "webapp", "--to", "1"), (*BOTH[:3], "--anyway", "--set", "instance_type=t3.nano")]
)
def test_what_aws_would_refuse_while_one_brings_a_configuration_is_refused_before_the_first_write(
    world: Any, udo: Udo, words: tuple[str, ...]
) -> None:
    made(world, template_world, more=", refresh: {warmup: 5m}")
    assert udo(*BOTH, "--no-wait").exit == 0
    before = writes(world)
    done = udo(*words)
    assert (done.exit, writes(world)) == (4, before), done.stderr
    assert "brings a configuration of its own" in done.stderr
    assert done.stderr.endswith("or take it back with: udo refresh prod webapp --rollback\n")
    # Once it has ended they may be.
    assert udo("refresh", "prod", "webapp", "--cancel", "--yes").exit == 0
    assert udo(*words, "-n").exit == 0


@pytest.mark.parametrize("words", [("rollback", "prod", "webapp"), ("prune", "prod", "webapp", "--yes")])
def test_where_it_is_unknown_whether_it_has_ended_the_tag_says_what_comes_as_before(
    world: Any, udo: Udo, words: tuple[str, ...]
) -> None:
    made(world, template_world, more=", refresh: {warmup: 5m}")
    assert udo(*BOTH, "--no-wait").exit == 0
    world.faults.add(Fault("deny", "DescribeInstanceRefreshes", times=None))
    done = udo(*words)
    assert done.exit == (6 if words[0] == "rollback" else 0), done.stderr
    assert remembered(world)["pending"]["version"] == "2", done.stderr


@pytest.mark.whole
def test_while_it_runs_the_tag_says_what_comes_and_rollback_has_aws_take_it_back(world: Any, udo: Udo) -> None:
    made(world, template_world, more=", refresh: {warmup: 5m}")
    done = udo(*BOTH, "--no-wait")
    assert done.exit == 0, done.stderr
    one = refreshes(world)[0]["InstanceRefreshId"]
    pending = remembered(world)["pending"]
    assert (pending["version"], pending["refresh"]) == ("2", one)
    assert live(world) == "1"
    world.clock.step(400)
    back = udo("rollback", "prod", "webapp")
    assert back.exit == 0, back.stderr
    assert refreshes(world)[0]["Status"] == "RollbackSuccessful"
    assert (live(world), launched(world)) == ("1", ["1", "1", "1"])
    assert remembered(world) == {"now": "2", "before": "1"}
    again = udo("rollback", "prod", "webapp")
    told = "launches from launch template prod-webapp version 1 already; further back goes --to N, see 'udo versions'"
    assert (again.exit, told in again.stdout) == (0, True), again.stdout


def test_prune_keeps_the_version_that_comes(world: Any, udo: Udo) -> None:
    made(world, template_world, more=", launch: {keep: 9}")
    assert udo(*BOTH, "--no-wait").exit == 0
    # Nobody is of version 2 yet, and others are newer.
    ec2 = world.client("ec2")
    for _ in range(2):
        ec2.create_launch_template_version(LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={})
    done = udo("prune", "prod", "webapp", "--keep", "1")
    assert done.exit == 0, done.stderr
    assert remembered(world)["pending"]["version"] == "2"
    versions = ec2.describe_launch_template_versions(LaunchTemplateName="prod-webapp")["LaunchTemplateVersions"]
    assert {one["VersionNumber"] for one in versions} == {1, 2, 4}


@pytest.mark.parametrize("verb", rows([("updatelc",), ("prune",), ("refresh",), ("rollback",)], [("updatelc",)]))
def test_the_next_verb_settles_what_has_come_of_it(world: Any, udo: Udo, verb: str) -> None:
    made(world, template_world)
    assert udo(*BOTH, "--no-wait").exit == 0
    world.clock.step(600)
    world.advance()
    assert (live(world), "pending" in remembered(world)) == ("2", True)
    done = udo(verb, "prod", "webapp", "--yes")
    assert done.exit == 0, done.stderr
    assert "pending" not in remembered(world)
    assert {remembered(world)["now"], remembered(world)["before"]} == {"1", "2"}


def test_after_a_kill_before_the_refresh_the_same_command_brings_the_same_version(world: Any, udo: Udo) -> None:
    made(world, template_world)
    world.faults.add(Fault("drop", "StartInstanceRefresh", times=None))
    assert udo(*BOTH).exit != 0
    world.faults.clear()
    done = udo(*BOTH)
    assert done.exit == 0, done.stderr
    assert writes(world).count("CreateLaunchTemplateVersion") == 1
    assert (live(world), launched(world), remembered(world)) == ("2", ["2"] * 3, {"now": "2", "before": "1"})


@pytest.mark.whole
def test_ctrl_c_leaves_it_to_aws_and_the_same_command_follows_and_settles_it(world: Any, udo: Udo) -> None:
    made(world, template_world, more=", refresh: {warmup: 5m}")
    at(world, "DescribeInstanceRefreshes", lambda: signal.raise_signal(signal.SIGINT), nth=5)
    done = udo(*BOTH)
    assert done.exit == 130, done.stderr
    assert "continues in AWS" in done.stderr
    assert "take it back with: udo refresh prod webapp --rollback" in done.stderr
    assert "pending" in remembered(world)
    done = udo(*BOTH)
    assert done.exit == 0, done.stderr
    assert len(refreshes(world)) == 1
    assert (live(world), remembered(world)) == ("2", {"now": "2", "before": "1"})


@pytest.mark.whole
def test_one_that_fails_is_taken_back_by_aws_and_the_tag_is_settled(world: Any, udo: Udo) -> None:
    made(world, template_world)
    at(world, "StartInstanceRefresh", lambda: _hold_newcomers(world))
    # What is wrong is wrong with what is new.
    world.faults.add(Fault("hook", "DescribeAutoScalingGroups", times=None, hook=lambda _: _better_again(world)))
    done = udo(*BOTH)
    world.faults.clear()
    assert done.exit == 1, done.stderr
    assert "was rolled back" in done.stderr
    assert (live(world), launched(world)) == ("1", ["1", "1", "1"])
    assert remembered(world) == {"now": "2", "before": "1"}
    assert "CancelInstanceRefresh" not in writes(world)


def _better_again(world: Any) -> None:
    if any(one["Status"] == "RollbackInProgress" for one in refreshes(world)):
        _let_go(world)


def _hold_newcomers(world: Any) -> None:
    """Has every newcomer be given up by its launch hook, while version 2 is what it is launched from."""
    world.client("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName="prod-webapp",
        LifecycleHookName="check",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        HeartbeatTimeout=900,
        DefaultResult="ABANDON",
    )


@pytest.mark.whole
def test_where_it_fails_the_group_goes_back_and_is_refreshed_again(world: Any, udo: Udo) -> None:
    made(world, configuration_world, 2)
    at(world, "StartInstanceRefresh", lambda: _hold_newcomers(world))
    at(world, "StartInstanceRefresh", lambda: _let_go(world), nth=2)
    done = udo(*BOTH)
    assert done.exit == 1, done.stderr
    assert "prod-webapp launches from what it did before again, and its members were replaced by" in done.stderr
    assert (live(world), launched(world)) == ("prod-webapp", ["prod-webapp"] * 2)
    assert [one["Status"] for one in refreshes(world)] == ["Successful", "Failed"]


def _let_go(world: Any) -> None:
    world.client("autoscaling").delete_lifecycle_hook(AutoScalingGroupName="prod-webapp", LifecycleHookName="check")


@pytest.mark.whole
def test_where_going_back_fails_too_both_are_told_with_commands_that_can_be_run(world: Any, udo: Udo) -> None:
    made(world, configuration_world, 2)
    at(world, "StartInstanceRefresh", lambda: _hold_newcomers(world))
    world.faults.add(Fault("deny", "StartInstanceRefresh", nth=2, times=None))
    done = udo(*BOTH)
    assert done.exit == 1, done.stderr
    assert "and going back has failed too: " in done.stderr
    assert "run: udo rollback prod webapp, then: udo refresh prod webapp" in done.stderr


@pytest.mark.whole
def test_without_auto_rollback_it_stays_where_it_failed(world: Any, udo: Udo) -> None:
    made(world, configuration_world, 2)
    at(world, "StartInstanceRefresh", lambda: _hold_newcomers(world))
    done = udo(*BOTH, "--no-auto-rollback")
    assert done.exit == 1, done.stderr
    assert live(world) == "prod-webapp-v2"
    assert len(refreshes(world)) == 1


def test_another_one_that_runs_is_a_conflict(world: Any, udo: Udo) -> None:
    made(world, template_world, more=", refresh: {warmup: 5m}")
    world.client("autoscaling").start_instance_refresh(
        AutoScalingGroupName="prod-webapp", Preferences={"InstanceWarmup": 600}
    )
    done = udo(*BOTH)
    assert done.exit == 4, done.stderr
    assert "brings something else" in done.stderr
    assert "CreateLaunchTemplateVersion" not in writes(world)


def test_an_empty_group_is_changed_and_nothing_is_refreshed(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MinSize=0, DesiredCapacity=0
    )
    world.clock.step(60)
    assert udo(*BOTH).exit == 0
    assert (live(world), refreshes(world)) == ("2", [])


def test_what_is_about_the_refresh_needs_it(world: Any, udo: Udo) -> None:
    made(world, template_world)
    for words in (("--bake", "5m"), ("--no-wait",), ("--timeout", "1h"), ("--canary", "1")):
        done = udo("updatelc", "prod", "webapp", *words)
        assert (done.exit, f"{words[0]} belongs to --refresh" in done.stderr) == (2, True)
    assert writes(world) == []


def test_it_asks_and_shows_both_parts_in_a_dry_run(world: Any, udo: Udo) -> None:
    made(world, template_world)
    assert udo(*BOTH[:-1]).exit == 7
    told = udo(*BOTH[:-1], "-n").stdout
    for line in ("new version of launch template", "start an instance refresh of prod-webapp that brings it"):
        assert line in told
    assert writes(world) == []


@pytest.mark.whole
def test_an_alarm_that_rings_has_aws_roll_it_back_and_the_group_is_where_it_was(world: Any, udo: Udo) -> None:
    made(world, template_world, more=", guards: {alarms: [errors], after: 0}, refresh: {warmup: 5m}")
    client = world.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName="errors",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=1.0,
        TreatMissingData="ignore",
        MetricName="Errors",
        Namespace="shop",
        Statistic="Sum",
        Period=60,
    )
    ring = {"AlarmName": "errors", "StateReason": "said"}
    client.set_alarm_state(StateValue="OK", **ring)
    at(world, "DescribeInstanceRefreshes", lambda: client.set_alarm_state(StateValue="ALARM", **ring), nth=8)
    done = udo(*BOTH)
    assert done.exit == 1, done.stderr
    [one] = refreshes(world)
    assert one["Preferences"]["AlarmSpecification"] == {"Alarms": ["errors"]}
    assert one["Status"] == "RollbackSuccessful"
    assert (launched(world), remembered(world)) == (["1", "1", "1"], {"now": "2", "before": "1"})
    assert "errors" in done.stderr.splitlines()[-1]
