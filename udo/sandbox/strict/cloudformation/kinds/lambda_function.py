"""AWS::Lambda::Function and AWS::Lambda::Permission."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, only

_KNOWN = (
    *("Architectures", "Code", "FunctionName", "KmsKeyArn", "PackageType", "ReservedConcurrentExecutions", "Tags"),
    *("DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "FileSystemConfigs", "Handler", "Layers"),
    *("LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig", "VpcConfig"),
)
# What a function is changed by, each with what it is once a template says nothing of it.
_SETTINGS: dict[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {},
    "EphemeralStorage": {"Size": 512},
    "FileSystemConfigs": [],
    "Handler": "",
    "Layers": [],
    "LoggingConfig": {},
    "MemorySize": 128,
    "Role": "",
    "Runtime": "",
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {},
}
_PERMISSION = (
    "Action",
    "FunctionName",
    "Principal",
    "SourceAccount",
    "SourceArn",
    "EventSourceToken",
    "PrincipalOrgID",
)


def _create(properties: Properties, place: Place) -> Made:
    only(properties, _KNOWN, place)
    name = properties.get("FunctionName") or place.name(64)
    client, tags = place.client("lambda"), place.tagged(properties)
    given = {key: properties[key] for key in ("Architectures", "PackageType") if key in properties}
    given |= {"FunctionName": name, "Code": _code(properties), "Tags": tags, **_settings(properties)}
    arn = client.create_function(**fitted(client, "CreateFunction", given))["FunctionArn"]
    if "ReservedConcurrentExecutions" in properties:
        _reserve(name, properties, client)
    return Made(name, {"Arn": arn})


def _update(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    only(properties, _KNOWN, place)
    client = place.client("lambda")
    if properties["Code"] != before["Code"]:
        client.update_function_code(FunctionName=name, **_code(properties))
    now, was = _settings(properties), _settings(before)
    gone = {key: _SETTINGS[key] for key in was if key not in now}
    if changed := {**gone, **{key: one for key, one in now.items() if was.get(key) != one}}:
        given = {"FunctionName": name, **changed}
        client.update_function_configuration(**fitted(client, "UpdateFunctionConfiguration", given))
    _reserve(name, properties, client)
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    wanted, had = place.tagged(properties), client.list_tags(Resource=arn).get("Tags", {})
    if lost := sorted(set(had) - set(wanted)):
        client.untag_resource(Resource=arn, TagKeys=lost)
    client.tag_resource(Resource=arn, Tags=wanted)
    return Made(name, {"Arn": arn})


def _reserve(name: str, properties: Properties, client: Any) -> None:
    if "ReservedConcurrentExecutions" in properties:
        wanted = int(properties["ReservedConcurrentExecutions"])
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted)
    else:
        client.delete_function_concurrency(FunctionName=name)


def _delete(name: str, _properties: Properties, place: Place) -> None:
    place.client("lambda").delete_function(FunctionName=name)


def _exists(name: str, place: Place) -> bool:
    try:
        place.client("lambda").get_function(FunctionName=name)
    except ClientError:
        return False
    return True


def _ready(name: str, place: Place) -> Made | None:
    told = place.client("lambda").get_function_configuration(FunctionName=name)
    is_done = told["State"] == "Active" and told["LastUpdateStatus"] != "InProgress"
    return Made(name, {"Arn": told["FunctionArn"]}) if is_done else None


def _code(properties: Properties) -> dict[str, Any]:
    """Code as Lambda takes it: what stands in the template itself becomes a package of one file.

    Source: AWS::Lambda::Function Code, ZipFile ("places it in a file named index and zips it").
    """
    code = dict(properties["Code"])
    if "ZipFile" in code:
        content = io.BytesIO()
        ending = "py" if str(properties.get("Runtime", "")).startswith("python") else "js"
        with zipfile.ZipFile(content, "w") as package:
            # Of no moment, so that the same text is the same package.
            package.writestr(zipfile.ZipInfo(f"index.{ending}"), str(code["ZipFile"]))
        code["ZipFile"] = content.getvalue()
    return code


def _settings(properties: Properties) -> dict[str, Any]:
    found = {key: properties[key] for key in _SETTINGS if key in properties}
    if "KmsKeyArn" in properties:
        found["KMSKeyArn"] = properties["KmsKeyArn"]
    return found


def _permit(properties: Properties, place: Place) -> Made:
    only(properties, _PERMISSION, place)
    given = {key: properties[key] for key in _PERMISSION if key in properties}
    statement = place.name(100)
    place.client("lambda").add_permission(StatementId=statement, **given)
    return Made(statement, {"Id": statement})


def _keep(statement: str, _properties: Properties, _before: Properties, _place: Place) -> Made:
    return Made(statement, {"Id": statement})


def _forbid(statement: str, properties: Properties, place: Place) -> None:
    place.client("lambda").remove_permission(FunctionName=properties["FunctionName"], StatementId=statement)


KINDS = (
    Kind("AWS::Lambda::Function", _create, _delete, _update, name="FunctionName", exists=_exists, ready=_ready),
    Kind("AWS::Lambda::Permission", _permit, _forbid, _keep),
)
