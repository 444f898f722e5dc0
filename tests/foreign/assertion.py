"""What the programs of the clients say, in the Test Anything Protocol: `ok 1 - it is so`, and `1..N` at their end."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"(?P<bad>not )?ok \d+ - (?P<says>.+)")
_END = re.compile(r"1\.\.(?P<count>\d+)")
MINUTES = 20


@dataclass(frozen=True)
class Assertion:
    """One thing that is so, or is not."""

    says: str
    held: bool


def made_by(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> Iterator[Assertion]:
    """The assertions of a program as it makes them; to end before it has said how many is a failed one."""
    errors = folder / "stderr"
    count, planned = 0, None
    line = ["timeout", f"{MINUTES}m", *words]
    with (
        errors.open("w") as stderr,
        subprocess.Popen(line, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True) as program,
    ):
        for said in program.stdout or ():
            if found := _LINE.match(said):
                count += 1
                yield Assertion(found["says"], not found["bad"])
            elif ended := _END.match(said):
                planned = int(ended["count"])
    if planned != count or program.returncode:
        last = " / ".join(errors.read_text(errors="replace").strip().splitlines()[-5:])
        told = f"it ended with {program.returncode} after {count} assertions: {last}"
        yield Assertion(f"the program comes to its end ({told})", False)
