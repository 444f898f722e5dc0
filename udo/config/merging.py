"""Lays one part of a configuration over another, key by key, by the rule each key has in the schema."""

from __future__ import annotations

from collections.abc import Mapping

from udo import schema
from udo.config.tree import Entry, Items, Node, Null, Table
from udo.config.values import listed
from udo.schema import Key

# The keys with lists in them that add up.
_HOLDING = frozenset(key.parent for key in schema.KEYS if key.merge == "append" and key.parent)
# A list or mapping that replaces what is inherited keeps saying so after a merge: only so is merging associative.


def layer(table: Table) -> Table:
    """What a root, cluster or role says itself: other spellings rewritten, and the sections in it left out."""
    entries: dict[str, Entry] = {}
    for name, entry in table.entries.items():
        key = schema.BY_PATH.get(name)
        if key is None or key.same_as or key.kind in ("sections", "params"):
            continue
        entries[name] = _added_up(entry, key)
    for name, entry in table.entries.items():
        if (key := schema.BY_PATH.get(name)) and key.same_as:
            _respell(entries, key.same_as, entry)
    return Table(entries, table.mark)


def merged(lower: Table, upper: Table) -> Table:
    """`upper` merged into `lower`, both layers of the same schema level or merges of such."""
    return _tables(lower, upper, schema.inside(""))


def laid(lower: Entry | None, upper: Entry | None, key: Key | None) -> Entry | None:
    """What stands at one key once `upper` is merged into `lower`."""
    if lower is None or upper is None:
        return upper or lower
    return Entry(upper.mark, _nodes(lower.value, upper.value, key))


def _added_up(entry: Entry, key: Key) -> Entry:
    """The entry with its lists that add up as lists, also where what replaces the others is a mapping."""
    if key.merge == "append" and (items := listed(entry.value, key)):
        return Entry(entry.mark, items)
    if key.path in _HOLDING and isinstance(entry.value, Table):
        inner = schema.inside(key.path)
        rows = {
            name: _added_up(one, inner[name]) if name in inner else one for name, one in entry.value.entries.items()
        }
        return Entry(entry.mark, entry.value._replace(entries=rows))
    return entry


def _tables(lower: Table, upper: Table, known: Mapping[str, Key]) -> Table:
    entries = dict(lower.entries)
    for name, entry in upper.entries.items():
        entries[name] = laid(entries.get(name), entry, known.get(name)) or entry
    return Table(entries, upper.mark, lower.replaces)


def _nodes(lower: Node, upper: Node, key: Key | None) -> Node:
    if key is None or key.merge == "replace":
        return upper
    match lower, upper:
        case Null(), Items() | Table():
            return upper._replace(replaces=True)
        case Items(), Items() if key.merge == "append" and not upper.replaces:
            return Items(lower.items + upper.items, upper.mark, lower.replaces)
        case Table(), Table() if not upper.replaces:
            free = key.kind in ("structure", "structures", "named")
            return _tables(lower, upper, dict.fromkeys(upper.entries, key) if free else schema.inside(key.path))
    return upper


def _respell(entries: dict[str, Entry], path: str, entry: Entry) -> None:
    head, _, rest = path.partition(".")
    if not rest:
        entries.setdefault(head, entry)
        return
    below = entries.get(head)
    inner = dict(below.value.entries) if below and isinstance(below.value, Table) else {}
    _respell(inner, rest, entry)
    entries[head] = Entry(below.mark if below else entry.mark, Table(inner, entry.mark))
