"""The way from a request to moto: straight to the class that answers a service, or through moto's web server."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.request import Request as MotoRequest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.test import run_wsgi_app

from udo.sandbox import hooks, rest
from udo.sandbox.strict.rules import Refusal
from udo.sandbox.strict.rules import Request as Ruled
from udo.sandbox.strict.service import by_signature
from udo.sandbox.wire import Answer, Environ, Given, body_of

if TYPE_CHECKING:
    from udo.sandbox.wire import Request

# Those that name the operation in the request and have one address.
_PROTOCOLS = ("query", "ec2", "json")
# Source: werkzeug's and Flask-CORS's defaults, which moto's web server goes by.
_KIND, _CORS = "text/html; charset=utf-8", ("Access-Control-Allow-Origin", "*")


class _Given(MotoRequest):
    """A request whose body was read before, and whose path is the root."""

    from_wsgi_server = True
    raw_path = "/"

    @property
    def raw_url(self) -> str:
        """The address, put together at once: werkzeug would look at each of its letters."""
        return f"{self.environ['wsgi.url_scheme']}://{self.environ['HTTP_HOST']}/"


@functools.cache
def _server() -> Any:
    """moto's web server, with all its services."""
    server = DomainDispatcherApplication(create_backend_app)
    # moto looks through its folders for every request: most of the time a request takes.
    setattr(server, "get_backend_for_host", functools.cache(_present(server.get_backend_for_host)))  # noqa: B010
    return server


@dataclass(frozen=True)
class _Asked:
    """A request to a service of the sandbox's own, in the shape that rules look at."""

    params: dict[str, Any]
    current_account: str
    region: str
    automated_parameter_parsing: bool = True


def answer(asked: Request, environ: Environ) -> Given:
    """The answer, or what gives it once the world is no longer locked.

    Raises: NotImplementedError for what neither moto nor the sandbox has.
    """
    if asked.service == "s3":
        # Late: moto's S3 is a third of a second that most worlds never need.
        from udo.sandbox.strict.s3.buckets import corrected, refused

        return refused(asked, environ) or corrected(asked, environ, served(environ))
    one = by_signature().get(asked.service)
    if one is not None and one.is_rest:
        return own(asked)
    # What is late has nothing of moto's behind it.
    if one is not None and (one.late or _is_plain(asked, environ)):
        return straight(asked, environ)
    return served(environ)


def own(asked: Request) -> Given:
    """The answer of a service of the sandbox's own that speaks REST."""
    one = by_signature()[asked.service]
    operation = one.found(one.responses).get(asked.operation)
    if operation is None:
        raise NotImplementedError
    request = Ruled(_Asked(dict(asked.params), hooks.account(), asked.region), None)

    def told(give: Callable[[], Mapping[str, Any]]) -> Answer:
        try:
            return rest.answered(one.name, asked.operation, give())
        except Refusal as error:
            return rest.refused(one.name, error.code, error.message, error.more)

    try:
        result = operation(request)
    except Refusal as error:
        return rest.refused(one.name, error.code, error.message, error.more)
    return functools.partial(told, result.end) if isinstance(result, rest.Later) else told(lambda: result)


def straight(asked: Request, environ: Environ) -> Answer:
    """The answer of the class that answers the service: the same as through the web server, at half its cost."""
    one = by_signature()[asked.service]
    try:
        status, headers, body = one.found(one.responses).dispatch(_request(asked, environ))
    except HTTPException as error:
        status, headers, body = error.code or 500, dict(error.get_headers(environ)), error.get_body(environ)
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    named = {str(name): str(value) for name, value in headers.items()}
    if not any(name.lower() == "content-type" for name in named):
        named["Content-Type"] = _KIND
    return Answer(int(status), (*named.items(), ("Content-Length", str(len(content))), _CORS), content)


def served(environ: Environ) -> Answer:
    """The answer of moto's web server, which finds the service for every way there is to name one."""
    body, status, headers = run_wsgi_app(_server(), environ, buffered=True)
    return Answer(int(status.split()[0]), tuple(headers), b"".join(body))


def _is_plain(asked: Request, environ: Environ) -> bool:
    return (
        asked.protocol in _PROTOCOLS
        and environ.get("PATH_INFO") == "/"
        and environ.get("REQUEST_METHOD") == "POST"
        and not environ.get("QUERY_STRING")
        and not environ.get("HTTP_CONTENT_ENCODING")
    )


def _request(asked: Request, environ: Environ) -> MotoRequest:
    # What werkzeug would find out by reading the body once more.
    body = body_of(environ)
    is_form = asked.protocol != "json"
    request = _Given(environ)
    form: ImmutableMultiDict[str, str] = ImmutableMultiDict(dict(asked.params) if is_form else {})
    request.__dict__.update(form=form, files=ImmutableMultiDict(), data=b"" if is_form else body)
    return request


def _present(found: Callable[[str | None], Any]) -> Callable[[str | None], Any]:
    """moto's way to a service, which for one that it does not have goes to nowhere and crashes there."""

    def service(host: str | None) -> Any:
        backend = found(host)
        if backend is None and host is not None:
            raise NotImplementedError
        return backend

    return service
