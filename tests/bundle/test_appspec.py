"""Appspecs read as the agent reads them: what Ruby's YAML makes of a word, and what Ruby takes for false."""

from __future__ import annotations

import math
from typing import Any

import pytest

from udo.bundle.appspec import AppSpec, parse
from udo.bundle.document import Unreadable, read
from udo.bundle.failure import Failed
from udo.bundle.permissions import ace
from udo.bundle.permissions import matches as matches_pattern
from udo.bundle.scalars import Symbol, inspected, text

HEAD = "version: 0.0\nos: linux\n"

# What Ruby 3.1 with psych 4.0.3 was seen to make of each.
WORDS: list[tuple[str, Any]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("nULL", None),
    ("yes", True),
    ("Off", False),
    ("y", "y"),
    ("0644", 420),
    ("08", "08"),
    ("0o17", "0o17"),
    ("0x10", 16),
    ("0b11", 3),
    ("1_000", 1000),
    ("1,000", 1000),
    ("1__0", "1__0"),
    ("1e3", "1e3"),
    ("1.5e+3", 1500.0),
    ("1.", 1.0),
    (".5", 0.5),
    (".", "."),
    ("-", "-"),
    ("1:30", 5400),
    ("1:30:00", 5400),
    ("-.Inf", -math.inf),
    (":sym", Symbol("sym")),
    ("5 minutes", "5 minutes"),
    ("12345678901234567890", 12345678901234567890),
]


@pytest.mark.parametrize(("word", "value"), WORDS)
def test_a_plain_word_is_what_ruby_makes_of_it(word: str, value: Any) -> None:
    if word == "-":
        with pytest.raises(Unreadable):
            read(b"a: -\n")
        return
    found = read(f"a: {word}\n".encode()).value["a"]
    assert (type(found), found) == (type(value), value)
    assert read(f'a: "{word}"\n'.encode()).value["a"] == word


@pytest.mark.parametrize("word", ["2026-01-01", "2026-1-1", "2026-01-01 10:00:00", "2026-01-01T10:00:00Z"])
def test_dates_and_times_are_refused_by_newer_rubies(word: str) -> None:
    with pytest.raises(Unreadable, match=r"Tried to load unspecified class: (Date|Time)"):
        read(f"a: {word}\n".encode())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nil"),
        (True, "true"),
        (1e20, "1.0e+20"),
        (1e-7, "1.0e-07"),
        (100.0, "100.0"),
        ([1, "a", None], '[1, "a", nil]'),
        ({"role": "r"}, '{"role"=>"r"}'),
        (Symbol("q r"), ':"q r"'),
    ],
)
def test_a_value_is_shown_as_ruby_shows_it(value: Any, shown: str) -> None:
    assert inspected(value) == shown
    assert text(value) == ("" if value is None else "q r" if isinstance(value, Symbol) else shown)


def spec(more: str) -> AppSpec:
    return parse(f"{HEAD}{more}\n".encode())


@pytest.mark.parametrize("section", ["hooks", "files", "permissions"])
def test_a_section_that_is_0_is_not_one_that_is_absent(section: str) -> None:
    for word in ("~", "false", "off", ""):
        assert spec(f"{section}: {word}")
    for word in ("0", "0.0", "''"):
        with pytest.raises(Failed) as failed:
            spec(f"{section}: {word}")
        assert failed.value.internal


def test_sudo_0_is_sudo() -> None:
    (script,) = spec("hooks:\n  AfterInstall:\n    - {location: h.sh, sudo: 0}").hooks["AfterInstall"]
    assert script.sudo


def test_grammar_comes_before_aliases_and_these_in_their_order() -> None:
    with pytest.raises(Failed, match=r"did not find expected"):
        spec("a: *x\nb: [")
    with pytest.raises(Failed, match="Unknown alias: x"):
        spec("a: *x\nb: 2026-01-01")


def test_what_follows_the_first_document_does_not_count() -> None:
    assert spec("---\n\tx: [")


def test_every_mistake_has_its_place() -> None:
    with pytest.raises(Failed) as failed:
        spec("permissions:\n  - object: /x\n    mode: rwx")
    assert (failed.value.at.line, failed.value.at.column) == (5, 11)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("u:a:rw", "user:a:rw-"),
        ("a:7", "user:a:rwx"),
        ("default:g:a:r", "default:group:a:r--"),
        ("m::x", "mask::--x"),
        ("m:x", "mask::--x"),
    ],
)
def test_entries_of_access_control_lists_are_completed(words: str, shown: str) -> None:
    from udo.bundle.failure import NOWHERE

    assert str(ace(words, NOWHERE)) == shown


@pytest.mark.parametrize(
    ("name", "pattern", "does"),
    [("a.sh", "*.sh", True), (".hid", "*", True), ("a/b", "*", False), ("a", "?", False), ("axxb", "*a*b", True)],
)
def test_a_pattern_knows_no_wildcard_but_one(name: str, pattern: str, does: bool) -> None:
    assert matches_pattern(name, pattern) is does
