"""What an Auto Scaling group has done: scaling activities."""

from __future__ import annotations

from udo.frozen import frozen


@frozen
class Activity:
    """One scaling activity; times are RFC 3339 UTC, `message` is what AWS says of a failure."""

    status: str
    description: str
    started_at: str
    message: str = ""
    cause: str = ""
    activity_id: str = ""

    @property
    def launches(self) -> bool:
        """Whether it was to launch an instance."""
        return self.description.startswith("Launching")
