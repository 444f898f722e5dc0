"""Reads what the checks rest on, with progress, and makes each of them of every role."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from udo.change.events import Progress
from udo.doctor.checks import CHECKS
from udo.doctor.facts import Facts
from udo.doctor.finding import Check, Finding, Subject, unknown
from udo.doctor.living import existence
from udo.doctor.reads import Way
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.config import Role
    from udo.session import Session

# Seconds before it is told how far the reads are.
_SOON = 1.0
GROUP = "group"
# Parts of the facts that have another word for people.
_WORDS = {
    "caller": "whose they are",
    "decisions": "what IAM's simulator says",
    "hosts": "instances",
    "failed": "the instances of the last deployment",
    "listeners": "subscriptions of others",
    "numbers": "launch templates",
    "rules": "rules of EventBridge",
    "subscribed": "subscriptions",
    "targets": "the health of targets",
    "tokens": "the account's defaults of instance metadata",
    "versions": "launch template versions",
    "warm": "the warm pool",
}


@frozen
class Examined:
    """What was found of a role, or of what all roles reached the same way have in common (`role` is None).

    `findings` are each with the name of its check, the worst first; `passed` are the names of the others.
    """

    role: Role | None
    heading: str
    group: str
    findings: tuple[tuple[str, Finding], ...]
    passed: tuple[str, ...]


def observe(session: Session, roles: Sequence[Role]) -> tuple[list[Examined], list[str]]:
    """What was found, what is in common first and then role by role, and the footnotes.

    Raises: UdoError where AWS does not answer, or tells of no group.
    """
    ways = [Way(aws, tuple(found), Facts(aws.region or "")) for aws, found in session.by_aws(roles)]
    reached = [way for way in ways if not way.refused()]
    reading = _Reading(session)
    for stage in (Way.first, Way.copies, Way.then, Way.versions, Way.last):
        reading.all(read for way in reached for read in stage(way))
    reading.all(read for way in reached for read in way.permissions(session))
    reading.all(read for way in reached for read in way.apart())
    # Credentials have the time of day, whatever the sandbox's is.
    found = [_common(way, time.time()) for way in ways]
    examined = {one.label: _role(way, one, session.clock.time()) for way in reached for one in way.roles}
    notes = dict.fromkeys(note for way in ways for note in way.notes)
    return [*found, *(examined[role.label] for role in roles if role.label in examined)], list(notes)


class _Reading:
    """The reads of all stages; from a second on their progress is shown."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._begun = time.monotonic()
        self._lock = Lock()
        self._done = self._total = 0

    def all(self, reads: Iterable[Callable[[], None]]) -> None:
        """Makes the reads at the same time."""
        wanted = list(reads)
        self._total += len(wanted)
        self._session.together([self._counted(read) for read in wanted])

    def _counted(self, read: Callable[[], None]) -> Callable[[], None]:
        def counted() -> None:
            read()
            with self._lock:
                self._done += 1
                waited = time.monotonic() - self._begun
                if waited > _SOON:
                    self._session.emit(Progress("asking AWS", self._done / self._total, waited))

        return counted


def _common(way: Way, now: float) -> Examined:
    caller, region = way.facts.caller, way.facts.region
    heading = f"account {caller.account}, {region}" if caller else region
    shared = [check for check in CHECKS if check.shared]
    subject = Subject(way.roles, None, way.facts, now)
    return _examined(None, heading, "", shared, subject)


def _role(way: Way, role: Role, now: float) -> Examined:
    group = way.facts.groups.get(way.name(role))
    subject = Subject((role,), group, way.facts, now)
    heading = f"{role.cluster} {role.name}"
    if bad := tuple((GROUP, one) for one in existence(subject)):
        return Examined(role, heading, way.name(role), bad, ())
    return _examined(role, heading, way.name(role), [one for one in CHECKS if not one.shared], subject)


def _examined(role: Role | None, heading: str, group: str, checks: Sequence[Check], subject: Subject) -> Examined:
    found = [(check.name, finding) for check in checks for finding in _found(check, subject)]
    bad = {name for name, _ in found}
    order = ("fails", "warning", "unknown")
    found.sort(key=lambda pair: order.index(pair[1].level))
    return Examined(role, heading, group, tuple(found), tuple(one.name for one in checks if one.name not in bad))


def _found(check: Check, subject: Subject) -> Iterator[Finding]:
    if missing := [part for part in check.reads if part in subject.facts.unread]:
        yield unknown(f"{' and '.join(_WORDS.get(one, one.replace('_', ' ')) for one in missing)} could not be read")
    else:
        yield from check.find(subject)
