"""Commands of Systems Manager on instances, and the agents that take them."""

from __future__ import annotations

from udo.frozen import frozen

ONLINE = "Online"
# Source: API_CommandInvocation, StatusDetails: what an invocation is at before its end.
UNDER_WAY = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
# Of these its instance has not begun.
WAITING = frozenset({"Pending", "Delayed"})


@frozen
class Agent:
    """The agent of an instance: Online or not, and when it was last heard of."""

    instance_id: str
    ping: str
    heard_at: str = ""


@frozen
class Invocation:
    """A command on one instance.

    `details` is AWS's StatusDetails, `code` the exit status (-1 for none), `output` the beginning of both streams as
    the agent puts them together; `began` and `ended` are seconds since 1970, None where AWS does not say.
    """

    instance_id: str
    details: str
    code: int = -1
    output: str = ""
    began: float | None = None
    ended: float | None = None


@frozen
class Content:
    """What a command has said on one instance, as far as AWS keeps it, and where the whole of it lies in S3."""

    stdout: str = ""
    stderr: str = ""
    stdout_url: str = ""
    stderr_url: str = ""
