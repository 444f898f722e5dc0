"""Patterns of policies: `*` and `?` in actions and ARNs, and the variables that stand in them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

# What a variable is replaced by: None where the request does not have it.
Variables = Callable[[str], str | None]
# Source: IAM User Guide, "IAM policy elements: Variables and tags": ${key}, ${key, 'default'}, ${*}, ${?} and ${$}.
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_SAID = re.compile(r"\s*([^,']+?)\s*(?:,\s*'([^']*)'\s*)?")
# Stands for a variable while an ARN is taken apart, since names of variables have colons too.
_MARK = "\ue000"


def matches(pattern: str, value: str) -> bool:
    """Whether a text is one that the pattern means, its case included."""
    return _compiled((pattern,)).fullmatch(value) is not None


def matches_action(pattern: str, action: str) -> bool:
    """Whether an action is one that the pattern means; the case of letters makes no difference.

    Source: IAM User Guide, "IAM JSON policy elements: Action".
    """
    return _compiled((pattern.lower(),)).fullmatch(action.lower()) is not None


def matches_arn(pattern: str, arn: str, variables: Variables) -> bool:
    """Whether an ARN is one that the pattern means: part by part, missing parts of the pattern being `*`.

    Source: IAM User Guide, "IAM JSON policy elements: Resource" (wildcards within the parts of an ARN; "Incomplete
    ARNs").
    """
    if pattern == "*":
        return True
    marked, values = _marked(pattern, variables)
    if values is None:
        return False
    wanted = marked.split(":", 5)
    found = arn.split(":", 5)
    # An action without resources of its own asks for all of them.
    if len(found) < 6:
        return marked.strip("*") == ""
    taken = iter(values)
    pieces = [_pieces(part, taken) for part in [*wanted, *["*"] * (6 - len(wanted))]]
    return all(_compiled(piece).fullmatch(one) for piece, one in zip(pieces, found, strict=True))


def matches_text(pattern: str, value: str, variables: Variables) -> bool:
    """Whether a text is one that a pattern with variables means; never where one of them is unknown."""
    marked, values = _marked(pattern, variables)
    return values is not None and _compiled(_pieces(marked, iter(values))).fullmatch(value) is not None


def filled(text: str, variables: Variables) -> str | None:
    """The text with its variables replaced; None where one of them is unknown."""
    if "${" not in text:
        return text
    marked, values = _marked(text, variables)
    return None if values is None else "".join(_pieces(marked, iter(values)))


def _marked(text: str, variables: Variables) -> tuple[str, list[str] | None]:
    """The text with a mark for each variable, and the value of each."""
    if "${" not in text:
        return text, []
    values = []
    for said in _VARIABLE.findall(text):
        value = _value(said, variables)
        if value is None:
            return text, None
        values.append(value)
    return _VARIABLE.sub(_MARK, text), values


def _value(said: str, variables: Variables) -> str | None:
    if said in ("*", "?", "$"):
        return said
    found = _SAID.fullmatch(said)
    if found is None:
        return None
    value = variables(found[1])
    return found[2] if value is None else value


def _pieces(marked: str, values: Iterator[str]) -> tuple[str, ...]:
    """A pattern as its parts: every second one is to be taken as it stands."""
    first, *others = marked.split(_MARK)
    pieces = [first]
    for part in others:
        pieces += [next(values), part]
    return tuple(pieces)


@functools.lru_cache(8192)
def _compiled(pieces: tuple[str, ...]) -> re.Pattern[str]:
    parts = [_expression(piece) if number % 2 == 0 else re.escape(piece) for number, piece in enumerate(pieces)]
    return re.compile("".join(parts), re.DOTALL)


def _expression(pattern: str) -> str:
    return "".join(
        ".*" if one == "*" else "." if one == "?" else re.escape(one) for one in re.sub(r"\*+", "*", pattern)
    )
