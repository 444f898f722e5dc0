"""`udo ssh --stdin` and `--tty`: what the command reads on every host."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import until
from test_ssh import GROUPS, members

Udo = Callable[..., Any]


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


@pytest.fixture
def typed() -> Iterator[Callable[[bytes], None]]:
    """Puts a file with some bytes in the place of standard input."""
    before = os.dup(0)

    def put(data: bytes) -> None:
        Path("typed").write_bytes(data)
        with Path("typed").open("rb") as file:
            os.dup2(file.fileno(), 0)

    yield put
    os.dup2(before, 0)
    os.close(before)


def said(done: Any) -> list[str]:
    return [row["stdout"] for row in done.json["data"]["hosts"]]


def test_every_host_reads_the_same_whatever_its_batch(stage: Any, udo: Udo, typed: Callable[[bytes], None]) -> None:
    typed(b"one\ntwo\n" * 9000)
    words = ("--stdin", "--canary", "1", "--batch", "1", "--env", "A=b c")
    done = udo("ssh", "stage", "webapp", 'echo "$A"; wc -c', *words, "-o", "json")
    assert (done.exit, said(done)) == (0, ["b c\n72000\n"] * 3)


def test_roles_with_options_of_their_own_read_the_same(stage: Any, udo: Udo, typed: Callable[[bytes], None]) -> None:
    text = Path("udo.yml").read_text()
    Path("udo.yml").write_text(text.replace("webapp: {", "webapp: {ssh: {fanout: 1}, "))
    typed(b"given")
    done = udo("ssh", "stage", "webapp,worker", "cat", "--stdin", "-o", "json")
    assert (done.exit, said(done)) == (0, ["given"] * 5)


def test_without_the_option_and_in_a_dry_run_nothing_is_read(
    stage: Any, udo: Udo, typed: Callable[[bytes], None]
) -> None:
    typed(b"given")
    assert said(udo("ssh", "stage", "webapp", "cat", "-o", "json")) == [""] * 3
    assert udo("ssh", "stage", "webapp", "cat", "--stdin", "-n").exit == 0
    assert os.lseek(0, 0, os.SEEK_CUR) == 0


def test_what_cannot_be_read_or_kept_is_said_before_any_host_is_reached(
    stage: Any, udo: Udo, typed: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(b"given")
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.tempdir", "/nothing/here")
        done = udo("ssh", "stage", "webapp", "touch reached", "--stdin")
        assert (done.exit, "what the hosts are to read cannot be kept: No such file" in done.stderr) == (1, True)
    folder = os.open(".", os.O_RDONLY)
    os.dup2(folder, 0)
    os.close(folder)
    done = udo("ssh", "stage", "webapp", "touch reached", "--stdin")
    assert (done.exit, "standard input cannot be read: Is a directory" in done.stderr) == (2, True)
    assert "reached" not in "".join(said(udo("ssh", "stage", "webapp", "ls", "-o", "json")))


def test_a_command_on_a_terminal_has_one_and_ends_as_it_ends(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "test -t 0 && test -t 2 && echo it is; cat; exit 3", "--tty")
    assert done.exit == 3
    assert sorted(done.stdout.splitlines()) == [f"{one}  it is" for one in members(stage)]


def test_an_input_that_does_not_come_can_be_waited_for_no_longer(stage: Any, udo: Udo, served_world: Any) -> None:
    argv = [sys.executable, "-m", "udo", "ssh", "stage", "webapp", "touch reached", "--stdin"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as run:
        until(lambda: _reads(run.pid), "it never reads")
        run.send_signal(signal.SIGINT)
        assert run.wait(20) == 130
    # It reached nobody, and is no run to look at again.
    assert udo("ssh", "--last").exit == 1


def _reads(pid: int) -> bool:
    """Whether a process waits for a pipe."""
    return "pipe" in Path(f"/proc/{pid}/wchan").read_text() or _syscall(pid) == "0"


def _syscall(pid: int) -> str:
    try:
        number, first = Path(f"/proc/{pid}/syscall").read_text().split()[:2]
    except (OSError, ValueError):
        return ""
    return number if first == "0x0" else ""
