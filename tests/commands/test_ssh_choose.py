"""`udo ssh --choose`: the person at a terminal picks the member to log in to."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from test_ssh import GROUPS, members

Udo = Callable[..., Any]

ROW = re.compile(
    r"^ *(\d)  (i-[0-9a-f]+)  (?:stage webapp| {12})  (\S+)  (us-\S+)  InService  launch \S+ \S+.*  \d+\w$"
)


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


class Typed:
    """A command line on a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self.told = ""
        self._master, slave = pty.openpty()
        argv = [sys.executable, "-m", "udo", "ssh", *words]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "dumb", "COLUMNS": "200"}
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=env)
        os.close(slave)

    def until(self, text: str, times: int = 1) -> None:
        """Reads on until this was said so many times."""
        end = time.monotonic() + 60
        while self.told.count(text) < times:
            assert time.monotonic() < end, self.told
            if select.select([self._master], [], [], 1)[0]:
                self.told += os.read(self._master, 4096).decode().replace("\r\n", "\n")

    def type(self, text: str) -> None:
        """Types this."""
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Its exit code, once all is read."""
        with suppress(OSError):
            while data := os.read(self._master, 4096):
                self.told += data.decode().replace("\r\n", "\n")
        return self.process.wait(30)

    def close(self) -> None:
        """Leaves nothing behind."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def typed(stage: Any, served_world: Any) -> Iterator[Callable[..., Typed]]:
    """Starts a command line on a terminal."""
    started: list[Typed] = []

    def start(*words: str) -> Typed:
        started.append(Typed(*words))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.whole
def test_the_member_whose_number_is_typed_is_logged_in_to(stage: Any, typed: Callable[..., Typed]) -> None:
    at = typed("stage", "webapp", "--choose")
    at.until("which of 1 to 3?")
    rows = [found for line in at.told.splitlines() if (found := ROW.match(line))]
    assert sorted(row[2] for row in rows) == members(stage)
    assert {row[2]: row[3] for row in rows} == {
        one.id: one.private_ip for one in stage.instances() if one.id in members(stage)
    }
    at.type("7\n")
    at.until("which of 1 to 3?", 2)
    assert "'7' is none of them" in at.told
    at.type("2\n")
    at.until(" ~]")
    assert f"logging in to {rows[1][2]} at {rows[1][3]}\n" in at.told
    at.type('echo "in $UDO_INSTANCE_ID"; exit 3\n')
    assert at.end() == 3, at.told
    assert f"\nin {rows[1][2]}\n" in at.told


@pytest.mark.whole
def test_an_id_is_an_answer_and_none_is_a_refusal(stage: Any, typed: Callable[..., Typed]) -> None:
    one, none = (typed("stage", "webapp", "--choose", "-n") for _ in range(2))
    for at, answer in ((one, members(stage)[2]), (none, "")):
        at.until("which of")
        at.type(f"{answer}\n")
    assert (one.end(), f"log in to {members(stage)[2]} of stage webapp" in one.told) == (0, True)
    assert (none.end(), "udo: no instance was chosen" in none.told) == (7, True)


@pytest.mark.whole
def test_nobody_is_asked_where_there_is_one_alone(stage: Any, typed: Callable[..., Typed]) -> None:
    at = typed("stage", "webapp", "--choose", "--newest", "1", "-n")
    assert (at.end(), "which of" in at.told, "log in to i-" in at.told) == (0, False, True)


@pytest.mark.parametrize(
    ("words", "hint"), [((), "name one by --instance"), (("uptime",), "leave the command out, or name instances by")]
)
def test_without_a_terminal_or_with_a_command_it_is_refused_before_any_call(
    stage: Any, udo: Udo, words: tuple[str, ...], hint: str
) -> None:
    before = len(stage.log)
    done = udo("ssh", "stage", "webapp", "--choose", *words)
    assert (done.exit, len(stage.log)) == (2, before)
    assert hint in done.stderr
