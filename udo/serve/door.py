"""The front door's paths: which command line each stands for, and what a key needs to go through it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from udo.errors import UdoError
from udo.serve import openapi, orders
from udo.serve.answers import Json, refusal, status
from udo.serve.cache import Cache
from udo.serve.child import Child
from udo.serve.runs import Runs
from udo.serve.scopes import PROTECTED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from udo.serve.keys import Key
    from udo.serve.orders import Asked, Orders

# Seconds that an answer to a reading command is kept, and between two looks at a stack that is followed.
_KEPT, _EVERY = 3.0, 2.0
# How long one may follow.
_LONGEST = 3600.0
_STYLE = Path(__file__).with_name("docs.css")
_NAME = re.compile(r"[A-Za-z0-9_.*,][A-Za-z0-9_.*,:/-]{0,255}")


class Door:
    """What the paths do; `work` carries a child out, `now` gives seconds that never go back."""

    def __init__(
        self, work: Callable[[Child], Awaitable[dict[str, Any]]], given: Orders, now: Callable[[], float]
    ) -> None:
        self._orders = given
        self._now = now
        self.runs = Runs(work)
        self._cache = Cache(lambda words: work(Child(words)), _KEPT, now)

    def app(self, *more: Route) -> Starlette:
        """The ASGI application; `more` are paths of others."""
        routes = [
            Route("/", self._home),
            Route("/healthz", self._health),
            Route("/openapi.json", self._description),
            Route("/docs", self._docs),
            Route("/docs.css", self._style),
            Route("/status", self._status),
            Route("/status/{cluster}", self._status),
            Route("/status/{cluster}/{role}", self._status),
            Route("/stacks", self._stacks),
            Route("/stacks/{name}", self._state),
            Route("/stacks/{name}", self._delete, methods=["DELETE"]),
            Route("/state/{name}", self._state),
            Route("/events/{name}", self._events),
            Route("/create", self._create, methods=["POST"]),
            Route("/delete", self._delete, methods=["POST"]),
            Route("/runs", self._begin, methods=["POST"]),
            Route("/runs/{id}", self._run),
            *more,
        ]
        return Starlette(
            routes=routes, exception_handlers={404: _absent, 405: _method, UdoError: _failed, orders.Wrong: _failed}
        )

    async def _health(self, request: Request) -> Response:
        return Json({"ok": True})

    async def _home(self, request: Request) -> Response:
        return RedirectResponse("/docs")

    async def _description(self, request: Request) -> Response:
        return Json(openapi.document())

    async def _docs(self, request: Request) -> Response:
        return HTMLResponse(openapi.page(), headers={"content-security-policy": "default-src 'self'"})

    async def _style(self, request: Request) -> Response:
        return Response(_STYLE.read_bytes(), media_type="text/css")

    async def _status(self, request: Request) -> Response:
        _need(_key(request), "status")
        words = [str(request.path_params[name]) for name in ("cluster", "role") if name in request.path_params]
        return _answer(await self._read(request, "status", *words))

    async def _stacks(self, request: Request) -> Response:
        key = _key(request)
        _need(key, "stacks:list")
        document = await self._read(request, "stack", "list")
        if isinstance(document["data"], list):
            rows = [row for row in document["data"] if key.scope.reaches(str(row.get("name")))]
            document = {**document, "data": rows}
        return _answer(document)

    async def _state(self, request: Request) -> Response:
        name = self._stack(request, "stacks:state")
        return _answer(await self._read(request, "stack", "state", name))

    async def _events(self, request: Request) -> Response:
        name = self._stack(request, "stacks:events")
        first = await self._read(request, "stack", "events", name)
        if first["error"]:
            return _answer(first)
        return StreamingResponse(self._followed(name, first), media_type="text/event-stream")

    async def _followed(self, name: str, document: dict[str, Any]) -> AsyncIterator[str]:
        until, last = self._now() + _LONGEST, ""
        while True:
            told = json.dumps(document)
            if told != last:
                yield f"event: {'failed' if document['error'] else 'state'}\ndata: {told}\n\n"
                last = told
            else:
                # So that a client that has left is noticed.
                yield ": \n\n"
            if document["error"] or not orders.is_under_way(document) or self._now() >= until:
                yield "event: end\ndata: {}\n\n"
                return
            await asyncio.sleep(_EVERY)
            document = await self._cache.document(("stack", "events", name))

    async def _create(self, request: Request) -> Response:
        return self._begun(request, self._orders.create(await _object(request)))

    async def _delete(self, request: Request) -> Response:
        by_name = request.method == "DELETE"
        body = {"stackname": request.path_params["name"]} if by_name else await _object(request)
        return self._begun(request, self._orders.delete(body))

    async def _begin(self, request: Request) -> Response:
        return self._begun(request, self._orders.run(await _object(request)))

    async def _run(self, request: Request) -> Response:
        key, run_id = _key(request), request.path_params["id"]
        run = self.runs.get(run_id)
        # Whose key has begun it, and nobody else.
        if run is None or run.key != key.name:
            return refusal(request.url.path, "absent", f"no run {run_id}", "it may be too long ago")
        return Json(run.row())

    def _begun(self, request: Request, asked: Asked) -> Response:
        key = _key(request)
        _need(key, asked.word, asked.stack)
        if asked.is_protected:
            _need(key, PROTECTED)
        if self.runs.is_full:
            return refusal(request.url.path, "busy", "too many runs at once", "try again", **{"retry-after": "10"})
        self._cache.forget()
        run = self.runs.begin(key.name, Child(asked.words, asked.made_of), asked.stack)
        return Json(run.row(), 202, {"location": f"/runs/{run.id}"})

    def _stack(self, request: Request, word: str) -> str:
        """The name in AWS of the stack of a path, which the key reaches: a key of udo.yml may be another one's name."""
        name = str(request.path_params["name"])
        if not orders.STACK.fullmatch(name):
            raise orders.Wrong("absent", f"no stack {name!r}", None)
        meant = self._orders.meant(name, {}, "state")
        _need(_key(request), word, meant.name)
        return meant.name

    async def _read(self, request: Request, *words: str) -> dict[str, Any]:
        for word in words:
            if not _NAME.fullmatch(word):
                raise orders.Wrong("absent", f"no {word!r}", None)
        return await self._cache.document(words)


def _key(request: Request) -> Key:
    key: Key = request.scope["key"]
    return key


def _need(key: Key, word: str, stack: str | None = None) -> None:
    """Raises: orders.Wrong where the key does not allow it."""
    if not key.scope.allows(word):
        raise orders.Wrong("forbidden", f"key '{key.name}' does not allow {word}", "ask for one that does")
    if stack is not None and not key.scope.reaches(stack):
        raise orders.Wrong("forbidden", f"key '{key.name}' does not reach stack {stack}", "ask for one that does")


def _answer(document: dict[str, Any]) -> Response:
    code = status(document)
    # All that was asked is the path: what is wrong with it is that nothing is there.
    return Json(document, 404 if code == 422 else code)


async def _object(request: Request) -> dict[str, Any]:
    """The body, which is a JSON object whatever its type is said to be. Raises: orders.Wrong."""
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise orders.Wrong("not-json", "the body is no JSON object", None)
    return found


async def _absent(request: Request, error: Exception) -> Response:
    return refusal(request.url.path, "absent", f"nothing is at {request.url.path}", "GET /openapi.json tells what is")


async def _method(request: Request, error: Exception) -> Response:
    return refusal(request.url.path, "method", f"{request.method} is not for {request.url.path}", None)


async def _failed(request: Request, error: Exception) -> Response:
    told: Any = error
    return refusal(request.url.path, told.code, told.message, told.hint)
