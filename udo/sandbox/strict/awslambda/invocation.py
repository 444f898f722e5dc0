"""Invokes functions, for who asks Lambda and for services that call them."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from udo.sandbox.rest import Later
from udo.sandbox.strict.awslambda.runtime import Outcome, run
from udo.sandbox.strict.awslambda.state import Function, Surroundings
from udo.sandbox.strict.rules import Refusal, Request, rule

_counting = threading.Lock()


@rule("lambda", "Invoke", moto="needs Docker, or answers what it was told to")
def functions_run(request: Request) -> Later | Mapping[str, Any]:
    """A function runs: its handler is called with the event, and what it returns is the answer.

    What it raises, or that its time is up, is an answer of its own: FunctionError says Unhandled.

    Source: API_Invoke; docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html.
    """
    function = request.backend("lambda").found(request.params["FunctionName"])
    kind = request.params.get("InvocationType") or "RequestResponse"
    payload = request.params.get("Payload") or b"{}"
    try:
        event = json.loads(payload)
    except ValueError as error:
        told = f"Could not parse request body into json: Could not parse payload into json: {error}"
        raise Refusal("InvalidRequestContentException", told) from error
    if kind == "Event":
        raise NotImplementedError("the InvocationType Event")
    ended = started(function, event)
    if kind == "DryRun":
        return {"StatusCode": 204}

    def end() -> Mapping[str, Any]:
        outcome = ended()
        found = {"StatusCode": 200, "Payload": outcome.answer, "ExecutedVersion": "$LATEST"}
        if outcome.error:
            found["FunctionError"] = outcome.error
        if request.params.get("LogType") == "Tail":
            found["LogResult"] = base64.b64encode(outcome.log).decode()
        return found

    return Later(end)


def started(function: Function, event: Any) -> Callable[..., Outcome]:
    """What runs a function and gives how it ended, once; it must not be called while the world is locked.

    It takes `within`, how many seconds are waited for it.

    Raises: Refusal where the function cannot be run now.
    """
    functions_run_once_they_are_active(function)
    concurrency_is_kept_to(function)
    environment = _environment(function)
    confined = not Surroundings.world.agents.unconfined

    def ended(within: float = 900.0) -> Outcome:
        with _counting:
            concurrency_is_kept_to(function)
            function.running += 1
        try:
            return run(function, event, environment, confined=confined, within=within)
        finally:
            with _counting:
                function.running -= 1

    return ended


@rule("lambda", "Invoke", moto="runs, or does not, whatever was reserved")
def concurrency_is_kept_to(function: Function) -> None:
    """No more run at once than were reserved; with none reserved the function is off: TooManyRequestsException.

    Source: docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html (zero turns a function off); API_Invoke,
    Reason ReservedFunctionConcurrentInvocationLimitExceeded.
    """
    if function.reserved is not None and function.running >= function.reserved:
        reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
        raise Refusal("TooManyRequestsException", "Rate Exceeded.", Reason=reason)


@rule("lambda", "Invoke", moto="invokes what is just being made")
def functions_run_once_they_are_active(function: Function) -> None:
    """A function that is just being made cannot be invoked: ResourceConflictException.

    Source: docs.aws.amazon.com/lambda/latest/dg/functions-states.html ("Pending"); API_Invoke, errors.
    """
    if function.is_new and function.is_busy:
        told = (
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        )
        raise Refusal("ResourceConflictException", told)


def _environment(function: Function) -> dict[str, str]:
    """All that a function finds in its environment.

    Source: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, defined runtime environment variables.
    """
    settings = function.settings
    given = (settings.get("Environment") or {}).get("Variables") or {}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        **{key: str(value) for key, value in given.items()},
        "_HANDLER": settings["Handler"],
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{settings['Runtime']}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "sandbox",
        "AWS_DEFAULT_REGION": function.region,
        "AWS_REGION": function.region,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
        # Nothing else of this machine's may lead it to another AWS.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": Surroundings.world.endpoint,
        **_keys(function),
    }


def _keys(function: Function) -> dict[str, str]:
    """The keys that a function signs with: of its role where the world goes by policies, else the sandbox's own."""
    world = Surroundings.world
    if not world.goes_by_policies:
        key = world.access_key or "AKIASANDBOXSANDBOXSB"
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "unchecked", "AWS_SESSION_TOKEN": "unchecked"}
    sts = world.client("sts", function.region)
    session = {"RoleArn": function.settings["Role"], "RoleSessionName": function.name}
    told = sts.assume_role(**session)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": told["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": told["SecretAccessKey"],
        "AWS_SESSION_TOKEN": told["SessionToken"],
    }
