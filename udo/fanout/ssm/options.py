"""How a fan-out through Systems Manager goes, as a value."""

from __future__ import annotations

from udo.frozen import frozen


@frozen
class Options:
    """As `ssh.Options`, where they have the same names; times are seconds.

    The command runs as `user`, or with `sudo` as root; outputs are kept under `prefix` in the S3 `bucket`, where there
    is one.
    """

    user: str | None = None
    sudo: bool = False
    bucket: str = ""
    prefix: str = ""
    fanout: int = 32
    timeout: float | None = None
    deadline: float | None = None
    batch: int | None = None
    pause: float = 0.0
    canary: int = 0
    max_failures: int | None = None
    spent: float = 0.0
    delay: float = 0.0
    stdin: bytes = b""


def shares(fanout: int, chunks: int) -> list[int]:
    """How many hosts at a time each of the commands under way may have, where there are so many to be sent in all."""
    slots = max(1, min(fanout, chunks))
    share, more = divmod(fanout, slots)
    return [share + (number < more) for number in range(slots)]
