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
from udo.ssh.outcome import Ending

LOST = Ending("unreachable", None, "no answer", not_reached=True)


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
    told: list[HostAgain] = []
    ending = again.tried("i-1", 7, lambda: LOST, told.append, lambda _: True)
    for event, seconds in zip(told, (1, 2, 4, 8, 16, 30, 30), strict=True):
        assert 0.75 * seconds <= event.seconds <= 1.25 * seconds
    assert [(event.number, event.of) for event in told] == [(number, 7) for number in range(1, 8)]
    assert ending.reason == "no answer (8 attempts)"


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
    attempts: list[Ending] = []
    assert again.tried("i-1", 9, lambda: attempts.append(ending) or ending, print, lambda _: True) is ending
    assert attempts == [ending]


def test_nobody_rests_where_no_other_attempt_would_be_made() -> None:
    assert again.tried("i-1", 9, lambda: LOST, lambda _: None, lambda _: False) == LOST
    assert again.tried("i-1", 0, lambda: LOST, lambda _: None, lambda _: True) == LOST


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
