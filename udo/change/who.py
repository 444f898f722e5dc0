"""Who changes something and where: the account and the operator, told once, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.events import Notice
from udo.errors import Refused, UdoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from udo.change.events import Event
    from udo.change.target import Target
    from udo.session import Session


class Who:
    """Account and operator of one change; `what` is what is changed, in words."""

    def __init__(self, session: Session, target: Target, what: str, emit: Callable[[Event], None]) -> None:
        self._session = session
        self._target = target
        self._what = what
        self._emit = emit
        self._found: tuple[str, str] | None = None

    def introduced(self) -> tuple[str, str]:
        """Both, told with file and region the first time. Raises: Refused."""
        if self._found is None:
            account, _ = self._found = self.known()
            # Where a sandbox is the first line of all has told.
            told = "" if self._session.options.sandbox else self._target.aws.endpoint
            where = f"account {account}, {self._target.aws.region}" + (f", endpoint {told}" if told else "")
            self._emit(Notice(f"{self._session.config_path}: {self._what}, {where}"))
        return self._found

    def known(self) -> tuple[str, str]:
        """Both; the wrong account is refused, an unknown one only where none is wanted.

        Raises: Refused.
        """
        wanted = self._target.account
        try:
            account, operator = self._target.aws.identity()
        except UdoError as error:
            if wanted or error.exit != 1:
                raise
            self._emit(Notice(f"the operator is unknown: {error.message}", "warning"))
            return "unknown", "unknown"
        if wanted and account != wanted:
            raise Refused(
                f"these credentials are of account {account}, {self._target.label} is in {wanted}"
                f" ({self._target.where})",
                hint="nothing was changed; choose the right profile",
            )
        return account, operator
