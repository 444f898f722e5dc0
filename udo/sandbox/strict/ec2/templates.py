"""Launch templates as EC2 keeps them: names, sizes, tokens, defaults and pages."""

from __future__ import annotations

import base64
import binascii
import copy
import re
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import InvalidLaunchTemplateVersionNotFound
from moto.ec2.utils import parse_user_data

from udo.sandbox.strict.autoscaling.launch_configurations import USER_DATA_LIMIT
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule

INVALID_TOKEN = ("InvalidNextToken", "The token is not valid.")
_ON_ONE = (
    "CreateLaunchTemplateVersion",
    "DeleteLaunchTemplate",
    "DeleteLaunchTemplateVersions",
    "DescribeLaunchTemplateVersions",
    "ModifyLaunchTemplate",
)
_ID = re.compile(r"lt-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")


@refuses("ec2", "CreateLaunchTemplate", moto="accepts any name")
def template_names_are_plain(request: Request) -> None:
    """A launch template's name has 3 to 128 characters: letters, digits and ( ) . - / _.

    Source: botocore ec2 shape LaunchTemplateName.
    """
    name = request.params["LaunchTemplateName"]
    if not _NAME.fullmatch(name):
        raise Refusal(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
            "following characters: - ( ) . / _.",
        )


@refuses("ec2", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", moto="accepts any size")
def template_user_data_fits_16_kb(request: Request) -> None:
    """User data of a launch template is base64 and at most 16 KB before encoding.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html.
    """
    text = (request.params.get("LaunchTemplateData") or {}).get("UserData") or ""
    try:
        data = base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise Refusal("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from error
    if len(data) > USER_DATA_LIMIT:
        raise Refusal("InvalidUserData.Malformed", "User data is limited to 16384 bytes")


@refuses("ec2", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", moto="makes an empty one")
def launch_data_is_not_empty(request: Request) -> None:
    """A template or version is made of launch data, if only those of a source: else MissingParameter.

    Source: botocore ec2 CreateLaunchTemplateRequest (LaunchTemplateData is required, and not sent where empty).
    """
    if not request.params.get("LaunchTemplateData") and not request.params.get("SourceVersion"):
        raise Refusal("MissingParameter", "The request must contain the parameter LaunchTemplateData")


@refuses("ec2", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", moto="accepts any length")
def version_descriptions_are_short(request: Request) -> None:
    """The description of a version has at most 255 characters.

    Source: botocore ec2 shape VersionDescription.
    """
    if len(request.params.get("VersionDescription") or "") > 255:
        raise Refusal("InvalidParameterValue", "The version description cannot have more than 255 characters")


@refuses("ec2", *_ON_ONE, "DescribeLaunchTemplates", moto="says NotFound")
def malformed_template_ids_are_refused(request: Request) -> None:
    """An id that is not lt- and 8 or 17 hexadecimal digits is InvalidLaunchTemplateId.Malformed.

    Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    params = request.params
    if _is_named_twice(params):
        return
    for one in [params.get("LaunchTemplateId"), *(params.get("LaunchTemplateIds") or [])]:
        if one and not _ID.fullmatch(one):
            raise Refusal("InvalidLaunchTemplateId.Malformed", f'Invalid id: "{one}" (expecting "lt-...")')


@refuses("ec2", *_ON_ONE, moto="takes the id, crashes, or says MissingParameter")
def a_template_is_named_once(request: Request) -> None:
    """A request on one launch template gives its id or its name, not both, and one that exists.

    Source: botocore ec2 DeleteLaunchTemplateRequest (`You must specify either ... but not both`); moto's
    test_modify_launch_template_by_name_and_id, which is verified on AWS.
    """
    operation = request.response._get_action()
    if _is_named_twice(request.params):
        text = "The request must specify either a launch template ID or a launch template name, but not both."
        if operation == "ModifyLaunchTemplate":
            text = "Either provide launch template ID or launch template name to modify the template."
        raise Refusal("InvalidParameterCombination", text)
    # Without either, DescribeLaunchTemplateVersions is about all templates.
    if operation != "DescribeLaunchTemplateVersions":
        known_template(request)


def _is_named_twice(params: dict[str, Any]) -> bool:
    return bool(params.get("LaunchTemplateId") and params.get("LaunchTemplateName"))


@refuses("ec2", *_ON_ONE, "DescribeLaunchTemplates", moto="does not know all of the operations")
def dry_runs_change_nothing(request: Request) -> None:
    """With DryRun a request that would succeed is DryRunOperation, and nothing happens.

    Source: botocore ec2 CreateLaunchTemplateVersionRequest, member DryRun.
    """
    if request.params.get("DryRun"):
        raise Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")


@answers("ec2", "CreateLaunchTemplate")
def create_launch_template(request: Request) -> Any:
    return client_tokens_are_honoured(request, _create)


@answers("ec2", "CreateLaunchTemplateVersion")
def create_launch_template_version(request: Request) -> Any:
    return client_tokens_are_honoured(request, _create_version)


@rule("ec2", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", moto="makes a second one")
def client_tokens_are_honoured(request: Request, create: Callable[[Request], Any]) -> Any:
    """A request repeated with its ClientToken gives the first answer again; another one with it is refused.

    Source: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html (IdempotentParameterMismatch).
    """
    params = copy.deepcopy(dict(request.params))
    token = params.get("ClientToken")
    made: dict[str, tuple[Any, Any]] = request.backend("ec2").__dict__.setdefault("udo_tokens", {})
    if token not in made:
        answer = create(request)
        if token:
            made[token] = (params, answer)
        return answer
    first, answer = made[token]
    if first != params:
        raise Refusal(
            "IdempotentParameterMismatch", "The request uses the same client token as a previous, different request."
        )
    return answer


@answers("ec2", "DeleteLaunchTemplate", moto="names neither its versions nor when and by whom it was made")
def a_deleted_template_is_described_once_more(request: Request) -> dict[str, Any]:
    """DeleteLaunchTemplate answers with the template as it was: its numbers, its time and its maker.

    Source: botocore ec2 example of DeleteLaunchTemplate.
    """
    template = known_template(request)
    request.moto()
    return {
        "LaunchTemplate": {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "CreateTime": template.create_time,
            "CreatedBy": f"arn:aws:iam::{request.account}:user/sandbox",
            "DefaultVersionNumber": template.default_version_number,
            "LatestVersionNumber": template.latest_version_number,
        }
    }


def _create(request: Request) -> Any:
    tags = request.params.pop("TagSpecifications", None)
    answer = request.moto()
    if tags:
        template = request.backend("ec2").get_launch_template_by_name(request.params["LaunchTemplateName"])
        answer["LaunchTemplate"]["Tags"] = template_tags_stay_out_of_the_data(template, tags)
    return answer


@rule("ec2", "CreateLaunchTemplate", moto="mixes them into LaunchTemplateData.TagSpecifications")
def template_tags_stay_out_of_the_data(template: Any, specifications: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Tags of the launch template itself are not part of its launch data.

    Source: botocore ec2 CreateLaunchTemplateRequest, member TagSpecifications.
    """
    for specification in specifications:
        if specification.get("ResourceType") == "launch-template":
            template.add_tags({tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags") or []})
    template.tags = template.get_tags()
    return list(template.tags)


def _create_version(request: Request) -> dict[str, Any]:
    params, template = request.params, known_template(request)
    data = dict(params.get("LaunchTemplateData") or {})
    if data.get("UserData") is not None:
        data["UserData"] = parse_user_data(str(data["UserData"]))
    if source := params.get("SourceVersion"):
        data = new_versions_inherit_from_their_source(template.get_version(source).data, data)
    version = template.create_version(data, params.get("VersionDescription"))
    return {"LaunchTemplateVersion": described_version(request, template, version)}


@rule("ec2", "CreateLaunchTemplateVersion", moto="ignores SourceVersion: the version holds what was passed only")
def new_versions_inherit_from_their_source(source: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """A version made with SourceVersion has the source's data, overlaid with what the request names.

    Source: botocore ec2 CreateLaunchTemplateVersionRequest, member SourceVersion.
    """
    return {**copy.deepcopy(source), **named}


def described_version(request: Request, template: Any, version: Any) -> dict[str, Any]:
    """A version as EC2 describes it."""
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "VersionDescription": version.description,
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:aws:iam::{request.account}:root",
        "DefaultVersion": template.is_default(version),
        "LaunchTemplateData": {key: value for key, value in version.data.items() if value is not None},
    }


@answers("ec2", "DescribeLaunchTemplates", moto="gives 15 and no NextToken; drops unknown ids")
def templates_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeLaunchTemplates gives at most 200 a page with a NextToken; an unknown id or name is refused.

    Source: botocore ec2 DescribeLaunchTemplatesRequest, member MaxResults.
    """
    params = request.params
    size = limit(params, "MaxResults", default=200, maximum=200, code="InvalidParameterValue")
    for template_id in params.get("LaunchTemplateIds") or []:
        request.backend("ec2").get_launch_template(template_id)
    found = request.backend("ec2").describe_launch_templates(
        template_names=params.get("LaunchTemplateNames") or [],
        template_ids=params.get("LaunchTemplateIds") or [],
        filters=request.response._filters_from_querystring(),
    )
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)
    return {"LaunchTemplates": [described_template(request, one) for one in shown], "NextToken": token}


def described_template(request: Request, template: Any) -> dict[str, Any]:
    """A launch template as EC2 describes it."""
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:aws:iam::{request.account}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.latest_version_number,
        **({"Tags": tags} if (tags := template.get_tags()) else {}),
    }


@answers("ec2", "ModifyLaunchTemplate", moto="refuses $Latest")
def the_default_version_can_be_set(request: Request) -> dict[str, Any]:
    """ModifyLaunchTemplate makes an existing version the default, by number or as $Latest.

    Source: botocore ec2 ModifyLaunchTemplateRequest, member DefaultVersion.
    """
    template, wanted = known_template(request), request.params.get("DefaultVersion")
    if not wanted:
        raise Refusal("MissingParameter", "The request must contain the parameter SetDefaultVersion")
    try:
        template.default_version_number = template.get_version(wanted).number
    except InvalidLaunchTemplateVersionNotFound as error:
        # moto's own test of this operation, verified on AWS, has other words than for describing.
        raise InvalidLaunchTemplateVersionNotFound(version=wanted) from error
    return {"LaunchTemplate": described_template(request, template)}


def known_template(request: Request) -> Any:
    """The launch template a request names, or EC2's refusal."""
    if template_id := request.params.get("LaunchTemplateId"):
        return request.backend("ec2").get_launch_template(template_id)
    name = request.params.get("LaunchTemplateName")
    if not name:
        raise Refusal("MissingParameter", "Either a launch template ID or a launch template name must be given.")
    return request.backend("ec2").get_launch_template_by_name(name)
