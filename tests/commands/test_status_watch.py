"""A watched page: in its place on a terminal, elsewhere a line a change, or a document a change."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import at, members
from launch_worlds import CONFIG, configuration_world, write_config
from test_screens import _on, _same_everywhere

from udo.sandbox.faults import Fault

__all__ = ["_same_everywhere"]
Udo = Callable[..., Any]
LOOK = "DescribeAutoScalingGroups"
# The group launches what it says.
SAME = CONFIG.replace("m7g.large", "t3.small")


@pytest.fixture
def watched(world: Any) -> Any:
    """prod-webapp, on which somebody works between the first look and the second; the fourth is interrupted."""
    configuration_world(world)
    write_config(SAME + "      worker: {}\n")
    client = world.client("autoscaling")

    def work() -> None:
        first = members(world)[0]
        client.update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MinSize=0)
        client.suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["AZRebalance"])
        client.enter_standby(
            AutoScalingGroupName="prod-webapp", InstanceIds=[first], ShouldDecrementDesiredCapacity=True
        )

    at(world, LOOK, work, nth=2)
    at(world, LOOK, lambda: os.kill(os.getpid(), signal.SIGINT), nth=4)
    return world


def test_off_a_terminal_the_page_stands_once_and_each_change_on_a_line(watched: Any, udo: Udo) -> None:
    told = udo("status", "--watch")
    assert (told.exit, told.stderr) == (130, "udo: interrupted\n")
    page, change = told.stdout.splitlines()[:3], told.stdout.splitlines()[3:]
    assert page[0].startswith("CLUSTER  ROLE")
    assert len(change) == 1
    assert change[0].partition("  ")[2] == (
        "prod webapp  IN SERVICE/DESIRED (MIN-MAX) 2/2 (1-3) -> 1/1 (0-3); HEALTHY 2/2 -> 1/1; "
        "UNDER WAY - -> 1 Standby; SUSPENDED - -> AZRebalance"
    )


def test_what_happens_to_members_is_told_on_the_page_of_one_role(watched: Any, udo: Udo) -> None:
    first = members(watched)[0]
    told = udo("status", "prod", "webapp", "-w")
    lines = told.stdout.splitlines()
    assert f"prod webapp {first}  STATE InService -> Standby" in [line.partition("  ")[2] for line in lines]


def test_a_document_a_role_comes_first_and_then_one_a_change(watched: Any, udo: Udo) -> None:
    told = udo("status", "--watch", "-o", "jsonl")
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert [(row["role"], row.get("in_service")) for row in rows] == [("webapp", 2), ("worker", None), ("webapp", 1)]
    assert rows[0]["at"] < rows[2]["at"]
    assert rows[2]["under_way"] == [{"kind": "members", "status": "Standby", "count": 1}]


def test_on_a_terminal_each_page_takes_the_place_of_the_one_before(
    watched: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = _on(80, monkeypatch, lambda: udo("status", "-w"))
    first, *others = screen.split("\x1b[6F\x1b[J")
    assert len(others) == 2
    assert [page.splitlines()[3].split()[1] for page in (first, *others)] == ["2/2", "1/1", "1/1"]
    assert first.startswith("every 5 s, at ")
    assert others[-1].endswith("udo: interrupted\n")


def test_a_page_is_no_higher_than_its_terminal(world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration_world(world)
    write_config(SAME + "".join(f"      r{number}: {{}}\n" for number in range(90)))
    at(world, LOOK, lambda: os.kill(os.getpid(), signal.SIGINT), nth=2)
    monkeypatch.setenv("TERM", "xterm")
    lines = _on(80, monkeypatch, lambda: udo("status", "-w")).splitlines()
    assert len(lines) == 49 + 1
    assert lines[48] == "47 more lines"


@pytest.mark.parametrize(("columns", "words"), [(20, ()), (60, ("--wide",))])
def test_lines_that_the_terminal_breaks_are_taken_away_whole(
    watched: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, columns: int, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = _on(columns, monkeypatch, lambda: udo("status", "-w", *words))
    page, back, _ = re.split(r"\x1b\[(\d+)F\x1b\[J", screen, maxsplit=1)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", page).splitlines()
    assert sum(max(1, -(-len(line) // columns)) for line in plain) == int(back)
    assert int(back) > len(plain)


def test_a_look_that_fails_for_a_moment_is_said_and_the_next_one_follows(watched: Any, udo: Udo) -> None:
    # Of eight tries that a look has, so that the ninth is of the next one.
    watched.faults.clear()
    watched.faults.add(Fault("throttle", LOOK, nth=2, times=8))
    at(watched, LOOK, lambda: os.kill(os.getpid(), signal.SIGINT), nth=11)
    told = udo("status", "--watch")
    assert told.exit == 130
    assert "warning: autoscaling:DescribeAutoScalingGroups" in told.stderr


def test_the_first_look_must_succeed_and_what_does_not_pass_ends_the_watch(watched: Any, udo: Udo) -> None:
    watched.faults.add(Fault("deny", LOOK, nth=3, times=None))
    told = udo("status", "--watch")
    assert (told.exit, told.stderr.startswith("udo: autoscaling:DescribeAutoScalingGroups")) == (6, True)


def test_a_watch_is_no_single_document(world: Any, udo: Udo) -> None:
    write_config()
    told = udo("status", "-w", "-o", "json")
    assert (told.exit, told.json["error"]["message"]) == (2, "a watch is no single document")
    assert list(world.log) == []


def test_without_a_watch_there_is_a_document_a_role_too(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(SAME + "      worker: {}\n")
    rows = [json.loads(line) for line in udo("status", "-o", "jsonl").stdout.splitlines()]
    assert [row["role"] for row in rows] == ["webapp", "worker"]
