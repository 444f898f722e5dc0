"""A deployment followed on a real terminal: the table in it, what is left of it at the end, and after Ctrl-C."""

from __future__ import annotations

import fcntl
import re
import signal
import struct
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest
from test_interrupted import CONFIG, SHA
from test_interrupted_terminal import OnTerminal, check_shown

from udo.sandbox.clock import Clock
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

DEPLOY = ("deploy", "prod", "one", SHA)


@pytest.fixture
def on_terminal(served_world: Any, world: Any, seeded: Any) -> Iterator[Callable[..., OnTerminal]]:
    """Runs a command line on a terminal of 80 columns and 24 lines, beside an AWS in which time runs."""
    made: list[OnTerminal] = []
    seeded(CONFIG)
    world.clock = Clock(speed=4.0)

    def run(*words: str) -> OnTerminal:
        made.append(OnTerminal(*words))
        fcntl.ioctl(made[-1].master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        made[-1].see(lambda: Path("pid").exists() and Path("pid").read_text().endswith("\n"))
        return made[-1]

    yield run
    for one in made:
        one.close()


def screen(shown: str) -> list[str]:
    """What stands on the terminal in the end."""
    there = pyte.Screen(80, 24)
    pyte.Stream(there).feed(shown)
    return "\n".join(line.rstrip() for line in there.display).rstrip().split("\n")


def test_a_deployment_is_a_table_that_ends_with_how_each_instance_fared(on_terminal: Any) -> None:
    run = on_terminal(*DEPLOY)
    code, same = run.ended()
    assert (code, same) == (0, True), run.shown
    check_shown(run.shown, interrupted=False)
    shown = screen(run.shown)
    [head] = [number for number, line in enumerate(shown) if "Succeeded  2 done of 2" in line]
    rows = [re.fullmatch(r"  i-[0-9a-f]{17}  done +(\d+m )?\d+ ?s", line) for line in shown[head + 1 : head + 3]]
    assert all(rows), shown
    assert not any(line.lstrip().startswith("i-") for line in [*shown[:head], *shown[head + 3 :]]), shown


@pytest.mark.whole
def test_ctrl_c_leaves_the_last_state_and_the_terminal_as_it_was(world: Any, on_terminal: Any) -> None:
    world.clock = Clock(speed=0.5)
    run = on_terminal(*DEPLOY)
    run.see(lambda: re.search(r"in progress\S* +\d+ s", run.shown))
    run.interrupt(signal.SIGINT)
    code, same = run.ended()
    assert (code, same) == (130, True), run.shown
    check_shown(run.shown)
    shown = screen(run.shown)
    [end] = [number for number, line in enumerate(shown) if line.startswith("udo: interrupted")]
    assert [line.lstrip()[:2] for line in shown[end - 2 : end]] == ["i-", "i-"], shown


@pytest.mark.whole
def test_an_instance_that_fails_stands_first_with_where(on_terminal: Any) -> None:
    deployment_faults.add(DeploymentFault(event="AfterInstall", instance=1))
    run = on_terminal(*DEPLOY)
    code, _ = run.ended()
    assert code == 1, run.shown
    shown = screen(run.shown)
    [first] = [line for line in shown if re.match(r"  i-\w+  failed", line)]
    assert first.endswith("AfterInstall (scripts/AfterInstall.sh)")
    number = shown.index(first)
    assert "1 failed" in shown[number - 1]
