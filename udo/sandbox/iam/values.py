"""The values that conditions may ask for: of who asks, of the request, of its resource."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from udo.sandbox.iam.keys import KEYS
from udo.sandbox.iam.tagging import request_tags, tag_keys
from udo.sandbox.iam.tags import tags_of
from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.iam.conditions import Values
    from udo.sandbox.iam.needs import Need
    from udo.sandbox.iam.requests import Ask

_GLOBAL_REGION = "us-east-1"


@rule("iam", "PutUserPolicy", moto="knows StringEquals of trust policies alone")
def conditions_ask_the_request(ask: Ask, need: Need) -> Values:
    """With `--iam` conditions are met by what the request has under their keys: who asks, where and when, the tags it
    names, the tags its resource has; keys of a service only where its authorization reference lists them.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html; Service Authorization
    Reference (condition keys).
    """

    def value(key: str) -> Sequence[str] | None:
        if key in need.values:
            return need.values[key]
        if key in _OF_ALL:
            return _OF_ALL[key](ask)
        named, slash, name = key.partition("/")
        if named == "aws:principaltag":
            return _tag(ask.caller.tags, name)
        if named + slash not in need.keys:
            return None
        if named.partition(":")[2] == "resourcetag":
            return _tag(tags_of(ask, need.resource), name)
        return None if need.is_beside else _of_request(ask, need, key)

    return value


def _of_request(ask: Ask, need: Need, key: str) -> Sequence[str] | None:
    named, _, name = key.partition("/")
    # Of what EC2 makes each kind has tags of its own.
    kind = need.resource.rpartition(":")[2].partition("/")[0] if ask.prefix == "ec2" else ""
    if named == "aws:requesttag":
        return _tag(request_tags(ask, kind), name)
    if key == "aws:tagkeys":
        return tag_keys(ask, kind) or None
    return KEYS[key](ask) if key in KEYS else None


def _tag(tags: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    """Source: the same page: the names of tags in keys are not case-sensitive."""
    return next(((value,) for key, value in tags.items() if key.lower() == name), None)


def _username(ask: Ask) -> tuple[str, ...] | None:
    return (ask.caller.name,) if ask.caller.is_user else None


def _moment(ask: Ask) -> tuple[str, ...]:
    now = datetime.datetime.fromtimestamp(ask.world.clock.now(), datetime.UTC)
    return (now.strftime("%Y-%m-%dT%H:%M:%SZ"),)


def _region(ask: Ask) -> tuple[str, ...]:
    return (_GLOBAL_REGION if ask.prefix == "iam" else ask.region,)


_OF_ALL: Mapping[str, Callable[[Any], Sequence[str] | None]] = {
    "aws:currenttime": _moment,
    "aws:epochtime": lambda ask: (str(int(ask.world.clock.now())),),
    "aws:principalaccount": lambda ask: (ask.account,),
    "aws:principalarn": lambda ask: (ask.caller.principal,),
    "aws:principaltype": lambda ask: ("User" if ask.caller.is_user else "AssumedRole",),
    "aws:requestedregion": _region,
    "aws:resourceaccount": lambda ask: (ask.account,),
    "aws:securetransport": lambda _ask: ("true",),
    "aws:sourceip": lambda ask: (ask.environ.get("REMOTE_ADDR", "127.0.0.1"),),
    "aws:useragent": lambda ask: (ask.environ.get("HTTP_USER_AGENT", ""),),
    "aws:userid": lambda ask: (ask.caller.user_id,),
    "aws:username": _username,
    "aws:viaawsservice": lambda _ask: ("false",),
}
