"""Results and plans as lines of text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.output.clean import neutral, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.change.plan import Difference, Plan
    from udo.result import Column, Result


def result_lines(result: Result) -> Iterator[str]:
    """The result as text: its own text, or its rows as an aligned table."""
    if result.text is not None:
        yield from neutral(result.text).split("\n")
    elif result.rows:
        yield from table_lines(result.columns, result.rows)


def table_lines(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """An aligned table with a heading line, columns two spaces apart."""
    cells = [[neutral(cell(row.get(column.key))).replace("\n", " ") for column in columns] for row in rows]
    headings = [column.heading for column in columns]
    widths = [max(map(width, column)) for column in zip(headings, *cells, strict=True)]
    for line in (headings, *cells):
        padded = (_padded(text, columns[i], widths[i]) for i, text in enumerate(line))
        yield "  ".join(padded).rstrip()


def cell(value: Any) -> str:
    """A value as it stands in a table; nothing is '-'."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "-"
    return str(value)


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


def _padded(text: str, column: Column, wanted: int) -> str:
    space = " " * (wanted - width(text))
    return space + text if column.align == "right" else text + space
