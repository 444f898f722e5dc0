"""Takes apart what Systems Manager shows of an output: both streams, what the agent adds, and whether it is whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

# Source: aws/amazon-ssm-agent, iohandler.go: what is longer is cut there, and what takes the place of the rest.
_MOST_OF_BOTH, _MOST_OUT, _MOST_ERRORS = 2_500, 24_000, 8_000
_NEARLY = 100
# What script and agent add at the end is shorter.
_TAIL = 4_096
_CUT = re.compile(r"\n?-{2,3}(?:output|error) truncated-{2,4}\n?\Z", re.IGNORECASE)
_TITLE = "\n----------ERROR-------\n"
# What it adds to the errors of a script that it had to end.
_ADDED = re.compile(r"\n?failed to run commands: [^\n]*\n?\Z")


@frozen
class Said:
    """What a command has said: each stream, the exit status that the script has noted, and which streams are cut."""

    stdout: str = ""
    stderr: str = ""
    status: int | None = None
    note: str = ""
    cut: tuple[str, ...] = ()


def said_in_short(output: str, mark: str) -> Said | None:
    """What the streams are, given what the listing has of both; None where they must be asked for."""
    if not output:
        return Said()
    stdout, title, stderr = output.partition(f"{_TITLE}{mark}\n")
    if not title or _is_near(output, _MOST_OF_BOTH):
        return None
    return _of_script(stdout, f"{mark}\n{stderr}", mark, ())


def said_in_full(stdout: str, stderr: str, mark: str) -> Said:
    """What the streams are, given each as far as it is kept."""
    out, errors = _shortened(stdout, _MOST_OUT), _shortened(stderr, _MOST_ERRORS)
    cut = [name for name, one in (("stdout", out), ("stderr", errors)) if one is not None]
    return _of_script(stdout if out is None else out, stderr if errors is None else errors, mark, tuple(cut))


def whole_errors(pieces: Iterator[bytes], mark: str) -> Iterator[bytes]:
    """What the command itself said on stderr, given all that lies in S3; no more than a few lines are held back."""
    first, end = f"{mark}\n".encode(), f"{mark} ".encode()
    held, is_begun = b"", False
    for piece in pieces:
        held += piece
        if not is_begun and len(held) >= len(first):
            held, is_begun = held.removeprefix(first), True
        if is_begun and len(held) > _TAIL:
            yield held[:-_TAIL]
            held = held[-_TAIL:]
    before, found, _ = held.removeprefix(b"" if is_begun else first).rpartition(end)
    yield before if found else held


def _of_script(stdout: str, stderr: str, mark: str, cut: tuple[str, ...]) -> Said:
    errors, note = _errors(stderr, mark)
    status = int(note) if note.isdigit() else None
    return Said(stdout, errors, status, "" if status is not None else note, cut)


def _errors(stderr: str, mark: str) -> tuple[str, str]:
    """What the command itself said on stderr, and what the script noted after it."""
    body = stderr.removeprefix(f"{mark}\n")
    before, found, after = body.rpartition(f"{mark} ")
    if not found:
        return _ADDED.sub("", body), ""
    return before, after.partition("\n")[0]


def _shortened(text: str, most: int) -> str | None:
    """What is left of a stream without what takes the place of the rest; None for one that is whole."""
    without = _CUT.sub("", text)
    return without if len(text) >= most or (without != text and _is_near(text, most)) else None


def _is_near(text: str, most: int) -> bool:
    # The agent counts bytes.
    return len(text.encode("utf-8", "surrogateescape")) > most - _NEARLY
