"""The text of a template: YAML with CloudFormation's short tags, or JSON, given as a body or as an address in S3."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.refusal import broken_constraint, invalid
from udo.sandbox.strict.cloudformation.state import Outside, Stack
from udo.sandbox.strict.rules import rule

# Source: CloudFormation User Guide, "CloudFormation quotas" (template body: 51,200 bytes; object in S3: 1 MB).
_BODY, _OBJECT = 51_200, 1_000_000
_STATIC = re.compile(r"\.s3-website[.-]")
_VIRTUAL = re.compile(r"(.+)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_PATH = re.compile(r"s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")


class _Loader(yaml.CSafeLoader):
    """Reads templates: a date is a text, and a short tag is the function that it is short for."""


def _function(loader: Any, tag: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _function)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def given(params: Mapping[str, Any], region: str, stack: Stack | None = None) -> str:
    """The text of the template that a request gives, or that its stack has.

    Raises: Refusal.
    """
    ways = [key for key in ("TemplateBody", "TemplateURL") if params.get(key) is not None]
    if stack is not None and params.get("UsePreviousTemplate"):
        ways.append("UsePreviousTemplate")
    if len(ways) > 1:
        raise invalid("You must specify only one of the following: TemplateBody, TemplateURL or UsePreviousTemplate.")
    if not ways:
        raise invalid("Either Template URL or Template Body must be specified.")
    if stack is not None and ways == ["UsePreviousTemplate"]:
        return stack.source.text
    return (
        bodies_have_their_limit(params["TemplateBody"])
        if ways == ["TemplateBody"]
        else _fetched(params["TemplateURL"], region)
    )


@rule("cloudformation", "CreateStack", "ValidateTemplate", moto="takes a body of any length")
def bodies_have_their_limit(text: str) -> str:
    """A template that is sent along has 51,200 bytes at most; a larger one goes through S3.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html.
    """
    if len(text.encode()) > _BODY:
        raise broken_constraint(text[:300], "templateBody", f"have length less than or equal to {_BODY}")
    return text


def _fetched(url: str, region: str) -> str:
    bucket, key = templates_are_fetched_from_s3(url)
    client = Outside.client
    assert client is not None
    try:
        found = client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        told = error.response["Error"]
        raise invalid(
            f"S3 error: {told['Message']}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ) from error
    if len(found) > _OBJECT:
        raise invalid(f"Template may not exceed {_OBJECT} bytes in size.")
    return str(found.decode("utf-8", "replace"))


@rule("cloudformation", "CreateStack", "ValidateTemplate", moto="crashes at an address that is none of S3's")
def templates_are_fetched_from_s3(url: str) -> tuple[str, str]:
    """A template's address is one of an object in S3 that begins with https://, not of a static website there.

    Source: botocore cloudformation CreateStackInput, member TemplateURL.
    """
    parts = urlsplit(url)
    host, path = parts.netloc.partition(":")[0], unquote(parts.path).lstrip("/")
    bucket, key = "", ""
    if virtual := _VIRTUAL.fullmatch(host):
        bucket, key = virtual[1], path
    elif _PATH.fullmatch(host) or host in ("localhost", "127.0.0.1"):
        bucket, _, key = path.partition("/")
    if parts.scheme != "https" and host not in ("localhost", "127.0.0.1"):
        bucket = ""
    if not bucket or not key or _STATIC.search(host):
        raise invalid("TemplateURL must be a supported URL.")
    return bucket, key


def parsed(text: str) -> dict[str, Any]:
    """The template as nested data; Raises: Refusal where it is neither JSON nor YAML."""
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            found = _as_yaml(text, f"JSON not well-formed. (line {error.lineno}, column {error.colno})")
    else:
        found = _as_yaml(text, "")
    if not isinstance(found, dict):
        raise invalid("Template format error: unsupported structure.")
    return found


def _as_yaml(text: str, instead: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: {instead or f'YAML not well-formed.{where}'}") from error
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise invalid(f"Template format error: {instead or 'YAML not well-formed.'}") from error
