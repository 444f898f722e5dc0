"""What AWS shows once a plan is carried out: its goal, and what else was seen when it was made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from udo.change.conditions import brief, hold, moved, resolve
from udo.change.plan import Ref
from udo.change.waiting import in_time
from udo.errors import Conflict

if TYPE_CHECKING:
    from udo.change.plan import Plan
    from udo.change.tools import Tools


def read_back(plan: Plan, known: dict[str, Any], tools: Tools) -> None:
    """Reads until the goal shows, as long as AWS is given for that.

    Raises: Conflict where AWS shows something else.
    """
    for pair in plan.goal:
        if not in_time(partial(hold, (pair,), known, tools.read), tools.clock, tools.emit):
            found = brief(tools.read(resolve(pair.read, known)))
            unknown = isinstance(pair.value, Ref) and pair.value.name not in known
            wanted = "what was made" if unknown else brief(resolve(pair.value, known))
            raise Conflict(
                f"{pair.says or 'read back'}: AWS shows {found}, not {wanted}",
                hint="somebody else changed it after Udo did; look before running it again",
            )


def compare_seen(plan: Plan, known: dict[str, Any], tools: Tools) -> None:
    """Compares what else was seen. Raises: Conflict where something of it has changed."""
    changed = []
    for pair in plan.seen:
        found = tools.read(resolve(pair.read, known))
        changed += moved(pair, resolve(pair.value, known), found)
    if changed:
        raise Conflict(
            f"done, but meanwhile something else changed: {'; '.join(changed)}",
            hint="somebody else changed it too; check whether both changes belong together",
        )
