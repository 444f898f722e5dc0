"""A stack followed on a real terminal: the table of its resources, and what Ctrl-C leaves there and in AWS."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest
import test_deploy_terminal
from stack_worlds import QUEUES, stack, write
from test_deploy_terminal import screen
from test_interrupted_terminal import check_shown

from udo.sandbox.clock import Clock

on_terminal = test_deploy_terminal.on_terminal
CREATE = ("stack", "create", "queues")


@pytest.fixture
def files(on_terminal: Any) -> Any:
    """The terminal, beside the files of stacks."""
    write()
    return on_terminal


def rows(shown: list[str]) -> dict[str, str]:
    """How each resource stands in the table, by its name."""
    found = (re.match(r"  (Jobs|Dead|News)  (done|in progress|failed|skipped)", line) for line in shown)
    return {one[1]: one[2] for one in found if one}


def test_a_stack_is_a_table_that_ends_with_every_resource_made(world: Any, files: Any) -> None:
    world.clock = Clock(speed=20.0)
    run = files(*CREATE)
    code, same = run.ended()
    assert (code, same) == (0, True), run.shown
    check_shown(run.shown, interrupted=False)
    shown = screen(run.shown)
    assert rows(shown) == dict.fromkeys(("Jobs", "Dead", "News"), "done"), shown
    assert any("CREATE_COMPLETE  3 done" in line for line in shown), shown
    assert any(line.startswith("stack queues is made") for line in shown), shown


@pytest.mark.whole
def test_ctrl_c_leaves_the_stack_to_aws_and_says_so(world: Any, files: Any) -> None:
    write(queues=QUEUES)
    world.clock = Clock(speed=0.5)
    run = files(*CREATE)
    run.see(lambda: "in progress" in run.shown, 60)
    run.interrupt(signal.SIGINT)
    code, same = run.ended()
    assert (code, same) == (130, True), run.shown
    check_shown(run.shown)
    # The terminal breaks lines where it likes.
    told = "".join("".join(screen(run.shown)).split())
    assert "itcontinuesinAWS;thesamecommandfollowsitagain,or:udostackeventsqueues-w" in told, told
    world.clock = Clock(speed=50.0)
    again = files(*CREATE)
    code, _ = again.ended()
    assert code == 0, again.shown
    assert stack(world, "queues")["StackStatus"] == "CREATE_COMPLETE"
