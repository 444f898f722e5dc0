"""A command to any fleet keeps to its limits, ends, and its status is no better than what its invocations came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import examples

from udo.sandbox.clock import Clock
from udo.sandbox.strict import moment
from udo.sandbox.strict.ssm import run, send
from udo.sandbox.strict.ssm.agents import LOST, ONLINE, Script, Work
from udo.sandbox.strict.ssm.command import Command, Invocation
from udo.sandbox.strict.ssm.faults import STATUSES
from udo.sandbox.strict.ssm.output import MOST_OF_A_PLUGIN, MOST_OUT, errors, of_a_plugin, out

ENDS = {"Success": 0, "Failed": 1, "ExecutionTimedOut": 137}
LIMITS = st.integers(0, 30).map(str) | st.integers(0, 100).map(lambda number: f"{number}%")


@dataclass
class Fleet:
    """Hosts, each with how its invocation is to end; what runs ends in the order in which it is picked."""

    ends: list[str]
    running: dict[str, Work] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)

    def instances(self, _account: str, _region: str) -> dict[str, Any]:
        return {str(host): SimpleNamespace(id=str(host), state="running") for host in range(len(self.ends))}

    def ping(self, instance: Any) -> str:
        return LOST if self.ends[int(instance.id)] == "DeliveryTimedOut" else ONLINE

    def status(self, instance_id: str) -> str:
        end = self.ends[int(instance_id)]
        return end if end in STATUSES else ""

    def begin(self, script: Script) -> Work:
        self.begun.append(script.instance_id)
        self.running[script.instance_id] = Work(end=lambda: None)
        return self.running[script.instance_id]

    def end(self, place: int) -> None:
        host = list(self.running)[place % len(self.running)]
        work = self.running.pop(host)
        work.code = ENDS[self.ends[int(host)]]
        work.ended = True


def command_of(hosts: int, at_once: str, errors: str) -> Command:
    now = moment.now()
    return Command(
        id="c",
        account="1",
        region="r",
        params={"Parameters": {"commands": ["true"]}},
        targets=[Invocation(str(host), "") for host in range(hosts)],
        requested=now,
        sent=moment.lived(),
        delivered=now,
        expires=now + 7200,
        most_at_once=max(1, send._of(at_once, hosts)),
        most_errors=send._of(errors, hosts),
    )


@settings(max_examples=examples(160))
@given(
    ends=st.lists(st.sampled_from([*ENDS, *STATUSES, "Success", "Success", "DeliveryTimedOut"]), max_size=24),
    at_once=LIMITS,
    most=LIMITS,
    order=st.lists(st.integers(0, 99), min_size=1),
)
def test_any_command_keeps_to_its_limits_and_ends(ends: list[str], at_once: str, most: str, order: list[int]) -> None:
    fleet = Fleet(ends)
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock.by_hand()
        moment.use(clock)
        for name in ("instances", "ping"):
            patch.setattr(run, name, getattr(fleet, name))
        patch.setattr(run.agents, "begin", fleet.begin)
        patch.setattr(run.agent_faults, "ends", fleet.status)
        patch.setattr(run, "_backend", lambda _command: None)
        command = command_of(len(ends), at_once, most)
        for turn in range(2 * len(ends) + 2):
            before = len(fleet.begun) if command.errors > command.most_errors else None
            run._move(command)
            keeps_to_its_limits(command, fleet, before)
            if command.over:
                break
            if fleet.running:
                fleet.end(order[turn % len(order)])
            else:
                clock.step(7200)
    assert command.over
    adds_up(command, ends)


def keeps_to_its_limits(command: Command, fleet: Fleet, begun_before: int | None) -> None:
    running = [one for one in command.targets if one.status == "InProgress"]
    assert len(running) == len(fleet.running) <= command.most_at_once
    ended = sum(one.status != "InProgress" and one.status != "Pending" for one in command.targets)
    assert len(running) <= ended + 1, "more than one before the first has ended"
    if begun_before is None:
        assert command.over or running or any(one.status == "Delayed" for one in command.targets), "nothing moves"
    if command.errors > command.most_errors:
        assert not any(one.status in ("Pending", "Delayed") for one in command.targets)
        assert begun_before in (None, len(fleet.begun)), "others begin after too many errors"


def adds_up(command: Command, ends: list[str]) -> None:
    found = Counter(one.details for one in command.targets)
    assert sum(found.values()) == len(ends)
    for one, end in zip(command.targets, ends, strict=True):
        assert one.details in (end, "Terminated")
    assert bool(found["Terminated"]) == command.terminated
    bad = found["Failed"] + found["ExecutionTimedOut"]
    if found["Terminated"]:
        assert bad > command.most_errors
    match command.details:
        case "Success":
            assert found["Success"]
            assert not bad
            assert not found["DeliveryTimedOut"]
        case "NoInstancesInTag":
            assert not ends
        case "Incomplete":
            assert bad + found["DeliveryTimedOut"] > 0
            assert bad < max(1, command.most_errors)
        case "DeliveryTimedOut":
            assert found["DeliveryTimedOut"] >= max(1, command.most_errors)
        case "ExecutionTimedOut":
            assert found["ExecutionTimedOut"] >= max(1, command.most_errors)
            assert not found["Failed"]
        case details:
            assert details == "Failed"
            assert bad or not found["Success"]


@settings(max_examples=examples(80))
@given(st.integers(0, 3_000), st.integers(0, 3_000), st.sampled_from(["x", "ä", "\n"]))
def test_outputs_are_never_longer_than_they_may_be(said: int, complained: int, letter: str) -> None:
    both = letter.encode() * said, letter.encode() * complained
    told = of_a_plugin(*both)
    assert len(told.encode()) <= MOST_OF_A_PLUGIN + 4
    whole = both[0] + (b"\n----------ERROR-------\n" + both[1] if both[1] else b"")
    assert (told == whole.decode()) == (len(whole) < MOST_OF_A_PLUGIN)
    assert told.isascii() or letter == "ä"


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_an_output_is_cut_where_it_reaches_what_is_kept(more: int) -> None:
    written = b"o" * (MOST_OUT + more)
    assert (out(written) == written.decode()) == (more < 0)
    assert len(out(written)) == MOST_OUT + min(more, 0)
    assert errors(written) == "o" * 8_000
