"""Shows what hosts said folded: each output once, under the ids of all that gave it, or as it differs from the most."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import islice

from udo.output.clean import neutral
from udo.output.spool import Spool

# Lines of an output that are compared one by one: more would take longer than anybody waits.
_COMPARED = 5000
_STREAMS = ("stdout", "stderr")


def folded(spool: Spool, instance_ids: Sequence[str], *, diff: bool) -> Iterator[tuple[str, str]]:
    """Lines of text, each with the stream it belongs to; the output that most gave comes first.

    With `diff` the others are told by how they differ from that one. What hosts said is indented, names are not.
    """
    groups = _groups(spool, instance_ids)
    for number, ids in enumerate(groups):
        if diff and number:
            yield from _difference(spool, groups[0][0], ids)
        else:
            yield from _whole(spool, ids)


def _groups(spool: Spool, instance_ids: Sequence[str]) -> list[list[str]]:
    same: dict[tuple[bytes, ...], list[str]] = {}
    for instance_id in instance_ids:
        same.setdefault(spool.digest(instance_id), []).append(instance_id)
    return sorted(same.values(), key=lambda ids: -len(ids))


def _whole(spool: Spool, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    streams = [stream for stream in _STREAMS if spool.size(ids[0], stream)]
    if not streams:
        yield "stdout", _heading(ids, "said nothing")
    for stream in streams:
        yield stream, _heading(ids, "said" if stream == "stdout" else "said on stderr")
        for line in spool.lines(ids[0], stream):
            yield stream, f"  {text(line)}"


def _difference(spool: Spool, most: str, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for stream in _STREAMS:
        before, now = (list(islice(spool.lines(one, stream), _COMPARED + 1)) for one in (most, ids[0]))
        if len(before) > _COMPARED or len(now) > _COMPARED:
            yield stream, _heading(ids, f"said too much to compare {'' if stream == 'stdout' else 'on stderr '}by line")
            continue
        changes = difflib.unified_diff([text(line) for line in before], [text(line) for line in now], n=1, lineterm="")
        lines = list(islice(changes, 2, None))
        if lines:
            differ = "differ" if len(ids) > 1 else "differs"
            yield stream, _heading(ids, differ if stream == "stdout" else f"{differ} on stderr")
            yield from ((stream, f"  {line}") for line in lines)


def _heading(ids: Sequence[str], what: str) -> str:
    count = f"{len(ids)} host{'s' if len(ids) != 1 else ''}"
    return f"{count} {what}: {', '.join(ids)}"


def text(line: bytes) -> str:
    """A line that a host said, harmless for a terminal."""
    return neutral(line.removesuffix(b"\r").decode("utf-8", "backslashreplace"))
