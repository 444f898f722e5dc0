"""Describes the front door for programs, as an OpenAPI document, and for people, as a page that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from udo import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TEXT = {"type": "string"}
_NAME = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9-]{0,127}$"}
_PARAMETERS = {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}}
_STACK = {
    "stackname": {**_NAME, "description": "What the stack is called in AWS."},
    "stack": {**_TEXT, "description": "A stack of udo.yml, instead of stackname."},
    "parameters": {**_PARAMETERS, "description": "The params of that stack, or of the template."},
}
_BODIES: Mapping[str, dict[str, Any]] = {
    "Create": {
        "type": "object",
        "additionalProperties": False,
        "properties": {**_STACK, "templateurl": {**_TEXT, "description": "A template that may be used."}},
        "anyOf": [{"required": ["stack"]}, {"required": ["stackname", "templateurl"]}],
    },
    "Delete": {
        "type": "object",
        "additionalProperties": False,
        "properties": _STACK,
        "anyOf": [{"required": ["stack"]}, {"required": ["stackname"]}],
    },
    "Begin": {
        "type": "object",
        "additionalProperties": False,
        "required": ["verb"],
        "properties": {
            "verb": {**_TEXT, "description": "A verb of Udo: updatelc."},
            "words": {
                "type": "array",
                "items": _TEXT,
                "maxItems": 64,
                "description": "What follows it: stage, webapp.",
            },
            "options": {"type": "object", "description": "Options by their long names: yes, canary."},
            "dry_run": {"type": "boolean", "description": "Show what would be changed, and change nothing."},
        },
    },
}
_RUN = {
    "type": "object",
    "required": ["id", "command", "by", "stack", "state", "exit", "steps", "output", "document"],
    "properties": {
        "id": _TEXT,
        "command": {**_TEXT, "description": "The command line that is run."},
        "by": {**_TEXT, "description": "The name of the key that began it."},
        "stack": {"type": ["string", "null"]},
        "state": {"enum": ["running", "succeeded", "failed"]},
        "exit": {"type": ["integer", "null"], "description": "Its exit code, once it has ended."},
        "steps": {"type": ["array", "null"], "description": "What it did, once it has ended."},
        "output": {"type": "array", "items": _TEXT, "description": "What it has told so far, line by line."},
        "document": {"type": ["object", "null"], "description": "Its answer, once it has ended."},
    },
}
_DOCUMENT = {
    "type": "object",
    "required": ["udo", "command", "ok", "exit", "data", "error"],
    "properties": {
        "udo": {"const": 1},
        "command": _TEXT,
        "ok": {"type": "boolean"},
        "exit": {"type": ["integer", "null"]},
        "data": {},
        "error": {
            "type": ["object", "null"],
            "required": ["code", "message", "hint"],
            "properties": {"code": _TEXT, "message": _TEXT, "hint": {"type": ["string", "null"]}},
        },
    },
}
# Method, path, what it does, what a key needs, the body, and the statuses of its answers beside those of every path.
_PATHS: tuple[tuple[str, str, str, str, str, Sequence[int]], ...] = (
    ("get", "/healthz", "Whether the server answers", "", "", (200,)),
    ("get", "/status", "All groups at a glance", "status", "", (200, 502)),
    ("get", "/status/{cluster}", "The groups of a cluster", "status", "", (200, 404, 502)),
    ("get", "/status/{cluster}/{role}", "One group in full", "status", "", (200, 404, 502)),
    ("get", "/stacks", "The stacks the key reaches", "stacks:list", "", (200, 502)),
    ("get", "/stacks/{name}", "How a stack stands, with its outputs", "stacks:state", "", (200, 404, 502)),
    ("delete", "/stacks/{name}", "Delete a stack", "stacks:delete", "", (202, 404, 409, 422)),
    ("get", "/state/{name}", "The same as /stacks/{name}", "stacks:state", "", (200, 404, 502)),
    (
        "get",
        "/events/{name}",
        "What happens to a stack, as server-sent events",
        "stacks:events",
        "",
        (200, 404, 502),
    ),
    ("post", "/create", "Order a stack", "stacks:create", "Create", (202, 400, 404, 409, 422)),
    ("post", "/delete", "Delete a stack", "stacks:delete", "Delete", (202, 400, 404, 409, 422)),
    ("post", "/runs", "Run a verb", "runs:VERB", "Begin", (202, 400, 404, 409, 422)),
    ("get", "/runs/{id}", "How a run of this key stands", "", "", (200, 404)),
)
_EVERYWHERE = (401, 403, 408, 413, 421, 429)
_SAYS = {
    200: "The answer",
    202: "Begun: Location tells where to look",
    400: "The body is no JSON object",
    401: "No key, or one that opens nothing",
    403: "The key does not allow it, or Udo refuses it",
    404: "Not there",
    408: "The body did not come in time",
    409: "Somebody else is at work, or it needs yes",
    413: "The body is too large",
    421: "The server is not asked by this name",
    422: "Something in it is wrong: the message names the parameter",
    429: "Too often, or too many at once: Retry-After tells when",
    502: "AWS, or what is behind the door, failed",
}


def paths() -> Iterator[tuple[str, str]]:
    """Every method, in lower case, and path."""
    return ((method, path) for method, path, *_ in _PATHS)


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    described: dict[str, Any] = {}
    for method, path, says, word, body, statuses in _PATHS:
        described.setdefault(path, {})[method] = _operation(path, says, word, body, statuses)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Udo's front door", "version": __version__},
        "security": [{"key": []}],
        "paths": described,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
            "schemas": {**_BODIES, "Run": _RUN, "Document": _DOCUMENT},
        },
    }


def page() -> str:
    """The same as a page."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{escape(path)}</code></td><td>{escape(says)}</td>"
        f"<td>{escape(word)}</td><td>{_fields(body)}</td></tr>"
        for method, path, says, word, body, _ in _PATHS
    )
    answers = "".join(f"<tr><td>{code}</td><td>{escape(says)}</td></tr>" for code, says in _SAYS.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Udo\'s front door</title>'
        '<link rel="stylesheet" href="/docs.css"><h1>Udo\'s front door</h1>'
        "<p>Send your key as the header <code>x-api-key</code>, and bodies as JSON. "
        'For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f"<table><thead><tr><th>Method<th>Path<th>What it does<th>A key needs<th>Body</thead>{rows}</table>"
        f"<h2>Answers</h2><table>{answers}</table></html>"
    )


def _operation(path: str, says: str, word: str, body: str, statuses: Sequence[int]) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    is_open = path == "/healthz"
    kind = "Run" if path.startswith("/runs/") or 202 in statuses else "Document"
    told = {
        str(code): _response(code, kind if code < 300 else "Document", path)
        for code in sorted({*statuses, *(() if is_open else _EVERYWHERE)})
    }
    described: dict[str, Any] = {"summary": says, "responses": told}
    if names:
        described["parameters"] = [{"name": one, "in": "path", "required": True, "schema": _TEXT} for one in names]
    if word:
        described["description"] = f"A key needs the word {word}."
    if is_open:
        described["security"] = []
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _response(code: int, kind: str, path: str) -> dict[str, Any]:
    if path == "/healthz":
        return {"description": _SAYS[code], "content": {"application/json": {"schema": {"type": "object"}}}}
    if path.startswith("/events/") and code == 200:
        return {"description": _SAYS[code], "content": {"text/event-stream": {"schema": _TEXT}}}
    schema = {"$ref": f"#/components/schemas/{kind}"}
    return {"description": _SAYS[code], "content": {"application/json": {"schema": schema}}}


def _fields(body: str) -> str:
    known = _BODIES[body]["properties"] if body else {}
    return "<br>".join(f"<code>{name}</code> {escape(one.get('description', ''))}" for name, one in known.items())
