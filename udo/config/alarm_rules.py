"""Reads the rule of a composite alarm: which alarms it names, and what it is with other names in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORD = re.compile(r'\s*(?:([()])|"([^"]*)"|([^\s()"]+))')
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
_CONSTANTS = ("TRUE", "FALSE")


class Word(NamedTuple):
    """A word of a rule; `named` ones are names of alarms."""

    text: str
    named: bool = False


class RuleError(Exception):
    """A text is no rule."""


def words(rule: str) -> tuple[Word, ...]:
    """The words of a rule.

    Raises: RuleError.
    """
    left: list[tuple[str, bool]] = []
    place, end = 0, len(rule.rstrip())
    while place < end:
        found = _WORD.match(rule, place)
        if found is None:
            raise RuleError("a quote is not closed")
        left.append((found[2], True) if found[2] is not None else (found[1] or found[3], False))
        place = found.end()
    reading = _Reading(left)
    told = tuple(reading.either())
    if left:
        raise RuleError(f"'{left[0][0]}' is not expected there")
    return told


def names(rule: tuple[Word, ...]) -> tuple[str, ...]:
    """The alarms a rule names, each once."""
    return tuple(dict.fromkeys(word.text for word in rule if word.named))


def with_names(rule: tuple[Word, ...], known: Mapping[str, str]) -> str:
    """The rule with these names in place of those it has."""
    text = " ".join(f'"{known[word.text]}"' if word.named else word.text for word in rule)
    return re.sub(r"(?<=\() | (?=\))", "", re.sub(rf"\b({'|'.join(_STATES)}) \(", r"\1(", text))


class _Reading:
    """Takes words off a list as the grammar has them."""

    def __init__(self, left: list[tuple[str, bool]]) -> None:
        self._left = left

    def either(self) -> Iterator[Word]:
        """`A AND B OR NOT C`, whatever binds more."""
        yield from self._one()
        while word := self._comes("AND", "OR"):
            yield Word(word)
            yield from self._one()

    def _one(self) -> Iterator[Word]:
        if word := self._comes("NOT"):
            yield Word(word)
            yield from self._one()
        elif self._comes("("):
            yield Word("(")
            yield from self.either()
            yield self._expected(")")
        elif word := self._comes(*_CONSTANTS):
            yield Word(word)
        elif word := self._comes(*_STATES):
            yield Word(word)
            yield self._expected("(")
            yield Word(self._taken()[0], named=True)
            yield self._expected(")")
        else:
            raise RuleError(f"'{self._taken()[0]}' is not expected there")

    def _comes(self, *wanted: str) -> str:
        if not self._left or self._left[0][1] or self._left[0][0].upper() not in wanted:
            return ""
        return self._left.pop(0)[0].upper()

    def _expected(self, word: str) -> Word:
        found = self._taken()[0]
        if found != word:
            raise RuleError(f"'{word}' is expected in place of '{found}'")
        return Word(word)

    def _taken(self) -> tuple[str, bool]:
        if not self._left:
            raise RuleError("it ends too early")
        return self._left.pop(0)
