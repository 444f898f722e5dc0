"""What AWS says to who may not: the words, the code and the status of each service."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

from udo.sandbox.strict.rules import rule
from udo.sandbox.wire import Answer, refusal

if TYPE_CHECKING:
    from udo.sandbox.iam.needs import Need
    from udo.sandbox.iam.requests import Ask

# Source: botocore's models with the trait awsQueryCompatible: their errors keep the codes of the query protocol.
_AS_QUERY = frozenset({"cloudwatch", "sqs"})
_IN_WORDS = frozenset({"group", "instance-profile", "role", "user"})


@rule("iam", "AttachUserPolicy", "PutUserPolicy", moto="never denies")
def denials_tell_who_what_and_why(ask: Ask, need: Need, why: str, *, explicit: bool) -> Answer:
    """With `--iam` a denial names the caller, the action, the resource and the kind of policy that decides:
    AccessDenied, of services that speak JSON AccessDeniedException, of EC2 UnauthorizedOperation, with more in code.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html; EC2 API Reference, "Error codes"
    and DecodeAuthorizationMessage.
    """
    said = need.told or words(ask, need, why, explicit=explicit)
    if ask.asked.protocol == "ec2":
        return refusal(ask.asked, 403, "UnauthorizedOperation", _of_ec2(ask, need, said, explicit=explicit))
    if ask.asked.protocol in ("query", "rest-xml") or ask.prefix in _AS_QUERY:
        return refusal(ask.asked, 403, "AccessDenied", said)
    return refusal(ask.asked, 400, "AccessDeniedException", said)


def words(ask: Ask, need: Need, why: str, *, explicit: bool) -> str:
    """The sentence that names who, the action, the resource and why."""
    reason = f"with an explicit deny in {_a(why)}" if explicit else f"because no {why} allows the {need.action} action"
    return f"User: {ask.caller.arn} is not authorized to perform: {need.action}{_on(ask, need.resource)} {reason}"


def _on(ask: Ask, resource: str) -> str:
    """Source: errors as they are met: S3 quotes the resource, IAM says `role NAME` of what is there, Systems Manager
    names all of the account's for `*`.
    """
    if resource == "*":
        return f" on resource: {ask.arn('*')}" if ask.prefix == "ssm" else ""
    if ask.prefix == "s3":
        return f' on resource: "{resource}"'
    kind, _, name = resource.rpartition(":")[2].partition("/")
    if ask.prefix == "iam" and not ask.asked.operation.startswith("Create") and kind in _IN_WORDS:
        return f" on resource: {kind.replace('-', ' ')} {name.rpartition('/')[2]}"
    return f" on resource: {resource}"


def _a(why: str) -> str:
    return f"an {why}" if why[0] in "aeiou" else f"a {why}"


def _of_ec2(ask: Ask, need: Need, said: str, *, explicit: bool) -> str:
    """Source: EC2 User Guide, "Actions, resources, and condition keys"; API_DecodeAuthorizationMessage: what is encoded
    is told of actions on resources.
    """
    text = f"You are not authorized to perform this operation. {said}"
    if need.resource == "*":
        return text
    context = {"principal": {"id": ask.caller.user_id, "arn": ask.caller.arn}}
    told = {
        "allowed": False,
        "explicitDeny": explicit,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {**context, "action": need.action, "resource": need.resource, "conditions": {"items": []}},
    }
    encoded = base64.urlsafe_b64encode(zlib.compress(json.dumps(told).encode())).decode().rstrip("=")
    return f"{text}. Encoded authorization failure message: {encoded}"
