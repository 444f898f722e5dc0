"""Parameter Store: names, sizes and pages as Systems Manager keeps them."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from moto.ssm.models import Parameter

from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces, rule

INVALID_TOKEN = ("InvalidNextToken", "The specified token is not valid.")
_CHARACTERS = re.compile(r"[A-Za-z0-9_./-]+")
_SIZES = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}


@refuses("ssm", "PutParameter", moto="accepts a path without its slash, and any depth")
def parameter_names_are_paths(request: Request) -> None:
    """A name with levels begins with a slash and has at most 15; it holds letters, digits and _ . - / only.

    Source: botocore ssm PutParameterRequest, member Name.
    """
    name = request.params["Name"]
    path = "/" in name
    if not _CHARACTERS.fullmatch(name) or (path and not name.startswith("/")):
        raise Refusal(
            "ValidationException",
            'Parameter name must be a fully qualified name: it begins with a forward slash "/" where it has levels, '
            "and consists of letters, numbers and the symbols . - _",
        )
    if name.strip("/").count("/") >= 15:
        raise Refusal("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of 15 levels.")


@refuses("ssm", "PutParameter", moto="accepts any size")
def parameter_values_are_small(request: Request) -> None:
    """A value has at most 4 KB in the standard tier and 8 KB in the advanced one.

    Source: botocore ssm PutParameterRequest, members Value and Tier.
    """
    tier = request.params.get("Tier") or "Standard"
    most = _SIZES.get(tier, 4096)
    if len(request.params.get("Value", "").encode()) > most:
        raise Refusal(
            "ValidationException",
            f"{tier} tier parameters support a maximum parameter value of {most} characters.",
        )


@refuses("ssm", "PutParameter", moto="changes it")
def parameters_keep_their_type(request: Request) -> None:
    """A parameter that exists is not made one of another type.

    Source: botocore ssm PutParameter, error HierarchyTypeMismatchException.
    """
    params = request.params
    known = request.backend("ssm").get_parameter(params["Name"]) if params.get("Overwrite") else None
    if known and params.get("Type") not in (None, known.parameter_type):
        raise Refusal(
            "HierarchyTypeMismatchException",
            f"The parameter {params['Name']} is a {known.parameter_type}; its type can't be changed.",
        )


@refuses("ssm", "PutParameter", moto="stores the pattern and never looks at it")
def values_match_their_allowed_pattern(request: Request) -> None:
    """A value that does not match AllowedPattern is refused.

    Source: botocore ssm PutParameter, error ParameterPatternMismatchException.
    """
    pattern = request.params.get("AllowedPattern")
    if pattern and not re.search(pattern, request.params.get("Value", "")):
        raise Refusal(
            "ParameterPatternMismatchException",
            f"Parameter value, cannot be validated against allowedPattern: {pattern}",
        )


@refuses("ssm", "DeleteParameters", moto="accepts any number")
def at_most_ten_parameters_are_deleted_at_once(request: Request) -> None:
    """DeleteParameters takes ten names at most.

    Source: botocore ssm shape ParameterNameList.
    """
    if len(request.params.get("Names") or []) > 10:
        raise Refusal(
            "ValidationException",
            "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less "
            "than or equal to 10",
        )


@refuses("ssm", "GetParametersByPath", moto="answers with an empty list")
def paths_begin_with_a_slash(request: Request) -> None:
    """GetParametersByPath takes a path that begins with a slash.

    Source: botocore ssm GetParametersByPathRequest, member Path.
    """
    if not request.params["Path"].startswith("/"):
        raise Refusal(
            "ValidationException",
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/".',
        )


@answers("ssm", "GetParametersByPath", moto="gives as many as asked for, always full pages")
def parameters_by_path_come_in_tens(request: Request) -> dict[str, Any]:
    """GetParametersByPath gives ten a page at most, and sometimes fewer with a NextToken.

    Source: botocore ssm GetParametersByPathRequest, member MaxResults (`results may be less than the maximum`).
    """
    params = request.params
    size = limit(params, "MaxResults", default=10, maximum=10, code="ValidationException")
    found = _by_path(request)
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)
    decrypt = bool(params.get("WithDecryption"))
    return {"Parameters": [one.response_object(decrypt, request.region) for one in shown], "NextToken": token}


def _by_path(request: Request) -> list[Any]:
    params, found, token = request.params, [], None
    while True:
        some, token = request.backend("ssm").get_parameters_by_path(
            params["Path"], params.get("Recursive", False), params.get("ParameterFilters"), next_token=token
        )
        found += some
        if token is None:
            return found


@answers("ssm", "DescribeParameters", moto="ignores MaxResults and gives ten")
def described_parameters_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeParameters gives ten a page by default and 50 at most.

    Source: botocore ssm DescribeParametersRequest, member MaxResults.
    """
    params = request.params
    size = limit(params, "MaxResults", default=10, maximum=50, code="ValidationException")
    found = request.backend("ssm").describe_parameters(
        params.get("Filters") or [], params.get("ParameterFilters") or []
    )
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)
    return {"Parameters": [parameters_show_their_policies(one) for one in shown], "NextToken": token}


@rule("ssm", "DescribeParameters", moto="leaves Policies out")
def parameters_show_their_policies(parameter: Any) -> dict[str, Any]:
    """A parameter is described with the list of its policies, which may be empty.

    Source: docs.aws.amazon.com/cli/latest/reference/ssm/describe-parameters.html (its examples: `"Policies": []`).
    """
    return {**parameter.describe_response_object(False), "Policies": []}


_response_object = Parameter.response_object


@replaces(Parameter, "response_object")
def response_object(parameter: Any, decrypt: bool = False, region: str | None = None) -> dict[str, Any]:
    """A parameter as GetParameter shows it."""
    shown: dict[str, Any] = _response_object(parameter, decrypt, region)
    if parameter.parameter_type == "SecureString" and not decrypt:
        shown["Value"] = secrets_stay_encrypted(parameter)
    return shown


@rule("ssm", "GetParameter", "GetParameters", "GetParametersByPath", moto="gives the plain text behind a prefix")
def secrets_stay_encrypted(parameter: Any) -> str:
    """Without WithDecryption a SecureString is ciphertext.

    Source: botocore ssm GetParameterRequest, member WithDecryption.
    """
    digest = hashlib.sha512(f"{parameter.name}:{parameter.version}:{parameter.value}".encode()).digest()
    return base64.b64encode(b"\x01\x02\x03\x00x" + digest).decode()
