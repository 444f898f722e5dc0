"""The users, roles and policies that a request to IAM is about; all are of no region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


def _owner(kind: str, known: str, parameter: str) -> Callable[[Ask], Iterator[str]]:
    def named(ask: Ask) -> Iterator[str]:
        there = {one.name: one.arn for one in _known(ask, known)}
        names = ask.named(parameter)
        if kind == "user" and not names and ask.caller.is_user:
            # Source: IAM API Reference: whose name is not given is the one who asks.
            names = [ask.caller.name]
        path = "".join(ask.named("Path")) or "/"
        yield from (there.get(name, ask.arn(f"{kind}{path}{name}", region="")) for name in names)

    return named


def role_of_profile(ask: Ask, profile: str) -> str | None:
    """The ARN of the role in an instance profile, given by its name or its ARN; None where there is none."""
    for one in _known(ask, "instance_profiles"):
        if profile in (one.name, one.arn) and one.roles:
            return str(one.roles[0].arn)
    return None


def _known(ask: Ask, what: str) -> list[Any]:
    return list(getattr(ask.backend(iam_backends, ask.partition), what).values())


def _policies(ask: Ask) -> Iterator[str]:
    # What is attached is no resource but a condition.
    if ask.asked.operation.startswith(("Attach", "Detach")):
        return
    yield from ask.named("PolicyArn")
    if ask.asked.operation == "CreatePolicy":
        path = "".join(ask.named("Path")) or "/"
        yield from (ask.arn(f"policy{path}{name}", region="") for name in ask.named("PolicyName"))


NAMERS = {
    "user": _owner("user", "users", "UserName"),
    "group": _owner("group", "groups", "GroupName"),
    "role": _owner("role", "roles", "RoleName"),
    "instance-profile": _owner("instance-profile", "instance_profiles", "InstanceProfileName"),
    "policy": _policies,
}
