"""`udo cp` as a process, on servers of every kind: as root, for others, without SFTP, talkative, dropbear."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import accounts
import pytest
from copying import copy, held, hosts
from fleet import Fleet
from homes import SERVER, homes
from sshd_farm import Farm, free_port
from whole import some

from udo import ssh

VIA = some(("openssh", "paramiko"), "openssh")
NOBODY = 65534
# It lets nobody become root that is not, and takes its words the way sudo does. Source: sudo(8), -n and --.
SUDO = """#!/bin/sh
[ "$1 $2" = "-n --" ] || { echo "sudo: no such words: $*" >&2; exit 1; }
[ -e may-not ] && { echo "sudo: a password is required" >&2; exit 1; }
shift 2; echo "$1" >> become; exec "$@"
"""

Made = Callable[..., tuple[Fleet, dict[str, Path]]]


@pytest.fixture
def served(fleet: Callable[..., Fleet], farm: Farm, tmp_path: Path) -> Made:
    """Makes a group of hosts with homes of their own, by id; `begin` is what their shells do first."""

    def make(count: int, begin: str = "", more: str = "") -> tuple[Fleet, dict[str, Path]]:
        def serve(addresses: Sequence[str], port: int) -> Sequence[ssh.Target]:
            lines = homes(tmp_path / "hosts", addresses, begin)
            return farm.at(addresses, port, more=more or lines)

        made = fleet(count, serve)
        return made, {instance_id: tmp_path / "hosts" / address for address, instance_id in made.ids.items()}

    return make


@pytest.mark.parametrize("via", VIA)
@pytest.mark.whole
def test_files_are_written_by_sudo_and_belong_to_whom_they_are_to(served: Made, tmp_path: Path, via: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sudo").write_text(SUDO)
    (tmp_path / "bin" / "sudo").chmod(0o755)
    made, folders = served(2, f"PATH={tmp_path / 'bin'}:$PATH;")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "file").write_text("x")
    # Only root can give files away.
    mine, owner = (NOBODY, "nobody:nogroup") if not os.getuid() else (os.getuid(), f"{os.getuid()}:{os.getgid()}")
    for _ in range(2):
        done = made.copy("site", ":", "--sudo", "--owner", owner, "--via", via)
        assert done.exit == 0, done.stderr
    for folder in folders.values():
        assert {path.stat().st_uid for path in (folder / "site", folder / "site" / "file")} == {mine}
        assert (folder / "become").read_text().split() == [SERVER, SERVER, "sh"]
    assert done.stderr.count("[nothing to copy, 1 unchanged]") == 2
    done = made.copy(":site", "back", "--sudo", "--via", via)
    assert done.exit == 0, done.stderr
    # sudo asks for a password at one of them.
    first, second = folders
    (folders[first] / "may-not").touch()
    done = made.copy("site", ":", "--sudo", "--via", via)
    assert done.exit == 1
    assert f"{first}  [the server of files ended: sudo: a password is required]" in done.stderr
    assert f"{second}  [nothing to copy, 1 unchanged]" in done.stderr


@pytest.mark.whole
@pytest.mark.parametrize("via", VIA)
def test_an_owner_that_a_host_does_not_know_fails_there_and_nothing_is_copied(
    served: Made, tmp_path: Path, via: str
) -> None:
    made, folders = served(1)
    (tmp_path / "file").write_text("x")
    for owner, told in (("no-such-user", "no such user"), ("root:no-such-group", "no group no-such-group")):
        done = made.copy("file", ":", "--owner", owner, "--via", via)
        assert (done.exit, told in done.stderr) == (1, True), done.stderr
    assert [held(folder) for folder in folders.values()] == [{}]


@pytest.mark.whole
@pytest.mark.parametrize("via", VIA)
def test_a_server_whose_login_shell_talks_is_not_reached(served: Made, tmp_path: Path, via: str) -> None:
    (tmp_path / "file").write_text("x")
    made, _ = served(1, "echo Welcome to this host;")
    done = made.copy("file", ":", "--via", via)
    assert (done.exit, "SFTP: it says 'Welcome to this host" in done.stderr) == (255, True), done.stderr


@pytest.mark.parametrize("via", VIA)
def test_a_server_without_sftp_is_not_reached(served: Made, tmp_path: Path, via: str) -> None:
    (tmp_path / "file").write_text("x")
    made, _ = served(1, more="PrintMotd no")
    done = made.copy("file", ":", "--via", via)
    assert (done.exit, "the server copies no files" in done.stderr) == (255, True), done.stderr


@pytest.mark.whole
@pytest.mark.parametrize("via", VIA)
def test_a_host_that_runs_no_commands_gets_files_all_the_same(farm: Farm, tmp_path: Path, via: str) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    more = f"Subsystem sftp internal-sftp\nForceCommand internal-sftp -d {kept}"
    (target,) = farm.hosts(more=more)
    (tmp_path / "file").write_text("x")
    for told in ("1 file copied, 1 B", "1 file copied, 1 B; 1 could not be compared"):
        ended, _ = copy([target], via, [tmp_path / "file"], "")
        assert ended[target.instance_id].reason == told
    assert held(kept) == {b"file": (0o644, b"x")}


@pytest.mark.parametrize("via", VIA)
@pytest.mark.whole
def test_dropbear_serves_files_too(farm: Farm, tmp_path: Path, via: str) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (home / ".ssh" / "authorized_keys").write_text((farm.folder / "authorized_keys").read_text())
    key = tmp_path / "dropbear_key"
    subprocess.run(["dropbearconvert", "openssh", "dropbear", farm.host_key, key], check=True, capture_output=True)
    port = free_port()
    env = os.environ | accounts.environment(tmp_path, {"somebody": Path("/bin/sh")}, home)
    known = tmp_path / "known"
    known.write_text(f"[127.0.0.1]:{port} {Path(f'{farm.host_key}.pub').read_text()}")
    line = ["dropbear", "-F", "-E", "-s", "-P", str(tmp_path / "pid"), "-r", str(key), "-p", f"127.0.0.1:{port}"]
    server = subprocess.Popen(line, env=env, stderr=subprocess.PIPE)
    try:
        target = ssh.Target("i-0123456789abcdef0", "127.0.0.1", port, "somebody", str(farm.login_key), (str(known),))
        (tmp_path / "site" / "deep").mkdir(parents=True)
        for number in range(100):
            (tmp_path / "site" / "deep" / f"{number}").write_bytes(bytes(number * 100))
        (tmp_path / "site" / "large").write_bytes(os.urandom(2_000_000))
        _wait_for(port)
        for told in ("101 files copied, 2.5 MB", "nothing to copy, 101 unchanged"):
            ended, said = copy([target], via, [tmp_path / "site"], "")
            assert (ended[target.instance_id].reason, said) == (told, [])
        assert held(home / "site") == held(tmp_path / "site")
        ended, said = copy([target], via, ["site"], tmp_path / "back", fetch=True)
        assert held(tmp_path / "back" / target.instance_id / "site") == held(tmp_path / "site")
    finally:
        server.terminate()
        server.communicate(timeout=10)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)


@pytest.mark.whole
@pytest.mark.parametrize("via", VIA)
def test_many_hosts_get_the_same_and_each_gives_its_own(served: Made, tmp_path: Path, via: str) -> None:
    made, folders = served(6)
    (tmp_path / "site").mkdir()
    for number in range(30):
        (tmp_path / "site" / f"{number}").write_text("x" * number)
    done = made.copy("site/", ":site", "--via", via, "--fanout", "4", "--limit", "10M")
    assert done.exit == 0, done.stderr
    assert len(re.findall(r"\[30 files copied, 435 B\]", done.stderr)) == 6
    for instance_id, folder in folders.items():
        assert held(folder / "site") == held(tmp_path / "site")
        (folder / "site" / "who").write_text(instance_id)
    assert made.copy(":site/who", "back", "--via", via).exit == 0
    for instance_id in folders:
        assert held(tmp_path / "back" / instance_id) == {b"who": (0o644, instance_id.encode())}


@pytest.mark.whole
def test_a_server_that_cannot_replace_a_file_in_one_step_gets_new_ones_only(farm: Farm, tmp_path: Path) -> None:
    # Source: sftp-server(8), -P refuses requests; this one is not told of then.
    ((folder, target),) = hosts(farm, tmp_path / "hosts").items()
    server = f"{SERVER} -P posix-rename"
    (Path(folder) / "there").write_text("old")
    (tmp_path / "there").write_text("new")
    (tmp_path / "fresh").write_text("new")
    ended, _ = copy([target], "openssh", [tmp_path / "there", tmp_path / "fresh"], "", server=server)
    assert ended[target.instance_id].status == 1
    assert held(folder) == {b"there": (0o644, b"old"), b"fresh": (0o644, b"new")}
