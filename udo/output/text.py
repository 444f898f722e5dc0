"""Plans as lines of text for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udo.change.plan import NONE
from udo.output.clean import in_line, neutral, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.change.plan import Difference, Plan


_TERMINAL = 80
# The sha256 that a bundle is named after, and an eTag.
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20}(?:[0-9a-f]{32})?\b")
# Keys up to this width have their values below each other.
_ALIGNED = 32


def closing_line(counts: Mapping[str, int]) -> str:
    """How many roles there are of each kind, in one line; kinds without any are left out."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan as it is shown before it is carried out: what differs, the steps in order, what is put back."""
    yield from difference_lines(plan.differences)
    if plan.differences:
        yield ""
    for number, step in enumerate(plan.steps, 1):
        # After two spaces a step repeats what differs; here that stands above already.
        says = step.says.partition("  ")[0] if plan.differences else step.says
        yield folded(f"  {number}. {in_line(says)}")
    for call in plan.cleanup:
        yield f"  however it ends: {in_line(call.says)}"


def folded(line: str) -> str:
    """A line about a step; where it is wider than most terminals, the names of bundles in it are cut as elsewhere.

    What differs has them whole, and so have the history and JSON.
    """
    return line if width(line) <= _TERMINAL else _DIGEST.sub(r"\1", line)


def difference_lines(differences: Sequence[Difference]) -> Iterator[str]:
    """One line a key, aligned: `~` old value to new, `+` what comes, `-` what goes; what is told in full below it.

    A key that is longer than most stands out, and moves no value away from the others.
    """
    widths = [width(difference.key) for difference in differences]
    longest = max((one for one in widths if one <= _ALIGNED), default=0)
    for difference in differences:
        old, new = (neutral(text).replace("\n", " ") for text in (difference.old, difference.new))
        sign, change = ("+", new) if old == NONE else ("-", old) if new == NONE else ("~", f"{old} -> {new}")
        yield f"  {sign} {in_line(difference.key).ljust(longest)}  {change}"
        yield from (f"      {neutral(line)}" for line in difference.lines)
