"""Application revisions: what a location must hold, and what CodeDeploy remembers of each that it has met."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.codedeploy.configs import INVALID_TOKEN
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule

_BUNDLES = ("tar", "tgz", "zip", "YAML", "JSON")
_LOCATIONS = {"S3": "s3Location", "GitHub": "gitHubLocation", "String": "string", "AppSpecContent": "appSpecContent"}
_ORDERS = ("registerTime", "firstUsedTime", "lastUsedTime")


@dataclass
class Registered:
    """One revision of an application; `at` is seconds since the epoch."""

    revision: Mapping[str, Any]
    at: float
    description: str


def register(backend: Any, application: str, revision: Mapping[str, Any], description: str = "") -> Registered:
    """What an application knows of a revision, from now on."""
    for one in _registered(backend, application):
        if one.revision == revision:
            one.description = description or one.description
            return one
    made = Registered(revision, moment.now(), description)
    _registered(backend, application).append(made)
    return made


def _registered(backend: Any, application: str) -> list[Registered]:
    every: dict[str, list[Registered]] = backend.__dict__.setdefault("udo_revisions", {})
    # A name may be given anew to another application.
    return every.setdefault(backend.get_application(application).id, [])


@refuses("codedeploy", "CreateDeployment", "RegisterApplicationRevision", moto="accepts none, both, and any of them")
def revisions_are_complete(request: Request) -> None:
    """A deployment needs a revision with exactly the location its type names.

    Source: botocore codedeploy RevisionLocation; CreateDeployment, errors RevisionRequiredException and
    InvalidRevisionException.
    """
    if request.params.get("deploymentMode") != "RESTART":
        _refuse_incomplete(request.params.get("revision"))


def _refuse_incomplete(revision: Mapping[str, Any] | None) -> None:
    if not revision:
        raise Refusal("RevisionRequiredException", "Revision was not specified")
    kind = revision.get("revisionType", "")
    given = {member for member in _LOCATIONS.values() if revision.get(member)}
    if kind not in _LOCATIONS or given != {_LOCATIONS[kind]}:
        raise Refusal("InvalidRevisionException", "The revision was specified in an invalid format.")
    location = revision[_LOCATIONS[kind]]
    needed = {"S3": ("bucket", "key", "bundleType"), "GitHub": ("repository", "commitId")}.get(kind, ())
    missing = [member for member in needed if not location.get(member)]
    if kind == "GitHub" and not re.fullmatch(r"[^/\s]+/[^/\s]+", location.get("repository") or "a/b"):
        raise Refusal("InvalidRevisionException", f"The repository is owner/name, not {location['repository']}.")
    if kind == "S3" and location.get("bundleType") not in (None, *_BUNDLES):
        raise Refusal("InvalidRevisionException", f"Invalid bundleType: {location['bundleType']}")
    if missing:
        raise Refusal("InvalidRevisionException", f"The revision's location lacks {', '.join(missing)}.")


@refuses("codedeploy", "CreateDeployment", "RegisterApplicationRevision", moto="accepts any commit id")
def commits_are_full_hashes(request: Request) -> None:
    """A GitHub revision names the commit by its full SHA-1: 40 hexadecimal digits, no branch, tag or short hash.

    Source: botocore codedeploy GitHubLocation, member commitId; github.com/aws/aws-codedeploy-agent issues.
    """
    location = (request.params.get("revision") or {}).get("gitHubLocation")
    if location and not re.fullmatch(r"[0-9a-fA-F]{40}", location.get("commitId", "")):
        raise Refusal("InvalidRevisionException", f"The commit id {location.get('commitId')} is not a full SHA-1")


@answers("codedeploy", "RegisterApplicationRevision", moto="has no such operation")
def revisions_can_be_registered(request: Request) -> None:
    """RegisterApplicationRevision makes a revision known to an application that exists, with a description.

    Source: botocore codedeploy RegisterApplicationRevisionInput.
    """
    params = request.params
    register(
        request.backend("codedeploy"), params["applicationName"], params["revision"], params.get("description") or ""
    )


@answers("codedeploy", "ListApplicationRevisions", moto="has no such operation")
def revisions_are_listed(request: Request) -> dict[str, Any]:
    """ListApplicationRevisions gives the revisions registered or deployed, sorted by one of three times, all or those
    of a bucket and key prefix, or those that are or are not the target of a deployment group.

    Source: botocore codedeploy ListApplicationRevisionsInput.
    """
    params, backend = request.params, request.backend("codedeploy")
    application = params["applicationName"]
    order = revisions_are_sorted_by_a_time(params)
    shown = [(one.revision, _info(backend, application, one)) for one in _registered(backend, application)]
    wanted = [pair for pair in shown if _at(pair[0], params) and _as_deployed(pair[1], params.get("deployed"))]
    if order:
        # What was never used has no time to be sorted by: it comes last, whichever way.
        wanted.sort(
            key=lambda pair: pair[1].get(order) or moment.at(0), reverse=params.get("sortOrder") == "descending"
        )
        wanted.sort(key=lambda pair: order not in pair[1])
    found, token = page([revision for revision, _ in wanted], 100, params.get("nextToken"), refusal=INVALID_TOKEN)
    return {"revisions": found, "nextToken": token}


@rule("codedeploy", "ListApplicationRevisions", moto="has no such operation")
def revisions_are_sorted_by_a_time(params: Mapping[str, Any]) -> str | None:
    """Revisions are sorted by registerTime, firstUsedTime or lastUsedTime, ascending or descending; a key prefix needs
    its bucket, and `deployed` is include, exclude or ignore.

    Source: botocore codedeploy ListApplicationRevisions, errors InvalidSortByException, InvalidSortOrderException,
    BucketNameFilterRequiredException and InvalidDeployedStateFilterException.
    """
    order = params.get("sortBy")
    if order and order not in _ORDERS:
        raise Refusal("InvalidSortByException", f"Invalid sortBy: {order}")
    if params.get("sortOrder") not in (None, "ascending", "descending"):
        raise Refusal("InvalidSortOrderException", f"Invalid sortOrder: {params['sortOrder']}")
    if params.get("s3KeyPrefix") and not params.get("s3Bucket"):
        raise Refusal("BucketNameFilterRequiredException", "A bucket name is required with a key prefix.")
    if params.get("deployed") not in (None, "include", "exclude", "ignore"):
        raise Refusal("InvalidDeployedStateFilterException", f"Invalid deployed: {params['deployed']}")
    return order


def _at(revision: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    bucket, prefix = params.get("s3Bucket"), params.get("s3KeyPrefix") or ""
    location = revision.get("s3Location") or {}
    return not bucket or (location.get("bucket") == bucket and location.get("key", "").startswith(prefix))


def _as_deployed(info: Mapping[str, Any], asked: str | None) -> bool:
    return asked in (None, "ignore") or bool(info["deploymentGroups"]) == (asked == "include")


@answers("codedeploy", "GetApplicationRevision", moto="has no such operation")
def revisions_tell_when_they_were_used(request: Request) -> dict[str, Any]:
    """GetApplicationRevision tells when a revision was registered, first and last used, and which deployment groups it
    is the target of; one that the application does not know is refused.

    Source: botocore codedeploy GenericRevisionInfo; GetApplicationRevision, error RevisionDoesNotExistException.
    """
    params, backend = request.params, request.backend("codedeploy")
    application, revision = params["applicationName"], params["revision"]
    _refuse_incomplete(revision)
    for one in _registered(backend, application):
        if one.revision == revision:
            return {
                "applicationName": application,
                "revision": one.revision,
                "revisionInfo": _info(backend, application, one),
            }
    raise Refusal("RevisionDoesNotExistException", f"No revision of this location is known to {application}")


@answers("codedeploy", "BatchGetApplicationRevisions", moto="has no such operation")
def batches_of_revisions_are_small(request: Request) -> dict[str, Any]:
    """BatchGetApplicationRevisions takes at most 25 revisions; unknown ones drop out and are told of in errorMessage.

    Source: botocore codedeploy BatchGetApplicationRevisionsInput, member revisions, and its output.
    """
    params, backend = request.params, request.backend("codedeploy")
    application, asked = params["applicationName"], params["revisions"]
    if len(asked) > 25:
        raise Refusal("BatchLimitExceededException", "The number of revisions in a batch must be at most 25")
    known = _registered(backend, application)
    for revision in asked:
        _refuse_incomplete(revision)
    found = [one for revision in asked for one in known if one.revision == revision]
    answer: dict[str, Any] = {
        "applicationName": application,
        "revisions": [
            {"revisionLocation": one.revision, "genericRevisionInfo": _info(backend, application, one)} for one in found
        ],
    }
    if len(found) < len(asked):
        answer["errorMessage"] = f"{len(asked) - len(found)} of the revisions are not known to {application}"
    return answer


def _info(backend: Any, application: str, one: Registered) -> dict[str, Any]:
    used, targets = [], {}
    for deployment in backend.deployments.values():
        if deployment.application_name == application:
            targets[deployment.deployment_group_name] = deployment.revision
            if deployment.revision == one.revision:
                used.append(deployment.udo_run.created)
    found: dict[str, Any] = {
        "deploymentGroups": sorted(group for group, revision in targets.items() if revision == one.revision),
        "registerTime": moment.at(one.at),
    }
    if one.description:
        found["description"] = one.description
    if used:
        found |= {"firstUsedTime": moment.at(min(used)), "lastUsedTime": moment.at(max(used))}
    return found
