"""A table at the foot of stderr that is rewritten while a step waits: who failed, who is at work, counts of the rest.

It is drawn from the line below it, with the cursor left there and never hidden: whatever ends the run, be it kill -9,
the terminal is as it was and shows the last state.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from udo.change.events import Event, Idle, Progress, Standing, Standings, StepBegan, StepDone, StepFailed
from udo.output.clean import width
from udo.output.table import cut, room

_RANKS = {"failed": 0, "in progress": 1, "ready": 2, "unknown": 2, "done": 3, "skipped": 3, "not begun": 4}
# The last rank that has lines of its own where not everybody has room.
_TOLD = 2
_COLOURS = {"failed": 31, "in progress": 33, "ready": 33, "done": 32}
_BETWEEN = "  "
_ROOMY, _USUAL, _TALL = 100, 60, 24
# Ages are so wide at least, that the table keeps still while they grow.
_AGE = 6
# Lines of the terminal left for what was said before it, and for the cursor.
_KEPT = 3
# Seconds between two times that it is drawn though nothing has changed.
_OFTEN = 0.9


class _Line(NamedTuple):
    """A line of the table, and the state in it that has a colour."""

    text: str
    state: str = ""


class Live:
    """The table; nothing is drawn before there are rows and a heading. `clean` makes a text fit to be shown."""

    def __init__(self, clean: Callable[[str], str], *, coloured: bool) -> None:
        self._clean = clean
        self._coloured = coloured
        self._rows: tuple[Standing, ...] = ()
        # Where each is and since when, by this machine's clock.
        self._since: dict[str, tuple[tuple[str, str], float]] = {}
        # The rank of each and its number among all that came to have one: its place, until it has another rank.
        self._places: dict[str, tuple[int, int]] = {}
        self._came = 0
        self._looked_at = 0.0
        self._head: Progress | None = None
        self._last = ""
        self._head_at = self._drawn_at = 0.0
        self._drawn: list[str] = []

    @property
    def on(self) -> bool:
        """Whether it stands on the terminal now."""
        return bool(self._drawn)

    def takes(self, event: Event) -> bool:
        """Takes what the table tells, and says whether nothing is left to tell of it."""
        match event:
            case Standings(rows, last):
                self._last = last
                self.stand(rows)
                return True
            case Progress():
                return self.head(event)
            case Idle():
                self.tick()
            case StepBegan() | StepDone() | StepFailed():
                self.end()
        return False

    def stand(self, rows: Sequence[Standing]) -> None:
        """Takes how they stand now."""
        now = time.monotonic()
        for row in rows:
            where, known = (row.state, row.doing), self._since.get(row.name)
            if known is None or known[0] != where:
                # Clocks differ: what has come about since the last look is no older than that.
                most = now - self._looked_at if known else now
                age = time.time() - row.since if row.since else 0.0
                known = where, now - min(max(age, 0.0), most)
            self._since[row.name] = known
            if self._places.get(row.name, (-1, 0))[0] != _rank(row):
                self._came += 1
                self._places[row.name] = _rank(row), self._came
        self._rows, self._looked_at = tuple(rows), now

    def head(self, progress: Progress) -> bool:
        """Takes what stands above the rows, and draws it all; False where there are no rows, and so no table."""
        self._head, self._head_at = progress, time.monotonic()
        if self._rows:
            self.draw()
        return bool(self._rows)

    def tick(self) -> None:
        """Draws it again where its times have moved on."""
        if self._drawn and time.monotonic() - self._drawn_at >= _OFTEN:
            self.draw()

    def draw(self) -> None:
        """Puts it there, in place of what it was."""
        self._drawn_at = time.monotonic()
        space = room(sys.stderr) or _ROOMY
        lines = list(self._lines(space - 1, _height(), self._drawn_at))
        text = "".join(f"{self._painted(line)}\x1b[K\n" for line in lines)
        # In one piece: nobody sees it half done.
        sys.stderr.write(f"{self._back(space)}{text}\x1b[J")
        sys.stderr.flush()
        self._drawn = [line.text for line in lines]

    def erase(self) -> None:
        """Takes it away, so that a line can be written, and it be drawn below that."""
        sys.stderr.write(f"{self._back(room(sys.stderr) or _ROOMY)}\x1b[J")
        self._drawn = []

    def end(self) -> None:
        """Leaves it as it stands, once and for all."""
        if self._drawn:
            self.draw()
        self._rows, self._since, self._places, self._head, self._drawn, self._last = (), {}, {}, None, [], ""

    def _back(self, space: int) -> str:
        """The way back to its first line."""
        if not self._drawn:
            # There may be a line that is rewritten.
            return "\r"
        if max(map(width, self._drawn)) >= space:
            # Of a terminal made narrower nobody knows whether it broke the lines: it is drawn anew, below.
            return "\r"
        return f"\r\x1b[{len(self._drawn)}A"

    def _lines(self, space: int, height: int, now: float) -> Iterator[_Line]:
        indent = " " * (6 if space >= _ROOMY else 2)
        yield _Line(cut(indent + self._heading(space - len(indent), now), space))
        most = max(1, height - _KEPT - (2 if self._last else 1))
        rows = sorted(self._rows, key=lambda row: self._places[row.name])
        told = rows if len(rows) <= most else _chosen(rows, most - 1)
        cells = [(row.name, row.state, self._age(row, now), self._clean(row.doing)) for row in told]
        names, states, ages = ([width(cell[number]) for cell in cells] for number in range(3))
        for name, state, age, doing in cells:
            parts = (f"{name:<{max(names)}}", f"{state:<{max(states)}}", f"{age:>{max(_AGE, *ages)}}", doing)
            yield _Line(cut(indent + _BETWEEN.join(parts).rstrip(), space), state)
        if len(told) < len(rows):
            left = Counter(row.state for row in rows) - Counter(row.state for row in told)
            counts = ", ".join(f"{left[state]} {state}" for state in _RANKS if left[state])
            yield _Line(cut(f"{indent}and {left.total()} more: {counts}", space))
        if self._last:
            yield _Line(cut(f"{indent}last: {self._clean(self._last)}", space))

    def _heading(self, space: int, now: float) -> str:
        """Where things stand, with a bar where there is room for both."""
        if self._head is None:
            return ""
        length = 20 if space >= _ROOMY else 10
        share = self._head.fraction
        says = f"{self._clean(self._head.says)}  ({_lasted(self._head.waited + now - self._head_at)})"
        if share is None or space < _USUAL or length + width(says) + len(_BETWEEN) > space:
            return says
        return f"{'#' * round(share * length):<{length}}{_BETWEEN}{says}"

    def _age(self, row: Standing, now: float) -> str:
        """How long it took, or has taken."""
        if row.state in ("in progress", "ready"):
            return _lasted(now - self._since[row.name][1])
        return "" if row.since is None or row.until is None else _lasted(row.until - row.since)

    def _painted(self, line: _Line) -> str:
        colour = _COLOURS.get(line.state)
        if not (self._coloured and colour):
            return line.text
        return line.text.replace(f"{_BETWEEN}{line.state}", f"{_BETWEEN}\x1b[{colour}m{line.state}\x1b[0m", 1)


def _rank(row: Standing) -> int:
    return _RANKS.get(row.state, _TOLD)


def _chosen(rows: Sequence[Standing], most: int) -> list[Standing]:
    """Those worth a line of their own where not everybody has room; who failed leaves room for who is at work."""
    failed = [row for row in rows if _rank(row) == 0]
    others = [row for row in rows if 0 < _rank(row) <= _TOLD]
    failed = failed[: max(most - len(others), (most + 1) // 2)]
    return [*failed, *others[: most - len(failed)]]


def _height() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).lines or _TALL
    except OSError:
        return _TALL


def _lasted(seconds: float) -> str:
    """A length of time in as few letters as it takes."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest} s"
