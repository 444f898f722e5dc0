"""AWS's own policies of IAM, each made when it is first named."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from udo.sandbox.strict.rules import Request, refuses

_ARN = re.compile(r"arn:aws[\w-]*:iam::aws:policy/(?:.*/)?([^/]+)")
_NAMING = (
    "AttachGroupPolicy",
    "AttachRolePolicy",
    "AttachUserPolicy",
    "GetPolicy",
    "GetPolicyVersion",
    "ListEntitiesForPolicy",
    "ListPolicyVersions",
)


@refuses("iam", *_NAMING, "ListPolicies", moto="has none of them unless all are loaded at its start")
def managed_policies_exist(request: Request) -> None:
    """The policies that AWS manages are there, as arn:aws:iam::aws:policy/..., to be attached, read and listed.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html.
    """
    backend: Any = iam_backends[request.account]["aws"]
    named = _ARN.fullmatch(str(request.response._get_param("PolicyArn") or ""))
    if request.response._get_action() == "ListPolicies" and request.response._get_param("Scope") != "Local":
        wanted: Any = _documents()
    else:
        wanted = [named[1]] if named and named[1] in _documents() else []
    known = {policy.name for policy in backend.aws_managed_policies}
    for name in wanted:
        if name not in known:
            made = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, _documents()[name])
            backend.aws_managed_policies.append(made)
            backend.managed_policies[made.arn] = made


@functools.cache
def _documents() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return loaded
