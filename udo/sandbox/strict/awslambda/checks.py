"""What Lambda looks at before it takes a function: its role, handler, runtime, sizes and environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.rules import Refusal, Request, rule

_OPERATIONS = ("CreateFunction", "UpdateFunctionConfiguration")
_ROLE = re.compile(r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_HANDLER = re.compile(r"[^\s]+")
# Source: docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: those whose functions can still be made.
_RUNTIMES = (
    *("nodejs20.x", "nodejs22.x", "nodejs24.x", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"),
    *("java8.al2", "java11", "java17", "java21", "java25", "dotnet8", "dotnet10", "ruby3.2", "ruby3.3", "ruby3.4"),
    *("provided.al2", "provided.al2023"),
)
_ENDED = (
    *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x"),
    *("nodejs16.x", "nodejs18.x", "java8", "python2.7", "python3.6", "python3.7", "python3.8", "python3.9"),
    *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "go1.x", "ruby2.5", "ruby2.7"),
    "provided",
)
# Source: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, defined runtime environment variables.
_RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)
_MOST_ENVIRONMENT = 4096


def settings_are_right(request: Request, settings: Mapping[str, Any]) -> None:
    """Refuses settings that Lambda would not take. Raises: Refusal."""
    handlers_have_their_form(settings)
    runtimes_are_current(settings)
    functions_keep_to_their_sizes(settings)
    environments_leave_out_what_is_lambdas(settings)
    roles_are_for_lambda(request, settings)


@rule("lambda", *_OPERATIONS, moto="takes any text, or none")
def handlers_have_their_form(settings: Mapping[str, Any]) -> None:
    """A function in a zip file has a handler of 128 characters at most, without white space.

    Source: botocore lambda, shape Handler; API_CreateFunction ("required if the deployment package is a .zip file").
    """
    handler = str(settings.get("Handler") or "")
    if settings.get("PackageType", "Zip") == "Zip" and not handler:
        raise Refusal(
            "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        )
    if handler and not _HANDLER.fullmatch(handler):
        _misfit(handler, "handler", f"satisfy regular expression pattern: {_HANDLER.pattern}")
    if len(handler) > 128:
        _misfit(handler, "handler", "have length less than or equal to 128")


@rule("lambda", *_OPERATIONS, moto="takes any text")
def runtimes_are_current(settings: Mapping[str, Any]) -> None:
    """A runtime is one that Lambda has, and one that it still takes.

    Source: docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, deprecated runtimes ("block function create").
    """
    runtime = settings.get("Runtime")
    if runtime in _ENDED:
        told = (
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
        raise Refusal("InvalidParameterValueException", told)
    if runtime and runtime not in _RUNTIMES:
        told = f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        raise Refusal("InvalidParameterValueException", f"{told}[{', '.join(_RUNTIMES)}] or be a valid ARN")


@rule("lambda", *_OPERATIONS, moto="takes any time limit, and any size of memory")
def functions_keep_to_their_sizes(settings: Mapping[str, Any]) -> None:
    """A function may run for 1 to 900 seconds, and has 128 to 10,240 MB of memory.

    Source: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; botocore lambda, Timeout, MemorySize.
    """
    for name, least, most in (("Timeout", 1, 900), ("MemorySize", 128, 10_240)):
        value = settings.get(name)
        member = name[0].lower() + name[1:]
        if value is not None and int(value) < least:
            _misfit(value, member, f"have value greater than or equal to {least}")
        if value is not None and int(value) > most:
            _misfit(value, member, f"have value less than or equal to {most}")


@rule("lambda", *_OPERATIONS, moto="takes any variable, of any length")
def environments_leave_out_what_is_lambdas(settings: Mapping[str, Any]) -> None:
    """Variables that Lambda sets itself cannot be set, names are letters, digits and _, and all have 4 KB together.

    Source: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html; gettingstarted-limits.html (4 KB).
    """
    variables = (settings.get("Environment") or {}).get("Variables") or {}
    if taken := sorted(_RESERVED & set(variables)):
        told = (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )
        raise Refusal("InvalidParameterValueException", told)
    for name in variables:
        if not re.fullmatch(r"[a-zA-Z]([a-zA-Z0-9_])+", name):
            _misfit(name, "environment.variables", "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+")
    if len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode()) > _MOST_ENVIRONMENT:
        told = (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {json.dumps(variables)[:100]}"
        )
        raise Refusal("InvalidParameterValueException", told)


@rule("lambda", *_OPERATIONS, moto="takes a role that anybody else may assume, where there is one of its name")
def roles_are_for_lambda(request: Request, settings: Mapping[str, Any]) -> None:
    """The role of a function exists, and trusts lambda.amazonaws.com.

    Source: docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html (the trust policy); AWS's answer
    "The role defined for the function cannot be assumed by Lambda."
    """
    arn = settings.get("Role")
    if arn is None:
        return
    if not _ROLE.fullmatch(str(arn)):
        _misfit(arn, "role", f"satisfy regular expression pattern: {_ROLE.pattern}")
    from moto.iam.models import iam_backends

    if str(arn).split(":")[4] != request.account:
        raise Refusal("AccessDeniedException", "Cross-account pass role is not allowed.")
    roles = iam_backends[request.account]["aws"].roles.values()
    role = next((one for one in roles if one.arn == arn), None)
    if role is None or not _trusts(json.loads(role.assume_role_policy_document)):
        told = "The role defined for the function cannot be assumed by Lambda."
        raise Refusal("InvalidParameterValueException", told)


def _trusts(document: Mapping[str, Any]) -> bool:
    statements = document.get("Statement", [])
    for one in statements if isinstance(statements, list) else [statements]:
        principal = one.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else [principal]
        actions = one.get("Action", [])
        is_there = "lambda.amazonaws.com" in ([services] if isinstance(services, str) else services)
        is_assumed = {"sts:AssumeRole", "sts:*", "*"} & set([actions] if isinstance(actions, str) else actions)
        if one.get("Effect") == "Allow" and is_there and is_assumed:
            return True
    return False


def _misfit(value: object, member: str, constraint: str) -> None:
    told = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
    raise Refusal("ValidationException", f"{told}Member must {constraint}")
