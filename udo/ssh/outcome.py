"""How a host ends, and the two ways out of the middle of a conversation."""

from __future__ import annotations

from udo.frozen import frozen


@frozen
class Ending:
    """How one host ended, in the words of `plan.HostDone`; `turned_away`: a host in between had no room for it."""

    outcome: str
    status: int | None = None
    reason: str = ""
    turned_away: bool = False


class Failed(Exception):
    """A host ends here, without a remote exit status; `disagreed`: it and Udo have no algorithm in common."""

    def __init__(self, outcome: str, reason: str, *, disagreed: bool = False) -> None:
        super().__init__(reason)
        self.disagreed = disagreed
        self.ending = Ending(outcome, None, reason)


class Stopped(Exception):
    """The whole run is being stopped."""
