"""What differs between two launch data, for reading."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from udo.change.plan import NONE, Difference
from udo.change.user_data import user_data_bytes
from udo.launch.overlay import key_of
from udo.launch.readable import changed

if TYPE_CHECKING:
    from collections.abc import Mapping


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """One Difference a value that changes, by udo.yml's name where it has one, sorted by that name."""
    found = []
    for name in {*old, *new}:
        if old.get(name) == new.get(name):
            continue
        if name == "UserData":
            found.append(_user_data_difference(old.get(name), new.get(name)))
        elif name == "TagSpecifications":
            found += _leaf_differences(_tags(old.get(name)), _tags(new.get(name)))
        else:
            found += _leaf_differences(leaves(old.get(name), name), leaves(new.get(name), name))
    return tuple(sorted(_joined(found), key=lambda difference: difference.key))


def short(found: tuple[Difference, ...]) -> str:
    """The differences in one line."""
    return "; ".join(f"{one.key} {one.old} -> {one.new}" for one in found)


def brief_user_data(value: str | None) -> str:
    """User data (base64) by its size and the beginning of its hash: enough to tell two apart, and no secret."""
    if not value:
        return NONE
    raw = user_data_bytes(value)
    return f"{len(raw)} bytes ({hashlib.sha256(raw).hexdigest()[:8]})"


def leaves(value: Any, path: str) -> dict[str, str]:
    """The plain values inside a value by dotted path; devices and interfaces are called by their names and numbers."""
    match value:
        # AWS shows an empty list and none alike.
        case None | []:
            return {}
        case dict():
            return {at: text for key, item in value.items() for at, text in leaves(item, f"{path}.{key}").items()}
        case list() if any(isinstance(item, dict) for item in value):
            named = _named(value)
            return {at: text for name, item in named.items() for at, text in leaves(item, f"{path}.{name}").items()}
        case list():
            return {path: ", ".join(map(str, value))}
        case bool():
            return {path: "true" if value else "false"}
    return {path: str(value) or '""'}


def _joined(found: list[Difference]) -> list[Difference]:
    """The differences, where AWS has two places for one key as one: what goes from the one comes to the other."""
    gone = {one.key: one for one in found if one.new == NONE}
    come = {one.key: one for one in found if one.old == NONE}
    moved = [Difference(key, gone[key].old, come[key].new) for key in gone if key in come]
    keys = {one.key for one in moved}
    return [one for one in found if one.key not in keys] + [one for one in moved if one.old != one.new]


def _leaf_differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    paths = (path for path in dict.fromkeys([*old, *new]) if old.get(path) != new.get(path))
    return [Difference(key_of(path), old.get(path, NONE), new.get(path, NONE)) for path in paths]


def _named(rows: list[Any]) -> dict[str, Any]:
    """The rows without what names them by that name; by their place where names are not unique."""
    for key in ("DeviceName", "DeviceIndex"):
        names = [str(row[key]) for row in rows if isinstance(row, dict) and key in row]
        if len(names) == len(rows) == len(set(names)):
            return {name: {k: v for k, v in row.items() if k != key} for name, row in zip(names, rows, strict=True)}
    return {str(number): row for number, row in enumerate(rows)}


def _tags(rows: Any) -> dict[str, str]:
    """The tags of what is launched, by what bears them and their keys; their order means nothing."""
    return {
        f"tags.{row.get('ResourceType')}.{tag.get('Key')}": tag.get("Value") or '""'
        for row in rows or ()
        for tag in row.get("Tags", ())
    }


def _user_data_difference(old: str | None, new: str | None) -> Difference:
    found = changed(old, new)
    counts = f", {found.added} lines added and {found.removed} removed"
    return Difference("user_data", brief_user_data(old), f"{brief_user_data(new)}{counts}", found.lines)
