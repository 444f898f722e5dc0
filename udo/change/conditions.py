"""Whether what is read of AWS is what a plan says: Refs filled in, pairs compared, values told in brief."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from udo.change.plan import Pair, Read, Ref

Reading = Callable[[Read], Any]
_LONGEST = 120


class Samples(dict[str, str]):
    """A stand-in for every Ref, so that a plan can be checked before its first step."""

    def __missing__(self, key: str) -> str:
        return "1"

    def __contains__(self, key: object) -> bool:
        return True


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with every Ref in it replaced by what is known under its name.

    Raises: KeyError for a Ref no step has saved (a mistake in the plan).
    """
    filled = known_part(value, known)
    if is_open(filled):
        raise KeyError(f"nothing has saved what {filled} refers to")
    return filled


def known_part(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with every Ref that is known replaced; the others stay for a later step to fill."""
    match value:
        case Ref(name, inside) if name in known:
            return known[name] if inside == "{}" else inside.replace("{}", str(known[name]))
        case Read(service, operation, params, path):
            return Read(service, operation, known_part(params, known), path)
        case Mapping():
            return {key: known_part(item, known) for key, item in value.items() if not _is_null(item, known)}
        case list() | tuple():
            return [known_part(item, known) for item in value]
    return value


def _is_null(item: Any, known: Mapping[str, Any]) -> bool:
    return isinstance(item, Ref) and item.name in known and known[item.name] is None


def known_pairs(pairs: Iterable[Pair], known: Mapping[str, Any]) -> tuple[Pair, ...]:
    """The pairs with every Ref that is known replaced."""
    return tuple(Pair(known_part(pair.read, known), known_part(pair.value, known), pair.says) for pair in pairs)


def is_open(value: Any) -> bool:
    """Whether a Ref stands in the value."""
    match value:
        case Ref():
            return True
        case Pair(read, wanted):
            return is_open(read) or is_open(wanted)
        case Read(_, _, params):
            return is_open(params)
        case Mapping():
            return any(map(is_open, value.values()))
        case list() | tuple():
            return any(map(is_open, value))
    return False


def hold(pairs: Iterable[Pair], known: dict[str, Any], read: Reading) -> bool:
    """Whether the pairs hold, one after the other; only then `known` learns what their open Refs stand for.

    A pair whose read rests on what nobody knows does not hold.
    """
    learned = dict(known)
    for pair in pairs:
        meant, wanted = known_part(pair.read, learned), known_part(pair.value, learned)
        if is_open(meant):
            return False
        found = read(meant)
        if isinstance(wanted, Ref):
            if found is None:
                return False
            learned[wanted.name] = text(found)
        elif text(found) != text(wanted):
            return False
    known.update(learned)
    return True


def read_together(pairs: Iterable[Pair], known: Mapping[str, Any], read: Reading) -> Iterator[tuple[Pair, Any]]:
    """Each pair with what is found; what one request tells is read in one: a further one widens the window before a
    write."""
    requests: list[tuple[Read, list[tuple[Pair, str]]]] = []
    for pair in pairs:
        meant: Read = resolve(pair.read, known)
        same = (rows for one, rows in requests if replace(one, path=meant.path) == meant)
        rows = next(same, None)
        if rows is None:
            requests.append((meant, rows := []))
        rows.append((pair, meant.path))
    for meant, rows in requests:
        path = f"[{', '.join(path for _, path in rows)}]"
        found = [read(meant)] if len(rows) == 1 else read(replace(meant, path=path)) or [None] * len(rows)
        yield from zip((pair for pair, _ in rows), found, strict=True)


def moved(pair: Pair, before: Any, now: Any) -> list[str]:
    """What differs from what was seen, a line each: of a mapping each key."""
    says = f"{pair.says}: " if pair.says else ""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys = [key for key in before if before[key] != now.get(key)]
        return [f"{says}{key} {brief(before[key])} -> {brief(now.get(key))}" for key in keys]
    return [] if text(before) == text(now) else [f"{says}{brief(before)} -> {brief(now)}"]


def text(value: Any) -> Any:
    """A number as text, as a plan saves it; anything else as it is."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def brief(value: Any) -> str:
    """A value in one short line for people."""
    shown = "nothing" if value is None else str(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."
