"""Many hosts behind one that takes few logins at a time."""

from __future__ import annotations

import getpass
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run, endings
from sshd_farm import Farm
from whole import some

from udo.ssh import Target


def behind(farm: Farm, folder: Path, bastion: Target, count: int) -> list[Target]:
    """Hosts behind another, by a configuration."""
    text = (
        f"Host bastion\n  HostName {bastion.address}\n  Port {bastion.port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {bastion.key}\n  UserKnownHostsFile {bastion.known_hosts[0]}\n"
        "Host 127.*\n  ProxyJump bastion\n"
    )
    (folder / "config").write_text(text)
    return [replace(target, config=str(folder / "config")) for target in farm.hosts(count)]


@pytest.mark.whole
@pytest.mark.parametrize("startups", some(["2:100:2", "10:30:100"], "10:30:100"))
def test_hosts_that_the_one_in_between_turns_away_are_tried_again(
    farm: Farm, run: Run, tmp_path: Path, startups: str
) -> None:
    # Of this setting the last line counts, and not the first.
    (bastion,) = farm.hosts(more=f"MaxStartups {startups}")
    events = run(behind(farm, tmp_path, bastion, 8), "echo hi")
    assert [done.outcome for done in endings(events)] == ["ok"] * 8, endings(events)


@pytest.mark.whole
def test_a_host_in_between_that_lets_nobody_in_is_asked_once(farm: Farm, run: Run, tmp_path: Path) -> None:
    (bastion,) = farm.hosts(more="Match all\nAuthorizedKeysFile none")
    events = run(behind(farm, tmp_path, bastion, 1), "echo hi")
    (done,) = endings(events)
    assert (done.outcome, "Permission denied" in done.reason) == ("unreachable", True), done
    # The server writes it down once it sees that the client has gone.
    end = time.monotonic() + 10
    while not (count := _log(farm).count("Connection closed by authenticating user")) and time.monotonic() < end:
        time.sleep(0.05)
    assert count == 1


def _log(farm: Farm) -> str:
    return "".join(path.read_text() for path in farm.folder.glob("sshd.*.log"))
