"""What was found as facts for people, and as rows for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from udo.doctor.finding import MARKS
from udo.doctor.observe import Examined

_ARROW = "-> "


def row(one: Examined) -> dict[str, Any]:
    """One role, or what roles have in common, for scripts: everything."""
    return {
        "cluster": one.role.cluster if one.role else None,
        "role": one.role.name if one.role else None,
        "group": one.group or None,
        "about": one.heading,
        "findings": [
            {
                "check": name,
                "level": found.level,
                "what": found.what,
                "where": found.where or None,
                "remedy": found.remedy or None,
            }
            for name, found in one.findings
        ],
        "passed": list(one.passed),
    }


def lines(examined: Sequence[Examined], *, whole: bool) -> Iterator[tuple[str, str]]:
    """All of it for people: each thing with its mark, and what to do below it; `whole` names what is well too."""
    for number, one in enumerate(examined):
        if number:
            yield "", ""
        yield (one.heading, one.group) if one.role else ("common", one.heading)
        for name, found in one.findings:
            yield f"  {MARKS[found.level]} {name}", found.what
            if found.remedy:
                yield "", f"{_ARROW}{found.remedy}"
        if whole:
            yield from ((f"  {MARKS['ok']} {name}", "") for name in one.passed)
        elif one.passed:
            yield f"  {MARKS['ok']} {_counted(len(one.passed))} passed", ""


def summary(examined: Sequence[Examined]) -> str:
    """What fails, in one line: the checks of each role."""
    parts = []
    for one in examined:
        if names := dict.fromkeys(name for name, found in one.findings if found.level == "fails"):
            parts.append(f"{one.heading} ({', '.join(names)})")
    return "; ".join(parts)


def _counted(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"
