"""refresh: members that differ replaced by AWS's instance refresh, followed, ended and taken back."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import asked, at, writes
from launch_worlds import configuration_world, mixed_world, template_world, write_config
from refresh_worlds import REFRESH, begin, group, launched, outdated, refreshes, sized, tag
from whole import rows

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
NEW = {"LaunchTemplate": {"LaunchTemplateName": "prod-webapp", "Version": "2"}}


@pytest.fixture
def shop(world: Any, udo: Udo) -> Any:
    """Two members on version 1 of a template, of which the group launches version 2."""
    outdated(world, udo, template_world)
    return world


def brought(world: Any) -> str:
    """A refresh that brings version 2, and has brought it to one of three; its id."""
    template_world(world)
    write_config()
    sized(world, 3)
    ec2 = world.client("ec2")
    ec2.create_launch_template_version(LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={})
    one = begin(world, DesiredConfiguration=NEW, Preferences={"InstanceWarmup": 300})
    world.clock.step(400)
    return one


@pytest.mark.parametrize(
    ("build", "now"),
    rows([(template_world, "2"), (mixed_world, "2"), (configuration_world, "prod-webapp-v2")], [(template_world, "2")]),
)
def test_those_that_differ_are_replaced_and_a_second_run_starts_nothing(
    world: Any, udo: Udo, build: Any, now: str
) -> None:
    outdated(world, udo, build)
    before = {one["InstanceId"] for one in group(world)["Instances"]}
    done = udo(*REFRESH, "--yes")
    assert done.exit == 0, done.stderr
    assert done.stdout == f"instance refresh {refreshes(world)[0]['InstanceRefreshId']} succeeded: 2 instances new\n"
    assert launched(world) == [now, now]
    assert not before & {one["InstanceId"] for one in group(world)["Instances"]}
    assert writes(world) == ["StartInstanceRefresh"]
    again = udo(*REFRESH, "--yes")
    assert (again.exit, again.stdout.startswith("nothing to replace: every instance of prod-webapp is of")) == (0, True)
    assert writes(world) == ["StartInstanceRefresh"]


def test_it_asks_and_wants_yes_without_a_terminal(shop: Any, udo: Udo) -> None:
    done = udo(*REFRESH)
    assert done.exit == 7
    assert "Replace 2 of 2 instances of prod-webapp, with at least 2 in service?" in done.stderr
    assert writes(shop) == []


def test_what_it_will_do_is_told_in_a_dry_run_too_and_in_parts_for_scripts(shop: Any, udo: Udo) -> None:
    done = udo(*REFRESH, "-n", "-o", "json")
    kinds = {row["kind"]: row for row in done.json["data"]["plan"]["forecast"]}
    assert set(kinds) == {"members", "in_service", "time"}
    assert (kinds["members"]["replaced"], kinds["in_service"]["least_in_service"]) == (2, 2)
    assert writes(shop) == []


def test_one_that_somebody_else_began_is_followed_without_a_question(shop: Any, udo: Udo) -> None:
    one = begin(shop, Preferences={"MinHealthyPercentage": 50})
    done = udo(*REFRESH)
    assert done.exit == 0, done.stderr
    assert f"instance refresh {one} of prod-webapp" in done.stderr
    assert "following it" in done.stderr
    assert done.stdout == f"instance refresh {one} succeeded: 2 instances new\n"
    assert writes(shop) == []


def test_one_that_is_begun_between_the_look_and_the_start_is_followed(shop: Any, udo: Udo) -> None:
    at(shop, "StartInstanceRefresh", lambda: begin(shop))
    done = udo(*REFRESH, "--yes")
    assert done.exit == 0, done.stderr
    assert len(refreshes(shop)) == 1
    assert "following it" in done.stderr


def test_a_lost_answer_is_settled_by_the_refresh_that_is_there(shop: Any, udo: Udo) -> None:
    shop.faults.add(Fault("drop", "StartInstanceRefresh", after=True))
    done = udo(*REFRESH, "--yes")
    assert done.exit == 0, done.stderr
    assert len(refreshes(shop)) == 1
    assert "the answer was lost; AWS shows that it is done" in done.stderr


def test_no_wait_leaves_it_to_aws_and_the_same_command_follows_it(shop: Any, udo: Udo) -> None:
    done = udo(*REFRESH, "--yes", "--no-wait")
    one = refreshes(shop)[0]["InstanceRefreshId"]
    assert (done.exit, done.stdout) == (0, f"instance refresh {one} of prod-webapp is started\n")
    assert udo(*REFRESH, "--no-wait").stdout.startswith(f"instance refresh {one} of prod-webapp has not begun")
    assert udo(*REFRESH).stdout == f"instance refresh {one} succeeded: 2 instances new\n"


def test_the_timeout_and_ctrl_c_leave_it_to_aws_and_say_how_to_look_and_end_it(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["Terminate"])
    done = udo(*REFRESH, "--yes", "--timeout", "30s")
    one = refreshes(shop)[0]["InstanceRefreshId"]
    assert done.exit == 124
    for words in ("--status", "--cancel"):
        assert f"udo refresh prod webapp {words}" in done.stderr or f"(or {words})" in done.stderr
    # AWS takes back only what brings a configuration of its own.
    assert "--rollback" not in done.stderr
    assert f"instance refresh {one} continues in AWS" in done.stderr
    at(shop, "DescribeInstanceRefreshes", lambda: signal.raise_signal(signal.SIGINT), nth=4)
    done = udo(*REFRESH, "--yes")
    assert (done.exit, f"instance refresh {one} continues in AWS" in done.stderr) == (130, True), done.stderr
    assert "--rollback" not in done.stderr
    assert refreshes(shop)[0]["Status"] == "InProgress"


def test_a_group_that_is_deleted_meanwhile_is_named_and_not_said_to_go_on(shop: Any, udo: Udo) -> None:
    gone = {"AutoScalingGroupName": "prod-webapp", "ForceDelete": True}
    at(shop, "DescribeInstanceRefreshes", lambda: shop.client("autoscaling").delete_auto_scaling_group(**gone), nth=4)
    done = udo(*REFRESH, "--yes")
    assert done.exit == 1, done.stderr
    assert done.stderr.endswith("group prod-webapp does not exist any more: somebody has deleted it\n"), done.stderr


def test_status_is_a_document_too_where_documents_are_asked_for(shop: Any, udo: Udo) -> None:
    begin(shop)
    (line,) = udo(*REFRESH, "--status", "-o", "jsonl").stdout.splitlines()
    assert json.loads(line)["refresh"]["status"] == "Pending"


def test_a_canary_pauses_and_the_bake_time_is_counted_down(world: Any, udo: Udo) -> None:
    outdated(world, udo, template_world, 4)
    done = udo(*REFRESH, "--yes", "--canary", "1", "--pause", "5m", "--bake", "2m")
    assert done.exit == 0, done.stderr
    [one] = refreshes(world)
    assert (one["Preferences"]["CheckpointPercentages"], one["Preferences"]["CheckpointDelay"]) == ([1, 100], 300)
    assert "pauses 5m once 1 (1 %) of 4 is replaced" in done.stderr
    assert re.search(r"InProgress \d+ %  checkpoint 1 of 2, 4m( \d+s)? left; 1 new", done.stderr), done.stderr
    assert re.search(r"Baking 100 %  1m( \d+s)? left; 4 new, 4 in service", done.stderr), done.stderr
    assert "no progress" not in done.stderr


def test_every_look_is_a_document_and_the_last_one_has_the_exit(shop: Any, udo: Udo) -> None:
    told = [json.loads(line) for line in udo(*REFRESH, "--yes", "-o", "jsonl").stdout.splitlines()]
    assert [one["refresh"]["status"] for one in told] == ["Pending", "Successful", "Successful"]
    assert [one["state"] for one in told[1]["instances"]] == ["new", "new"]
    assert told[0]["last_activity"] is None, "what the group did before is no activity of the refresh"
    assert re.fullmatch(r"Terminating EC2 instance: i-\w+ \(Successful\)", told[1]["last_activity"])
    assert (told[-1]["exit"], told[-1]["left_alone"]) == (0, [])


def test_members_that_are_left_are_named_and_the_second_run_has_nothing_to_do(shop: Any, udo: Udo) -> None:
    one, two = (member["InstanceId"] for member in group(shop)["Instances"])
    shop.client("autoscaling").set_instance_protection(
        AutoScalingGroupName="prod-webapp", InstanceIds=[one], ProtectedFromScaleIn=True
    )
    done = udo(*REFRESH, "--yes")
    assert done.exit == 0, done.stderr
    assert f"protected, and left as they are: {one}" in done.stderr
    assert done.stdout.endswith(f"succeeded: 1 instance new; left as it is: {one}\n")
    assert launched(shop) == ["1", "2"]
    again = udo(*REFRESH, "--yes")
    assert (again.exit, one in again.stdout, two in again.stdout) == (0, True, False)
    assert writes(shop).count("StartInstanceRefresh") == 1


def test_the_one_that_runs_is_cancelled_and_what_it_has_replaced_stays(world: Any, udo: Udo) -> None:
    outdated(world, udo, template_world, 3)
    one = begin(world, Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110, "InstanceWarmup": 300})
    world.clock.step(400)
    done = udo(*REFRESH, "--cancel")
    assert done.exit == 0, done.stderr
    assert done.stdout == f"instance refresh {one} was cancelled at 33 %; what it has replaced stays\n"
    assert "what it has replaced" not in done.stderr.partition("a cancelled refresh takes nothing back")[0]
    assert refreshes(world)[0]["Status"] == "Cancelled"
    assert set(launched(world)) == {"1", "2"}
    again = udo(*REFRESH, "--cancel")
    assert (again.exit, again.stdout) == (0, "no instance refresh of prod-webapp is active\n")
    assert writes(world) == ["CancelInstanceRefresh"]


def test_one_that_ends_before_it_is_cancelled_is_nothing_to_cancel(shop: Any, udo: Udo) -> None:
    begin(shop)

    def end() -> None:
        shop.clock.step(600)
        shop.advance()

    at(shop, "CancelInstanceRefresh", end)
    done = udo(*REFRESH, "--cancel")
    assert (done.exit, refreshes(shop)[0]["Status"]) == (0, "Successful"), done.stderr


def test_what_brought_a_configuration_is_rolled_back_by_aws(world: Any, udo: Udo) -> None:
    one = brought(world)
    done = udo(*REFRESH, "--rollback")
    assert done.exit == 0, done.stderr
    assert done.stdout.startswith(f"instance refresh {one} was rolled back")
    assert launched(world) == ["1", "1", "1"]
    again = udo(*REFRESH, "--rollback")
    assert (again.exit, again.stdout) == (0, f"instance refresh {one} of prod-webapp was rolled back already\n")


def test_cancelling_a_rollback_is_asked_about(world: Any, udo: Udo) -> None:
    brought(world)
    world.client("autoscaling").rollback_instance_refresh(AutoScalingGroupName="prod-webapp")
    done = udo(*REFRESH, "--cancel")
    assert (done.exit, "that ends too" in done.stderr) == (7, True)
    assert udo(*REFRESH, "--cancel", "--yes").exit == 0
    assert refreshes(world)[0]["Status"] == "Cancelled"


def test_a_refresh_without_a_configuration_is_not_rolled_back_and_the_lines_that_go_back_are_told(
    shop: Any, udo: Udo
) -> None:
    begin(shop)
    done = udo(*REFRESH, "--rollback")
    assert done.exit == 7
    assert "udo refresh prod webapp --cancel; back goes: udo rollback prod webapp, then: udo refresh" in done.stderr
    assert "RollbackInstanceRefresh" not in writes(shop)


def test_how_it_stands_is_told_of_the_last_one(shop: Any, udo: Udo) -> None:
    assert udo(*REFRESH, "--status").stdout == "no instance refresh of prod-webapp in the last six weeks\n"
    one = begin(shop, Preferences={"InstanceWarmup": 300})
    shop.clock.step(60)
    shop.advance()
    told = udo(*REFRESH, "--status").stdout
    assert told.startswith(f"instance refresh {one} of prod-webapp is under way at 0 %, since 1m\n")
    assert "2 instances left to replace" in told or "1 instance left to replace" in told
    row = udo(*REFRESH, "--status", "-o", "json").json["data"]["refresh"]
    assert (row["refresh_id"], row["can_roll_back"], row["preferences"]["warmup"]) == (one, False, 300)


def test_it_leaves_the_tags_of_the_group_alone(shop: Any, udo: Udo) -> None:
    before = tag(shop)
    assert udo(*REFRESH, "--yes").exit == 0
    assert tag(shop) == before


def test_history_has_the_run_once_and_what_somebody_else_began(shop: Any, udo: Udo) -> None:
    assert udo(*REFRESH, "--yes", "--reason", "new image").exit == 0
    one = refreshes(shop)[0]["InstanceRefreshId"]
    shop.clock.step(60)
    other = begin(shop)
    rows = udo("history", "prod", "webapp", "-o", "json").json["data"]
    found = {row["refresh_id"]: row for row in rows if row["refresh_id"]}
    assert set(found) == {one, other}
    assert found[one]["what"] == "udo refresh prod webapp --yes --reason 'new image'"
    assert found[one]["reason"] == "new image"
    assert found[one]["outcome"] == "Successful"
    assert (found[other]["what"], found[other]["outcome"]) == (f"instance refresh {other}", "Pending")
    assert f"instance refresh: {one}" in udo("history", found[one]["run"]).stderr


def test_of_more_than_ten_roles_history_asks_for_no_refreshes_and_says_so(shop: Any, udo: Udo) -> None:
    begin(shop)
    path = Path("udo.yml")
    path.write_text(
        path.read_text() + "  more: {roles: {" + ", ".join(f"r{number}: {{}}" for number in range(9)) + "}}\n"
    )
    shop.log.clear()
    assert "are not asked for" not in udo("history").stderr
    assert "DescribeInstanceRefreshes" in asked(shop)
    path.write_text(path.read_text().replace("r8: {}", "r8: {}, r9: {}"))
    shop.log.clear()
    told = udo("history")
    assert "instance refreshes of 11 roles are not asked for: name 10 at most to see them" in told.stderr
    assert "DescribeInstanceRefreshes" not in asked(shop)
    assert "instance refresh" in udo("history", "prod").stdout
