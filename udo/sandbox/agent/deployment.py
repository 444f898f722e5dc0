"""What an agent is told of a deployment, and what it reports of each lifecycle event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from udo.bundle.failure import SUCCEEDED
from udo.bundle.names import EVENTS, HOOKS


@dataclass(frozen=True)
class Deployment:
    """One deployment as the agent knows it; `fetch` puts its bundle at a path, or (kind directory) makes the folder.

    `behavior` is the deployment's own word on files that exist; `variables` are those that tell where the bundle is
    from; `possible` are the events the service may send, None where it sends no list. One that `restarts` takes all
    scripts from the bundle installed last.
    """

    deployment_id: str
    group_id: str
    fetch: Callable[[Path], None]
    kind: str = "tar"
    application: str = ""
    group_name: str = ""
    appspec: str = "appspec.yml"
    behavior: str = "DISALLOW"
    variables: Mapping[str, str | None] = field(default_factory=dict)
    possible: tuple[str, ...] | None = EVENTS
    hooks: tuple[str, ...] = HOOKS
    restarts: bool = False


@dataclass(frozen=True)
class Report:
    """What the agent reports of an event: a code (`0` is a success), a script, a message and the last of the log."""

    code: str = SUCCEEDED
    script: str = ""
    message: str = "Succeeded: "
    log: str = ""
    internal: bool = False
    # What the agent itself made of a failure that could not be reported as it was.
    exception: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the event succeeded."""
        return self.code == SUCCEEDED
