"""Who a request is from: the user or the role that its access key belongs to, and the policies of each."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from udo.sandbox.strict import moment

# What cannot be read allows nothing.
_NOTHING = '{"Statement": []}'


@dataclass(frozen=True)
class Caller:
    """Who asks. `arn` is how errors name it, `principal` what policies know it by.

    `layers` are the policies by what they are: every layer has to allow a request.
    """

    arn: str
    principal: str
    user_id: str
    name: str
    layers: tuple[tuple[str, tuple[str, ...]], ...]
    token: str = ""
    expires: datetime.datetime | None = None
    is_active: bool = True
    is_user: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)


def caller(access_key: str, account: str, partition: str = "aws") -> Caller | None:
    """Whose access key it is; None for one that IAM and STS did not make."""
    backend = iam_backends[account][partition]
    found = backend.access_keys.get(access_key)
    if found is not None and found.user_name in backend.users:
        return _user(backend, backend.users[found.user_name], found)
    for role in sts_backends[account][partition].assumed_roles:
        if role.access_key_id == access_key:
            return _session(backend, role)
    return None


def layers_of(arn: str, account: str, partition: str = "aws") -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """The policies of a user or a role by what they are, every layer of which has to allow; None where IAM has none."""
    backend = iam_backends[account][partition]
    user = next((one for one in backend.users.values() if one.arn == arn), None)
    if user is not None:
        groups = [group for group in backend.groups.values() if user in group.users]
        documents = tuple(one for owner in (user, *groups) for one in _documents(owner))
        return (("identity-based policy", documents), *_boundary(backend, getattr(user, "udo_boundary", None)))
    role = next((one for one in backend.roles.values() if one.arn == arn), None)
    if role is None:
        return None
    return (("identity-based policy", tuple(_documents(role))), *_boundary(backend, role.permissions_boundary_arn))


def _user(backend: Any, user: Any, key: Any) -> Caller:
    groups = [group for group in backend.groups.values() if user in group.users]
    documents = tuple(one for owner in (user, *groups) for one in _documents(owner))
    boundary = _boundary(backend, getattr(user, "udo_boundary", None))
    return Caller(
        arn=user.arn,
        principal=user.arn,
        user_id=user.id,
        name=user.name,
        layers=(("identity-based policy", documents), *boundary),
        is_active=key.status == "Active",
        tags=_tags(user.tags),
    )


def _session(backend: Any, session: Any) -> Caller:
    role = next((one for one in backend.roles.values() if one.arn == session.role_arn), None)
    documents = tuple(_documents(role)) if role is not None else ()
    scoped = (("session policy", (session.policy,)),) if session.policy else ()
    return Caller(
        arn=session.arn,
        principal=session.role_arn,
        user_id=session.user_id,
        name=session.session_name,
        layers=(
            ("identity-based policy", documents),
            *_boundary(backend, role and role.permissions_boundary_arn),
            *scoped,
        ),
        token=session.session_token,
        expires=_end(session),
        is_user=False,
        tags=_tags(role.tags) if role is not None else {},
    )


def _end(session: Any) -> datetime.datetime:
    """When it ends by the sandbox's clock: clients go by their own, and are told that of this machine."""
    left = session.expiration - datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    end: datetime.datetime = session.__dict__.setdefault("udo_end", moment.utcnow() + left)
    return end


def _documents(owner: Any) -> Iterator[str]:
    yield from (_text(one) for one in owner.policies.values())
    yield from (_document(one) for one in owner.managed_policies.values())


def _document(policy: Any) -> str:
    found = next((one for one in policy.versions if one.version_id == policy.default_version_id), None)
    return _NOTHING if found is None else _text(found.document)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else _NOTHING


def _boundary(backend: Any, arn: str | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not arn:
        return ()
    policy = backend.managed_policies.get(arn)
    return (("permissions boundary", (_document(policy) if policy is not None else _NOTHING,)),)


def _tags(said: Any) -> dict[str, str]:
    rows = said.values() if isinstance(said, dict) else said or ()
    return {row["Key"]: row["Value"] for row in rows}
