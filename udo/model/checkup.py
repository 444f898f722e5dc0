"""What AWS tells of things that no verb changes, and that decide whether verbs and groups will work."""

from __future__ import annotations

from udo.frozen import frozen


@frozen
class Caller:
    """Whose credentials are used, where they come from, and until when; times in seconds since 1970.

    `expires_at` is None where they do not expire, or nobody says when; those that are `renewed` are got again in time.
    """

    account: str
    arn: str
    source: str = ""
    expires_at: float | None = None
    renewed: bool = False


@frozen
class Host:
    """An instance of EC2 as its agents and its metadata find it; `profile` is the name of its instance profile.

    `imdsv1` is whether its metadata is given without a token.
    """

    instance_id: str
    state: str
    profile: str = ""
    imdsv1: bool = False


@frozen
class EventRule:
    """A rule of EventBridge that is on; `pattern` is what it listens to, as JSON."""

    name: str
    pattern: str


@frozen
class Decision:
    """What IAM's simulator says of an action on a resource; `missing` are keys of conditions that it lacked."""

    allowed: bool
    missing: tuple[str, ...] = ()
