"""What a change set would change, in lines for people: each resource, and each of its properties old to new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from udo.change.plan import NONE, Difference
from udo.stacks.text import kind_text, short_id

if TYPE_CHECKING:
    from udo.model.stacks import ChangeSet, PropertyChange, ResourceChange, Validation
    from udo.stacks.places import Places

_LONGEST = 60
_GOES = {"Retain": "removed from the stack, and kept in AWS", "Snapshot": "removed, with a snapshot of it"}
_OLD = {
    "ReplaceAndRetain": ", the old one is kept in AWS",
    "ReplaceAndSnapshot": ", with a snapshot of the old one",
    "Retain": ", the old one is kept in AWS",
}
_UNKNOWN = "known once it is made"
# What CloudFormation writes in place of a value, or of a part of it, that it does not know yet.
_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


def differences(change_set: ChangeSet) -> tuple[Difference, ...]:
    """What changes: first what is replaced or removed, then what is modified, then what is added."""
    order = sorted(change_set.changes, key=lambda one: (not one.removes, one.action == "Add"))
    return tuple(_difference(one) for one in order)


def losses(change_set: ChangeSet) -> tuple[str, ...]:
    """What is replaced, may be, or is removed, in a few words each: what somebody has to want."""
    return tuple(_loss(one) for one in change_set.changes if one.removes and one.policy != "Retain")


def validation_lines(found: Sequence[Validation], places: Places) -> list[str]:
    """What early validation says, each with its line in the template where that is known."""
    return [f"{_at(one, places)}{one.reason}{f' ({one.name})' if one.name else ''}" for one in found]


def _at(one: Validation, places: Places) -> str:
    path = one.path or (f"/Resources/{one.logical_id}" if one.logical_id else "")
    if line := places.line(path):
        return f"{places.label}:{line}: "
    return f"{places.label}: {path}: " if path else f"{places.label}: "


def _difference(one: ResourceChange) -> Difference:
    lines = tuple(_line(change) for change in _merged(one.properties)) if one.action == "Modify" else ()
    key = f"{one.logical_id}  {kind_text(one.kind)}"
    was = short_id(one.physical_id) or one.kind
    match one.action:
        case "Add":
            return Difference(key, NONE, "added")
        case "Import":
            return Difference(key, NONE, f"imported: {was}")
        case "Remove":
            says = _GOES.get(one.policy)
            return Difference(key, was, says) if says else Difference(key, f"{was} removed", NONE)
        case "Dynamic":
            return Difference(key, was, "decided while it is made: what it depends on is not known before")
    return Difference(key, was, _modified(one), lines)


def _modified(one: ResourceChange) -> str:
    if not one.replaces:
        return "modified in place" if one.properties or not one.nested else "modified inside"
    why = [change.path for change in one.properties if change.recreates == _deciding(one)]
    because = f" because of {', '.join(dict.fromkeys(why))}" if why else ""
    how = "REPLACED" if one.replacement == "True" else "perhaps REPLACED"
    return f"{how}{because}{_OLD.get(one.policy, '')}"


def _deciding(one: ResourceChange) -> str:
    """Which need of a property to have the resource made anew is what decides on its replacement."""
    return "Always" if one.replacement == "True" else "Conditionally"


def _loss(one: ResourceChange) -> str:
    if one.action == "Remove":
        return f"{one.logical_id} is removed"
    return f"{one.logical_id} is replaced" if one.replacement == "True" else f"{one.logical_id} may be replaced"


def _merged(changes: Sequence[PropertyChange]) -> Iterator[PropertyChange]:
    """Each property once: what changes for two reasons is told twice, and one of them may know no values."""
    best: dict[str, PropertyChange] = {}
    for one in changes:
        known = best.get(one.path)
        if known is None or (known.before, known.after) == (None, None) or (known.is_dynamic and not one.is_dynamic):
            best[one.path] = one
    yield from best.values()


def _line(one: PropertyChange) -> str:
    cause = f"  (by {one.cause})" if one.cause else ""
    makes = "  replaces it" if one.recreates == "Always" else "  may replace it" if one.recreates != "Never" else ""
    if one.before is None and one.after is None:
        told = _UNKNOWN if one.is_dynamic else "changed"
    else:
        told = f"{_short(one.before)} -> {_short(one.after) if one.after is not None else _after(one)}"
    return f"{one.path}: {told}{cause}{makes}"


def _after(one: PropertyChange) -> str:
    return _UNKNOWN if one.is_dynamic else NONE


def _short(value: str | None) -> str:
    if value is None:
        return NONE
    if value == _LATER:
        return _UNKNOWN
    told = " ".join(value.replace(_LATER, "(known later)").split())
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 3]}..."
