"""The bounds of a file: levels, values, and aliases that unfold."""

from __future__ import annotations

import pytest

from udo.config.reading import MOST_LEVELS, MOST_NODES, tree_of
from udo.config.tree import Items, Table
from udo.errors import ConfigError


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_as_many_levels_as_allowed_and_no_more() -> None:
    assert tree_of(f"a: {nested(MOST_LEVELS - 1)}", "udo.yml")
    with pytest.raises(ConfigError, match=rf"^udo.yml:1:{MOST_LEVELS + 3}: nested deeper than 64 levels$"):
        tree_of(f"a: {nested(MOST_LEVELS)}", "udo.yml")


@pytest.mark.whole
def test_as_many_values_as_allowed_and_no_more() -> None:
    # The mapping, its key and the list count as well.
    fitting = MOST_NODES - 3
    assert tree_of(f"a: [{'1,' * fitting}]", "udo.yml")
    with pytest.raises(ConfigError, match=r"more than 100,000 values \(aliases counted as what they stand for\)$"):
        tree_of(f"a: [{'1,' * (fitting + 1)}]", "udo.yml")


def test_an_alias_counts_as_what_it_stands_for() -> None:
    # 999 values in a list are 1,000; with the list of aliases and the rest of the file, 98 more of them fit.
    text = f"a: &a [{'1,' * 999}]\nb: [{'*a,' * 98}]\n"
    assert tree_of(text, "udo.yml")
    with pytest.raises(ConfigError, match="more than 100,000 values"):
        tree_of(text.replace("*a,*a,", "*a,*a,*a,*a,", 1), "udo.yml")


def test_an_anchor_may_be_used_again_and_named_anew() -> None:
    tree = tree_of("a: &x [1]\nb: *x\nc: &x [2, 3]\nd: *x\n", "udo.yml")
    sizes = [len(entry.value.items) for entry in tree.entries.values() if isinstance(entry.value, Items)]
    assert sizes == [1, 1, 2, 2]


def test_a_key_may_be_an_anchor_and_an_alias() -> None:
    tree = tree_of("&k one: 1\ntwo: {*k : 2}\n", "udo.yml")
    inner = tree.entries["two"].value
    assert isinstance(inner, Table)
    assert list(inner.entries) == ["one"]


def test_merge_keys_bring_what_is_not_there_yet() -> None:
    tree = tree_of("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {x: 0, <<: [*a, *b]}\nd: {'<<': 5}\n", "udo.yml")
    found = tree.entries["c"].value
    assert isinstance(found, Table)
    assert {name: entry.value.text for name, entry in found.entries.items()} == {"x": "0", "y": "1", "z": "2"}  # type: ignore[union-attr]
    literal = tree.entries["d"].value
    assert isinstance(literal, Table)
    assert list(literal.entries) == ["<<"]
