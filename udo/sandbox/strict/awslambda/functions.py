"""Functions: made, read, changed and removed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from moto.utilities.utils import get_partition

from udo.sandbox.strict import moment
from udo.sandbox.strict.awslambda.checks import settings_are_right
from udo.sandbox.strict.awslambda.code import code
from udo.sandbox.strict.awslambda.state import Function, name_in
from udo.sandbox.strict.cloudformation.state import Outside
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, rule

_SETTINGS = (
    *("Description", "Environment", "EphemeralStorage", "Handler", "Layers", "LoggingConfig", "MemorySize", "Role"),
    *("Runtime", "Timeout", "TracingConfig", "DeadLetterConfig", "VpcConfig", "KMSKeyArn", "FileSystemConfigs"),
)


def create_function(request: Request) -> Mapping[str, Any]:
    """Makes a function, which takes a moment to become active."""
    params, backend = request.params, request.backend("lambda")
    name = name_in(params["FunctionName"])
    given = {key: params[key] for key in (*_SETTINGS, "PackageType", "Architectures") if key in params}
    settings_are_right(request, given)
    content = code(request, params["Code"])
    if name in backend.functions:
        raise Refusal("ResourceConflictException", f"Function already exist: {name}")
    settings = {"Description": "", "MemorySize": 128, "Timeout": 3, "TracingConfig": {"Mode": "PassThrough"}, **given}
    now = moment.now()
    made = Function(
        name, request.account, request.region, get_partition(request.region), settings, content, now, now, now
    )
    made.tags.update(params.get("Tags", {}))
    made.change(delays.function)
    backend.functions[name] = made
    return described(made)


def get_function(request: Request) -> Mapping[str, Any]:
    """A function, with where its code is and how many of it may run at once."""
    function = request.backend("lambda").found(request.params["FunctionName"])
    place = f"https://awslambda-{function.region}-tasks.s3.{function.region}.amazonaws.com/{function.name}"
    found: dict[str, Any] = {
        "Configuration": described(function),
        "Code": {"RepositoryType": "S3", "Location": place},
        "Tags": function.tags or None,
    }
    if function.reserved is not None:
        found["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
    return found


def get_function_configuration(request: Request) -> Mapping[str, Any]:
    """The settings of a function."""
    return described(request.backend("lambda").found(request.params["FunctionName"]))


def list_functions(request: Request) -> Mapping[str, Any]:
    """All functions, 50 at a time."""
    size = limit(request.params, "MaxItems", default=50, maximum=10_000, code="InvalidParameterValueException")
    everything = sorted(request.backend("lambda").functions.values(), key=lambda one: one.name)
    refusal = ("InvalidParameterValueException", "Invalid pagination token")
    some, token = page(everything, min(size, 50), request.params.get("Marker"), refusal=refusal)
    return {"Functions": [described(one) for one in some], "NextMarker": token}


def update_function_code(request: Request) -> Mapping[str, Any]:
    """Gives a function other code."""
    function = request.backend("lambda").found(request.params["FunctionName"])
    functions_change_one_thing_after_another(function)
    _at_its_revision(function, request)
    content = code(request, request.params)
    if request.params.get("DryRun"):
        return described(function)
    function.code, function.is_new = content, False
    function.change(delays.function)
    return described(function)


def update_function_configuration(request: Request) -> Mapping[str, Any]:
    """Gives a function other settings; what is not named stays."""
    function = request.backend("lambda").found(request.params["FunctionName"])
    functions_change_one_thing_after_another(function)
    _at_its_revision(function, request)
    given = {key: request.params[key] for key in _SETTINGS if key in request.params}
    settings_are_right(request, {**function.settings, **given})
    function.settings.update(given)
    function.is_new = False
    function.change(delays.function)
    return described(function)


def delete_function(request: Request) -> Mapping[str, Any]:
    """Removes a function."""
    function = request.backend("lambda").found(request.params["FunctionName"])
    del request.backend("lambda").functions[function.name]
    return {"StatusCode": 204}


@rule("lambda", "UpdateFunctionCode", "UpdateFunctionConfiguration", moto="changes at once, whatever is under way")
def functions_change_one_thing_after_another(function: Function) -> None:
    """A function that is just being made or changed cannot be changed: ResourceConflictException.

    CloudFormation waits between its own calls, and so is not refused here.

    Source: docs.aws.amazon.com/lambda/latest/dg/functions-states.html ("function states during updates"); AWS's answer
    "An update is in progress for resource: ..".
    """
    if function.is_busy and not Outside.moving:
        why = f"An update is in progress for resource: {function.arn}"
        if function.is_new:
            why = "The function is currently in the following state: Pending"
        raise Refusal("ResourceConflictException", f"The operation cannot be performed at this time. {why}")


@rule("lambda", "CreateFunction", "GetFunction", moto="says that a function is active at once")
def functions_become_active(function: Function) -> Mapping[str, Any]:
    """A new function is Pending for a moment, and one that is updated says InProgress; then both are done.

    Source: docs.aws.amazon.com/lambda/latest/dg/functions-states.html.
    """
    if not function.is_busy:
        return {"State": "Active", "LastUpdateStatus": "Successful"}
    if function.is_new:
        return {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    return {"State": "Active", "LastUpdateStatus": "InProgress"}


def described(function: Function) -> dict[str, Any]:
    """A function as Lambda describes it."""
    moments = moment.at(function.modified).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    defaults = {
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    }
    return {
        **defaults,
        **function.settings,
        "FunctionName": function.name,
        "FunctionArn": function.arn,
        "CodeSize": len(function.code),
        "CodeSha256": base64.b64encode(hashlib.sha256(function.code).digest()).decode(),
        "LastModified": f"{moments}+0000",
        "Version": "$LATEST",
        "RevisionId": function.revision,
        **functions_become_active(function),
    }


def _at_its_revision(function: Function, request: Request) -> None:
    wanted = request.params.get("RevisionId")
    if wanted and wanted != function.revision:
        told = (
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to "
            "retrieve the latest RevisionId for your resource."
        )
        raise Refusal("PreconditionFailedException", told)
