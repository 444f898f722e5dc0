"""Requests and answers as they pass on the wire: who calls what, and errors each protocol's client can read."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qsl

Environ = dict[str, Any]
_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
# Source: botocore's models and the service authorization reference: services that sign by another name than IAM's.
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
_REST_XML = frozenset({"s3", "s3control", "cloudfront", "route53"})
# Those of the sandbox's own that speak REST with JSON; others of that kind are moto's.
REST_JSON = frozenset({"apigateway", "lambda"})


@dataclass(frozen=True)
class Request:
    """One request as the sandbox saw it; `params` are flat for the query protocols, as sent for JSON."""

    number: int
    service: str
    operation: str
    region: str
    access_key: str
    protocol: str
    params: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """The name that the service signs by, and the operation."""
        return f"{self.service}:{self.operation}"

    @property
    def prefix(self) -> str:
        """The name that IAM has for the service."""
        return _PREFIXES.get(self.service, self.service)


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


# What a request is given: the answer, or what gives it once the world is no longer locked.
Given = Answer | Callable[[], Answer]


def request(environ: Environ, number: int) -> Request:
    """What a WSGI environment asks for; its body can be read again afterwards.

    Source: botocore's model of each service names its protocol; the credential scope of Signature Version 4 names the
    signing name of the service and the region.
    """
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    access_key, region, service = scope.groups() if scope else ("", "", "")
    protocol = _protocol(environ, service)
    if service in REST_JSON:
        # Late: it goes by the models of the services.
        from udo.sandbox import rest

        operation, given = rest.asked(service, environ)
        name = operation or f"{environ.get('REQUEST_METHOD', 'GET')} {environ.get('PATH_INFO', '')}"
        return Request(number, service, name, region, access_key, "rest-json", given)
    params = _params(environ, protocol)
    return Request(number, service, _operation(environ, service, params), region, access_key, protocol, params)


def refusal(asked: Request, status: int, code: str, message: str) -> Answer:
    """An error answer in the protocol of the request.

    Source: botocore/parsers.py reads `Errors/Error` for ec2, `Error` for the other XML protocols, `__type` otherwise;
    S3 API "HeadObject": an answer to HEAD has no body, and so no code but its status.
    """
    if asked.protocol == "rest-xml" and asked.operation.startswith("Head"):
        return Answer(status, (("Content-Type", "application/xml"), ("Content-Length", "0")), b"")
    kind, body = _error_body(asked, status, code, message)
    headers = [("Content-Type", kind), ("x-amzn-RequestId", f"udo-{asked.number}"), ("x-amzn-errortype", code)]
    if asked.protocol == "cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return Answer(status, (*headers, ("Content-Length", str(len(body)))), body)


def unknown_key(asked: Request) -> Answer:
    """The answer to a request that nobody has signed who is known here.

    Source: common errors of the AWS APIs (InvalidClientTokenId, MissingAuthenticationToken); EC2's AuthFailure."""
    if not asked.access_key:
        return refusal(asked, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    text = "The security token included in the request is invalid."
    if asked.protocol == "ec2":
        return refusal(asked, 401, "AuthFailure", "AWS was not able to validate the provided access credentials")
    if asked.protocol in ("json", "cbor", "rest-json"):
        return refusal(asked, 400, "UnrecognizedClientException", text)
    return refusal(asked, 403, "InvalidClientTokenId", text)


def plain(asked_status: int, document: Any) -> Answer:
    """A JSON answer of the sandbox itself."""
    body = json.dumps(document).encode()
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return Answer(asked_status, headers, body)


def calls_stage(environ: Environ) -> bool:
    """Whether a request is for what a stage of API Gateway serves, and not for AWS itself."""
    is_signed = environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-")
    is_ours = "/_user_request_" in environ.get("PATH_INFO", "") or ".execute-api." in environ.get("HTTP_HOST", "")
    return is_ours and not is_signed


def body_of(environ: Environ) -> bytes:
    """The body of a request, left in place to be read again; empty where its length is not announced."""
    announced = str(environ.get("CONTENT_LENGTH") or "")
    length = int(announced) if announced.isascii() and announced.isdigit() else 0
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    if length:
        environ["wsgi.input"] = io.BytesIO(body)
    return body


def _protocol(environ: Environ, service: str) -> str:
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "cbor"
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    if service in _REST_XML:
        return "rest-xml"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return "ec2" if service == "ec2" else "query"
    return "rest-json"


def _params(environ: Environ, protocol: str) -> Mapping[str, Any]:
    if protocol in ("query", "ec2"):
        return dict(parse_qsl(body_of(environ).decode("utf-8", "replace"), keep_blank_values=True))
    if protocol != "json":
        return dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    try:
        sent = json.loads(body_of(environ) or b"{}")
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


def _operation(environ: Environ, service: str, params: Mapping[str, Any]) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target).rpartition(".")[2]
    if "Action" in params:
        return str(params["Action"])
    path = environ.get("PATH_INFO", "")
    found = re.fullmatch(r"/service/[^/]+/operation/([^/]+)", path)
    method = environ.get("REQUEST_METHOD", "GET")
    if found:
        return found[1]
    return (service == "s3" and _s3_operation(environ, method, path, params)) or f"{method} {path}"


def _s3_operation(environ: Environ, method: str, path: str, query: Mapping[str, Any]) -> str:
    """The operation of S3 that asks for the most of what a request has; empty where none fits.

    Source: botocore's model of S3: method and address of each operation, and the headers and queries it requires.
    """
    # The name of the bucket is the first part of the path, or of the host.
    parts = [*(["bucket"] if ".s3." in environ.get("HTTP_HOST", "") else []), *filter(None, path.split("/"))]
    fitting = [
        (name, needs)
        for name, needs in _s3_needs(method, min(2, len(parts)))
        if all(one in query or "HTTP_" + one.upper().replace("-", "_") in environ for one in needs)
    ]
    return max(fitting, key=lambda pair: len(pair[1]), default=("", ()))[0]


@functools.cache
def _s3_needs(method: str, depth: int) -> tuple[tuple[str, frozenset[str]], ...]:
    """For a method and so many parts of a path: each operation with the queries and headers it cannot do without."""
    from moto.core.utils import get_service_model

    found = []
    model = get_service_model("s3")
    for name in sorted(model.operation_names, key=len):
        operation = model.operation_model(name)
        # A client of S3 in this process takes the bucket out of the model that it shares, and leaves a mark there.
        taken = "/{Bucket}" if "authPath" in operation.http else ""
        address, _, fixed = f"{taken}{operation.http['requestUri']}".partition("?")
        if operation.http["method"] != method or address.count("{") != depth:
            continue
        shape = operation.input_shape
        members = [shape.members[one].serialization for one in shape.required_members] if shape else []
        named = [one["name"] for one in members if one.get("location") in ("querystring", "header")]
        found.append((name, frozenset([*(one.partition("=")[0] for one in fixed.split("&") if one), *named])))
    return tuple(found)


def _error_body(asked: Request, status: int, code: str, message: str) -> tuple[str, bytes]:
    number, code_text, message_text = f"udo-{asked.number}", escape(code), escape(message)
    fault = "Receiver" if status >= 500 else "Sender"
    error = f"<Code>{code_text}</Code><Message>{message_text}</Message>"
    match asked.protocol:
        case "ec2":
            text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{number}</RequestID></Response>"
        case "query":
            inner = f"<Error><Type>{fault}</Type>{error}</Error><RequestId>{number}</RequestId>"
            text = f"<ErrorResponse>{inner}</ErrorResponse>"
        case "rest-xml":
            text = f"<Error>{error}<RequestId>{number}</RequestId></Error>"
        case "cbor":
            return "application/cbor", _cbor({"__type": code, "message": message})
        case _:
            return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
    return "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def _cbor(texts: Mapping[str, str]) -> bytes:
    # A map of up to 23 texts is all that an error needs (RFC 8949, major types 5 and 3).
    parts = [bytes([0xA0 + len(texts)])]
    for text in (word for pair in texts.items() for word in pair):
        encoded = text.encode()
        parts += [b"\x79" + len(encoded).to_bytes(2, "big"), encoded]
    return b"".join(parts)
