"""Versions of launch templates: numbered once and for all, listed in pages, deleted but for the default."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import InvalidLaunchTemplateVersionNotFound
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion

from udo.sandbox.strict.ec2.references import images_are_looked_up_at_launch
from udo.sandbox.strict.ec2.templates import INVALID_TOKEN, described_version, known_template
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces, rule

# AWS's words, as moto's test of them has them, which is verified there: with typographic quotes.
_NO_TEMPLATE = (
    "To describe the launch template data for all your launch templates, for \u2018--versions\u2019 specify "
    "\u2018$Latest\u2019, \u2018$Default\u2019, or both, and omit \u2018--launch-template-id\u2019, "
    "\u2018--launch-template-name\u2019, and version numbers. To describe the launch template data for a specific "
    "launch template, specify \u2018--launch-template-id\u2019 or \u2018--launch-template-name\u2019, and for "
    "\u2018--versions\u2019 specify one or more of the following values: \u2018$Latest\u2019, "
    "\u2018$Default\u2019, or one or more version numbers."
)
_ALIASES = ("$Latest", "$Default")


@replaces(LaunchTemplate, "create_version")
@rule("ec2", "CreateLaunchTemplateVersion", moto="numbers by counting the versions there are")
def version_numbers_are_never_used_again(template: Any, data: dict[str, Any], description: str | None) -> Any:
    """A new version has the next number, even where later versions were deleted.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-launch-template-versions.html.
    """
    number = template.__dict__.get("udo_next", 1)
    template.udo_next = number + 1
    version: Any = LaunchTemplateVersion(template, number, data, description or "")
    version.description = description
    template.versions.append(version)
    return version


@replaces(LaunchTemplate, "get_version")
def get_version(template: Any, number: Any) -> Any:
    """The version of this number, or what $Latest and $Default (also in small letters) stand for."""
    wanted = {"$latest": template.versions[-1].number, "$default": template.default_version_number}.get(
        str(number).lower(), number
    )
    for version in template.versions:
        if str(version.number) == str(wanted):
            return version
    raise InvalidLaunchTemplateVersionNotFound(template_id=template.id, version=number)


@replaces(LaunchTemplate, "default_version")
def default_version(template: Any) -> Any:
    """The default version."""
    return get_version(template, template.default_version_number)


@refuses("ec2", "DescribeLaunchTemplateVersions", moto="says so only where it finds nothing")
def versions_of_all_templates_are_aliases(request: Request) -> None:
    """Without a template only $Latest and $Default can be described.

    Source: botocore ec2 DescribeLaunchTemplateVersionsRequest, member Versions.
    """
    params = request.params
    if params.get("LaunchTemplateId") or params.get("LaunchTemplateName"):
        return
    versions = params.get("Versions") or []
    if not versions or any(version not in _ALIASES for version in versions):
        code = "InvalidParameterValue" if versions else "MissingParameter"
        raise Refusal(
            code,
            _NO_TEMPLATE,
        )


@answers("ec2", "DescribeLaunchTemplateVersions", moto="gives 15 and no NextToken")
def versions_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeLaunchTemplateVersions gives at most 200 a page with a NextToken, the newest version first.

    Source: botocore ec2 DescribeLaunchTemplateVersionsRequest, members MaxResults, MinVersion and MaxVersion;
    user guide, "Describe a launch template version" (its example lists the newest first).
    """
    params = request.params
    size = limit(params, "MaxResults", default=200, maximum=200, code="InvalidParameterValue")
    found = versions_are_filtered(_wanted(request), params.get("Filters") or [])
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)
    described = [described_version(request, one.template, one) for one in shown]
    if params.get("ResolveAlias"):
        for one in described:
            one["LaunchTemplateData"] = aliases_are_resolved_if_asked(request.backend("ec2"), one["LaunchTemplateData"])
    return {"LaunchTemplateVersions": described, "NextToken": token}


@rule("ec2", "DescribeLaunchTemplateVersions", moto="ignores ResolveAlias")
def aliases_are_resolved_if_asked(ec2: Any, data: dict[str, Any]) -> dict[str, Any]:
    """With ResolveAlias an image that is named by a parameter is shown by its id.

    Source: botocore ec2 DescribeLaunchTemplateVersionsRequest, member ResolveAlias.
    """
    image = data.get("ImageId")
    found = images_are_looked_up_at_launch(ec2, image) if image else None
    return {**data, "ImageId": found} if found else data


@rule("ec2", "DescribeLaunchTemplateVersions", moto="ignores its filters")
def versions_are_filtered(versions: list[Any], filters: list[dict[str, Any]]) -> list[Any]:
    """DescribeLaunchTemplateVersions gives the versions that match every filter, by image, type, profile and the like.

    Source: botocore ec2 DescribeLaunchTemplateVersionsRequest, member Filters.
    """
    for one in filters:
        name, values = one["Name"], one.get("Values") or []
        if name not in _FILTERS:
            raise NotImplementedError(f"the filter {name}")
        versions = [version for version in versions if _is_one_of(_FILTERS[name](version), values)]
    return versions


def _is_one_of(value: Any, wanted: list[str]) -> bool:
    text = str(value).lower() if isinstance(value, bool) else str(value or "")
    return any(fnmatch.fnmatchcase(text, one) for one in wanted)


def _profile(data: dict[str, Any]) -> Any:
    named = data.get("IamInstanceProfile") or {}
    return named.get("Arn") or named.get("Name")


_FILTERS: dict[str, Callable[[Any], Any]] = {
    "ebs-optimized": lambda version: bool(version.data.get("EbsOptimized")),
    "http-endpoint": lambda version: (version.data.get("MetadataOptions") or {}).get("HttpEndpoint"),
    "http-tokens": lambda version: (version.data.get("MetadataOptions") or {}).get("HttpTokens"),
    "iam-instance-profile": lambda version: _profile(version.data),
    "image-id": lambda version: version.data.get("ImageId"),
    "instance-type": lambda version: version.data.get("InstanceType"),
    "is-default-version": lambda version: version.template.is_default(version),
    "kernel-id": lambda version: version.data.get("KernelId"),
    "ram-disk-id": lambda version: version.data.get("RamDiskId"),
}


def _wanted(request: Request) -> list[Any]:
    params = request.params
    versions = params.get("Versions") or []
    if not (params.get("LaunchTemplateId") or params.get("LaunchTemplateName")):
        every = request.backend("ec2").launch_templates.values()
        return [template.get_version(version) for template in every for version in versions]
    template = known_template(request)
    if versions:
        return [template.get_version(version) for version in versions]
    lowest, highest = int(params.get("MinVersion") or 1), int(params.get("MaxVersion") or 10**9)
    return [version for version in reversed(template.versions) if lowest <= version.number <= highest]


@answers("ec2", "DeleteLaunchTemplateVersions", moto="has no such operation")
def template_versions_can_be_deleted(request: Request) -> dict[str, Any]:
    """DeleteLaunchTemplateVersions answers 200 and lists what it could not delete, with a code for each.

    Source: botocore ec2 DeleteLaunchTemplateVersionsResult, LaunchTemplateErrorCode.
    """
    wanted = request.params.get("Versions") or []
    if len(wanted) > 200:
        raise Refusal("InvalidParameterValue", "At most 200 versions can be deleted in one request.")
    template = known_template(request)
    the_default_version_is_not_deleted(template, wanted)
    done, failed = [], []
    for version in wanted:
        number = int(version) if re.fullmatch(r"\d+", version) else 0
        item = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": number}
        if any(one.number == number for one in template.versions):
            template.versions = [one for one in template.versions if one.number != number]
            done.append(item)
        else:
            text = f"The launch template version {version} does not exist."
            failed.append(item | {"ResponseError": {"Code": "launchTemplateVersionDoesNotExist", "Message": text}})
    return {"SuccessfullyDeletedLaunchTemplateVersions": done, "UnsuccessfullyDeletedLaunchTemplateVersions": failed}


@rule("ec2", "DeleteLaunchTemplateVersions", moto="has no such operation")
def the_default_version_is_not_deleted(template: Any, versions: list[str]) -> None:
    """The default version of a launch template cannot be deleted; nothing of such a request is.

    Source: botocore ec2 DeleteLaunchTemplateVersions (`You can't delete the default version`).
    """
    if str(template.default_version_number) in versions or "$Default" in versions:
        raise Refusal(
            "InvalidLaunchTemplateId.VersionIsDefault",
            f"Cannot delete the default version of launch template {template.id}.",
        )
