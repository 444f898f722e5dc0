"""A copy that is killed at any moment, or has no room: no half file under its name, nothing left by the next run."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from copying import copy, held, hosts
from sshd_farm import Farm
from whole import examples, rows, some

from udo import ssh
from udo.ssh.copy.names import Temporary

MARK = b".udo-cp-"
MOMENTS = 12
MANY = 40
BOTH = [(way, via) for way in ("put", "take") for via in ("openssh", "paramiko")]
_PROGRAM = """
import json, sys
from copying import copy, held
from udo import ssh
from udo.ssh.copy.names import Temporary
told = json.loads(sys.argv[1])
ended, said = copy([ssh.Target(**told.pop("target"))], **told)
print([(one.outcome, one.status, one.reason) for one in ended.values()], sorted(map(bytes.decode, held(told["to"]))))
"""


def program(
    target: ssh.Target, via: str, sources: list[str], to: str, before: Sequence[str] = (), **more: Any
) -> subprocess.Popen[bytes]:
    """The copy in a process of its own, which prints how it ended; started by the words `before`."""
    told = {"target": dict(vars(target)), "via": via, "sources": sources, "to": to, **more}
    folders = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    return subprocess.Popen(
        [*before, sys.executable, "-c", _PROGRAM, json.dumps(told)],
        env={**os.environ, "PYTHONPATH": folders},
        stdout=subprocess.PIPE,
    )


def whole(now: dict[bytes, Any], old: dict[bytes, Any], new: dict[bytes, Any]) -> bool:
    """Whether every file is what it was or what it is to be."""
    files = {name: what for name, what in now.items() if what[1] is not None and MARK not in name}
    return all(what[1] in {one[name][1] for one in (old, new) if name in one} for name, what in files.items())


@pytest.mark.parametrize(("way", "via"), rows(BOTH, {("put", "openssh")}))
@pytest.mark.whole
def test_killed_at_any_moment_and_run_again(farm: Farm, tmp_path: Path, way: str, via: str) -> None:
    ((folder, target),) = hosts(farm, tmp_path / "hosts").items()
    home, here = Path(folder), tmp_path / "here"
    source = tmp_path / "site" if way == "put" else home / "site"
    goal = home / "site" if way == "put" else here / target.instance_id / "site"
    _fill(source, b"new", MANY)
    words: tuple[list[str], str] = ([str(source)], "") if way == "put" else (["site"], str(here))
    kept = {"fetch": way == "take", "limit": 5_000_000}
    new = held(source)
    for number in range(examples(MOMENTS)):
        shutil.rmtree(goal, ignore_errors=True)
        _fill(goal, b"old", MANY // 2)
        old = held(goal)
        running = program(target, via, *words, **kept)
        _wait_for_change(goal, old, running)
        time.sleep(0.08 * number)
        running.kill()
        running.communicate(timeout=10)
        _wait_for_end(goal)
        assert whole(held(goal), old, new)
    left = [name for name in held(goal) if MARK in name]
    ended, _ = copy([target], via, *words, fetch=way == "take")
    assert ended[target.instance_id].outcome == "ok"
    assert held(goal) == new, left


# A file system of 2 MB at this path, for whatever is started by it. Source: mount_namespaces(7).
SMALL = ("unshare", "-m" if not os.getuid() else "-rm", "sh", "-c")
_MOUNT = "mount -t tmpfs -o size=2m none {} && "


@pytest.mark.parametrize("via", some(("openssh", "paramiko"), "openssh"))
def test_a_full_disk_there_ends_the_copy_and_leaves_no_temporary_file(farm: Farm, tmp_path: Path, via: str) -> None:
    inside = shlex.quote(f'{_MOUNT.format("full")} echo old > full/kept; "$@"; ls -A full > listing')
    ((folder, target),) = hosts(
        farm, tmp_path / "hosts", begin="mkdir -p full;", run=f"{' '.join(SMALL)} {inside} sh"
    ).items()
    for name, size in (("a-fits", 500_000), ("b-does-not", 5_000_000), ("kept", 3_000_000)):
        (tmp_path / name).write_bytes(bytes(size))
    sources = [tmp_path / name for name in ("a-fits", "b-does-not", "kept")]
    ended, _ = copy([target], via, sources, "full")
    done = ended[target.instance_id]
    assert (done.outcome, done.status, done.reason) == ("failed", 1, f"no space left in {folder}/full")
    listing = Path(folder) / "listing"
    end = time.monotonic() + 10
    while not (listing.exists() and listing.read_text()) and time.monotonic() < end:
        time.sleep(0.02)
    assert listing.read_text().split() == ["a-fits", "kept"]


@pytest.mark.parametrize("via", some(("openssh", "paramiko"), "openssh"))
def test_a_file_that_the_server_may_not_write_whole_leaves_what_was_there(farm: Farm, tmp_path: Path, via: str) -> None:
    ((folder, target),) = hosts(farm, tmp_path / "hosts", begin="trap '' XFSZ; ulimit -f 1000;").items()
    (Path(folder) / "large").write_text("old")
    (tmp_path / "large").write_bytes(bytes(3_000_000))
    (tmp_path / "small").write_text("new")
    ended, _ = copy([target], via, [tmp_path / "large", tmp_path / "small"], "")
    assert ended[target.instance_id].reason == "not copied: large: failure"
    assert held(folder) == {b"large": (0o644, b"old"), b"small": (0o644, b"new")}


@pytest.mark.parametrize("via", some(("openssh", "paramiko"), "openssh"))
def test_a_full_disk_here_ends_the_copy_and_leaves_no_temporary_file(farm: Farm, tmp_path: Path, via: str) -> None:
    ((folder, target),) = hosts(farm, tmp_path / "hosts").items()
    for name, size in (("a-fits", 500_000), ("b-does-not", 5_000_000), ("c-small", 10)):
        (Path(folder) / name).write_bytes(bytes(size))
    (tmp_path / "here").mkdir()
    inside = f'{_MOUNT.format(tmp_path / "here")} exec "$@"'
    names = ["a-fits", "b-does-not", "c-small"]
    running = program(target, via, names, str(tmp_path / "here"), (*SMALL, inside, "sh"), fetch=True)
    mine = target.instance_id
    reason = f"no space left in {tmp_path}/here/{mine}"
    listed = [mine, f"{mine}/a-fits", f"{mine}/c-small"]
    assert running.communicate(timeout=60)[0].decode().strip() == f"{[('failed', 1, reason)]} {listed}"


@pytest.mark.parametrize("way", ["put", "take"])
@pytest.mark.whole
def test_only_what_runs_of_ours_have_left_is_removed(farm: Farm, tmp_path: Path, way: str) -> None:
    ((folder, target),) = hosts(farm, tmp_path / "hosts").items()
    goal = Path(folder) if way == "put" else tmp_path / "here" / target.instance_id
    goal.mkdir(parents=True, exist_ok=True)
    mine = Temporary().new().split(b"-")[2].decode()
    gone = subprocess.Popen(["true"])
    gone.wait()
    another = "0" * 8 if mine != "0" * 8 else "1" * 8
    left = {f".udo-cp-{mine}-{gone.pid}-01234567-1", f".udo-cp-{mine}-{os.getpid()}-01234567-9"}
    kept = {
        f".udo-cp-{mine}-{os.getppid()}-01234567-1",
        f".udo-cp-{another}-{gone.pid}-01234567-1",
        f".udo-cp-{mine}-{gone.pid}-01234567-1.conf",
        ".udo-cp-notes",
        "udo-cp",
    }
    old = {f".udo-cp-{another}-{gone.pid}-01234567-2"}
    for name in left | kept | old:
        (goal / name).write_text("x")
    for name in old:
        os.utime(goal / name, (time.time() - 90_000,) * 2)
    source = (tmp_path if way == "put" else Path(folder)) / "file"
    source.write_text("file")
    sources, to = ([source], "") if way == "put" else (["file"], tmp_path / "here")
    ended, _ = copy([target], "openssh", sources, to, fetch=way == "take")
    assert ended[target.instance_id].outcome == "ok"
    assert {path.name for path in goal.iterdir()} == kept | {"file"}


def _fill(folder: Path, word: bytes, count: int) -> None:
    for number in range(count):
        path = folder / f"{number % 4}" / f"file-{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(word * (1000 + number))
        path.chmod(0o600)
    (folder / "large").write_bytes(word * 700_000)


def _wait_for_change(goal: Path, old: dict[bytes, Any], running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while running.poll() is None and time.monotonic() < end:
        if _names(goal) - set(old):
            return
        time.sleep(0.005)


def _wait_for_end(goal: Path) -> None:
    """Until a server that was killed in the middle writes no more."""
    before, now = None, _names(goal)
    while now != before:
        time.sleep(0.05)
        before, now = now, _names(goal)


def _names(folder: Path) -> set[bytes]:
    """What is there while it changes."""
    root = os.fsencode(folder)
    return {path[len(root) + 1 :] + b"/" * (path != root) + name for path, _, names in os.walk(root) for name in names}
