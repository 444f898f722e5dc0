"""The two ways into a world: a hook in botocore that needs no socket, and an HTTP server."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.utils import parse_timestamp
from moto.core.request import Request as MotoRequest
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from udo.sandbox.faults import Cut
from udo.sandbox.threads import outlast
from udo.sandbox.wire import Answer, Environ

if TYPE_CHECKING:
    from udo.sandbox.world import World

# Source: PEP 3333: headers that a server hands on under names of their own, and one that ends with the connection.
_UNPREFIXED = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH", "HOST", "TRANSFER_ENCODING"})


def attach(session: Any, world: World) -> None:
    """Registers the way in on a botocore session; only clients made afterwards take it."""
    from moto.core.models import botocore_stubber

    # botocore asks every handler of this event, so moto's own must not see the request a second time.
    session.unregister("before-send", botocore_stubber)
    session.register("before-send", _way(world), unique_id="udo-sandbox")


def session(world: World) -> Any:
    """A botocore session whose clients' requests to the world are set aside."""
    import botocore.session

    made = botocore.session.Session()
    attach(made, world)
    made.unregister("before-send", unique_id="udo-sandbox")
    made.register("before-send", _way(world, aside=True), unique_id="udo-sandbox")
    made.set_config_variable("ignore_configured_endpoint_urls", True)
    made.set_credentials(world.access_key or "AKIASANDBOXSANDBOXSB", "unchecked")
    # The operator's own AWS configuration has no say in how the sandbox is built.
    made.set_config_variable("config_file", os.devnull)
    made.set_config_variable("credentials_file", os.devnull)
    made.set_config_variable("profile", None)
    made.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    return made


def _moment(told: Any) -> datetime:
    """A moment as AWS tells it; most are of one form, which botocore would look at piece by piece for."""
    if isinstance(told, str):
        with suppress(ValueError):
            found = datetime.fromisoformat(told)
            if found.tzinfo:
                return found
    moment: datetime = parse_timestamp(told)
    return moment


def _way(world: World, *, aside: bool = False) -> Any:
    """A botocore `before-send` handler."""

    def answered(request: Any, **_event: Any) -> AWSResponse:
        environ = _environ(request)
        try:
            with world.aside() if aside else nullcontext():
                answer = world.answer(environ)
        except Cut as cut:
            raise _network_error(cut, request) from cut
        return AWSResponse(request.url, answer.status, _headers(answer), _Raw(answer.body))

    return answered


def _environ(request: Any) -> Environ:
    """A request of botocore's as a WSGI server hands it on."""
    address = urlsplit(request.url)
    is_plain = request.method == "POST" and address.path in ("", "/") and not address.query
    if not is_plain or not isinstance(request.body, str | bytes):
        # S3 and the like, of which moto minds how names and bodies are written.
        environ: Environ = MotoRequest.from_primitives(
            request.method, request.url, request.headers, request.body
        ).environ
        return environ
    body = request.body.encode() if isinstance(request.body, str) else request.body
    named = {
        name.upper().replace("-", "_"): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    port = address.port or {"https": 443}.get(address.scheme, 80)
    return {
        **{f"HTTP_{name}": value for name, value in named.items() if name not in _UNPREFIXED},
        "HTTP_HOST": address.netloc,
        "CONTENT_TYPE": named.get("CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "REQUEST_URI": "/",
        "RAW_URI": "/",
        "SERVER_NAME": address.hostname or "",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": address.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _network_error(cut: Cut, request: Any) -> Exception:
    if cut.how == "refused":
        return EndpointConnectionError(endpoint_url=request.url, error=cut)
    if cut.how == "timeout":
        return ReadTimeoutError(endpoint_url=request.url, error=cut)
    return ConnectionClosedError(endpoint_url=request.url, request=request, error=cut)


def _headers(answer: Answer) -> Any:
    from botocore.compat import HTTPHeaders

    return HTTPHeaders.from_pairs(answer.headers)


class _Raw(io.BytesIO):
    """A body in urllib3's shape."""

    def stream(self, **_settings: Any) -> Iterator[bytes]:
        yield self.read()


class Server:
    """A running HTTP server of a world; `endpoint` is its address."""

    def __init__(self, world: World, host: str, port: int) -> None:
        self._world = world
        self._connections: set[socket.socket] = set()
        # An own listening socket, because werkzeug prints and exits the process where the port is taken.
        listening = socket.create_server((host, port), backlog=128)
        with listening:
            self._server = make_server(
                host, port, world.app, threaded=True, request_handler=_handler(self), fd=listening.fileno()
            )
        self.port: int = self._server.socket.getsockname()[1]
        self.endpoint = f"http://{host}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="udo-sandbox", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stops serving: every connection ends, every thread too."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._world.faults.clear()
        for connection in list(self._connections):
            _hang_up(connection)
        outlast(f"udo-sandbox-{self.port}-")

    def began(self, connection: socket.socket) -> None:
        """Takes note of a connection."""
        threading.current_thread().name = f"udo-sandbox-{self.port}-{connection.fileno()}"
        self._connections.add(connection)

    def ended(self, connection: socket.socket) -> None:
        """Forgets a connection."""
        self._connections.discard(connection)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _handler(server: Server) -> type[MotoRequestHandler]:
    class Handler(MotoRequestHandler):
        """werkzeug's handler: quiet, without Nagle's delay, and with connections that stay, as AWS's do."""

        disable_nagle_algorithm = True
        wbufsize = -1
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            server.began(self.connection)

        def finish(self) -> None:
            server.ended(self.connection)
            super().finish()

        def run_wsgi(self) -> None:
            """Answers one request; werkzeug's own way ends every connection, since it leaves bodies unread."""
            length = self.headers.get("Content-Length", "0")
            if "Transfer-Encoding" in self.headers or "Expect" in self.headers or not length.isdigit():
                super().run_wsgi()
                return
            environ = self.environ = self.make_environ()
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(length)))
            # As they were sent: the environment has their names in capital letters.
            environ["udo.headers"] = self.headers.items()
            try:
                _send(self, server._world.answer(environ))
            except Cut as error:
                self.connection_dropped(error)

        def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
            if isinstance(error, Cut) and error.how == "timeout":
                server._world.faults.hold(3600)
            self.close_connection = True

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            return

    return Handler


def _send(to: BaseHTTPRequestHandler, answer: Answer) -> None:
    to.send_response(answer.status, "OK" if answer.status < 400 else "ERROR")
    for name, value in answer.headers:
        to.send_header(name, value)
    declared = {name.lower(): value for name, value in answer.headers}.get("content-length")
    if declared is None:
        to.send_header("Content-Length", str(len(answer.body)))
    # What is shorter than it says can only be told by the end of the connection.
    elif declared != str(len(answer.body)) and to.command != "HEAD":
        to.send_header("Connection", "close")
    to.end_headers()
    to.wfile.write(answer.body)
