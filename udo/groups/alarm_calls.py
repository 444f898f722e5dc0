"""The calls that bring the alarms of a role to what udo.yml says, and those that delete what it no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from udo.change.plan import NONE, Call, Difference, Pair, Read
from udo.errors import Conflict
from udo.groups.alarms import Wanted, marks, wanted_alarms
from udo.groups.points import literal, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from udo.config import Role
    from udo.groups.alarms import Row

# Source: API_DescribeAlarms: without AlarmTypes composite alarms are left out; at most 100 a page.
_KINDS = ["MetricAlarm", "CompositeAlarm"]
_A_PAGE = 100
_ALL = "[MetricAlarms, CompositeAlarms][]"
# The tags of an alarm, where they were read: of those alone that may be written.
TAGS = "udo:tags"


class Work(NamedTuple):
    """Calls, what each changes, and what keeps them from being made."""

    calls: tuple[Call, ...] = ()
    differences: tuple[Difference, ...] = ()
    refused: Conflict | None = None


class Gone(NamedTuple):
    """An alarm that udo.yml does not have, by its name there, and the call that deletes it."""

    name: str
    call: Call


def observe_alarms(reading: Callable[[Read], Any], role: Role, place: str) -> dict[str, Row]:
    """The alarms whose names begin like those of the role, by their names, with the tags of those to be written.

    Raises: UdoError.
    """
    there = _named(reading, role)
    equal = {one.full for one in wanted_alarms(role, place) if one.full in there and not _differ(one, there[one.full])}
    return {name: row if name in equal else _tagged(reading, row) for name, row in there.items()}


def observe_named(reading: Callable[[Read], Any], role: Role) -> dict[str, Row]:
    """The alarms whose names begin like those of the role, by their names, with their tags.

    Raises: UdoError.
    """
    return {name: _tagged(reading, row) for name, row in _named(reading, role).items()}


def alarm_work(role: Role, there: Mapping[str, Row], place: str) -> Work:
    """A call for each alarm that is missing or otherwise, those that others are made of first.

    Raises: ConfigError.
    """
    calls: list[Call] = []
    differences: list[Difference] = []
    refused = None
    for one in wanted_alarms(role, place):
        live = there.get(one.full)
        if live is not None and not _differ(one, live):
            continue
        refused = refused or _refusal(role, one, live)
        calls.append(_put(role, one, live))
        if live is None:
            differences.append(Difference(f"alarms.{one.name}", NONE, str(one)))
        else:
            differences += [point.difference() for point in one.points(live) if point.differs]
    return Work(tuple(calls), tuple(differences), refused)


def gone_alarms(role: Role, there: Mapping[str, Row], kept: Sequence[str] = ()) -> Iterator[Gone]:
    """The alarms that Udo made of the role but for those kept, by their names in AWS; before its children the one that
    is made of them."""
    ours = {name: row for name, row in there.items() if name not in kept and row.get(TAGS) == _marked(role)}
    for name in _parents_first(ours):
        read = _read(name, "AlarmName")
        seen = Pair(_read(name, "AlarmArn"), ours[name]["AlarmArn"], f"alarm {name}")
        call = Call(
            f"delete alarm {name}",
            "cloudwatch",
            "DeleteAlarms",
            {"AlarmNames": [name]},
            expect=(seen, _ours(role, ours[name])),
            proof=(Pair(read, None, f"alarm {name}"),),
        )
        yield Gone(name.removeprefix(_prefix(role)), call)


def _named(reading: Callable[[Read], Any], role: Role) -> dict[str, Row]:
    asked = {"AlarmNamePrefix": _prefix(role), "AlarmTypes": _KINDS, "MaxRecords": _A_PAGE}
    return {row["AlarmName"]: row for row in reading(Read("cloudwatch", "DescribeAlarms", asked, _ALL)) or ()}


def _tagged(reading: Callable[[Read], Any], row: Row) -> Row:
    return {**row, TAGS: reading(_tags_read(row["AlarmArn"]))}


def _differ(wanted: Wanted, live: Row) -> bool:
    return any(point.differs for point in wanted.points(live))


def _put(role: Role, one: Wanted, live: Row | None) -> Call:
    rows = one.points(live)
    read = _read(one.full, together(rows))
    if live is None:
        seen: tuple[Pair, ...] = (Pair(_read(one.full, "AlarmName"), None, f"alarm {one.full}"),)
    else:
        was = Pair(read, [point.live for point in rows], f"alarm {one.full}")
        seen = (was, _ours(role, live))
    # Source: API_PutMetricAlarm, Tags: of an alarm that exists they are not changed.
    tags = {} if live else {"Tags": [{"Key": key, "Value": value} for key, value in marks(role).items()]}
    return Call(
        f"{'change' if live else 'make'} alarm {one.full}",
        "cloudwatch",
        one.operation,
        {**one.sent(live), **tags},
        expect=seen,
        proof=(Pair(read, [point.wanted for point in rows], f"alarm {one.full}"),),
    )


def _refusal(role: Role, one: Wanted, live: Row | None) -> Conflict | None:
    """Why an alarm that there is must not be put."""
    if live is None:
        return None
    if live[TAGS] != _marked(role):
        tags = " ".join(f"Key={key},Value={value}" for key, value in marks(role).items())
        take = f"aws cloudwatch tag-resource --resource-arn {live['AlarmArn']} --tags {tags}"
        told = f"alarm {one.full} exists and is not managed by Udo"
        return Conflict(told, hint=f"nothing was changed; call yours otherwise, or hand it to Udo: {take}")
    if ("AlarmRule" in live) != (one.operation == "PutCompositeAlarm"):
        was, will = ("composite", "on a metric") if "AlarmRule" in live else ("on a metric", "composite")
        off = f"aws cloudwatch delete-alarms --alarm-names {one.full}"
        told = f"alarm {one.full} is {was}, and AWS makes it no alarm {will}"
        return Conflict(told, hint=f"nothing was changed; call the new one otherwise, or delete it first: {off}")
    return None


def _ours(role: Role, live: Row) -> Pair:
    return Pair(_tags_read(live["AlarmArn"]), _marked(role), f"tags of alarm {live['AlarmName']}")


def _marked(role: Role) -> list[str]:
    return sorted(f"{key}={value}" for key, value in marks(role).items())


def _read(full: str, path: str) -> Read:
    asked = {"AlarmNames": [full], "AlarmTypes": _KINDS}
    return Read("cloudwatch", "DescribeAlarms", asked, f"{_ALL} | [?AlarmName=={literal(full)}] | [0].{path}")


def _tags_read(arn: str) -> Read:
    """The tags of an alarm by which Udo knows it, as `key=value`."""
    path = "sort(Tags[?starts_with(Key, 'udo:')].join('=', [Key, Value]))"
    return Read("cloudwatch", "ListTagsForResource", {"ResourceARN": arn}, path)


def _prefix(role: Role) -> str:
    return f"{role.cluster}-{role.name}-"


def _parents_first(rows: Mapping[str, Row]) -> list[str]:
    left, found = dict(rows), list[str]()
    while left:
        rules = {name: str(row.get("AlarmRule") or "") for name, row in left.items()}
        free = [name for name in left if not any(name in rule for other, rule in rules.items() if other != name)]
        # Of alarms that are made of each other AWS deletes none.
        for name in free or [*left]:
            found.append(name)
            del left[name]
    return found
