"""`ssh.via: auto`: ssh, and Systems Manager only where there is no address or no connection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ssm_worlds
from ssm_worlds import params
from test_ssh import GROUPS, asked, members

from udo.sandbox.faults import InstanceFault
from udo.sandbox.hosts import new_key

Udo = Callable[..., Any]
# It tells which way a command came: Systems Manager's agent has a variable of its own.
WAY = "echo ${SSM_COMMAND_ID:+ssm}"


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh, and have agents as well."""
    text = ssh.settings.replace("ssh: {", "iam_profile: agents\nssh: {via: auto, connect_timeout: 2s, ")
    seeded(text + GROUPS)
    ssm_worlds.let_work(world)
    return world


def ways(done: Any) -> dict[str, str]:
    return {row["instance_id"]: row["stdout"].strip() for row in done.json["data"]["hosts"]}


def refuse(stage: Any, one: str, kind: Any = "refuse") -> None:
    stage.faults.add(InstanceFault(kind, one))
    stage.hosts.follow()


def test_hosts_that_can_be_connected_to_go_through_ssh_alone(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", WAY, "-o", "json")
    assert (done.exit, set(ways(done).values())) == (0, {""})
    assert (asked(stage, "SendCommand"), asked(stage, "DescribeInstanceInformation")) == (0, 0)


def test_one_that_refuses_the_connection_goes_through_systems_manager_and_that_is_told(stage: Any, udo: Udo) -> None:
    bad = members(stage)[1]
    refuse(stage, bad)
    done = udo("ssh", "stage", "webapp", WAY, "-o", "json", "-v")
    assert (done.exit, ways(done)) == (0, {one: "ssm" if one == bad else "" for one in members(stage)})
    assert f"{bad} goes through Systems Manager: 127." in done.stderr
    assert "connection refused" in done.stderr
    assert done.stderr.count(": stage webapp, account ") == 1, "told once, not by each way"
    assert params(stage, "SendCommand")[0]["InstanceIds"] == [bad]


def test_hosts_without_an_address_go_through_systems_manager(stage: Any, udo: Udo) -> None:
    path = Path("udo.yml")
    path.write_text(path.read_text().replace("via: auto", "via: auto, address: ipv6"))
    done = udo("ssh", "stage", "webapp", WAY, "-o", "json", "-v")
    assert (done.exit, set(ways(done).values())) == (0, {"ssm"})
    assert done.stderr.count("goes through Systems Manager: the instance has no such address") == 3


@pytest.mark.parametrize("kind", ["other-key", "hang"])
def test_a_host_that_was_connected_to_is_never_tried_again_by_systems_manager(stage: Any, udo: Udo, kind: str) -> None:
    udo("ssh", "stage", "webapp", "true")
    bad = members(stage)[0]
    refuse(stage, bad, kind)
    done = udo("ssh", "stage", "webapp", WAY, "-o", "json")
    assert (done.exit, asked(stage, "SendCommand")) == (255, 0)
    (row,) = [row for row in done.json["data"]["hosts"] if row["instance_id"] == bad]
    assert row["outcome"] == ("refused" if kind == "other-key" else "timeout")


def test_a_login_that_is_refused_is_not_tried_again_by_systems_manager(stage: Any, ssh: Any, udo: Udo) -> None:
    ssh.key.write_text(new_key()[1])
    done = udo("ssh", "stage", "webapp", WAY, "-o", "json")
    assert (done.exit, done.json["data"]["totals"]["refused"], asked(stage, "SendCommand")) == (255, 3, 0)


def test_one_that_neither_reaches_is_told_with_both_reasons(stage: Any, udo: Udo) -> None:
    bad = members(stage)[2]
    refuse(stage, bad)
    ssm_worlds.agent_fault("ssm-lost", instance_id=bad)
    done = udo("ssh", "stage", "webapp", WAY, "-o", "json")
    (row,) = [row for row in done.json["data"]["hosts"] if row["instance_id"] == bad]
    assert (done.exit, row["outcome"]) == (255, "unreachable")
    assert "connection refused; its agent was lost: last heard of at " in row["reason"]


@pytest.mark.parametrize("words", [("--env", "A=b"), ("--timeout", "3"), ("--stdin",)])
def test_what_it_cannot_keep_leaves_systems_manager_out(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    bad = members(stage)[0]
    refuse(stage, bad)
    done = udo("ssh", "stage", "webapp", WAY, "-o", "json", *words)
    assert (done.exit, asked(stage, "SendCommand")) == (255, 0)
    assert [row["outcome"] for row in done.json["data"]["hosts"] if row["instance_id"] == bad] == ["unreachable"]


def test_limits_of_the_way_and_a_canary_count_over_both(stage: Any, udo: Udo) -> None:
    first = udo("instances", "stage", "webapp", "-o", "json").json["data"][0]["instance_id"]
    refuse(stage, first)
    limits = ("--connect-timeout", "3", "--host-keys", "accept-new", "--canary", "1")
    done = udo("ssh", "stage", "webapp", f"{WAY}; exit 3", *limits, "-o", "json")
    totals = done.json["data"]["totals"]
    assert (done.exit, totals["failed"], totals["not started"]) == (3, 1, 2)
