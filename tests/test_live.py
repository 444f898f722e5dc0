"""The table of a wait on a terminal: whatever is written to it, what stands on the screen at the end."""

from __future__ import annotations

import fcntl
import io
import os
import re
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyte
import pytest
from whole import rows

from udo.change.events import Event, Idle, Notice, Progress, Standing, Standings, StepBegan, StepDone
from udo.change.plan import Difference, Plan
from udo.errors import Interrupted
from udo.output import Output
from udo.result import Result


class Terminal(io.TextIOBase):
    """A terminal of this size that takes the place of stderr, and what can be read on it."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__()
        self._screen = pyte.HistoryScreen(columns, lines, history=5000, ratio=0.5)
        self._stream = pyte.Stream(self._screen)
        self._master, self._slave = os.openpty()
        self.written = ""
        self.resize(columns, lines)

    def fileno(self) -> int:
        """Where its size is asked for."""
        return self._slave

    def isatty(self) -> bool:
        """It is one."""
        return True

    def write(self, text: str) -> int:
        """Shows it."""
        self.written += text
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    def resize(self, columns: int, lines: int) -> None:
        """Makes it that large."""
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._screen.resize(lines, columns)

    def lines(self) -> list[str]:
        """All that stands there, with what has gone off its top, but for empty lines at its end."""
        above = ["".join(line[x].data for x in range(self._screen.columns)) for line in self._screen.history.top]
        return "\n".join(line.rstrip() for line in (*above, *self._screen.display)).rstrip().split("\n")

    def cursor(self) -> tuple[int, bool]:
        """The column of the cursor, and whether it is hidden."""
        return self._screen.cursor.x, self._screen.cursor.hidden

    def close(self) -> None:
        """Takes it away."""
        if not self.closed:
            os.close(self._slave)
            os.close(self._master)
        super().close()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminal]]:
    """A terminal of so many columns and lines that takes the place of stderr."""
    made: list[Terminal] = []
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(columns: int = 80, lines: int = 24) -> Terminal:
        made.append(Terminal(columns, lines))
        monkeypatch.setattr(sys, "stderr", made[-1])
        return made[-1]

    yield make
    monkeypatch.undo()
    for one in made:
        one.close()


def output(**how: Any) -> Output:
    return Output(**{"form": "text", "quiet": False, "verbose": False, **how})


def look(count: int, failed: int = 0, busy: int = 0, done: int = 0, last: str = "") -> list[Event]:
    """One look at so many instances: those that failed are the last ones; `last` is what happened last."""
    rows = [Standing(f"i-{number:017x}", "not begun") for number in range(count)]
    for number in range(done):
        rows[number] = Standing(rows[number].name, "done", "", 100.0, 163.0)
    for number in range(done, done + busy):
        rows[number] = Standing(rows[number].name, "in progress", "AfterInstall")
    for number in range(count - failed, count):
        rows[number] = Standing(rows[number].name, "failed", "ApplicationStart (scripts/start)", 100.0, 103.0)
    moves = [Notice(f"      {row.name}  moved", "move") for row in rows[:2]]
    return [*moves, Standings(tuple(rows), last), Progress(f"InProgress  {done} done of {count}", done / count)]


def show(out: Output, *events: Event) -> None:
    for event in events:
        out.emit(event)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40), (40, 8), (20, 5)])
@pytest.mark.parametrize(
    ("count", "last"),
    rows([(3, ""), (3, "Launching"), (30, "Launching"), (500, "")], [(3, ""), (30, "Launching")]),
)
def test_it_fits_every_terminal_and_is_there_once(
    terminal: Callable[..., Terminal], columns: int, lines: int, count: int, last: str
) -> None:
    there = terminal(columns, lines)
    out = output()
    out.say("before")
    for done in range(count // 3):
        show(out, *look(count, failed=1, busy=1, done=done, last=last))
    shown = there.lines()
    assert shown[0] == "before"
    assert (shown[-1].strip() == "last: Launching") == bool(last)
    assert len(shown) < lines, "what was said before is still on the screen, and nothing was pushed off it"
    assert sum("InProgress" in line for line in shown) == 1
    assert all(len(line) < columns for line in shown)
    assert there.cursor() == (0, False)


def test_who_failed_and_who_is_at_work_come_first_and_the_rest_is_a_count(terminal: Callable[..., Terminal]) -> None:
    there = terminal(80, 24)
    show(output(), *look(500, failed=2, busy=3, done=212))
    heading, *rows = there.lines()
    assert heading == "  ####        InProgress  212 done of 500  (0 s)"
    assert rows == [
        "  i-000000000000001f2  failed          3 s  ApplicationStart (scripts/start)",
        "  i-000000000000001f3  failed          3 s  ApplicationStart (scripts/start)",
        "  i-000000000000000d4  in progress     0 s  AfterInstall",
        "  i-000000000000000d5  in progress     0 s  AfterInstall",
        "  i-000000000000000d6  in progress     0 s  AfterInstall",
        "  and 495 more: 212 done, 283 not begun",
    ]


def test_where_many_failed_and_many_are_at_work_both_are_seen(terminal: Callable[..., Terminal]) -> None:
    there = terminal(80, 24)
    show(output(), *look(500, failed=200, busy=100))
    shown = there.lines()
    assert sum("failed  " in line for line in shown) == 10
    assert sum("in progress  " in line for line in shown) == 9
    assert shown[-1] == "  and 481 more: 190 failed, 91 in progress, 200 not begun"


def test_where_all_have_room_all_are_told(terminal: Callable[..., Terminal]) -> None:
    there = terminal(80, 24)
    show(output(), *look(4, failed=1, busy=1, done=1))
    assert [line.split()[1:] for line in there.lines()[1:]] == [
        ["failed", "3", "s", "ApplicationStart", "(scripts/start)"],
        ["in", "progress", "0", "s", "AfterInstall"],
        ["done", "1m", "03s"],
        ["not", "begun"],
    ]


def test_who_is_at_work_keeps_its_place_from_event_to_event(terminal: Callable[..., Terminal]) -> None:
    there = terminal()
    out = output()
    at_work = {"i-1": "Install", "i-2": "Install", "i-3": "BeforeInstall"}
    for name, event in (
        ("i-3", "Install"),
        ("i-1", "AfterInstall"),
        ("i-2", "AfterInstall"),
        ("i-1", "ValidateService"),
    ):
        at_work[name] = event
        since = time.time() - 30 + len(event)
        rows = (Standing("i-0", "not begun"), *(Standing(*row, since) for row in _busy(at_work)))
        show(out, Standings(rows), Progress("InProgress"))
        assert [line.split()[0] for line in there.lines()[1:]] == ["i-1", "i-2", "i-3", "i-0"]


def _busy(at_work: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    return ((name, "in progress", event) for name, event in at_work.items())


def test_a_line_that_is_said_meanwhile_stands_above_it(terminal: Callable[..., Terminal]) -> None:
    there = terminal()
    out = output()
    show(out, StepBegan("wait", 1, 1), Progress("Created"), *look(2, busy=1), Notice("throttled", "warning"))
    show(out, *look(2, busy=2), Notice("again"), Idle())
    shown = there.lines()
    assert shown[:3] == ["[1/1] wait", "warning: throttled", "again"]
    assert len(shown) == 6


def test_the_last_state_is_left_where_the_wait_ends(terminal: Callable[..., Terminal]) -> None:
    there = terminal()
    out = output()
    show(out, *look(2, busy=2), *look(2, done=2), StepDone("wait", 63.0), StepBegan("next", 2, 2))
    shown = there.lines()
    assert [line.split()[-3:] for line in shown[1:3]] == [["done", "1m", "03s"]] * 2
    assert [line.strip() for line in shown[3:]] == ["done (63 s)", "[2/2] next"]
    show(out, *look(2, busy=1))
    assert len(there.lines()) == 8, "another wait has a table of its own"


@pytest.mark.parametrize("way", ["error", "result", "plan"])
def test_the_last_state_is_left_above_whatever_ends_the_run(
    terminal: Callable[..., Terminal], way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = terminal()
    out = output()
    show(out, *look(2, busy=2))
    match way:
        case "error":
            out.fail(Interrupted("interrupted", hint="look again"), "deploy")
        case "result":
            out.show(Result([], text="done", notes=("udo: last",)), "deploy")
        case "plan":
            out.plan(Plan("deploy", "prod webapp", (), differences=(Difference("ami", "a", "b"),)))
    shown = there.lines()
    assert shown[0].lstrip().startswith("InProgress")
    assert [line.split()[1] for line in shown[1:3]] == ["in", "in"]
    assert len(shown) > 3
    assert not shown[3].startswith("  i-")


def test_its_times_move_on_between_two_looks(terminal: Callable[..., Terminal]) -> None:
    there = terminal()
    out = output()
    show(out, *look(1, busy=1))
    end = time.monotonic() + 10
    while "  1 s  AfterInstall" not in there.lines()[1]:
        assert time.monotonic() < end
        time.sleep(0.2)
        show(out, Idle())
    assert there.lines()[0].endswith("(1 s)")


def test_how_long_it_has_been_so_is_known_of_one_that_was_at_work_before(terminal: Callable[..., Terminal]) -> None:
    there = terminal()
    out = output()
    began = time.time() - 125
    show(out, Standings((Standing("i-1", "in progress", "Install", began),)), Progress("InProgress"))
    assert "i-1  in progress  2m 05s  Install" in there.lines()[1]
    # A clock that is wrong by minutes is not believed where it is known better.
    show(out, Standings((Standing("i-1", "in progress", "AfterInstall", began),)), Progress("InProgress"))
    assert "i-1  in progress     0 s  AfterInstall" in there.lines()[1]
    show(out, Standings((Standing("i-1", "in progress", "Validate", time.time() + 999),)), Progress("InProgress"))
    assert "i-1  in progress     0 s  Validate" in there.lines()[1]


def test_a_terminal_that_changes_its_size_loses_no_line_and_gets_a_table_that_fits(
    terminal: Callable[..., Terminal],
) -> None:
    there = terminal(100, 30)
    out = output()
    out.say("before")
    show(out, *look(40, busy=30))
    for columns, lines in ((120, 40), (60, 40), (90, 40), (90, 12)):
        there.resize(columns, lines)
        show(out, *look(40, busy=30))
        shown = there.lines()
        # What leaves the top of a terminal that is made lower is the terminal's affair.
        assert "before" in shown or lines == 12
        last = max(number for number, line in enumerate(shown) if "InProgress" in line)
        assert len(shown) - last == min(1 + 30 + 1, lines - 3)
        assert all(len(line) < columns for line in shown[last:])


@pytest.mark.parametrize("where", ["NO_COLOR", "--color never"])
def test_without_colours_it_is_a_table_all_the_same(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    there = terminal()
    if where == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    show(output(color="auto" if where == "NO_COLOR" else "never"), *look(3, busy=1), *look(3, done=1))
    assert len(there.lines()) == 4
    assert not re.search(r"\x1b\[[\d;]*m", there.written)


def test_with_colours_who_failed_is_red(terminal: Callable[..., Terminal]) -> None:
    there = terminal()
    show(output(), *look(3, failed=1))
    assert "\x1b[31mfailed\x1b[0m" in there.written


@pytest.mark.parametrize("how", ["dumb", "no TERM", "json", "quiet"])
def test_elsewhere_each_change_is_a_line_and_nothing_is_rewritten(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    there = terminal()
    if how == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    elif how == "no TERM":
        monkeypatch.delenv("TERM")
    out = output(form="json" if how == "json" else "text", quiet=how == "quiet", color="never")
    show(out, *look(3, busy=1), *look(3, busy=1))
    moved = [f"      i-{number:017x}  moved" for number in (0, 1)]
    assert there.lines() == ([""] if how == "quiet" else [*moved, "      InProgress  0 done of 3", *moved])
    assert "\x1b" not in there.written


def test_what_a_script_is_called_steers_no_terminal_and_tells_no_secret(terminal: Callable[..., Terminal]) -> None:
    there = terminal()
    out = output()
    out.hide("hunter2hunter2")
    row = Standing("i-1", "failed", "Install (\x1b]0;evil\x07hunter2hunter2)")
    show(out, Standings((row,)), Progress("InProgress"))
    assert there.lines()[1] == "  i-1  failed          Install (\\x1b]0;evil\\x07****)"
