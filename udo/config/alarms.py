"""What is wrong with the alarms of a role once all is merged, told where a profile is used if it is of that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from udo.config.alarm_rules import RuleError, names, words
from udo.config.suggesting import among
from udo.config.tree import Mark, Table
from udo.config.wording import brief
from udo.errors import ConfigError, Problem
from udo.schema.alarms import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.config.roles import Role

KINDS = ("metric", "metrics", "composite")
# What else an alarm of a kind may say.
_COMPARED = (*COMPARISONS, "for", "missing")
_BESIDE = {
    "metric": (*_COMPARED, "dimensions", "statistic"),
    "metrics": _COMPARED,
    "composite": (),
}
_ALWAYS = ("tell", "doc")
# Source: API_PutMetricAlarm, AlarmName, AlarmDescription and the lists of actions; API_PutCompositeAlarm, AlarmRule.
_LONGEST_NAME, _LONGEST_DOC, _MOST_TOLD, _MOST_CHILDREN = 255, 1024, 5, 100
# Source: API_MetricDataQuery, Id.
_ID = re.compile("[a-z][A-Za-z0-9_]*")


def full_name(role: Role, name: str) -> str:
    """What an alarm of a role is called in AWS."""
    return f"{role.cluster}-{role.name}-{name}"


def check_alarms(role: Role) -> None:
    """Accepts alarms that AWS can be asked for.

    Raises: ConfigError.
    """
    if found := list(wrong_alarms(role, role.get("alarms") or {})):
        raise ConfigError(*found)


def wrong_alarms(role: Role, said: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """What is wrong with the alarms that a role says, once all is merged."""
    for name, one in said.items():
        for wrong in _wrong(role, name, one, said):
            mark, used = _place(role, name)
            yield Problem(*mark, f"alarm '{brief(name)}' {wrong}{used}")


def depends(said: Mapping[str, Mapping[str, Any]], name: str) -> tuple[str, ...]:
    """The alarms that a composite one is made of; none of any other, or where its rule is none."""
    try:
        return names(words(said[name].get("composite") or ""))
    except RuleError:
        return ()


def _wrong(role: Role, name: str, one: Mapping[str, Any], said: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    kinds = [kind for kind in KINDS if kind in one]
    if len(kinds) != 1:
        yield (
            f"has {' and '.join(kinds)}: keep one" if kinds else f"looks at nothing: it needs one of {', '.join(KINDS)}"
        )
        return
    (kind,) = kinds
    if beside := [key for key in one if key not in (kind, *_BESIDE[kind], *_ALWAYS)]:
        yield f"has {kind}, with which {' and '.join(beside)} cannot stand: take out one or the other"
    if kind == "composite":
        yield from _wrong_rule(name, str(one["composite"]), said)
    else:
        yield from _wrong_threshold(one)
    if kind == "metrics":
        yield from _wrong_queries(one["metrics"])
    if len(full_name(role, name)) > _LONGEST_NAME:
        yield f"is called {brief(full_name(role, name))} in AWS, which is more than {_LONGEST_NAME} characters"
    if len(one.get("doc") or "") > _LONGEST_DOC:
        yield f"has a doc of {len(one['doc'])} characters: AWS takes at most {_LONGEST_DOC}"
    yield from _wrong_topics(role, one.get("tell") or ())
    for dimension in (name for name, text in (one.get("dimensions") or {}).items() if not text):
        yield f"has the dimension {brief(dimension)} without a value: AWS takes none that is empty"


def _wrong_topics(role: Role, told: Sequence[str]) -> Iterator[str]:
    if len(told) > _MOST_TOLD:
        yield f"tells {len(told)}: AWS takes at most {_MOST_TOLD}"
    region = role.get("region")
    for one in told:
        # arn:PARTITION:SERVICE:REGION:..
        there = one.split(":")[3] if one.startswith("arn:") and one.count(":") > 3 else ""
        if region and there and there != region:
            yield f"tells {brief(one)}: an alarm of {region} tells none of another region"


def _wrong_threshold(one: Mapping[str, Any]) -> Iterator[str]:
    found = [key for key in COMPARISONS if key in one]
    if not found:
        yield f"has no threshold: it needs one of {', '.join(COMPARISONS)}"
    elif len(found) > 1:
        yield f"has {' and '.join(found)}: keep one, and set the other to null where it is inherited"


def _wrong_queries(queries: list[Mapping[str, Any]]) -> Iterator[str]:
    ids = [str(query.get("Id") or "") for query in queries]
    if "" in ids:
        yield "has metrics without an Id: each needs one"
    elif odd := [one for one in ids if not _ID.fullmatch(one)]:
        yield f"has a metric with the Id {brief(odd[0])}: it is a small letter, then letters, digits and '_'"
    elif twice := [one for place, one in enumerate(ids) if one in ids[:place]]:
        yield f"has two metrics with the Id {twice[0]}"
    shown = [one for one, query in zip(ids, queries, strict=True) if query.get("ReturnData") is not False]
    if len(shown) != 1:
        told = f"{', '.join(shown)} are all compared" if shown else "none of them is compared"
        yield f"has metrics of which exactly one has to be compared, and {told}: set ReturnData to false for the others"


def _wrong_rule(name: str, rule: str, said: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    try:
        inside = names(words(rule))
    except RuleError as error:
        yield f"has the rule '{brief(rule)}', which is none: {error}; write it like ALARM(slow) OR ALARM(errors)"
        return
    for one in inside:
        if one not in said:
            others = [other for other in said if other != name]
            yield f"names the alarm '{brief(one)}', which is none of this role: {among(one, others)}"
    if len(inside) > _MOST_CHILDREN:
        yield f"names {len(inside)} alarms: AWS takes at most {_MOST_CHILDREN}"
    if name in inside:
        yield "names itself: take itself out of its rule"
    elif (way := _circle(name, said)) and name == min(way):
        # Once for all that stand on it.
        yield f"is made of itself: {' -> '.join((*way, name))}"


def _circle(name: str, said: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """A way through rules that leads back to the alarm; empty for none."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for one in depends(said, way[-1]):
            if one == name:
                return way
            if one in said and one not in seen:
                seen.add(one)
                ways.append((*way, one))
    return ()


def _place(role: Role, name: str) -> tuple[Mark, str]:
    """Where it is told: at the alarm, or where the profile that says it last is used, with where that says it."""
    for part in reversed(role.history("alarms")):
        entry = part.value.entries.get(name) if isinstance(part.value, Table) else None
        if entry is not None:
            return (part.used[-1], f" ({entry.mark})") if part.used else (entry.mark, "")
    return role.mark_of("alarms"), ""
