"""Chooses the members of a group that are meant, and takes what the command line says of that."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from udo.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from udo.commands.instances import Seen
    from udo.model import Member

_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")

Fits = Callable[["Member"], bool]


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Chosen:
    """The members that are meant, in the order of the group; `why` says why there is none."""

    members: tuple[Member, ...] = ()
    why: str = ""


def chosen(seen: Seen, whom: Whom, outdated: Collection[str] = (), failed: Collection[str] = ()) -> Chosen:
    """The members of one group that are meant.

    `outdated` and `failed` are the ids of which that is true; they count only where `whom` asks for them.
    """
    if seen.group is None:
        return Chosen(why=f"group {seen.role.group_name} of {seen.role.label} does not exist")
    if not seen.group.members:
        return Chosen(why=f"group {seen.group.name} is empty")
    left = seen.group.members
    for says, fits in _tests(seen, whom, outdated, failed):
        kept = tuple(member for member in left if fits(member))
        if not kept:
            return Chosen(why=f"group {seen.group.name} {says} {_of(left)}")
        left = kept
    return Chosen(_few(seen, whom, left))


def whom_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say whom, which `whom_of` takes back out."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def whom_of(given: dict[str, Any]) -> Whom:
    """Takes what the options of `whom_options` gave out of `given`. Raises: UsageError for what excludes each other."""
    whom = Whom(**{part.name: given.pop(part.name) for part in fields(Whom)})
    few = [f"--{name}" for name in ("newest", "oldest", "pick") if getattr(whom, name)]
    if len(few) > 1:
        raise UsageError(f"{' and '.join(few)} exclude each other", hint="choose one")
    return whom


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
        yield "has no instance launched from anything else than now:", lambda member: member.instance_id in outdated
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


def _list(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for text in given for word in _words(text))


def _words(text: str) -> list[str]:
    words = text.split(",")
    if not all(words):
        raise UsageError(f"{text!r} is not a list", hint="separate with ',' and nothing else")
    return words


def _ids(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    ids = _list(ctx, param, given)
    for one in ids:
        if not _INSTANCE_ID.fullmatch(one):
            raise UsageError(f"{one!r} is not an instance id")
    return ids


def _tags(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    for text in given:
        if text.find("=") < 1:
            raise UsageError(f"{text!r} is not a tag", hint="write KEY=VALUE")
    return tuple((key, value) for key, _, value in (text.partition("=") for text in given))


def _several(names: Sequence[str], metavar: str, callback: Any, help: str) -> Any:
    return click.option(*names, metavar=metavar, multiple=True, callback=callback, help=help)


_COUNT = click.IntRange(1)
_OPTIONS = (
    _several(("--az", "zones"), "ZONE,...", _list, "Only those in these availability zones."),
    click.option("--newest", metavar="N", type=_COUNT, help="Only the N of each group that were launched last."),
    click.option("--oldest", metavar="N", type=_COUNT, help="Only the N of each group that were launched first."),
    click.option("--pick", metavar="N", type=_COUNT, help="Only N of each group, at random."),
    _several(("--instance", "instances"), "ID,...", _ids, "Only these."),
    _several(("--exclude", "excluded"), "ID,...", _ids, "All but these."),
    _several(
        ("--state", "states"), "STATE,...", _list, "Those in these lifecycle states, or 'any' (default: InService)."
    ),
    _several(("--tag", "tags"), "KEY=VALUE", _tags, "Only those with this tag."),
    click.option("--outdated", is_flag=True, help="Only those launched from something else than the group's now."),
    click.option("--only-failed", is_flag=True, help="Only those that did not end well in the last run here."),
)
