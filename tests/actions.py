"""Holds the table of `udo.actions` against what the sandbox has seen of a command line: `check`, and `make actions`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from udo.actions import ANY, READS, WRITES, operations

_COMMANDS = Path(__file__).parent.parent / "udo" / "commands"
# A verb of a group by both its words.
VERBS = frozenset(" ".join(path.relative_to(_COMMANDS).with_suffix("").parts) for path in _COMMANDS.rglob("[a-z]*.py"))
NOTED = "UDO_ACTIONS"
# Source: botocore's models: of what Udo calls, these ask and change nothing.
READING = ("Describe", "Get", "List", "BatchGet", "Head", "AssumeRole", "Simulate")
# Kept before a test takes everything out of the environment that begins with UDO_.
_FILE = os.environ.get(NOTED)
_noted: set[tuple[str, str]] = set()


def verb_of(words: Sequence[str]) -> str:
    """The verb of a command line, empty where there is none."""
    found = (" ".join(words[number : number + 2]) for number in range(len(words)))
    return next((one for two in found for one in (two, two.partition(" ")[0]) if one in VERBS), "")


def check(words: Sequence[str], asked: Iterable[str]) -> None:
    """Fails where a command line asked for what the table does not say of its verb."""
    verb = verb_of(words)
    seen = frozenset(asked)
    for name in sorted(seen):
        _note(verb, name)
    undeclared = seen - operations(verb)
    if _FILE is None:
        assert not undeclared, f"udo/actions.py does not say that {verb or 'no verb'} asks for {told(undeclared)}"


def told(names: Iterable[str]) -> str:
    """Operations as lines of the table."""
    return ", ".join(f'"{name}" ({"READS" if is_read(name) else "WRITES"})' for name in sorted(names))


def is_read(name: str) -> bool:
    """Whether an operation only asks."""
    return name.partition(":")[2].startswith(READING)


def differences(seen: Mapping[str, frozenset[str]]) -> list[str]:
    """What the table lacks and what it has too much, a line each, given what was seen of every verb."""
    lines = []
    for verb in sorted({*seen, *READS, *WRITES}):
        found = seen.get(verb, frozenset())
        lines += [f"{verb}: missing {told([name])}" for name in sorted(found - operations(verb))]
        lines += [f"{verb}: never asked for {told([name])}" for name in sorted(operations(verb) - ANY - found)]
    everywhere = frozenset[str]().union(*seen.values())
    return [*lines, *(f"every verb: never asked for {told([name])}" for name in sorted(ANY - everywhere))]


def read(path: Path) -> dict[str, frozenset[str]]:
    """What was noted in a file, by verb."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = {line.rpartition(" ")[::2] for line in lines if line.count(" ") in (1, 2)}
    return {verb: frozenset(name for one, name in rows if one == verb) for verb in {row[0] for row in rows}}


def main(words: Sequence[str]) -> int:
    """Runs the tests (those of the words), prints what each verb asked for, and how the table differs from it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seen")
        path.touch()
        tests = subprocess.run(
            (sys.executable, "-m", "pytest", "-n", "auto", "--dist", "worksteal", "--whole", *words),
            env=os.environ | {NOTED: str(path)},
            check=False,
        )
        seen = read(path)
    for verb, names in sorted(seen.items()):
        print(f"{verb}: {', '.join(sorted(names))}")
    found = differences(seen)
    print(*(found or ["udo/actions.py says what was seen"]), sep="\n")
    return 1 if found or tests.returncode else 0


def _note(verb: str, name: str) -> None:
    if _FILE is None or (verb, name) in _noted:
        return
    _noted.add((verb, name))
    # Whole lines, which processes that append to one file do not mix.
    descriptor = os.open(_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{verb or '-'} {name}\n".encode())
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
