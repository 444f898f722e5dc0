"""How a command is gone through with on real servers: limits, batches, what it reads."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import Run, endings, output
from sshd_farm import Farm

from udo.change.events import Event, HostDone, Line
from udo.errors import DeadlinePassed
from udo.ssh import Options, Target, fan_out


def test_a_host_that_says_nothing_for_too_long_is_left(host: Target, run: Run) -> None:
    start = time.monotonic()
    (done,) = endings(run([host], "echo up; sleep 0.4; echo still; sleep 20", idle_timeout=0.7))
    assert (done.outcome, done.reason) == ("timeout", "nothing was said for 0.7 s")
    assert 1 < time.monotonic() - start < 10


def test_a_host_that_goes_on_talking_is_not_left(host: Target, run: Run) -> None:
    (done,) = endings(run([host], "for i in 1 2 3 4 5; do echo $i; sleep 0.3; done", idle_timeout=0.8))
    assert done.outcome == "ok"


def test_the_deadline_cuts_off_who_runs_and_starts_no_other(farm: Farm) -> None:
    targets = farm.hosts(3)
    events: list[Event] = []
    start = time.monotonic()
    with pytest.raises(DeadlinePassed, match=r"the deadline of 1\.5 s passed"):
        events.extend(fan_out(targets, "echo up; sleep 20", Options(fanout=2, deadline=1.5), lambda _: None))
    assert time.monotonic() - start < 10
    done = [event for event in events if isinstance(event, HostDone)]
    assert [one.outcome for one in done] == ["timeout", "timeout", "not started"]
    assert {one.reason for one in done[:2]} == {"no end of the command within the deadline of 1.5 s"}


def test_a_deadline_that_nobody_missed_is_no_failure(host: Target, run: Run) -> None:
    assert [done.outcome for done in endings(run([host], "true", deadline=30.0))] == ["ok"]


def test_no_other_host_is_started_once_enough_have_failed(farm: Farm, run: Run) -> None:
    events = run(farm.hosts(3), "exit 3", fanout=1, max_failures=2)
    assert [(done.outcome, done.status) for done in endings(events)] == [
        ("failed", 3),
        ("failed", 3),
        ("not started", None),
    ]
    assert endings(events)[2].reason == "not started: 2 failed"


@pytest.mark.parametrize("size", [1, 40_000, 1 << 20])
def test_what_a_command_reads_arrives_whole_while_it_talks(host: Target, run: Run, size: int) -> None:
    sent = os.urandom(size).replace(b"\n", b"x")
    events = run([host], "cat", stdin=sent)
    assert output(events).removesuffix(b"\n") == sent.removesuffix(b"\n")
    assert endings(events)[0].outcome == "ok"


def test_a_command_that_does_not_read_what_it_is_sent_ends_as_it_ends(host: Target, run: Run) -> None:
    (done,) = endings(run([host], "exec <&-; exit 5", stdin=b"x" * (1 << 20)))
    assert (done.outcome, done.status) == ("failed", 5)


def test_without_anything_to_read_a_command_meets_the_end_at_once(host: Target, run: Run) -> None:
    assert [event.data for event in run([host], "cat; echo end") if isinstance(event, Line)] == [b"end"]


@pytest.fixture
def thawed(farm: Farm) -> Iterator[None]:
    """Lets go of every process of the farm that a test has stopped."""
    yield
    for pid in farm.processes():
        os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("thawed")
@pytest.mark.parametrize(
    ("via", "reason"),
    [("paramiko", "the host gave no sign of life for 1 s"), ("openssh", "not responding")],
)
@pytest.mark.parametrize("stdin", [b"", b"x" * (8 << 20)])
def test_a_server_that_falls_silent_is_left_without_any_limit(
    host: Target, run: Run, via: str, reason: str, stdin: bytes
) -> None:
    (done,) = endings(run([replace(host, via=via)], "kill -STOP $PPID; sleep 60", keepalive=1.0, stdin=stdin))
    assert (done.outcome, reason in done.reason) == ("dropped", True), done


@pytest.mark.whole
def test_a_server_that_answers_is_not_left_however_silent_its_command(farm: Farm, run: Run) -> None:
    direct, other = farm.hosts(2)
    events = run([direct, replace(other, via="openssh")], "sleep 4.5; echo end", keepalive=3.0)
    assert (output(events), {done.outcome for done in endings(events)}) == (b"end\nend\n", {"ok"})
