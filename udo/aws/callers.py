"""Reads of whose credentials are used, until when, and how far this machine's clock is from AWS's."""

from __future__ import annotations

import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from udo.aws.members import whole
from udo.model.checkup import Caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws.connection import Connection

_EVENT = "before-parse.sts.GetCallerIdentity"
# Source: botocore.credentials: those of the environment are read again, and whoever wrote them does not write anew.
_NOT_RENEWED = "env"


@whole
class Callers:
    """What AWS and botocore tell of the credentials in use; `skew` is how far AWS's clock is ahead, in seconds.

    It is None before the first answer, and where an answer has no date; one that refuses the caller has one too.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.skew: float | None = None

    def look(self) -> Caller:
        """Whose the credentials are.

        Raises: UdoError.
        """
        events = self._connection.client("sts").meta.events

        def heard(response_dict: Mapping[str, Any], **_event: Any) -> None:
            told = str(response_dict["headers"].get("date") or "")
            with suppress(ValueError):
                # Told to the second.
                self.skew = parsedate_to_datetime(told).timestamp() + 0.5 - time.time()

        events.register(_EVENT, heard)
        try:
            answer = self._connection.ask("sts", "GetCallerIdentity", {})
        finally:
            events.unregister(_EVENT, heard)
        source, expires_at = self._connection.credentials()
        renewed = expires_at is not None and source != _NOT_RENEWED
        return Caller(answer["Account"], answer["Arn"], source, expires_at, renewed)
