"""The permissions of an appspec: modes, access control lists and SELinux contexts as the agent accepts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from udo.bundle.document import Node
from udo.bundle.failure import NOWHERE, Failed, Place, internal
from udo.bundle.scalars import Symbol, inspected, is_false, text
from udo.frozen import frozen

TYPES = ("file", "directory")
_SETTINGS = "The deployment failed because of a problem with the acls permission settings in the application"
_KINDS = {"m": "mask", "mask": "mask", "o": "other", "other": "other", "g": "group", "group": "group"}
_KINDS |= {"u": "user", "user": "user"}
_RANGE = "in the permissions section of the application specification file. Make corrections in the permissions section"


@frozen
class Ace:
    """One entry of an access control list; `allowed` such as `r-x`."""

    default: bool
    kind: str
    name: str
    allowed: str

    def __str__(self) -> str:
        return f"{'default:' if self.default else ''}{self.kind}:{self.name}:{self.allowed}"


@frozen
class Context:
    """An SELinux context; `range` None is what the agent dies of at Install."""

    type: Any
    user: Any
    range: str | None


@frozen
class Permission:
    """One entry of `permissions`; `owner` and `group` as YAML gives them, `mode` three or four octal digits."""

    object: str
    pattern: Any
    excepted: tuple[Any, ...]
    types: tuple[Any, ...]
    owner: Any
    group: Any
    mode: str | None
    acls: tuple[Ace, ...] | None
    context: Context | None
    at: Place = NOWHERE


def permission(node: Node, at: Place) -> Permission:
    """One entry as the agent takes it.

    Raises: Failed.
    """
    given = node.value
    if not isinstance(given, dict):
        raise internal("an entry of permissions is no map", at)
    if given.get("object") is None or not text(given["object"]).strip():
        # Without the key the agent stops at once, with an empty text only after all else of the entry.
        _rest(node, at, given) if given.get("object") is not None else None
        raise Failed(
            "The deployment failed because a permission listed in the application specification file has no object "
            "value. Update the permissions section of the AppSpec file, and then try again.",
            at=at,
        )
    return _rest(node, at, given)


def mode(value: Any, at: Place) -> str:
    """The digits of a mode.

    Raises: Failed.
    """
    shown = text(value).rjust(3, "0")
    if len(shown) > 4:
        raise Failed(
            f"The deployment failed because the length of a permissions mode ({shown}) in the application "
            "specification file is invalid. Permissions modes must be between one and four characters long. Update "
            "the permissions section of the AppSpec file, and then try again.",
            at=at,
        )
    for letter in shown:
        if letter not in "01234567":
            raise Failed(
                f"The deployment failed because the permissions mode ({shown}) in the application specification file "
                f"contains an invalid character ({letter}). Update the permissions section of the AppSpec file, and "
                "then try again.",
                at=at,
            )
    return shown


def ace(entry: Any, at: Place, *, own: bool = False) -> Ace:
    """One entry of an access control list; `own` ones, which the agent adds, may be of the base.

    Raises: Failed.
    """
    if not isinstance(entry, str):
        raise internal("an entry of acls is no text", at)
    parts = entry.split(":")
    if not 2 <= len(parts) <= 4:
        raise _invalid_ace(entry, at)
    default, kind, name = _head(parts, entry, at)
    if kind in ("mask", "other") and name:
        raise _invalid_ace(entry, at)
    if not own and not default and kind != "mask" and not name:
        raise Failed(
            f"{_SETTINGS} specification file. Use mode to set the base acl entry ({entry}). Update the permissions "
            "section of the AppSpec file, and then try again.",
            at=at,
        )
    return Ace(default, kind, name, _allowed(parts[-1], entry, at))


def matches(name: str, pattern: str) -> bool:
    """Whether the name of a direct child matches; `*` is the only wildcard."""
    if "/" in name:
        return False
    first, *others = pattern.split("*")
    if not others:
        return name == first
    *between, last = others
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    # Where each piece comes first leaves most room for the rest: many wildcards cost no more than one.
    at, end = len(first), len(name) - len(last)
    for piece in between:
        at = name.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _rest(node: Node, at: Place, given: dict[Any, Any]) -> Permission:
    pattern = given.get("pattern")
    excepted = _excepted(given.get("except"), _place(node, "except", at))
    types = _types(given.get("type"), _place(node, "type", at))
    digits = None if given.get("mode") is None else mode(given["mode"], _place(node, "mode", at))
    acls = None if given.get("acls") is None else _acls(given["acls"], _place(node, "acls", at))
    context = None if given.get("context") is None else _context(given["context"], _place(node, "context", at))
    return Permission(
        text(given["object"]).strip(),
        "**" if is_false(pattern) else pattern,
        excepted,
        types,
        given.get("owner"),
        given.get("group"),
        digits,
        acls,
        context,
        at,
    )


def _place(node: Node, key: str, otherwise: Place) -> Place:
    found = node.below(key)
    return Place(found.line, found.column) if found else otherwise


def _each(value: Any, what: str, at: Place) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [[key, one] for key, one in value.items()]
    raise internal(f"{what} is no list", at)


def _excepted(value: Any, at: Place) -> tuple[Any, ...]:
    return () if is_false(value) else tuple(_each(value, "except", at))


def _types(value: Any, at: Place) -> tuple[Any, ...]:
    if is_false(value):
        return TYPES
    found = _each(value, "type", at)
    for one in found:
        if one not in TYPES:
            raise Failed(
                "The deployment failed because the application specification filespecifies a permission for an object "
                f"type not supported for permissions ({text(one)}). Update the permissions section of the AppSpec "
                "file, and then try again.",
                at=at,
            )
    return tuple(found)


def _acls(value: Any, at: Place) -> tuple[Ace, ...]:
    return tuple(ace(entry, at) for entry in _each(value, "acls", at))


def _head(parts: list[str], entry: str, at: Place) -> tuple[bool, str, str]:
    """Whether it is a default entry, its kind and its name, of all words but the last."""
    words = parts[:-1]
    default = len(words) == 3
    if default and words.pop(0) not in ("d", "default"):
        raise _invalid_ace(entry, at)
    kind = ""
    if len(words) == 2:
        first = words.pop(0)
        if first in ("d", "default") and not default:
            default = True
        elif first in _KINDS:
            kind = _KINDS[first]
        else:
            raise _invalid_ace(entry, at)
    last = words[0]
    alone = _KINDS.get(last) if last in ("m", "mask", "o", "other") else None
    if alone:
        return default, kind or alone, alone if kind else ""
    return default, kind or "user", last


def _allowed(word: str, entry: str, at: Place) -> str:
    if re.fullmatch("[0-7]", word):
        return "".join(letter if int(word) & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
    for letter in word:
        if letter not in "rwx-":
            raise Failed(
                f"The deployment failed because the access control list (ACL) named {entry} in the application "
                f"specification file contains an invalid character ({letter}). Correct the ACL in the hooks section "
                "of the AppSpec file, and then try again.",
                at=at,
            )
    return "".join(letter if letter in word else "-" for letter in "rwx")


def _invalid_ace(entry: str, at: Place) -> Failed:
    return Failed(f"{_SETTINGS} specification file. Invalid acl entry ({entry}).", at=at)


def _context(value: Any, at: Place) -> Context:
    if not isinstance(value, dict | str | Symbol):
        raise internal("a context is no map", at)
    # A text is asked for what it holds, as Ruby does.
    known = value if isinstance(value, dict) else {key: key for key in ("type", "name", "range") if key in text(value)}
    if known.get("type") is None:
        raise Failed(
            "The deployment failed because the application specification file specifies an invalid context type "
            f"({inspected(value)}). Update the permissions section of the AppSpec file, and then try again.",
            at=at,
        )
    given = known.get("range")
    return Context(known["type"], known.get("name"), None if given is None else _range(given, at))


def _range(value: Any, at: Place) -> str:
    if not isinstance(value, str):
        raise internal("the range of a context is no text", at)
    first, categories = _parts(value, ":", at)
    low, high = _parts(first, "-", at)
    least = _level(low, "s", "sensitivity", at)
    most = _level(high, "s", "sensitivity", at) if high is not None else least
    if most < least:
        raise Failed(
            "The deployment failed because of a problem with the SELinux range specified "
            f"({value}) for the context parameter {_RANGE} of the AppSpec file, and then try again.",
            at=at,
        )
    shown = f"s{least}" + (f"-s{most}" if most != least else "")
    return shown if categories is None else f"{shown}:{_categories(categories, at)}"


def _parts(word: str, between: str, at: Place) -> tuple[str, str | None]:
    first, found, second = word.partition(between)
    if not first or (found and not second):
        raise Failed(f"invalid range part {word}", at=at)
    return first, second if found else None


def _level(word: str, letter: str, what: str, at: Place) -> int:
    if not re.fullmatch(f"{letter}[0-9]+", word) or (letter == "c" and int(word[1:]) > 1023):
        raise Failed(f"invalid {what} {word}", at=at)
    return int(word[1:])


def _categories(words: str, at: Place) -> str:
    found: list[int] = []
    for part in words.split(","):
        low, high = _parts(part, ".", at) if "." in part else (part, None)
        first = _level(low, "c", "category", at)
        last = _level(high, "c", "category", at) if high is not None else first
        if last < first:
            raise Failed(f"invalid category range {low}.{high}", at=at)
        found += range(first, last + 1)
    if len(set(found)) != len(found):
        raise Failed("duplicate categories", at=at)
    return _runs(sorted(found))


def _runs(numbers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"c{low}" if low == high else f"c{low}.c{high}" for low, high in runs)
