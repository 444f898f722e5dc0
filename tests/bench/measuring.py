"""Measures what programs cost: CPU of a child and all its children, candidates in turns, medians."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


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


def cpu(candidates: Sequence[Candidate], rounds: int) -> dict[str, float]:
    """Median CPU milliseconds (user and system) of each candidate by name; the first round only warms caches."""
    spent: dict[str, list[float]] = {candidate.name: [] for candidate in candidates}
    for number in range(rounds + 1):
        for candidate in candidates:
            once = sum(_once(line, candidate) for line in candidate.lines)
            if number:
                spent[candidate.name].append(once)
    return {name: statistics.median(times) for name, times in spent.items()}


def at_most(what: str, ours: float, peer: float, most: float, aim: float) -> Row:
    """A comparison in which Udo may cost `most` times what the peer costs."""
    ratio = ours / peer
    wanted = f"<= {most:g}x (aim {aim:g}x)"
    return Row(what, f"{ours:.0f} ms", f"{peer:.0f} ms", ratio, wanted, ratio <= most)


def saves(what: str, ours: float, peer: float, least: float, aim: float) -> Row:
    """A comparison in which Udo is to cost `least` times less than the peer."""
    ratio = peer / ours
    wanted = f">= {least:g}x less (aim {aim:g}x)"
    return Row(what, f"{ours:.0f} ms", f"{peer:.0f} ms", ratio, wanted, ratio >= least)


def _once(line: Sequence[str], candidate: Candidate) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | dict(candidate.env)
    ended = subprocess.run(line, cwd=candidate.cwd, env=env, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(line)}: ended with {ended.returncode}: {ended.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
