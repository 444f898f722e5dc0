"""All printing: data on stdout, everything else on stderr, one JSON document where it is asked for."""

from __future__ import annotations

import json
import select
import sys
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.errors import ConfigError, one_line
from udo.output.clean import in_line, neutral
from udo.output.facts import fact_lines
from udo.output.hidden import Hidden
from udo.output.page import Page
from udo.output.table import lines, room, table
from udo.output.terminal import Status, coloured_plan, coloured_table, is_colourful, is_rewritable, red, yellow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.change.events import Event
    from udo.change.plan import Plan
    from udo.errors import Failure
    from udo.output.hosts import Hosts
    from udo.output.live import Live
    from udo.output.steps import Steps
    from udo.result import Column, Result


# Seconds of a wait for what is typed.
_LOOK = 0.2


class Output:
    """The one writer to the terminal; `form` is text, json or a verb's own, `quiet` leaves errors and data only.

    `wide` gives a terminal all columns of a table, as a pipe gets them.
    """

    def __init__(self, *, form: str, quiet: bool, verbose: bool, color: str = "auto", wide: bool = False) -> None:
        self.form = form
        self.quiet = quiet
        self.verbose = verbose
        self._color = color
        self._wide = wide
        self._status = Status()
        self._live: Live | None = None
        self._hidden = Hidden()
        self._page = Page()

    def hide(self, secret: str) -> None:
        """Masks a secret in everything that is shown from now on (what hosts say is theirs)."""
        self._hidden.add(secret)

    def masked(self, value: Any) -> Any:
        """A text, or plain data, as it may be shown or written down."""
        return self._hidden.masked(value)

    def say(self, text: str) -> None:
        """Writes one line to stderr, whatever the form, unless all is quiet; warnings are yellow on a terminal."""
        if not self.quiet:
            self._line(text)

    def error(self, text: str) -> None:
        """Writes one line to stderr, whatever the form; those that begin with `udo:` are red on a terminal."""
        self._settle()
        self._line(text)

    def _line(self, text: str) -> None:
        self._status.clear()
        live = self._live if self._live and self._live.on else None
        if live:
            live.erase()
        told = in_line(self.masked(text))
        if is_colourful(sys.stderr, self._color):
            told = yellow(told) if told.startswith("warning:") else red(told) if told.startswith("udo:") else told
        print(told, file=sys.stderr, flush=True)
        if live:
            live.draw()

    def emit(self, event: Event) -> None:
        """Shows an event as it happens, on stderr; hosts' lines are shown by the verb that fans out."""
        if self._has_table and self._tabled(event):
            return
        line = self._steps.line(event)
        if line is not None:
            self.say(line)
        if not self.quiet and is_colourful(sys.stderr, self._color) and (now := self._steps.standing(event)):
            self._status.show(*now)

    def _tabled(self, event: Event) -> bool:
        if self._live is None:
            # Late, as below.
            from udo.output.live import Live

            clean = lambda text: in_line(self.masked(text))  # noqa: E731
            self._live = Live(clean, coloured=is_colourful(sys.stderr, self._color))
        return self._live.takes(event)

    def _settle(self) -> None:
        """Before what is written below all that is rewritten."""
        self._status.clear()
        if self._live:
            self._live.end()

    def hosts(self, instance_ids: Sequence[str], **view: Any) -> Hosts:
        """A place to show what hosts say as they say it; `view` are the parts of hosts.View."""
        from udo.output.hosts import Hosts, Paper, View

        colours = {name: is_colourful(getattr(sys, name), self._color) for name in ("stdout", "stderr")}
        rewritten = self.form == "text" and not self.quiet and sys.stderr.isatty() and colours["stderr"]
        paper = Paper(self.form, self.quiet, colours, self._status if rewritten else None)
        return Hosts(paper, instance_ids, View(**view))

    def plan(self, plan: Plan) -> None:
        """Shows on stderr what is about to be done."""
        self._settle()
        if not self.quiet:
            # Late, as below.
            from udo.output.text import plan_lines

            text = "\n".join(self.masked(line) for line in plan_lines(plan))
            print(coloured_plan(text) if is_colourful(sys.stderr, self._color) else text, file=sys.stderr)

    def show(self, result: Result, command: str) -> None:
        """Writes a command's result to stdout, and its notes to stderr."""
        if self.form == "json":
            error = None
            if result.error:
                error = dict(zip(("code", "message", "hint"), result.error, strict=True))
            self._document(command, result.exit, result.data, error)
            return
        if self.form == "jsonl" and result.is_plan:
            for row in result.data if isinstance(result.data, list) else [result.data]:
                self.line(json.dumps({"exit": result.exit, **self.masked(row)}))
            return
        shown = {name: self.masked(getattr(result, name)) for name in ("rows", "facts", "text")}
        result = replace(result, **shown)
        self._settle()
        text, left_out = self._data(result)
        _write(text)
        if result.error:
            self._error(result.error[1], result.error[2])
        for note in (*result.notes, *left_out):
            self.say(note)

    @property
    def is_rewritable(self) -> bool:
        """Whether pages can be shown in the place of one another: text, on a terminal that is not dumb."""
        return self.form == "text" and is_rewritable(sys.stdout)

    def page(self, result: Result, heading: str) -> None:
        """Shows a result with its notes in the place of the page before, under a heading."""
        text, left_out = self._data(replace(result, rows=self.masked(result.rows), facts=self.masked(result.facts)))
        notes = [] if self.quiet else [self.masked(note) for note in (*result.notes, *left_out)]
        _write(self._page.text(f"{heading}\n\n{text}", notes))
        self._flush()

    def line(self, text: str) -> None:
        """Writes one line of data to stdout, at once."""
        _write(f"{in_line(self.masked(text))}\n")
        self._flush()

    def _flush(self) -> None:
        with signals.waiting():
            sys.stdout.flush()

    def _data(self, result: Result) -> tuple[str, Sequence[str]]:
        """What the result is, as text, and a note on the columns for which the terminal has no room."""
        said = ""
        if result.text is not None:
            text = neutral(result.text)
            colourful = result.is_plan and is_colourful(sys.stdout, self._color)
            said += f"{coloured_plan(text) if colourful else text}\n"
        if result.text is None and result.facts:
            facts = fact_lines(result.facts, None if self._wide else room(sys.stdout))
            said += "".join(f"{line}\n" for line in (*facts, *([""] if result.rows else [])))
        if result.text is not None or not result.rows:
            return said, ()
        parts, left_out = table(result.columns, result.rows, None if self._wide else room(sys.stdout))
        colourful = is_colourful(sys.stdout, self._color)
        said += coloured_table(parts) if colourful else "".join(f"{line}\n" for line in lines(parts))
        return said, [f"not shown: {', '.join(left_out)} (--wide shows all)"] if left_out else ()

    def fail(self, error: Failure, command: str) -> None:
        """Writes an error: one line on stderr (a line per mistake of a configuration), or the JSON document."""
        if self.form == "json":
            row: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
            if isinstance(error, ConfigError):
                row["errors"] = [
                    {"file": p.file, "line": p.line, "column": p.column, "message": p.message} for p in error.problems
                ]
            self._document(command, error.exit, error.data, row)
        elif isinstance(error, ConfigError):
            # Every line begins with its place, so that editors can go there.
            *others, last = map(str, error.problems or ("",))
            for line in (*others, one_line(last, error.hint)):
                self.error(line)
        else:
            self._error(error.message, error.hint)

    def ask(self, question: str) -> bool:
        """Whether the person at the terminal answers yes; anything but y or yes is no."""
        self._settle()
        sys.stderr.write(f"{in_line(self.masked(question))} [y/N] ")
        sys.stderr.flush()
        return _line().strip().lower() in ("y", "yes")

    def choose(self, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], question: str) -> str:
        """What the person at the terminal answers to a table and a question; empty at the end of the input."""
        self._settle()
        parts, _ = table(columns, self.masked(rows), None if self._wide else room(sys.stderr))
        told = [*lines(parts), f"{neutral(self.masked(question))} "]
        sys.stderr.write("\n".join(told))
        sys.stderr.flush()
        return _line().strip()

    def answer(self, question: str) -> str | None:
        """What the person at the terminal answers to a question; None at the end of the input."""
        self._settle()
        sys.stderr.write(f"{neutral(self.masked(question))} ")
        sys.stderr.flush()
        line = _line()
        return line.strip() if line else None

    def _error(self, message: str, hint: str | None) -> None:
        self.error(f"udo: {one_line(message, hint)}")

    @cached_property
    def _steps(self) -> Steps:
        # Late: what only reads has no use for the classes of plans and events, which take as long as Python itself.
        from udo.output.steps import Steps

        rewritten = is_colourful(sys.stderr, self._color)
        return Steps(verbose=self.verbose, rewritten=rewritten, table=self._has_table)

    @cached_property
    def _has_table(self) -> bool:
        return self.form == "text" and not self.quiet and is_rewritable(sys.stderr)

    def _document(self, command: str, code: int, data: Any, error: Any) -> None:
        # `plan` alone ends with 5, which says that changes are pending, not that something failed.
        ok = code in (0, 5)
        row = {"udo": 1, "command": command, "ok": ok, "exit": code, "data": data, "error": error}
        # Made before it is written: what cannot be JSON must not leave half a document behind.
        _write(json.dumps(self.masked(row), ensure_ascii=True, indent=2) + "\n")


def _line() -> str:
    """The next line that is typed, empty at the end of the input. Raises: Interrupted."""
    with signals.waiting():
        with suppress(OSError, ValueError):
            # A signal that comes just before a wait is seen after it only: so by short ones, up to the line.
            while not select.select([sys.stdin], [], [], _LOOK)[0]:
                pass
        return sys.stdin.readline()


def _write(text: str) -> None:
    # Whoever reads it may be slow, or have stopped.
    with signals.waiting():
        sys.stdout.write(text)
