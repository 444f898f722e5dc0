"""How a host ends, and the two ways out of the middle of a conversation."""

from __future__ import annotations

from dataclasses import replace

from udo.frozen import frozen

# A host that refuses its key or the login would do so again.
NOT_REACHED = ("unreachable", "timeout")


@frozen
class Ending:
    """How one host ended, in the words of `plan.HostDone`; `turned_away`: a host in between had no room for it.

    `not_reached`: there was no login, so that nothing of the command can have run, and another attempt may do better.
    """

    outcome: str
    status: int | None = None
    reason: str = ""
    turned_away: bool = False
    not_reached: bool = False


class Failed(Exception):
    """A host ends here, without a remote exit status; `disagreed`: it and Udo have no algorithm in common."""

    def __init__(self, outcome: str, reason: str, *, disagreed: bool = False) -> None:
        super().__init__(reason)
        self.disagreed = disagreed
        self.ending = Ending(outcome, None, reason)

    @property
    def before_login(self) -> Ending:
        """The ending where it is certain that nobody was logged in."""
        return replace(self.ending, not_reached=self.ending.outcome in NOT_REACHED)


class Stopped(Exception):
    """The whole run is being stopped."""
