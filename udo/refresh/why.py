"""The last refresh that did not go through, told again from what AWS keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.groups.failures import Failure, lines_of
from udo.refresh.words import named, remedy, standing, why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.model.refreshes import Refresh

_FAILED = ("Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")


def failed_refresh(refreshes: Sequence[Refresh], words: str) -> Failure | None:
    """The last instance refresh that did not go through; `refreshes` are newest first, `words` CLUSTER ROLE."""
    number, one = next(((number, one) for number, one in enumerate(refreshes) if one.status in _FAILED), (0, None))
    if one is None:
        return None
    later = next((after for after in refreshes[:number] if after.status == "Successful"), None)
    after = (f"{named(later)} was successful", later.ended_at) if later else ("", "")
    said = why(one)
    helps = remedy(said, words) if said and one.status != "RollbackSuccessful" else ""
    lines = (*lines_of(said), *([f"-> {helps}"] if helps else []))
    return Failure("instance refresh", one.ended_at or one.started_at, f"{named(one)} {standing(one)}", lines, *after)
