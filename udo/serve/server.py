"""Runs the front door on one address, until it is told to end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from udo.errors import UdoError
from udo.serve.guard import PATIENCE

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from udo.serve.runs import Runs

# Connections at once; who comes then is told to come again.
_MOST = 500
# Seconds that a connection may stand without a request.
_IDLE = 30


class _Patient(H11Protocol):
    """uvicorn's protocol, which waits for the first request of a connection, and for the rest of a header, for ever."""

    def connection_made(self, transport: Any) -> None:
        """Begins to wait for a whole header."""
        super().connection_made(transport)
        self._until: Any = self.loop.call_later(PATIENCE, self._look)

    def _look(self) -> None:
        """Ends a connection on which no request has come, or only part of one; of others the application sees to it."""
        if self.transport.is_closing():
            return
        if self.cycle is None or (self.cycle.response_complete and self.conn.trailing_data[0]):
            self.transport.close()
            return
        self._until = self.loop.call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        self._until.cancel()
        super().connection_lost(exc)


def check(certificate: tuple[str, str]) -> None:
    """Reads the files of a certificate and its key. Raises: UdoError where they do not fit."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*certificate)
    except OSError as error:
        why = "they are no certificate and its key" if isinstance(error, ssl.SSLError) else error.strerror
        raise UdoError(f"--tls {' '.join(certificate)}: {why}") from error


def listen(host: str, port: int) -> socket.socket:
    """The socket that the server answers on. Raises: OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)


def serve(app: ASGIApp, at: socket.socket, runs: Runs, certificate: tuple[str, str] | None) -> None:
    """Answers requests until SIGINT or SIGTERM; then ends its runs as a Ctrl-C would."""
    config = uvicorn.Config(
        app,
        http=_Patient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=1,
        # Whose word on addresses counts is the guard's to say.
        proxy_headers=False,
        ssl_certfile=certificate[0] if certificate else None,
        ssl_keyfile=certificate[1] if certificate else None,
        h11_max_incomplete_event_size=16 << 10,
    )
    asyncio.run(_until_told(uvicorn.Server(config), at, runs))


async def _until_told(server: uvicorn.Server, at: socket.socket, runs: Runs) -> None:
    try:
        await server.serve([at])
    finally:
        await runs.end()
