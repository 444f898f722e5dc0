"""Checks of what was left on a group: processes suspended for days, and tags of Udo's that nobody takes away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from udo.deploy.suspend import recorded
from udo.doctor.access import length
from udo.doctor.finding import Finding, Subject, fails, warning
from udo.errors import Refused
from udo.groups.asleep import ASLEEP, is_asleep
from udo.groups.processes import BY_RUN, DANGERS, TAG, is_or_are, listed
from udo.status.page import deployment_group

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup

# So long a process may be suspended.
_LONG = 86400.0
# Source: botocore autoscaling SuspendedProcess, SuspensionReason, and the example of DescribeAutoScalingGroups.
_WHEN = re.compile(r"suspended at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))")
_CREATING = "udo:creating"


def processes(subject: Subject) -> Iterator[Finding]:
    """Processes that have been suspended for more than a day, or nobody knows since when."""
    group = _group(subject)
    # What sleep and runs have suspended is theirs to resume: told of where it is left behind.
    theirs = {*(group.tags.get(ASLEEP, "").split() if is_asleep(group) else ()), *group.tags.get(BY_RUN, "").split()}
    for name, reason in group.suspended_processes.items():
        since = _since(reason)
        if name in theirs or (since is not None and subject.now - since <= _LONG):
            continue
        when = f"since {reason!r}" if since is None else f"for {length(subject.now - since)}"
        danger = f": {DANGERS[name]}" if name in DANGERS else ""
        yield warning(f"{name} is suspended {when}{danger}", group.name, f"udo resume {subject.words} {name}")


def _since(reason: str) -> float | None:
    found = _WHEN.search(reason)
    return datetime.fromisoformat(found[1]).timestamp() if found else None


def tags(subject: Subject) -> Iterator[Finding]:
    """Tags of Udo's whose run has ended: of create, deploy, sleep and suspend."""
    group = _group(subject)
    if _CREATING in group.tags:
        yield warning(f"{group.name} is not whole: its creation broke off", _CREATING, f"udo create {subject.words}")
    yield from _by_run(subject, group)
    if ASLEEP in group.tags and not is_asleep(group):
        says = f"tag {ASLEEP} says that it sleeps, and it has a desired capacity of {group.desired_capacity}"
        yield warning(says, ASLEEP, f"udo wake {subject.words}")
    noted = [name for name in group.tags.get(TAG, "").split() if name not in group.suspended_processes]
    if noted:
        says = f"tag {TAG} says that {listed(noted)} {is_or_are(noted)} suspended, and {is_or_are(noted)} not"
        yield warning(says, TAG, f"udo resume {subject.words}")


def _by_run(subject: Subject, group: AutoScalingGroup) -> Iterator[Finding]:
    """What a run of deploy has suspended, once no lock and no deployment is at work any more."""
    if BY_RUN not in group.tags:
        return
    lock = subject.facts.locks.get(group.name)
    named = deployment_group(subject.role)
    over = subject.facts.deployment_groups.get(named) if named else None
    at_work = over and over.last_status not in ("", "Succeeded", "Failed", "Stopped")
    if at_work or (lock and lock.row(subject.now)["state"] == "at work"):
        return
    says = f"tag {BY_RUN} holds {group.tags[BY_RUN]!r}"
    with suppress(Refused):
        if record := recorded(group):
            says = (
                f"{listed(record.processes)} {is_or_are(record.processes)} suspended by run {record.run}, which is over"
            )
    yield fails(says, BY_RUN, f"udo resume {subject.words} --recover")


def _group(subject: Subject) -> AutoScalingGroup:
    assert subject.group  # noqa: S101  (these are checks of roles whose group exists)
    return subject.group
