"""Who may be started when: canaries, batches, failures and the deadline, without any connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from udo.ssh.schedule import Schedule
from udo.ssh.target import Options, Target

HOSTS = tuple(Target(f"i-0000000{number}", "127.0.0.1") for number in range(6))


def waves(schedule: Schedule, outcomes: dict[str, str] | None = None) -> Iterator[str]:
    """What one after the other is started while none has ended, until that would have to be waited for."""
    running: list[str] = []
    while True:
        found: list[Target | None] = []
        thread = threading.Thread(target=lambda found=found: found.append(schedule.next()))
        thread.start()
        thread.join(0.1)
        if found and found[0]:
            running.append(found[0].instance_id[-1])
            continue
        if running:
            yield "".join(running)
        for one in running:
            schedule.done((outcomes or {}).get(one, "ok"))
        running = []
        thread.join(5)
        if found and found[0]:
            running.append(found[0].instance_id[-1])
            continue
        return


@pytest.mark.parametrize(
    ("options", "bad", "expected", "left"),
    [
        (Options(), "", ["012345"], ""),
        (Options(batch=4), "", ["0123", "45"], ""),
        (Options(canary=1), "", ["0", "12345"], ""),
        (Options(canary=1, batch=3), "", ["0", "123", "45"], ""),
        (Options(canary=1), "0", ["0"], "a canary failed"),
        (Options(canary=2, batch=2), "1", ["01"], "a canary failed"),
        (Options(batch=2, max_failures=1), "2", ["01", "23"], "1 failed"),
        (Options(batch=2, max_failures=2), "2", ["01", "23", "45"], ""),
        (Options(batch=2, max_failures=2), "03", ["01", "23"], "2 failed"),
        (Options(batch=2), "012345", ["01", "23", "45"], ""),
    ],
)
def test_batches_come_one_after_the_other_until_too_many_failed(
    options: Options, bad: str, expected: list[str], left: str
) -> None:
    schedule = Schedule(HOSTS, options)
    assert list(waves(schedule, dict.fromkeys(bad, "failed"))) == expected
    hosts, why = schedule.left()
    assert len(hosts) == 6 - len("".join(expected))
    assert why == f"not started: {left}"


def test_a_host_that_is_gone_is_no_failure() -> None:
    assert list(waves(Schedule(HOSTS, Options(batch=2, max_failures=1)), {"0": "gone"})) == ["01", "23", "45"]


def test_another_host_takes_the_place_of_a_canary_that_is_gone() -> None:
    assert list(waves(Schedule(HOSTS, Options(canary=1)), {"0": "gone"})) == ["0", "1", "2345"]
    assert list(waves(Schedule(HOSTS, Options(canary=2)), {"0": "gone", "2": "failed"})) == ["01", "2"]


def test_between_batches_there_is_a_pause() -> None:
    schedule = Schedule(HOSTS[:2], Options(batch=1, pause=0.3))
    assert schedule.next()
    schedule.done("ok")
    start = time.monotonic()
    assert schedule.next()
    assert 0.3 <= time.monotonic() - start < 2


def test_nobody_waits_beyond_the_deadline() -> None:
    schedule = Schedule(HOSTS[:2], Options(batch=1, deadline=0.2))
    assert schedule.next()
    start = time.monotonic()
    assert schedule.next() is None
    assert 0.1 < time.monotonic() - start < 2
    assert (len(schedule.left()[0]), schedule.left()[1]) == (1, "not started: the deadline passed")


def test_once_stopped_whoever_waits_is_let_go() -> None:
    schedule = Schedule(HOSTS, Options(batch=1, pause=60))
    schedule.next()
    schedule.done("ok")
    thread = threading.Thread(target=schedule.next)
    thread.start()
    schedule.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_a_run_that_goes_on_elsewhere_waits_first_and_has_so_much_less_time() -> None:
    schedule = Schedule(HOSTS, Options(delay=0.2, deadline=60, spent=59))
    start = time.monotonic()
    assert schedule.next() == HOSTS[0]
    assert time.monotonic() - start >= 0.2
    assert schedule.end is not None
    assert schedule.end - start < 2
