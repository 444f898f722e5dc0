"""Measures what programs cost: CPU of a child and all its children, candidates in turns, medians."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SAMPLED_EVERY = 0.01


@dataclass(frozen=True)
class Candidate:
    """One way to do the work: its command lines, run one after the other and added up."""

    name: str
    lines: tuple[tuple[str, ...], ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True)
class Row:
    """One comparison; `ratio` is Udo's cost over the peer's, or the peer's over Udo's where `saves`."""

    what: str
    ours: str
    peer: str
    ratio: float
    wanted: str
    kept: bool


@dataclass(frozen=True)
class Cost:
    """What one run cost: milliseconds of CPU, of wall time and until its first output, and what it printed."""

    cpu: float
    wall: float
    first: float
    output: bytes


def cpu(candidates: Sequence[Candidate], rounds: int) -> dict[str, float]:
    """Median CPU milliseconds (user and system) of each candidate by name; the first round only warms caches."""
    spent: dict[str, list[float]] = {candidate.name: [] for candidate in candidates}
    for number in range(rounds + 1):
        for candidate in candidates:
            once = sum(run(line, candidate).cpu for line in candidate.lines)
            if number:
                spent[candidate.name].append(once)
    return {name: statistics.median(times) for name, times in spent.items()}


def costs(candidates: Sequence[Candidate], rounds: int) -> dict[str, Cost]:
    """The same of CPU, wall time and time to the first output, each the median of its own."""
    spent: dict[str, list[Cost]] = {candidate.name: [] for candidate in candidates}
    for number in range(rounds + 1):
        for candidate in candidates:
            once = [run(line, candidate) for line in candidate.lines]
            if number:
                sums = (sum(getattr(one, part) for one in once) for part in ("cpu", "wall"))
                spent[candidate.name].append(Cost(*sums, first=once[0].first, output=b""))
    return {name: median(found) for name, found in spent.items()}


def median(found: Sequence[Cost]) -> Cost:
    """The median of each cost by itself."""
    middle = {part: statistics.median(getattr(cost, part) for cost in found) for part in ("cpu", "wall", "first")}
    return Cost(**middle, output=b"")


def run(line: Sequence[str], candidate: Candidate) -> Cost:
    """One run of one command line, its output read as it comes.

    Raises: SystemExit with what it said where it fails.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with _started(line, candidate) as process:
        first, output = _read(process, start)
        code = process.wait()
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        raise SystemExit(f"{' '.join(line)}: ended with {code}: {output[-600:].decode(errors='replace')}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(1000 * spent, 1000 * wall, 1000 * first, output)


def memory(line: Sequence[str], candidate: Candidate) -> float:
    """The most memory, in MB, that a command line and all it starts hold at a time: what they share counted once."""
    most = 0
    with _started(line, candidate) as process, selectors.DefaultSelector() as ready:
        assert process.stdout
        ready.register(process.stdout, selectors.EVENT_READ)
        while process.poll() is None:
            most = max(most, sum(_held(pid) for pid in _tree(process.pid)))
            if ready.select(SAMPLED_EVERY):
                os.read(process.stdout.fileno(), 1 << 20)
    return most / 1024


def at_most(what: str, ours: float, peer: float, most: float, aim: float, unit: str = "ms") -> Row:
    """A comparison in which Udo may cost `most` times what the peer costs."""
    ratio = ours / peer
    wanted = f"<= {most:g}x (aim {aim:g}x)"
    return Row(what, f"{ours:.3g} {unit}", f"{peer:.3g} {unit}", ratio, wanted, ratio <= most)


def saves(what: str, ours: float, peer: float, least: float, aim: float, unit: str = "ms") -> Row:
    """A comparison in which Udo is to cost `least` times less than the peer; with 0 the ratio is only told."""
    ratio = peer / ours
    wanted = f">= {least:g}x less (aim {aim:g}x)" if least else ""
    return Row(what, f"{ours:.3g} {unit}", f"{peer:.3g} {unit}", ratio, wanted, ratio >= least)


@contextlib.contextmanager
def _started(line: Sequence[str], candidate: Candidate) -> Iterator[subprocess.Popen[bytes]]:
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | dict(candidate.env)
    with subprocess.Popen(
        line,
        cwd=candidate.cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    ) as process:
        yield process


def _read(process: subprocess.Popen[bytes], start: float) -> tuple[float, bytes]:
    assert process.stdout
    first, parts = 0.0, []
    while part := process.stdout.read(1 << 16):
        first = first or time.monotonic() - start
        parts.append(part)
    return first, b"".join(parts)


def _tree(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = Path(entry, "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _held(pid: int) -> int:
    """The kB of memory of a process, its part of what it shares."""
    with contextlib.suppress(OSError):
        for line in Path("/proc", str(pid), "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
