"""What last failed on a group, told again from AWS, and what succeeded after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, deployments, end

from udo.groups.failures import failed_activities
from udo.model.activities import Activity
from udo.model.refreshes import Refresh
from udo.refresh.why import failed_refresh
from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
WHY = ("why", "prod", "webapp")


def test_where_nothing_failed_that_is_said_with_exit_0(udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo(*WHY)
    assert (done.exit, done.stdout) == (0, "nothing has failed on prod webapp, as far back as AWS tells\n")
    assert udo(*WHY, "-o", "json").json["data"] == []


def test_the_last_failed_deployment_is_told_with_its_last_lines_and_what_succeeded_since(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    fault = DeploymentFault(event="Install", script="bin/x", log_tail="[stderr]no room", instance=None)
    deployment_faults.add(fault)
    failed = begin(world)
    end(world)
    assert deployments(world)[0]["status"] == "Failed"
    deployment_faults.clear()
    later = begin(world, OTHER)
    end(world)
    done = udo(*WHY)
    assert done.exit == 0, done.stderr
    assert f"ago  deployment {failed} of {SHA[:7]}: Failed, 1 of 3 failed" in done.stdout
    assert "HEALTH_CONSTRAINTS" not in done.stdout
    assert "failed in Install (bin/x, exit 1):" in done.stdout
    assert "[stderr]no room" in done.stdout
    assert f"since then: deployment {later} of {OTHER[:7]} succeeded" in done.stdout
    (row,) = udo(*WHY, "-o", "json").json["data"]
    assert (row["kind"], row["since"]["what"]) == ("deployment", f"deployment {later} of {OTHER[:7]} succeeded")


def test_what_is_denied_is_a_warning_and_the_rest_is_told(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    world.faults.add(Fault("deny", "codedeploy:ListDeployments"))
    done = udo(*WHY)
    assert done.exit == 0
    assert "warning: deployments are unknown" in done.stderr


def test_a_role_that_does_not_deploy_is_told_of_its_group(udo: Udo, seeded: Seeded) -> None:
    seeded("region: us-west-2\nami: ami-0c2644caf041bb6de\nclusters: {prod: {roles: {webapp: {}}}}\n")
    done = udo(*WHY)
    assert (done.exit, done.stderr.count("warning")) == (0, 0)


def activity(
    status: str, at: int, message: str = "", what: str = "Launching a new EC2 instance: i-0123456789"
) -> Activity:
    return Activity(status, what, f"2026-03-01T12:{at:02}:00Z", message)


FULL = "We currently do not have sufficient t3.small capacity in the zone you requested (i-0123456789{}). It failed."


def test_launches_that_failed_alike_are_one_line_with_the_last_message_and_a_remedy() -> None:
    rows = [activity("Failed", 30 - n, FULL.format(n)) for n in range(3)]
    found, other = failed_activities([*rows, activity("Failed", 1, "something else"), activity("Successful", 0)])
    assert found.says == "3 launches failed in the same way since 2026-03-01 12:28 UTC"
    assert found.at == "2026-03-01T12:30:00Z"
    assert found.lines[-1] == "-> allow more instance types or zones"
    assert " ".join(found.lines[:-1]) == FULL.format(0)
    assert found.since == ""
    assert (other.says, other.lines) == ("a launch failed", ("something else",))


def test_of_many_ways_to_fail_the_newest_are_told_apart_and_the_rest_is_counted() -> None:
    found = failed_activities([activity("Failed", 59 - n, f"way {n % 5}") for n in range(10)])
    assert [one.says.partition(" since")[0] for one in found] == ["2 launches failed in the same way"] * 3
    assert [one.says.endswith(", and 4 in other ways") for one in found] == [False, False, True]


def test_terminations_and_cancelled_ones_are_told_as_such() -> None:
    gone = "Terminating EC2 instance: i-0123456789"
    found = failed_activities([activity("Cancelled", 5, what=gone), activity("Cancelled", 4, what=gone)])
    assert [one.says for one in found] == ["2 terminations were cancelled in the same way since 2026-03-01 12:04 UTC"]
    assert failed_activities([activity("Failed", 5, what="Moving")])[0].says == "an activity failed"


def test_a_launch_that_went_well_afterwards_is_named() -> None:
    (found,) = failed_activities([activity("Successful", 9), activity("Failed", 5, "The AMI ami-1 does not exist")])
    assert (found.says, found.since) == ("a launch failed", "Launching a new EC2 instance: i-0123456789")
    assert failed_activities([activity("Successful", 1)]) == []


@pytest.mark.parametrize(
    ("status", "told", "lines"),
    [
        ("Failed", "failed at 40 %; what it has replaced stays", 2),
        ("Cancelled", "was cancelled at 40 %; what it has replaced stays", 2),
        (
            "RollbackFailed",
            "failed, and so did its rollback; some members are of the version before and some not",
            2,
        ),
        ("RollbackSuccessful", "was rolled back; the group launches and runs what it did before", 1),
    ],
)
def test_a_refresh_that_did_not_go_through_is_told_with_its_reason(status: str, told: str, lines: int) -> None:
    refreshes = [
        Refresh("r-2", "Successful", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"),
        Refresh("r-1", status, "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", "an alarm went off", 40),
    ]
    found = failed_refresh(refreshes, "prod webapp")
    assert found is not None
    assert found.says == f"instance refresh r-1 {told}"
    helps = "-> see what the alarm watches before it is tried again: udo status prod webapp"
    assert found.lines == ("an alarm went off", helps)[:lines]
    assert found.since == "instance refresh r-2 was successful"
    assert failed_refresh(refreshes[:1], "prod webapp") is None


def test_who_stopped_a_deployment_is_told_where_udo_did(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    one = begin(world)
    assert udo("stop", "prod", "webapp").exit == 0
    told = udo(*WHY).stdout
    assert f"deployment {one} of {SHA[:7]}: Stopped by arn:aws:" in told
    # Who it was says more than that it was somebody.
    assert "MANUAL_STOP" not in told
    world.faults.add(Fault("deny", "autoscaling:DescribeAutoScalingGroups", times=None))
    assert f"deployment {one} of {SHA[:7]}: Stopped" in udo(*WHY).stdout


def test_who_stopped_another_deployment_is_not_told_of_this_one(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world)
    assert udo("stop", "prod", "webapp").exit == 0
    other = begin(world, OTHER)
    world.client("codedeploy").stop_deployment(deploymentId=other)
    end(world)
    done = udo(*WHY)
    assert f"deployment {other} of {OTHER[:7]}: Stopped" in done.stdout
    assert "Stopped by" not in done.stdout


def test_a_failure_that_nothing_came_after_names_the_way_on_and_the_way_back(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    begin(world, OTHER)
    end(world)
    assert deployments(world)[0]["status"] == "Succeeded"
    fault = DeploymentFault(event="Install", script="bin/x", log_tail="[stderr]no room", instance=None)
    deployment_faults.add(fault)
    begin(world)
    end(world)
    told = udo(*WHY).stdout
    assert told.endswith(
        "    -> once it is mended: udo deploy prod webapp REVISION\n"
        f"    -> or back to {OTHER[:7]}: udo rollback prod webapp --code\n"
    )
    deployment_faults.clear()
    assert udo("scale", "prod", "webapp", "4").exit == 0
    assert deployments(world)[0]["creator"] == "autoscaling"
    assert "udo rollback prod webapp --code" in udo(*WHY).stdout, "a launched instance mends nothing"
    begin(world)
    end(world)
    assert "udo rollback" not in udo(*WHY).stdout, "something came after it"


def test_a_launch_that_a_lifecycle_hook_gave_up_names_where_to_look() -> None:
    said = "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token 1 was abandoned: Heartbeat"
    (found,) = failed_activities([activity("Failed", 1, f"{said} Timeout")])
    assert "-> a lifecycle hook gave it up" in found.lines[-1]
