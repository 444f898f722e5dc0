"""Lets requests in: the name of the host they ask, how large and how slow they are, and whose key they carry."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from udo.serve.answers import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from udo.serve.keys import Key, Keys
    from udo.serve.limits import Strangers, Window

# Bytes of a body; seconds that a client has to send it, and to take a piece of an answer.
LONGEST = 256 << 10
PATIENCE = 15.0
HEADER = b"x-api-key"


class Guard:
    """An ASGI application in front of another: `open_to_all` are paths that need no key.

    `note` is told of every request: the key's name or none, the method, the path, and the status.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        hosts: Collection[str],
        window: Window,
        strangers: Strangers,
        open_to_all: Collection[str],
        now: Callable[[], float],
        note: Callable[[str | None, str, str, int], None],
        is_behind_proxy: bool,
    ) -> None:
        self._app = app
        self._keys = keys
        self._hosts = hosts
        self._window = window
        self._strangers = strangers
        self._open = open_to_all
        self._now = now
        self._note = note
        self._is_behind_proxy = is_behind_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or hands it on with `scope["key"]`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        key: Key | None = None
        answered = 0

        async def patient(message: Message) -> None:
            nonlocal answered
            answered = message.get("status", answered)
            await asyncio.wait_for(send(message), PATIENCE)

        try:
            answer, key = self._met(scope)
            if answer is None:
                body, answer = await _body(scope, receive)
                scope["key"] = key
                await (answer or self._app)(scope, _again(body, receive), patient)
            else:
                await answer(scope, receive, patient)
        finally:
            self._note(key.name if key else None, scope["method"], scope["path"], answered)

    def _met(self, scope: Scope) -> tuple[ASGIApp | None, Key | None]:
        """What to answer at once, or else whose request it is."""
        command = scope["path"]
        headers = scope["headers"]
        host = _header(headers, b"host").rpartition(":")[0] or _header(headers, b"host")
        if self._hosts and host.strip("[]").lower() not in self._hosts:
            return refusal(
                command, "host", f"this is not {host or 'what was asked'}", "--allow-host names others"
            ), None
        if command in self._open:
            return None, None
        address = self._address(scope)
        if wait := self._strangers.wait(address):
            return _wait(command, "too many wrong keys from here", wait), None
        given = _header(headers, HEADER)
        key = self._keys.opened(given) if given else None
        if key is None or key.is_expired(self._now()):
            self._strangers.was_wrong(address)
            says = "no key" if not given else "the key has expired" if key else "a wrong key"
            return refusal(command, "unknown-key", says, "send it as x-api-key"), None
        self._strangers.was_right(address)
        if wait := self._window.wait(key.name):
            return _wait(command, f"key '{key.name}' asks too often", wait), key
        return None, key

    def _address(self, scope: Scope) -> str:
        """Where a request is from: of what a proxy hands on the last is its own word, a client may say the rest."""
        told = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
        if self._is_behind_proxy and told:
            return str(told[-1].decode("latin-1").rpartition(",")[2].strip())
        return str((scope.get("client") or ("?",))[0])


def _wait(command: str, says: str, seconds: float) -> ASGIApp:
    return refusal(command, "too-many", says, f"wait {seconds:.0f} s", **{"retry-after": str(int(seconds) + 1)})


async def _body(scope: Scope, receive: Receive) -> tuple[bytes, ASGIApp | None]:
    """The whole body; or what to answer to one that is too large, or does not come."""
    pieces, left = [], LONGEST
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    break
                piece = message.get("body", b"")
                left -= len(piece)
                if left < 0:
                    says = f"a body of more than {LONGEST >> 10} KiB"
                    return b"", refusal(scope["path"], "too-large", says, connection="close")
                pieces.append(piece)
                if not message.get("more_body"):
                    break
    except TimeoutError:
        return b"", refusal(scope["path"], "slow", "the body did not come in time", connection="close")
    return b"".join(pieces), None


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then what comes after it: that the client leaves."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _header(headers: Any, name: bytes) -> str:
    """A header's value, empty where there is none or more than one."""
    found = [value for one, value in headers if one.lower() == name]
    return found[0].decode("latin-1") if len(found) == 1 else ""
