"""Registers botocore's own handlers: those for one service with its first client, those for documentation never.

A session registers all 127 of them, half for S3 and for documentation, and each client copies them: 5 ms of a read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST

if TYPE_CHECKING:
    from botocore.session import Session

# Those that botocore itself asks for credentials, by clients of its own.
_OF_CREDENTIALS = ("sts", "sso", "sso-oidc", "signin")
_DOCUMENTATION = "docs"


def begin(session: Session) -> None:
    """Registers what is for every service, and for those that give credentials, on a session that has none yet."""
    for service in ("", *_OF_CREDENTIALS):
        _register(session, service)


def add(session: Session, service: str) -> None:
    """Registers what is for one service; once, before the first client of it is made."""
    if service not in _OF_CREDENTIALS:
        _register(session, service)


def _register(session: Session, service: str) -> None:
    for event, handler, *order in BUILTIN_HANDLERS:
        stage, _, rest = event.partition(".")
        if stage != _DOCUMENTATION and rest.partition(".")[0] == service:
            _way(session, order)(event, handler)


def _way(session: Session, order: list[Any]) -> Any:
    events = session.get_component("event_emitter")
    if order == [REGISTER_FIRST]:
        return events.register_first
    return events.register_last if order == [REGISTER_LAST] else events.register
