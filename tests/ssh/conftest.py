"""A folder of state for pins, and a farm of real sshd processes for each test module."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import accounts
import fleet as fleets
import pytest
import sshd_farm

from udo import ssh
from udo.change.events import Event, HostDone, Idle, Line


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own; no agent, no keys of whoever runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("udo.ssh.config_file.home", lambda: tmp_path)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path / "state" / "udo"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ssh program is found."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The home folder that ssh goes by too, which it finds by the account and not by HOME."""
    variables = accounts.environment(tmp_path, {"somebody": Path("/bin/sh")}, tmp_path)
    (tmp_path / "programs").mkdir()
    program = tmp_path / "programs" / "ssh"
    words = " ".join(f"{name}={value}" for name, value in variables.items())
    program.write_text(f'#!/bin/sh\nexec env {words} {shutil.which("ssh")} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return tmp_path


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """Fails when a test leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd_farm.Farm]:
    """Real servers, as many as a test asks for."""
    if not Path(sshd_farm.SSHD).exists():
        pytest.skip(f"{sshd_farm.SSHD} is missing: install openssh-server to run the ssh tests")
    with sshd_farm.farm(tmp_path_factory.mktemp("farm")) as running:
        yield running


@pytest.fixture(scope="module")
def host(farm: sshd_farm.Farm) -> ssh.Target:
    """One good host that the tests of a module share."""
    return farm.hosts()[0]


@pytest.fixture
def fleet(served_world: Any, world: Any, farm: sshd_farm.Farm) -> Iterator[Callable[..., fleets.Fleet]]:
    """Makes a served AWS with a group of so many instances, which are servers of the farm."""
    from udo.sandbox.addresses import Block

    before, world.block = world.block, Block.claimed()
    made: list[fleets.Fleet] = []

    def make(count: int, serve: fleets.Serve | None = None) -> fleets.Fleet:
        made.append(fleets.prepared(world, farm, count, sshd_farm.free_port(), serve))
        return made[-1]

    yield make
    for one in made:
        one.stop()
    world.block.release()
    world.block = before


Run = Callable[..., list[Event]]


@pytest.fixture
def run() -> Run:
    """Runs a command on targets to the end and returns all events but the pauses."""

    def run(targets: Sequence[ssh.Target], command: str = "echo hi", console: str | None = None, **options: object):
        events = ssh.fan_out(targets, command, ssh.Options(**options), lambda _: console)
        return [event for event in events if not isinstance(event, Idle)]

    return run


def endings(events: Sequence[Event]) -> list[HostDone]:
    """The ends of the hosts among the events."""
    return [event for event in events if isinstance(event, HostDone)]


def output(events: Sequence[Event], stream: str = "stdout") -> bytes:
    """What one stream of all hosts said, as it was sent."""
    lines = [event for event in events if isinstance(event, Line) and event.stream == stream]
    return b"".join(line.data + (b"" if line.partial else b"\n") for line in lines)
