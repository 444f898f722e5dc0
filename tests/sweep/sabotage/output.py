"""Sabotages of output."""

from __future__ import annotations

from sabotage.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "call cut what just fits",
        "output/hosts.py",
        "self.is_cut = self.is_cut or len(text) > room",
        "self.is_cut = self.is_cut or len(text) >= room",
        tests=("tests/test_output.py::test_what_just_fits_is_not_said_to_be_cut",),
    ),
    Mutant(
        "warn though all is to be quiet",
        "output/__init__.py",
        "if not self.quiet:\n            self._line(text)",
        'if not self.quiet or text.startswith("warning:"):\n            self._line(text)',
        tests=("tests/test_output.py::test_quiet_leaves_errors_and_data",),
    ),
    Mutant(
        "be quiet of errors too",
        "output/__init__.py",
        'self.error(f"udo: {one_line(message, hint)}")',
        'self.say(f"udo: {one_line(message, hint)}")',
        tests=("tests/test_output.py::test_quiet_leaves_errors_and_data",),
    ),
    Mutant(
        "break the rows of the table on a narrow terminal",
        "output/live.py",
        "cut(indent + _BETWEEN.join(parts).rstrip(), space)",
        "indent + _BETWEEN.join(parts).rstrip()",
        tests=("tests/test_live.py::test_it_fits_every_terminal_and_is_there_once",),
    ),
    Mutant(
        "take the last state away where the run ends",
        "output/live.py",
        "    def end(self) -> None:",
        "    def end(self) -> None:\n        self.erase()\n",
        tests=("tests/test_live.py::test_the_last_state_is_left_above_whatever_ends_the_run",),
    ),
)
