"""What a key allows: words for what may be asked, and patterns for the stacks it may be asked of."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from udo.errors import UsageError
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_STACKS = tuple(f"stacks:{how}" for how in ("list", "state", "events", "create", "update", "delete"))
# Those who may run what is protected in udo.yml, beside the verb.
PROTECTED = "runs:protected"
# What nobody runs from elsewhere: what reaches into hosts or files of the server's, and what makes or runs servers.
NEVER = frozenset({"apply", "cp", "init", "sandbox", "serve", "ssh"})


@frozen
class Scope:
    """What one key may do; `stacks` are patterns of names in AWS, none for none at all."""

    allow: tuple[str, ...]
    stacks: tuple[str, ...] = ()

    def allows(self, word: str) -> bool:
        """Whether the key may do what the word says."""
        return word in self.allow

    def reaches(self, stack: str) -> bool:
        """Whether a stack of that name in AWS is among those of the key."""
        return any(fnmatchcase(stack, pattern) for pattern in self.stacks)


def words(verbs: Collection[str]) -> tuple[str, ...]:
    """All words there are, given the verbs of the command line."""
    # Runs of `stack` go by the words of stacks.
    return (*_STACKS, "status", *(f"runs:{verb}" for verb in sorted({*verbs} - NEVER - {"stack"})), PROTECTED)


def scope(allow: Sequence[str], stacks: Sequence[str], verbs: Collection[str]) -> Scope:
    """The scope that these words and patterns mean; each may hold several, with commas.

    Raises: UsageError.
    """
    known = words(verbs)
    asked = _parts(allow)
    for word in asked:
        if word not in known:
            _unknown(word, known)
    if not asked:
        raise UsageError("a key that allows nothing opens nothing", hint=f"--allow takes {', '.join(known[:7])}, ..")
    patterns = _parts(stacks)
    if any(word.startswith("stacks:") for word in asked) and not patterns:
        raise UsageError("which stacks?", hint="name them by patterns: --stacks 'shop-review-*'; '*' is all")
    return Scope(tuple(dict.fromkeys(asked)), tuple(dict.fromkeys(patterns)))


def _parts(texts: Sequence[str]) -> list[str]:
    return [part for text in texts for part in (one.strip() for one in text.split(",")) if part]


def _unknown(word: str, known: Sequence[str]) -> None:
    verb = word.removeprefix("runs:")
    if word.startswith("runs:") and verb in NEVER:
        raise UsageError(f"'{verb}' never runs through the front door", hint=f"leave {word} out")
    close = difflib.get_close_matches(word, known, 1)
    raise UsageError(f"no word '{word}'", hint=f"did you mean '{close[0]}'?" if close else f"words: {', '.join(known)}")
