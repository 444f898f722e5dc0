"""Policies: what verbs need on roles, merged into as few statements as it takes, and how large that is."""

from __future__ import annotations

import json
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from udo.iam.resources import ANYTHING, Condition, Fence, Use, fences
from udo.iam.stacks import OF_STACKS, StackUse, stack_fences
from udo.permissions import permissions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from udo.iam.facts import Facts
    from udo.iam.stacks import StackFacts

VERSION = "2012-10-17"
# Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters without whitespace.
LIMITS = {"managed": 6144, "role": 10240, "group": 5120, "user": 2048}
# How statements are called that are about a kind of resources.
_SIDS = {
    "": "Everything",
    "autoscaling:autoScalingGroup": "Groups",
    "autoscaling:launchConfiguration": "LaunchConfigurations",
    "cloudwatch:alarm": "Alarms",
    "cloudwatch:dashboard": "Dashboards",
    "codedeploy:application": "Applications",
    "codedeploy:deploymentconfig": "DeploymentConfigurations",
    "codedeploy:deploymentgroup": "DeploymentGroups",
    "ec2:instance": "Instances",
    "ec2:launch-template": "LaunchTemplates",
    "ec2-instance-connect:instance": "Instances",
    "iam:caller": "Callers",
    "iam:instance-profile": "InstanceProfiles",
    "iam:role": "PassedRoles",
    "s3:bucket": "Buckets",
    "s3:object": "Objects",
    "ssm:bucket": "Buckets",
    "ssm:document": "Documents",
    "ssm:instance": "Instances",
    "cloudformation:changeset": "ChangeSets",
    "cloudformation:stack": "Stacks",
    "ssm:parameter": "Parameters",
    "ssm:session": "OwnSessions",
    "sns:topic": "Topics",
    "sts:role": "AssumedRoles",
}


class Policy(NamedTuple):
    """A policy document; `broad` are actions on all there is of a kind, `unused` those that udo.yml gives no use for.

    `missing` are those in no statement that are needed all the same. Each has its reason.
    """

    document: dict[str, Any]
    broad: Mapping[str, str]
    unused: Mapping[str, str]
    missing: Mapping[str, str]

    @property
    def size(self) -> int:
        """How many characters AWS counts: all but whitespace."""
        return size(self.document)


def policy(verbs: Sequence[str], roles: Sequence[Facts], stacks: Sequence[StackFacts] = ()) -> Policy:
    """The least policy for these verbs on these roles and stacks. Raises: UdoError."""
    granted: dict[str, list[Fence]] = {}
    empty: dict[bool, dict[str, dict[str, None]]] = {True: {}, False: {}}
    for action, fence in _needed(verbs, roles, stacks):
        if fence.resources:
            granted.setdefault(action, []).append(fence)
        else:
            empty[fence.needed].setdefault(action, {})[fence.why] = None
    broad = {action: one.why for action, every in sorted(granted.items()) for one in every if one.why}
    missing = {action: "; ".join(why) for action, why in sorted(empty[True].items())}
    left = {action: why for action, why in sorted(empty[False].items()) if action not in {*granted, *missing}}
    unused = {action: "; ".join(why) for action, why in left.items()}
    return Policy({"Version": VERSION, "Statement": list(_statements(granted))}, broad, unused, missing)


def no_force_delete() -> dict[str, Any]:
    """The statement by which no group is deleted while it has instances, whoever else allows it.

    Source: Service Authorization Reference, EC2 Auto Scaling, autoscaling:ForceDelete.
    """
    return {
        "Sid": "NoForceDelete",
        "Effect": "Deny",
        "Action": "autoscaling:DeleteAutoScalingGroup",
        "Resource": ANYTHING,
        "Condition": {"Bool": {"autoscaling:ForceDelete": "true"}},
    }


def size(document: Any) -> int:
    """How many characters of a policy AWS counts: all but whitespace."""
    return len("".join(json.dumps(document, ensure_ascii=False).split()))


def _needed(verbs: Sequence[str], roles: Sequence[Facts], stacks: Sequence[StackFacts]) -> Iterator[tuple[str, Fence]]:
    for verb in verbs:
        actions = permissions(verb)
        for action in sorted(actions):
            if not verb.startswith(OF_STACKS):
                found = [fences(Use(action, verb, actions, facts)) for facts in roles]
            else:
                found = [stack_fences(StackUse(action, verb, facts)) for facts in stacks]
            yield from ((action, fence) for every in found for fence in every)


class _Scope(NamedTuple):
    """What one statement is about, and what it is called."""

    name: str
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]


def _statements(granted: Mapping[str, Sequence[Fence]]) -> Iterator[dict[str, Any]]:
    together: dict[_Scope, list[str]] = {}
    for action, every in granted.items():
        for scope in _scopes(every):
            together.setdefault(scope, []).append(action)
    names = Counter[str]()
    for scope in sorted(together):
        names[scope.name] += 1
        number = str(names[scope.name]) if names[scope.name] > 1 else ""
        yield _statement(f"{scope.name}{number}", sorted(together[scope]), scope)


def _scopes(every: Iterable[Fence]) -> Iterator[_Scope]:
    """What an action is allowed on, as few as there are kinds, resources under one condition together."""
    plain: dict[tuple[str, tuple[Condition, ...]], list[str]] = {}
    for (kind, resources, conditions), values in _by_values(every).items():
        filled = tuple(
            Condition(operator, key, tuple(sorted(found)))
            for (operator, key), found in zip(conditions, values, strict=True)
        )
        plain.setdefault((kind, filled), []).extend(resources)
    for (kind, filled), found in plain.items():
        yield _Scope(_SIDS[kind], _least(found), filled)


_Keys = tuple[tuple[str, str], ...]


def _by_values(every: Iterable[Fence]) -> dict[tuple[str, tuple[str, ...], _Keys], list[set[str]]]:
    """The values of conditions that are of the same kind, on the same resources."""
    found: dict[tuple[str, tuple[str, ...], _Keys], list[set[str]]] = {}
    for one in every:
        keys = tuple((condition.operator, condition.key) for condition in one.conditions)
        values = found.setdefault((one.kind, one.resources, keys), [set() for _ in keys])
        for known, condition in zip(values, one.conditions, strict=True):
            known.update(condition.values)
    return found


def _least(resources: Iterable[str]) -> tuple[str, ...]:
    """Each once, without those that another one stands for."""
    found = sorted(set(resources))
    return tuple(one for one in found if not any(other != one and _covers(other, one) for other in found))


def _covers(pattern: str, name: str) -> bool:
    # In IAM as here `*` and `?` stand for anything; brackets mean nothing there.
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _statement(sid: str, actions: Sequence[str], scope: _Scope) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for one in scope.conditions:
        conditions.setdefault(one.operator, {})[one.key] = _one_or_all(one.values)
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": _one_or_all(actions),
        "Resource": _one_or_all(scope.resources),
        **({"Condition": conditions} if conditions else {}),
    }


def _one_or_all(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
