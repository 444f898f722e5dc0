"""Bad input of the verbs that change groups: each one line, its exit code, and nothing written."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import config, members, writes
from update_worlds import TRACKING, UPDATE, write
from update_worlds import config as settings

from udo.sandbox.strict.delays import delays

Udo = Callable[..., Any]
Seeded = Callable[..., Any]

SCALE = "scale prod webapp"
# Command line | exit code | what is told. OURS and THEIRS are members of prod webapp and of prod web.
WORDS = f"""
{SCALE} x | 2 | 'x' is no number of instances: write 4, +2 or -1
{SCALE} 4.0 | 2 | '4.0' is no number of instances
{SCALE} ++1 | 2 | '++1' is no number of instances
{SCALE} 99999999 | 2 | '99999999' is no number of instances
{SCALE} '' | 2 | '' is no number of instances
{SCALE} 2 --max | 2 | Option '--max' requires an argument: see 'udo scale --help'
{SCALE} 1 2 | 2 | unexpected word '2'
{SCALE} -9 | 7 | prod-webapp has 3: -9 would be below zero
{SCALE} 5 --max 4 | 2 | 5 is above --max 4
{SCALE} 5 --min 6 | 2 | 5 is below --min 6
{SCALE} --min 5 --max 4 | 2 | --min 5 is above --max 4
{SCALE} --min 12 | 7 | --min 12 does not fit the maximum of prod-webapp, 9: give --max too
{SCALE} --min -1 | 2 | -1 is not in the range
{SCALE} 5 --timeout soon | 2 | 'soon' is not a time
scale prod | 2 | which role of cluster 'prod'?
scale prod nope 3 | 2 | no role 'nope' in cluster 'prod'
scale prod gone 3 | 1 | group prod-gone of prod gone does not exist
suspend prod webapp Lunch | 2 | no process 'Lunch': did you mean 'Launch'?
suspend prod webapp launch | 2 | no process 'launch': did you mean 'Launch'?
resume prod webapp Terminat | 2 | no process 'Terminat': did you mean 'Terminate'?
suspend prod gone Launch | 1 | group prod-gone of prod gone does not exist
sleep | 2 | which cluster and role?
sleep prod nope | 2 | no role 'nope' in cluster 'prod'
wake prod nope | 2 | no role 'nope' in cluster 'prod'
standby prod webapp | 2 | which instances? give their ids
standby prod webapp banana | 2 | 'banana' is not an instance id
standby prod webapp i-0123456789abcdef0 | 1 | i-0123456789abcdef0 is no member of prod-webapp
standby prod webapp THEIRS | 1 | is no member of prod-webapp
standby prod webapp OURS --return --shrink | 2 | --return and --shrink exclude each other
detach prod webapp THEIRS | 1 | is no member of prod-webapp
detach prod webapp nope | 2 | 'nope' is not an instance id
attach prod webapp THEIRS | 7 | is in the group prod-web: nothing was changed; detach it there first
attach prod webapp i-0123456789abcdef0 | 1 | there is no instance i-0123456789abcdef0
update | 2 | which cluster and role?
update prod nope | 2 | no role 'nope' in cluster 'prod'
update prod webapp more | 2 | unexpected word 'more'
update prod gone | 1 | group prod-gone of prod gone does not exist
destroy prod | 2 | which role of cluster 'prod'?
"""


@pytest.mark.parametrize("row", WORDS.strip().splitlines(), ids=lambda row: row.partition(" | ")[0])
def test_a_wrong_word_is_one_line_and_nothing_is_written(world: Any, udo: Udo, seeded: Seeded, row: str) -> None:
    words, code, told = row.split(" | ")
    seeded(config())
    with_gone = config().replace("      web:", "      gone: {scale_policy: {min_size: 0, max_size: 1}}\n      web:", 1)
    Path("udo.yml").write_text(with_gone)
    ours, theirs = members(world)[0], members(world, "prod-web")[0]
    world.log.clear()
    done = udo(*shlex.split(words.replace("OURS", ours).replace("THEIRS", theirs)))
    assert (done.exit, done.stderr.count("\n"), done.stdout) == (int(code), 1, ""), done.stderr
    assert told in done.stderr
    assert writes(world) == []


POLICY = "scaling_policies: {cpu: "
# What udo.yml says wrong, and what is told of it.
SAID = [
    (
        f"{POLICY}{TRACKING.removesuffix(', ')}}}}}}}",
        "udo.yml:11:28: scaling_policies.cpu of prod webapp needs one metric",
    ),
    (f"{POLICY}{{PolicyType: TargetTrackingScaling}}}}", "needs TargetTrackingConfiguration"),
    (f"{POLICY}{{PolicyType: StepScaling}}}}", "needs AdjustmentType and StepAdjustments"),
    (f"{POLICY}{{ScalingAdjustment: 1}}}}", "needs AdjustmentType (PolicyType is SimpleScaling where it says none)"),
    (f"{POLICY}{{PolicyType: Nonsense}}}}", "has a PolicyType Nonsense: there are SimpleScaling, StepScaling, "),
    ("instance_maintenance_policy: {MinHealthyPercentage: 90}", "needs both, MinHealthyPercentage and "),
    (
        "instance_maintenance_policy: {MinHealthyPercentage: 10, MaxHealthyPercentage: 200}",
        "needs a MaxHealthyPercentage from 100 to 110, not 200",
    ),
    (
        "instance_maintenance_policy: {MinHealthyPercentage: -1, MaxHealthyPercentage: 110}",
        "needs -1 for both to take it away",
    ),
    ("termination_policies: [Newest]", "termination_policies wants a termination policy like OldestInstance"),
    ("max_instance_lifetime: 1h", "max_instance_lifetime of prod webapp is under a day"),
    ("scheduled_actions: {one: {Recurrence: 'x y', MinSize: 0}}", "has a Recurrence 'x y', which wants five fields"),
    ("scheduled_actions: {one: {StartTime: soon, MinSize: 0}}", "Invalid type for parameter StartTime"),
    ("lifecycle_hooks: {one: {Heartbeat: 5}}", "Heartbeat"),
]


@pytest.mark.parametrize(("line", "told"), SAID, ids=[row[0] for row in SAID])
def test_what_udo_yml_says_wrong_is_one_line_and_nothing_is_written(
    world: Any, udo: Udo, seeded: Seeded, line: str, told: str
) -> None:
    seeded(settings())
    write(line, "tags: {team: payments}")
    world.log.clear()
    done = udo(*UPDATE, "--yes")
    assert (done.exit, done.stderr.count("\n"), writes(world)) == (2, 1, []), done.stderr
    assert told in done.stderr


# What AWS alone knows, in its own words.
ASKED = [
    (
        "scheduled_actions: {one: {Recurrence: '99 * * * *', MinSize: 0}}",
        "Given recurrence string: 99 * * * * is invalid",
    ),
    ("lifecycle_hooks: {one: {HeartbeatTimeout: 60}}", "LifecycleTransition is required for a new lifecycle hook"),
]


@pytest.mark.parametrize(("line", "told"), ASKED, ids=[row[0] for row in ASKED])
def test_what_aws_refuses_is_its_answer_and_what_was_done_before_is_told(
    world: Any, udo: Udo, seeded: Seeded, line: str, told: str
) -> None:
    seeded(settings())
    write("tags: {team: payments}", line)
    done = udo(*UPDATE, "--yes")
    *before, last = done.stderr.splitlines()
    assert (done.exit, told in last) == (1, True), done.stderr
    assert "[1/2] tag prod-webapp: team" in "\n".join(before)
    assert "1. tag" not in udo(*UPDATE, "--dry-run").stdout


@pytest.mark.parametrize(
    "words", [(*SCALE.split(), "4"), ("suspend", "prod", "webapp", "Launch"), UPDATE], ids=lambda words: words[0]
)
def test_a_group_in_deletion_is_somebody_at_work(world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...]) -> None:
    seeded(config())
    delays.terminate = 60.0
    world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    world.log.clear()
    done = udo(*words)
    assert (done.exit, done.stderr.count("\n"), writes(world)) == (4, 1, []), done.stderr
    assert done.stderr.startswith("udo: group prod-webapp is being deleted (Delete in progress)")


def test_a_spent_quota_is_aws_answer_with_what_to_do(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(settings())
    ending = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "HeartbeatTimeout": 60}
    for number in range(50):
        world.client("autoscaling").put_lifecycle_hook(
            AutoScalingGroupName="prod-webapp", LifecycleHookName=f"old-{number}", **ending
        )
    write("lifecycle_hooks: {one: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}}")
    done = udo(*UPDATE)
    assert done.exit == 1
    assert done.stderr.splitlines()[-1] == (
        "udo: autoscaling:PutLifecycleHook: You can have at most 50 lifecycle hooks for an Auto Scaling group "
        "(LimitExceeded): a group takes no more: delete some of its own"
    )
