"""Hosts that were not reached are dialled again, as often as was asked for; those that may have run anything never."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import bad_servers
import pytest
from conftest import Run, endings, output
from sshd_farm import Farm, key_pair, public_key

from udo.change.events import HostAgain, HostBegan
from udo.ssh import Options, Target, again, fan_out
from udo.ssh.again import Attempts
from udo.ssh.outcome import Ending
from udo.ssh.schedule import Schedule

LOST = Ending("unreachable", None, "no answer", not_reached=True)
HOSTS = tuple(Target(f"i-0000000{number}", "127.0.0.1") for number in range(4))


@pytest.fixture(params=["paramiko", "openssh"])
def via(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each engine, with pauses that a test can wait for."""
    monkeypatch.setattr(again, "_FIRST", 0.05)
    return str(request.param)


@pytest.fixture
def console(farm: Farm) -> str:
    """What an instance prints that has the farm's key: known by its id, wherever it is."""
    key = public_key(farm.host_key)
    return f"-----BEGIN SSH HOST KEY KEYS-----\n{key.text} root@x\n-----END SSH HOST KEY KEYS-----\n"


def unknown(host: Target, port: int, via: str) -> Target:
    return replace(host, address="127.0.0.1", port=port, via=via, known_hosts=())


def test_the_pauses_are_1_2_and_4_seconds_more_or_less_and_no_longer_than_half_a_minute() -> None:
    attempts = Attempts("i-1", None)
    for number, seconds in enumerate((1, 2, 4, 8, 16, 30, 30), 1):
        attempts.note(LOST)
        event = attempts.again(7)
        assert event
        assert (event.number, event.of, event.reason) == (number, 7, "no answer")
        assert 0.75 * seconds <= event.seconds <= 1.25 * seconds
    attempts.note(LOST)
    assert attempts.again(7) is None
    assert attempts.done().reason == "no answer (8 attempts)"


@pytest.mark.parametrize(
    "ending",
    [
        Ending("ok", 0),
        Ending("failed", 255, "exit status 255"),
        Ending("timeout", None, "no end of the command"),
        Ending("unreachable", None, "it is not known whether anything ran"),
    ],
)
def test_what_may_have_run_is_not_tried_again(ending: Ending) -> None:
    attempts = Attempts("i-1", None)
    attempts.note(ending)
    assert attempts.again(9) is None
    assert attempts.done().reason == ending.reason


def test_others_have_the_place_of_a_host_that_rests_but_the_next_batch_waits_for_it() -> None:
    schedule = Schedule(HOSTS, Options(batch=2))
    lost, other = schedule.next(), schedule.next()
    assert (lost, other) == HOSTS[:2]
    assert schedule.rest(HOSTS[0], 0.2)
    schedule.done("ok")
    # Nobody of the next batch meanwhile.
    assert schedule.next() == HOSTS[0]
    schedule.done("unreachable")
    assert [schedule.next(), schedule.next()] == list(HOSTS[2:])


def test_where_no_host_is_started_any_more_none_is_dialled_again() -> None:
    schedule = Schedule(HOSTS, Options(max_failures=1))
    assert [schedule.next() for _ in HOSTS[:3]] == list(HOSTS[:3])
    assert schedule.rest(HOSTS[0], 0.0)
    schedule.done("failed")
    assert not schedule.rest(HOSTS[1], 0.0)
    assert schedule.next() is None
    assert list(schedule.resting()) == [HOSTS[0]]


def test_hosts_that_are_not_reached_keep_nobody_waiting(
    host: Target, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "_FIRST", 2.0)
    with bad_servers.saying(b"", "close") as port:
        lost = [replace(host, instance_id=f"i-0000000{n}", address="127.0.0.1", port=port) for n in range(3)]
        done = endings(run([*lost, host], retry=1, fanout=1))
    assert [one.outcome for one in done] == ["ok"] + ["unreachable"] * 3
    assert done[0].seconds < 2.0


def test_a_host_that_comes_back_runs_the_command_once(
    host: Target, farm: Farm, run: Run, console: str, via: str, tmp_path: Path
) -> None:
    with bad_servers.reluctant((host.address, host.port), closes=2) as port:
        events = run([unknown(host, port, via)], f"echo ran | tee -a {tmp_path}/ran", console=console, retry=3)
    (done,) = endings(events)
    assert (done.outcome, done.reason, output(events)) == ("ok", "", b"ran\n")
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert [event.number for event in events if isinstance(event, HostAgain)] == [1, 2]
    assert len([event for event in events if isinstance(event, HostBegan)]) == 1


def test_a_host_that_does_not_come_back_tells_how_often_it_was_dialled(
    host: Target, run: Run, console: str, via: str
) -> None:
    with bad_servers.saying(b"", "close") as port:
        (done,) = endings(run([unknown(host, port, via)], console=console, retry=2))
    assert (done.outcome, done.reason[-13:]) == ("unreachable", " (3 attempts)")


@pytest.mark.parametrize(
    ("command", "outcome"),
    [("sleep 60", "timeout"), ("kill -KILL $PPID; sleep 60", "dropped"), ("exit 255", "failed")],
)
def test_a_command_that_began_is_never_begun_again(
    host: Target, run: Run, via: str, tmp_path: Path, command: str, outcome: str
) -> None:
    target = replace(host, via=via)
    (done,) = endings(run([target], f"echo ran >> {tmp_path}/ran; {command}", retry=3, timeout=2.0))
    assert (done.outcome, (tmp_path / "ran").read_text()) == (outcome, "ran\n")


def test_a_host_that_refuses_its_key_or_the_login_is_not_asked_again(
    host: Target, farm: Farm, run: Run, via: str, tmp_path: Path
) -> None:
    stranger = replace(host, via=via, key=str(key_pair(tmp_path / "stranger")))
    events = run([stranger], retry=3) + run([replace(host, via=via, known_hosts=())], retry=3)
    assert [done.outcome for done in endings(events)] == ["refused", "refused"]
    assert not [event for event in events if isinstance(event, HostAgain)]


def test_no_host_is_dialled_again_once_no_other_is_started(
    host: Target, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "_FIRST", 30.0)
    start = time.monotonic()
    with bad_servers.saying(b"", "close") as port:
        lost = replace(host, instance_id="i-00000099", address="127.0.0.1", port=port)
        done = endings(run([lost, host], "sleep 0.3; exit 1", retry=3, max_failures=1, batch=2))
        assert [one.outcome for one in done] == ["failed", "unreachable"]
        (one,) = endings(run([lost], retry=3, deadline=0.5))
        assert one.outcome == "unreachable"
    assert time.monotonic() - start < 10


def test_a_host_that_rests_is_left_at_once(host: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "_FIRST", 30.0)
    with bad_servers.saying(b"", "close") as port:
        lost = replace(host, address="127.0.0.1", port=port)
        with closing(fan_out([lost], "true", Options(retry=3), lambda _: None)) as events:
            while not isinstance(next(events), HostAgain):
                pass
            start = time.monotonic()
    assert time.monotonic() - start < 5
