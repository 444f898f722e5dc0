"""Instance refreshes of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.model.launch import LaunchTemplateReference

# Source: API_InstanceRefresh, Status.
ENDED = ("Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed")
ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


@frozen
class Preferences:
    """How a refresh goes about it, as AWS keeps it: percentages as numbers, times in seconds, None for what is unsaid.

    `standby` and `protected` are what becomes of such members: Ignore, Wait, and Terminate or Refresh. `alarms` are
    those that end it.
    """

    min_healthy: int | None = None
    max_healthy: int | None = None
    warmup: int | None = None
    checkpoints: tuple[int, ...] = ()
    checkpoint_delay: int | None = None
    bake: int | None = None
    skip_matching: bool = False
    auto_rollback: bool = False
    standby: str = "Wait"
    protected: str = "Wait"
    alarms: tuple[str, ...] = ()


@frozen
class Pool:
    """How far it is with the members in service, or with those of a warm pool."""

    percent: int = 0
    left: int = 0


@frozen
class Rollback:
    """How a refresh is rolled back: why, since when, how much had been replaced, and how many need no rollback."""

    reason: str = ""
    started_at: str = ""
    percent: int = 0
    left: int = 0
    warm: Pool | None = None


@frozen
class Refresh:
    """One instance refresh; times are RFC 3339 UTC, `percent` is how much of it was done, `left` how many it still
    replaces.

    `desired` is the template version that it brings, where it carries one; `is_desired` whether it carries a
    configuration at all, without which it cannot be rolled back. `live` and `warm` are there beside a warm pool.
    """

    refresh_id: str
    status: str
    started_at: str
    ended_at: str = ""
    reason: str = ""
    percent: int = 0
    left: int | None = None
    strategy: str = ""
    preferences: Preferences = Preferences()
    desired: LaunchTemplateReference | None = None
    is_desired: bool = False
    live: Pool | None = None
    warm: Pool | None = None
    rollback: Rollback | None = None

    @property
    def is_active(self) -> bool:
        """Whether it has not ended; a status that is not known here is none of an end."""
        return self.status not in ENDED
