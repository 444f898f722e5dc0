"""On-premises instances of CodeDeploy: registered by name, tagged, listed, and remembered once deregistered."""

from __future__ import annotations

import re
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.codedeploy.configs import INVALID_TOKEN
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers

_PAGE = 100
_MOST_TAGS = 10


@answers("codedeploy", "RegisterOnPremisesInstance", moto="has no such operation")
def instances_on_premises_are_registered(request: Request) -> None:
    """RegisterOnPremisesInstance takes a name that is free and exactly one of a user and a session.

    Source: botocore codedeploy RegisterOnPremisesInstanceInput and the errors of the operation.
    """
    params, kept = request.params, _kept(request)
    name, user, session = (params.get(key) or "" for key in ("instanceName", "iamUserArn", "iamSessionArn"))
    if not re.fullmatch(r"[^\s/]{1,100}", name):
        raise Refusal("InvalidInstanceNameException", f"Invalid instance name: {name}")
    if name in kept and "deregisterTime" not in kept[name]:
        raise Refusal("InstanceNameAlreadyRegisteredException", f"The instance name {name} is already registered")
    if not user and not session:
        raise Refusal("IamArnRequiredException", "An IAM ARN must be specified: iamSessionArn or iamUserArn")
    if user and session:
        raise Refusal("MultipleIamArnsProvidedException", "Specify iamSessionArn or iamUserArn, not both")
    registered = [one for one in kept.values() if "deregisterTime" not in one]
    if user and any(one.get("iamUserArn") == user for one in registered):
        raise Refusal("IamUserArnAlreadyRegisteredException", f"The IAM user {user} is already registered")
    if session and any(one.get("iamSessionArn") == session for one in registered):
        raise Refusal("IamSessionArnAlreadyRegisteredException", f"The IAM session {session} is already registered")
    where = f"arn:aws:codedeploy:{request.region}:{request.account}:instance"
    kept[name] = {
        "instanceName": name,
        "instanceArn": f"{where}/{name}_{str(mock_random.uuid4())[:8]}",
        "registerTime": moment.now(),
        "tags": [],
        **({"iamUserArn": user} if user else {"iamSessionArn": session}),
    }


@answers("codedeploy", "DeregisterOnPremisesInstance", moto="has no such operation")
def deregistered_instances_are_remembered(request: Request) -> None:
    """DeregisterOnPremisesInstance leaves the instance listed as deregistered, without its tags.

    Source: botocore codedeploy ListOnPremisesInstancesInput, member registrationStatus; InstanceInfo, member
    deregisterTime.
    """
    found = _kept(request).get(request.params.get("instanceName") or "")
    if found is not None:
        found.update(deregisterTime=moment.now(), tags=[])


@answers(
    "codedeploy", "AddTagsToOnPremisesInstances", "RemoveTagsFromOnPremisesInstances", moto="has no such operation"
)
def tags_of_registered_instances_change(request: Request) -> None:
    """Tags are added to and removed from instances that are registered, all named ones or none; ten at most.

    Source: botocore codedeploy AddTagsToOnPremisesInstances, errors InstanceNotRegisteredException,
    TagLimitExceededException, TagRequiredException.
    """
    names, tags = request.params.get("instanceNames") or [], request.params.get("tags") or []
    if not names:
        raise Refusal("InstanceNameRequiredException", "Instance names were not specified")
    if not tags:
        raise Refusal("TagRequiredException", "Tags were not specified")
    changed = []
    for one in [_registered(request, name) for name in names]:
        left = [tag for tag in one["tags"] if tag["Key"] not in {other["Key"] for other in tags}]
        if request.response._get_action() == "AddTagsToOnPremisesInstances":
            left += tags
        if len(left) > _MOST_TAGS:
            raise Refusal("TagLimitExceededException", f"An instance has at most {_MOST_TAGS} tags")
        changed.append((one, left))
    for one, left in changed:
        one["tags"] = left


@answers("codedeploy", "ListOnPremisesInstances", moto="has no such operation")
def instances_on_premises_are_listed(request: Request) -> dict[str, Any]:
    """ListOnPremisesInstances lists those that were registered, by status and tags.

    Source: botocore codedeploy ListOnPremisesInstancesInput, error InvalidRegistrationStatusException.
    """
    params = request.params
    status = params.get("registrationStatus")
    if status not in (None, "Registered", "Deregistered"):
        raise Refusal("InvalidRegistrationStatusException", f"Invalid registrationStatus: {status}")
    found = [
        name
        for name, one in _kept(request).items()
        if status in (None, "Deregistered" if "deregisterTime" in one else "Registered")
        and all(any(_matches(tag, wanted) for tag in one["tags"]) for wanted in params.get("tagFilters") or [])
    ]
    shown, token = page(found, _PAGE, params.get("nextToken"), refusal=INVALID_TOKEN)
    return {"instanceNames": list(shown), **({"nextToken": token} if token else {})}


def _matches(tag: dict[str, str], wanted: dict[str, str]) -> bool:
    """Source: botocore codedeploy shape TagFilterType (KEY_ONLY, VALUE_ONLY, KEY_AND_VALUE)."""
    kind = wanted.get("Type") or "KEY_AND_VALUE"
    by_key, by_value = kind != "VALUE_ONLY", kind != "KEY_ONLY"
    return not (by_key and tag["Key"] != wanted.get("Key")) and not (by_value and tag["Value"] != wanted.get("Value"))


@answers("codedeploy", "GetOnPremisesInstance", moto="has no such operation")
def unregistered_instances_are_refused(request: Request) -> dict[str, Any]:
    """GetOnPremisesInstance refuses a name that was not registered.

    Source: botocore codedeploy GetOnPremisesInstance, error InstanceNotRegisteredException.
    """
    name = request.params["instanceName"]
    if name not in _kept(request):
        raise _unregistered(name)
    return {"instanceInfo": _kept(request)[name]}


@answers("codedeploy", "BatchGetOnPremisesInstances", moto="has no such operation")
def batches_on_premises_are_small(request: Request) -> dict[str, Any]:
    """BatchGetOnPremisesInstances takes 1 to 25 names; unknown ones drop out.

    Source: botocore codedeploy BatchGetOnPremisesInstancesInput, member instanceNames; its errors
    InstanceNameRequiredException and BatchLimitExceededException.
    """
    names = request.params["instanceNames"]
    if not names:
        raise Refusal("InstanceNameRequiredException", "Instance names were not specified")
    if len(names) > 25:
        raise Refusal("BatchLimitExceededException", "The number of instances in a batch must be at most 25")
    kept = _kept(request)
    return {"instanceInfos": [kept[name] for name in names if name in kept]}


def _registered(request: Request, name: str) -> dict[str, Any]:
    found = _kept(request).get(name)
    if found is None or "deregisterTime" in found:
        raise _unregistered(name)
    return found


def _unregistered(name: str) -> Refusal:
    return Refusal("InstanceNotRegisteredException", f"The instance {name} is not registered")


def _kept(request: Request) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = request.backend("codedeploy").__dict__.setdefault("udo_on_premises", {})
    return kept
