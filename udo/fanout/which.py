"""Chooses the members of a group that are meant, and takes what the command line says of that."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from udo.frozen import frozen
from udo.groups.observe import absent_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from udo.groups.observe import Seen
    from udo.model.groups import Member


Fits = Callable[["Member"], bool]


@frozen
class Whom:
    """Which members are meant; what is empty, None or False leaves no one out, and no `states` means InService."""

    zones: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    newest: int | None = None
    oldest: int | None = None
    pick: int | None = None
    outdated: bool = False
    only_failed: bool = False


@frozen
class Chosen:
    """The members that are meant, in the order of the group; `why` says why there is none."""

    members: tuple[Member, ...] = ()
    why: str = ""


def chosen(seen: Seen, whom: Whom, outdated: Collection[str] = (), failed: Collection[str] = ()) -> Chosen:
    """The members of one group that are meant.

    `outdated` and `failed` are the ids of which that is true; they count only where `whom` asks for them.
    """
    if seen.group is None:
        return Chosen(why=absent_text(seen.role))
    if not seen.group.members:
        return Chosen(why=f"group {seen.group.name} is empty")
    left = seen.group.members
    for says, fits in _tests(seen, whom, outdated, failed):
        kept = tuple(member for member in left if fits(member))
        if not kept:
            return Chosen(why=f"group {seen.group.name} {says} {_of(left)}")
        left = kept
    return Chosen(_few(seen, whom, left))


def _tests(seen: Seen, whom: Whom, outdated: Collection[str], failed: Collection[str]) -> Iterator[tuple[str, Fits]]:
    """What a member must be, each with the words for a group that has none."""
    if not whom.states:
        yield "has no instance in service", lambda member: member.in_service
    elif "any" not in whom.states:
        wanted = {state.lower() for state in whom.states}
        yield f"has no instance that is {_or(whom.states)}", lambda member: member.lifecycle_state.lower() in wanted
    if whom.instances:
        yield f"has no instance {_or(whom.instances)} among", lambda member: member.instance_id in whom.instances
    if whom.excluded:
        yield "has nobody left:", lambda member: member.instance_id not in whom.excluded
    if whom.zones:
        yield f"has no instance in {_or(whom.zones)}:", lambda member: member.availability_zone in whom.zones
    for key, value in whom.tags:
        yield f"has no instance with the tag {key}={value}:", _tagged(seen, key, value)
    if whom.outdated:
        yield "has no outdated instance:", lambda member: member.instance_id in outdated
    if whom.only_failed:
        yield "has no instance that failed in the last run:", lambda member: member.instance_id in failed


def _tagged(seen: Seen, key: str, value: str) -> Fits:
    def fits(member: Member) -> bool:
        instance = seen.instances.get(member.instance_id)
        return instance is not None and instance.tags.get(key) == value

    return fits


def _few(seen: Seen, whom: Whom, members: Sequence[Member]) -> tuple[Member, ...]:
    if whom.pick:
        some = set(random.sample(range(len(members)), min(whom.pick, len(members))))
        return tuple(member for number, member in enumerate(members) if number in some)
    count = whom.newest or whom.oldest
    if not count:
        return tuple(members)

    def launched(member: Member) -> tuple[str, str]:
        instance = seen.instances.get(member.instance_id)
        return (instance.launched_at if instance else "", member.instance_id)

    ordered = sorted(members, key=launched, reverse=bool(whom.newest))
    return tuple(ordered[:count])


def _of(members: Sequence[Member]) -> str:
    states = Counter(member.lifecycle_state for member in members)
    return f"({', '.join(f'{count} {state}' for state, count in states.items())})"


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)
