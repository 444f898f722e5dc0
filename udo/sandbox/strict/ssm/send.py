"""SendCommand: which instances a command goes to, how many at once, and how many may fail."""

from __future__ import annotations

import re
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses
from udo.sandbox.strict.ssm.agents import instances, ping
from udo.sandbox.strict.ssm.command import Command, Invocation, commands_of
from udo.sandbox.strict.ssm.documents import short_execution_timeouts_are_an_hour
from udo.sandbox.strict.ssm.view import command_shown
from udo.sandbox.strict.values import refuse_the_first

_INSTANCE = re.compile(r"i-(\w{8}|\w{17})|mi-\w{17}")
_AT_ONCE = re.compile(r"[1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%")
_ERRORS = re.compile(r"[1-9][0-9]*|0|[1-9][0-9]%|[0-9]%|100%")


_OPERATIONS = ("SendCommand", "CancelCommand", "GetCommandInvocation", "ListCommands", "ListCommandInvocations")


@refuses("ssm", *_OPERATIONS, moto="accepts any value")
def commands_fit_their_shapes(request: Request) -> None:
    """A comment of more than 100 characters, a timeout below 30 seconds, a limit that is neither a number nor a
    percentage of 100 at most, or an id that is none is ValidationException.

    Source: botocore ssm SendCommandRequest (Comment, TimeoutSeconds, MaxConcurrency, MaxErrors), shape InstanceId.
    """
    params = request.params
    # More instances than are allowed have an answer of their own.
    refuse_the_first("ssm", request, "ValidationException")
    for name, pattern in (("MaxConcurrency", _AT_ONCE), ("MaxErrors", _ERRORS)):
        if params.get(name) is not None and not pattern.fullmatch(params[name]):
            raise _mismatch(name, params[name], pattern)
    for one in [*(params.get("InstanceIds") or []), *([params["InstanceId"]] if params.get("InstanceId") else [])]:
        if not _INSTANCE.fullmatch(one):
            raise _mismatch("instanceIds", one, _INSTANCE)


@refuses("ssm", "SendCommand", moto="accepts any number")
def at_most_fifty_instances_are_named(request: Request) -> None:
    """A command that names more than 50 instances is throttled, however often it is sent.

    Source: github.com/boto/botocore/issues/993; botocore ssm SendCommandRequest, member InstanceIds.
    """
    if len(request.params.get("InstanceIds") or []) > 50:
        raise Refusal("ThrottlingException", "Rate exceeded")


@refuses("ssm", "SendCommand", moto="accepts neither and both")
def commands_have_instances_or_targets(request: Request) -> None:
    """A command goes to instances or to targets, and to five targets of fifty values at most.

    Source: botocore ssm SendCommandRequest, members InstanceIds and Targets; shapes Targets and TargetValues;
    github.com/disneystreaming/ssm-helpers/issues/47.
    """
    params = request.params
    targets = params.get("Targets") or []
    if bool(params.get("InstanceIds")) == bool(targets):
        raise Refusal("ValidationException", "Specify either InstanceIds or Targets.")
    for name, many, most in [("targets", targets, 5), *(("values", one.get("Values") or [], 50) for one in targets)]:
        if len(many) > most:
            raise Refusal(
                "ValidationException",
                f"1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length "
                f"less than or equal to {most}",
            )


@refuses("ssm", "SendCommand", "CancelCommand", moto="takes them once")
def instances_are_named_once(request: Request) -> None:
    """An instance that is named twice is DuplicateInstanceId.

    Source: botocore ssm SendCommand and CancelCommand, error DuplicateInstanceId.
    """
    ids = request.params.get("InstanceIds") or []
    if len(set(ids)) < len(ids):
        raise Refusal("DuplicateInstanceId", "You can't specify a managed node ID in more than one association.")


@refuses("ssm", "SendCommand", moto="accepts any id")
def named_instances_are_registered(request: Request) -> None:
    """Where one of the instances named is not registered, or is gone, the whole command is InvalidInstanceId.

    Source: botocore ssm SendCommand, error InvalidInstanceId; github.com/aws/aws-cli issues on it for the message.
    """
    known = instances(request.account, request.region)
    ids = request.params.get("InstanceIds") or []
    wrong = [one for one in ids if one not in known or ping(known[one]) is None]
    if wrong:
        told = f"Instances [[{', '.join(wrong)}]] not in a valid state for account {request.account}"
        raise Refusal("InvalidInstanceId", told)


@answers("ssm", "SendCommand", moto="sends it to every instance of the region, those that are gone included")
def commands_go_to_whom_they_name(request: Request) -> dict[str, Any]:
    """A command goes to the instances it names, or to those registered that match all of its targets: by tags (those of
    Auto Scaling too), by keys of tags, or by ids. It is Pending at first, with no invocation.

    Source: botocore ssm SendCommand, SendCommandRequest (InstanceIds, Targets), Command (TargetCount).
    """
    params = request.params
    known = instances(request.account, request.region)
    ids = params.get("InstanceIds") or [
        one.id for one in known.values() if ping(one) and all(_matches(one, target) for target in params["Targets"])
    ]
    now = moment.now()
    command = Command(
        id=str(mock_random.uuid4()),
        account=request.account,
        region=request.region,
        params=params,
        targets=[Invocation(one, str(known[one].private_dns_name)) for one in ids],
        requested=now,
        sent=moment.lived(),
        delivered=now + delays.invocation,
        expires=now + int(params.get("TimeoutSeconds") or 3600) + short_execution_timeouts_are_an_hour(params).seconds,
        most_at_once=max(1, _of(params.get("MaxConcurrency") or "50", len(ids))),
        most_errors=_of(params.get("MaxErrors") or "0", len(ids)),
    )
    commands_of(request.backend("ssm")).add(command)
    shown = command_shown(command)
    return {"Command": shown if params.get("InstanceIds") else {**shown, "TargetCount": 0}}


def _matches(instance: Any, target: dict[str, Any]) -> bool:
    key, values = target.get("Key") or "", target.get("Values") or []
    if key.lower() == "instanceids":
        return instance.id in values
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    if key.startswith("tag:"):
        return tags.get(key.removeprefix("tag:")) in values
    if key == "tag-key":
        return any(one in tags for one in values)
    raise NotImplementedError(f"targets by {key}")


def _of(limit: str, many: int) -> int:
    return many * int(limit[:-1]) // 100 if limit.endswith("%") else int(limit)


def _mismatch(name: str, value: str, pattern: re.Pattern[str]) -> Refusal:
    return Refusal(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern.pattern}",
    )
