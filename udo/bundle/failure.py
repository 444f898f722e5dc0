"""How a lifecycle event fails: the agent's code and words."""

from __future__ import annotations

import re

from udo.frozen import frozen

SUCCEEDED = "0"
SCRIPT_MISSING = "1"
SCRIPT_TIMED_OUT = "3"
SCRIPT_FAILED = "4"
UNKNOWN_ERROR = "5"
OUTPUTS_LEFT_OPEN = "6"


@frozen
class Place:
    """Where in a file something stands; lines and columns count from 1, 0 for a file as a whole."""

    line: int = 0
    column: int = 0


NOWHERE = Place()


class Failed(Exception):
    """An event fails; `code` as the agent reports it, `at` where the cause stands in the appspec, if it does.

    `internal` is true where the agent dies of a mistake of its own, whose text depends on the Ruby it runs with.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = UNKNOWN_ERROR,
        script: str = "",
        at: Place | None = None,
        internal: bool = False,
    ) -> None:
        super().__init__(message)
        self.message, self.code, self.script, self.at, self.internal = message, code, script, at or NOWHERE, internal


def internal(what: str, at: Place | None = None) -> Failed:
    """The failure that the agent does not foresee; `what` says in plain words why it dies."""
    return Failed(what, at=at, internal=True)


def brief(message: str) -> str:
    """The agent's words without what it says of every failure."""
    told = message.removeprefix("The deployment failed because ").removeprefix("of a problem with ")
    # The agent's own words lack a blank there.
    told = told.removeprefix("The CodeDeploy agent ").replace("filespecifies", "file specifies")
    told = told.replace("(<unknown>): ", "").replace("the application specification file", "the appspec")
    first = re.split(r"\. (?:Make|Update|Add|Specify|Correct|Remove|The|Consult|Permissions|Failed)\b", told)[0]
    return first.replace("/bundle/deployment-archive/", "").rstrip(". ")
