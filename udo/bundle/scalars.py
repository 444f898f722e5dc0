"""What Ruby's YAML makes of a plain word, and how Ruby writes a value: the agent's messages and rules rest on both."""

from __future__ import annotations

import math
import re
from typing import Any

from udo.frozen import frozen

_WORDS = re.compile(r"^[^\d.:-]?[A-Za-z_\s!@#$%^&*(){}<>|/\\~;=]+|\n")
_TIME = re.compile(
    r"-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(\d\d)?))?\s*"
)
_DATE = re.compile(r"\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)")
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}")
_SIXTIES_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}\.[0-9_]*")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][+-][0-9]+)?")
_INTEGER = re.compile(
    r"(?P<two>[-+]?0b[01_,]+)|(?P<eight>[-+]?0[0-7_,]+)|(?P<ten>[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*))"
    r"|(?P<sixteen>[-+]?0x[0-9a-fA-F_,]+)"
)
_BASES = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "\x1b": "\\e", "\0": "\\0"}


# Ruby's numbers have no end. Nothing that an appspec counts is longer, and Python turns no more than 4,300 digits.
_MOST_DIGITS = 1000


class Unloadable(Exception):
    """A value of a kind that Ruby 3.1 and newer refuse to load; the text is Ruby's."""


@frozen
class Symbol:
    """Ruby's :name."""

    name: str


def value_of(word: str) -> Any:
    """The value of a plain word: text, a number, a boolean, None or a Symbol.

    Source: psych 4.0, scalar_scanner.rb.

    Raises: Unloadable.
    """
    if not word:
        return None
    if _WORDS.search(word):
        return _of_word(word)
    if _TIME.fullmatch(word):
        raise Unloadable("Tried to load unspecified class: Time")
    if _DATE.fullmatch(word):
        raise Unloadable("Tried to load unspecified class: Date")
    if re.fullmatch(r"[-+]?\.inf", word, re.IGNORECASE):
        return -math.inf if word[0] == "-" else math.inf
    if word.lower() == ".nan":
        return math.nan
    if word[0] == ":" and len(word) > 1:
        return Symbol(word[1:].strip("\"'"))
    return _number(word)


def is_false(value: Any) -> bool:
    """Whether Ruby takes it for false: nil and false alone, which 0 is not."""
    return value is None or value is False


def text(value: Any) -> str:
    """A value as it stands within one of the agent's messages."""
    match value:
        case None:
            return ""
        case str():
            return value
        case Symbol(name):
            return name
    return inspected(value)


def inspected(value: Any) -> str:
    """A value as Ruby shows it to programmers, which is how lists and maps stand in messages.

    Source: Ruby 3.1, Object#inspect of the basic classes.
    """
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"'
        case Symbol(name):
            return f":{name}" if re.fullmatch(r"[^\W\d]\w*[?!=]?", name) else f":{inspected(name)}"
        case float():
            return _float_text(value)
        case list():
            return "[" + ", ".join(map(inspected, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{inspected(key)}=>{inspected(one)}" for key, one in value.items()) + "}"
    return str(value)


def leading_integer(word: str) -> int:
    """The number that a text begins with, 0 without one: Ruby's String#to_i."""
    found = re.match(r"\s*([-+]?\d+(?:_\d+)*)", word)
    return int(found[1][:_MOST_DIGITS].rstrip("_")) if found else 0


def _of_word(word: str) -> Any:
    if len(word) > 5 or not re.match(r"[ytonf~]", word, re.IGNORECASE):
        return word
    low = word.lower()
    if word == "~" or low == "null":
        return None
    if low in ("yes", "true", "on"):
        return True
    return False if low in ("no", "false", "off") else word


def _number(word: str) -> Any:
    if len(word) > _MOST_DIGITS:
        return word
    if _SIXTIES.fullmatch(word):
        return sum(leading_integer(part) * 60 ** abs(place - 2) for place, part in enumerate(word.split(":")))
    if _SIXTIES_FLOAT.fullmatch(word):
        parts = word.split(":")
        return sum(float(part.replace("_", "")) * 60 ** abs(place - 2) for place, part in enumerate(parts))
    if _FLOAT.fullmatch(word):
        if re.fullmatch(r"[-+]?\.", word):
            return word
        return _converted(float, re.sub(r"\.([Ee]|$)", r"\1", word.replace(",", "").replace("_", "")), word)
    if found := _INTEGER.fullmatch(word):
        kind = str(found.lastgroup)
        return _converted(lambda plain: int(plain, _BASES[kind]), re.sub("[,_]", "", word), word)
    return word


def _converted(make: Any, plain: str, word: str) -> Any:
    try:
        return make(plain)
    except ValueError:
        return word


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    shown = repr(value)
    if "e" not in shown and abs(value) >= 1e16:
        shown = f"{value:e}"
    if "e" in shown:
        digits, _, power = shown.partition("e")
        if -4 <= int(power) < 16:
            return f"{value:f}"
        return f"{digits if '.' in digits else digits + '.0'}e{int(power):+03d}"
    return shown
