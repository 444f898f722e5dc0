"""A signal to `udo` at work on a terminal: whoever typed at it finds it as it was, cursor, colours and settings."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import left_behind
from test_interrupted import CODES, CONFIG, SHA, WHOLE, locks
from whole import rows

from udo.sandbox.faults import Fault

# What a shell does, so that the terminal outlives the command, which is in the foreground of a session.
SHELL = """
import fcntl, json, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
before = termios.tcgetattr(0)
pid = os.fork()
if not pid:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-m", "udo", *sys.argv[1:]])
print(pid, file=open("pid", "w"), flush=True)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
os.tcsetpgrp(0, os.getpgrp())
json.dump([code if code >= 0 else 128 - code, termios.tcgetattr(0) == before], open("end", "w"))
"""
CTRL_C = b"\x03"
# How it is used, and what it says when it is interrupted.
SCENES: dict[str, tuple[tuple[str, ...], str]] = {
    "a question": (("updatelc", "prod", "*", "--set", "instance_type=t3.large"), r"\[y/N\] $"),
    "a question for words": (("init", "--config", "new.yml"), r"name of the application.*: $"),
    "a choice": (("ssh", "prod", "one", "--choose"), r"Log in to which.*\? $"),
    "progress": (("deploy", "prod", "one", SHA), r"\x1b\[2K +.*\w$"),
    "ssh": (("ssh", "prod", "*", "echo began; sleep 30"), "began"),
    "ssh by openssh": (("ssh", "prod", "*", "echo began; sleep 30", "--via", "openssh"), "began"),
    "a login": (("ssh", "prod", "one"), r"[#$] $"),
    "an answer of AWS": (("status",), ""),
}


class OnTerminal:
    """`udo` in the foreground of a terminal."""

    def __init__(self, *words: str) -> None:
        self.master, terminal = pty.openpty()
        env = {**os.environ, "TERM": "xterm"}
        argv = [sys.executable, "-c", SHELL, *words]
        self._shell = subprocess.Popen(
            argv, stdin=terminal, stdout=terminal, stderr=terminal, env=env, start_new_session=True
        )
        os.close(terminal)
        self.shown = ""

    def close(self) -> None:
        """Ends it, whatever it is at."""
        # Whatever is in a session of the terminal is hung up on.
        os.close(self.master)
        if Path("pid").exists() and not Path("end").exists():
            os.kill(int(Path("pid").read_text()), signal.SIGKILL)
        self._shell.kill()
        self._shell.wait()

    def see(self, holds: Callable[[], Any], seconds: float = 30) -> None:
        """Reads what is shown until something holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.shown
            if select.select([self.master], [], [], 0.02)[0]:
                try:
                    self.shown += os.read(self.master, 1 << 16).decode()
                except OSError:
                    # Linux tells the end of a terminal by an error.
                    time.sleep(0.02)

    def interrupt(self, number: int) -> None:
        """Sends the signal, Ctrl-C as it is typed."""
        if number == signal.SIGINT:
            os.write(self.master, CTRL_C)
        else:
            os.kill(int(Path("pid").read_text()), number)

    def ended(self) -> tuple[int, bool]:
        """The exit code, and whether the settings are what they were."""
        self.see(lambda: self._shell.poll() is not None)
        code, same = json.loads(Path("end").read_text())
        return code, same


@pytest.fixture
def shop(served_world: Any, world: Any, ssh: Any, seeded: Any) -> Any:
    seeded(CONFIG + ssh.settings)
    return world


@pytest.fixture
def on_terminal(shop: Any) -> Iterator[Callable[..., OnTerminal]]:
    """Runs a command line on a terminal, and is there once it has begun."""
    made: list[OnTerminal] = []

    def run(*words: str) -> OnTerminal:
        made.append(OnTerminal(*words))
        made[-1].see(lambda: Path("pid").exists() and Path("pid").read_text().endswith("\n"))
        return made[-1]

    yield run
    for one in made:
        one.close()


CASES = [
    (scene, number)
    for n, scene in enumerate(SCENES)
    for number in (CODES if WHOLE else [list(CODES)[n % 2]])
    # What is typed at a login goes to the host.
    if not (scene == "a login" and number == signal.SIGINT)
] + ([] if WHOLE else [("a login", signal.SIGTERM)])


@pytest.mark.parametrize(("scene", "number"), rows(CASES, CASES[::2]))
@pytest.mark.whole
def test_the_terminal_is_left_as_it_was(shop: Any, on_terminal: Any, scene: str, number: int) -> None:
    words, cue = SCENES[scene]
    asked = threading.Event()

    def slowly(_request: object) -> None:
        asked.set()
        time.sleep(2)

    if not cue:
        shop.faults.add(Fault("hook", "DescribeAutoScalingGroups", hook=slowly))
    run = on_terminal(*words)
    run.see(lambda: re.search(cue, run.shown) if cue else asked.is_set())
    run.interrupt(number)
    code, same = run.ended()
    assert code == CODES[signal.Signals(number)], run.shown
    assert same, run.shown
    check_shown(run.shown)
    assert locks(shop) == []
    assert left_behind() == []


def check_shown(shown: str, *, interrupted: bool = True) -> None:
    """The cursor is there, no colour is left on, the screen is the usual one, and the last line is whole."""
    modes = dict(re.findall(r"\x1b\[\?([\d;]+)([hl])", shown))
    # Those of the host's own shell at a login are its own.
    assert modes.get("25", "h") == "h", shown
    assert {modes.get(mode, "l") for mode in ("47", "1047", "1049")} == {"l"}, shown
    assert (re.findall(r"\x1b\[([\d;]*)m", shown) or ["0"])[-1] in ("", "0"), shown
    assert shown.endswith("\n"), shown
    assert len(re.findall("udo: interrupted", shown)) == interrupted, shown


@pytest.mark.whole
@pytest.mark.parametrize("moment", [n * 0.05 for n in range(1, 16)] if WHOLE else [0.4])
@pytest.mark.parametrize("scene", ["a question for words", "ssh", "ssh by openssh", "a login"] if WHOLE else ["ssh"])
def test_it_is_left_so_at_other_moments_too(on_terminal: Any, scene: str, moment: float) -> None:
    run = on_terminal(*SCENES[scene][0])
    end = time.monotonic() + moment
    run.see(lambda: time.monotonic() > end)
    run.interrupt(signal.SIGTERM)
    code, same = run.ended()
    # Before it catches signals the system ends it.
    assert (code, same) == (143, True), run.shown
    assert run.shown.count("udo: interrupted") <= 1, run.shown
    assert left_behind() == []
