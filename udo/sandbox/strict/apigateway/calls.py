"""What a stage answers to who calls it over HTTP: finds the method, lets the caller in, and asks the function.

It is called as `http://127.0.0.1:PORT/restapis/API/STAGE/_user_request_/PATH`, or by the name of its host in AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from udo.sandbox.strict.apigateway import doors, proxy
from udo.sandbox.strict.apigateway.methods import function_in
from udo.sandbox.strict.apigateway.proxy import Call, said
from udo.sandbox.strict.apigateway.state import Api, Backend, Document, backends
from udo.sandbox.strict.awslambda.invocation import started
from udo.sandbox.strict.awslambda.permissions import may_invoke
from udo.sandbox.strict.awslambda.runtime import Outcome
from udo.sandbox.strict.awslambda.state import backends as lambdas
from udo.sandbox.strict.rules import Refusal, rule
from udo.sandbox.wire import Answer, Environ

if TYPE_CHECKING:
    from udo.sandbox.world import World

_PATH = re.compile(r"/restapis/([^/]+)/([^/]+)/_user_request_(/.*)?")
_HOST = re.compile(r"([^.]+)\.execute-api\.([^.]+)\.")


@dataclass(frozen=True)
class _Found:
    """The stage that is called, and in which region it is."""

    backend: Backend
    api: Api
    stage: Document


def answer(world: World, environ: Environ) -> Answer:
    """What is said to a call of a stage; 501 where the sandbox does not have what it leads to."""
    try:
        with world.lock:
            world.advance()
            step = _decided(environ)
        # The function that runs may ask the world itself.
        return step if isinstance(step, Answer) else step()
    except NotImplementedError as error:
        return said(501, f"The sandbox does not have this: {error}", "NotImplemented")


def _decided(environ: Environ) -> Answer | Callable[[], Answer]:
    number, name, path = _called(environ)
    found = _stage(number, name)
    if found is None:
        return said(403, "Forbidden", "ForbiddenException")
    shown = found.api.shown[found.stage["deploymentId"]]
    method = str(environ.get("REQUEST_METHOD", "GET"))
    way = stages_show_what_was_deployed(shown, path, method)
    if way is None:
        return unknown_paths_miss_a_token()
    resource, definition, variables = way
    call = Call(environ, found.backend, found.api, found.stage, resource, definition, path, variables)
    if definition.get("authorizationType", "NONE") != "NONE":
        raise NotImplementedError(f"the authorization {definition['authorizationType']}")
    key, refusal = doors.let_in(call)
    if refusal is not None:
        return refusal
    return _integrated(call, key)


def _called(environ: Environ) -> tuple[str, str, str]:
    """The API, the stage and the path that are called."""
    path = unquote(str(environ.get("PATH_INFO", "")))
    if found := _PATH.fullmatch(path):
        return found[1], found[2], found[3] or "/"
    host = _HOST.match(environ.get("HTTP_HOST", ""))
    stage, _, rest = path.lstrip("/").partition("/")
    return host[1] if host else "", stage, f"/{rest}"


def _stage(number: str, name: str) -> _Found | None:
    for account in list(backends.values()):
        for backend in list(account.values()):
            api = backend.apis.get(number)
            if api is not None and name in api.stages and not api.document.get("disableExecuteApiEndpoint"):
                return _Found(backend, api, api.stages[name])
    return None


@rule("apigateway", "CreateDeployment", "UpdateStage", moto="answers as the API is now, deployed or not")
def stages_show_what_was_deployed(
    shown: list[Document], path: str, method: str
) -> tuple[Document, Document, dict[str, str]] | None:
    """A stage answers as its API was when it was deployed; what was changed since then is not seen.

    Of resources that fit a path, one that is named wins over a variable, and that over a greedy one; a method wins over
    ANY.

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html ("a point-in-time snapshot");
    api-gateway-set-up-simple-proxy.html (ANY, {proxy+}).
    """
    fits = [(resource, found) for resource in shown if (found := _fit(resource["path"], path)) is not None]
    for resource, variables in sorted(fits, key=lambda pair: _rank(pair[0]["path"])):
        methods = resource["resourceMethods"]
        if definition := methods.get(method) or methods.get("ANY"):
            return resource, definition, variables
    return None


@rule("apigateway", "CreateDeployment", moto="says 404, 'Not yet implemented'")
def unknown_paths_miss_a_token() -> Answer:
    """A path or method that a stage does not have is 403, "Missing Authentication Token".

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
    (MISSING_AUTHENTICATION_TOKEN).
    """
    return said(403, "Missing Authentication Token", "MissingAuthenticationTokenException")


def _fit(pattern: str, path: str) -> dict[str, str] | None:
    """The variables of a path that a resource fits; None where it does not."""
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    found: dict[str, str] = {}
    for place, part in enumerate(wanted):
        if part.endswith("+}"):
            rest = "/".join(given[place:])
            return {**found, part[1:-2]: rest} if rest else None
        if place >= len(given):
            return None
        if part.startswith("{") and given[place]:
            found[part[1:-1]] = given[place]
        elif part != given[place]:
            return None
    return found if len(wanted) == len(given) else None


def _rank(pattern: str) -> list[int]:
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in pattern.strip("/").split("/")]


def _integrated(call: Call, key: Mapping[str, Any] | None) -> Answer | Callable[[], Answer]:
    integration = call.method["methodIntegration"]
    if integration["type"] == "MOCK":
        raise NotImplementedError("an answer by an integration of the type MOCK")
    arn = function_in(integration["uri"])
    function = lambdas[call.backend.account_id][call.backend.region_name].functions.get(str(arn).split(":")[6])
    if function is None or not functions_let_the_gateway_in(call, integration, function):
        return said(500, "Internal server error", "InternalServerErrorException")
    try:
        ended = started(function, proxy.functions_get_the_request_as_an_event(call, key))
    except Refusal:
        # Source: repost.aws "API Gateway proxy integration does not forward Lambda throttling": it is 500.
        return said(500, "Internal server error", "InternalServerErrorException")
    limit = integration["timeoutInMillis"] / 1000
    return lambda: _ended(call, ended, limit)


def _ended(call: Call, ended: Callable[..., Outcome], limit: float) -> Answer:
    try:
        outcome = ended(within=limit)
    except Refusal:
        return said(500, "Internal server error", "InternalServerErrorException")
    if outcome.is_late:
        return said(504, "Endpoint request timed out", "InternalServerErrorException")
    return proxy.answers_have_the_form_of_a_proxy(call, outcome)


@rule("apigateway", "PutIntegration", moto="has no integration of the type AWS_PROXY")
def functions_let_the_gateway_in(call: Call, integration: Mapping[str, Any], function: Any) -> bool:
    """A function is asked only if its policy lets this API, stage, method and path in, and by POST; else it is 500.

    Source: docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html (permissions, the source ARN); .../apigateway/
    latest/developerguide/set-up-lambda-proxy-integrations.html (POST).
    """
    if integration.get("httpMethod") != "POST":
        return False
    if integration.get("credentials"):
        return True
    where = f"{call.api.document['id']}/{call.stage['stageName']}/{call.method_name}{call.resource['path']}"
    source = f"arn:{call.backend.partition}:execute-api:{call.backend.region_name}:{call.backend.account_id}:{where}"
    return may_invoke(function, "apigateway.amazonaws.com", source)
