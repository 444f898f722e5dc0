"""Plans as lines of text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.output.clean import neutral, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.change.plan import Difference, Plan


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan as it is shown before it is carried out: what differs, then the steps in order."""
    yield from difference_lines(plan.differences)
    if plan.differences:
        yield ""
    for number, step in enumerate(plan.steps, 1):
        # After two spaces a step repeats what differs; here that stands above already.
        says = step.says.partition("  ")[0] if plan.differences else step.says
        yield f"  {number}. {neutral(says)}"


def difference_lines(differences: Sequence[Difference]) -> Iterator[str]:
    """One line a key, aligned: old value to new; what is told in full stands indented below it."""
    longest = max((width(difference.key) for difference in differences), default=0)
    for difference in differences:
        old, new = (neutral(text).replace("\n", " ") for text in (difference.old, difference.new))
        yield f"  {neutral(difference.key).ljust(longest)}  {old} -> {new}"
        yield from (f"      {neutral(line)}" for line in difference.lines)
