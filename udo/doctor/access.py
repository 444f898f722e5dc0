"""Checks of what all roles that are reached the same way have in common: credentials and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from udo.config.known import value
from udo.doctor.finding import Finding, Subject, fails, unknown, warning

if TYPE_CHECKING:
    from udo.config import Role

# Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv4-troubleshooting.html: a request must arrive within
# five minutes of its time stamp.
_LIMIT = 300.0
_FAR = 60.0
# What `deploy.timeout` is where nothing is said.
_DEPLOYMENT = 3600.0


def credentials(subject: Subject) -> Iterator[Finding]:
    """No or refused credentials, those of another account, of root, or that end before a deployment does."""
    facts = subject.facts
    if facts.refused:
        yield fails(*facts.refused)
    caller = facts.caller
    if caller is None:
        return
    for account, role in _accounts(subject):
        if account != caller.account:
            says = f"these credentials are of account {caller.account}, {role.label} is in {account}"
            yield fails(says, role.where("account"), "set aws_profile or assume_role, or use --profile")
    if caller.arn.endswith(":root"):
        yield warning(f"this is the root user of {caller.account}, whom no policy limits", caller.arn, "use a role")
    if caller.expires_at is not None and not caller.renewed:
        left = caller.expires_at - subject.now
        needed = max(value(role, "deploy.timeout") or _DEPLOYMENT for role in subject.roles)
        if left < needed:
            says = f"they expire in {length(left)}, and a deployment may take {length(needed)}"
            yield warning(says, caller.source, "renew them first")


def _accounts(subject: Subject) -> Iterator[tuple[str, Role]]:
    seen: set[str] = set()
    for role in subject.roles:
        if role.account and role.account not in seen:
            seen.add(role.account)
            yield role.account, role


def clock(subject: Subject) -> Iterator[Finding]:
    """A clock so far from AWS's that requests are refused, or soon are."""
    skew = subject.facts.skew
    if skew is None and not subject.facts.refused:
        yield unknown("AWS did not say what time it is")
    elif skew is not None and abs(skew) >= _FAR:
        says = f"this machine's clock is {length(abs(skew))} {'behind' if skew > 0 else 'ahead of'} AWS's"
        told = fails if abs(skew) >= _LIMIT else warning
        after = ": requests are refused" if abs(skew) >= _LIMIT else ""
        yield told(f"{says}{after}", "", "set it by NTP: timedatectl set-ntp true")


def length(seconds: float) -> str:
    """A length of time in its largest unit."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
