"""Whom a role lets in: the trust policy for workflows of one repository on GitHub."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from udo.errors import UsageError
from udo.iam.place import ANY
from udo.iam.policy import VERSION

if TYPE_CHECKING:
    from udo.iam.place import Place

# Source: docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws.
ISSUER = "token.actions.githubusercontent.com"
# Source: docs.github.com: names of accounts and of repositories; what follows is a part of the `sub` of a token.
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*/[A-Za-z0-9._-]+")
_FROM = re.compile(r"ref:refs/(?:heads|tags)/\S+|environment:\S+|pull_request")


def repository(text: str) -> tuple[str, str]:
    """OWNER/REPO and what of it may come, `*` for all.

    Raises: UsageError.
    """
    name, colon, what = text.partition(":")
    if not _REPOSITORY.fullmatch(name) or name.endswith(("/.", "/..")):
        raise UsageError(f"{text!r} is no repository on GitHub", hint="write OWNER/REPO")
    if colon and not _FROM.fullmatch(what):
        told = f"{what!r} is no part of {name}"
        raise UsageError(told, hint="write environment:NAME, ref:refs/heads/NAME, ref:refs/tags/NAME or pull_request")
    return name, what or ANY


def trust(place: Place, name: str, what: str) -> dict[str, Any]:
    """The trust policy of a role that workflows of a repository assume by GitHub's OIDC provider.

    Raises: UsageError where the account is unknown.
    """
    if place.account == ANY:
        raise UsageError("the account is unknown, and a principal needs it", hint="set account in udo.yml")
    audience = "sts.amazonaws.com.cn" if place.partition == "aws-cn" else "sts.amazonaws.com"
    conditions: dict[str, dict[str, str]] = {"StringEquals": {f"{ISSUER}:aud": audience}}
    operator = "StringLike" if "*" in what or "?" in what else "StringEquals"
    conditions.setdefault(operator, {})[f"{ISSUER}:sub"] = f"repo:{name}:{what}"
    statement = {
        "Sid": "GitHubActions",
        "Effect": "Allow",
        "Principal": {"Federated": place.iam(f"oidc-provider/{ISSUER}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }
    return {"Version": VERSION, "Statement": [statement]}
