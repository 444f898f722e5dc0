"""The global options of one command line, as values."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


@frozen
class Options:
    """The global options, as given on the command line or in the environment."""

    config: str | None = None
    profile: str | None = None
    region: str | None = None
    dry_run: bool = False
    yes: bool = False
    output: str = "text"
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    color: str = "auto"
    wide: bool = False
    sandbox: bool = False

    def with_words(self, words: Sequence[str]) -> Options:
        """These options, with the output format the words ask for even where they could not be parsed."""
        form = os.environ.get("UDO_OUTPUT", "")
        found = replace(self, output=form) if form else self
        ours = list(words[: words.index("--")] if "--" in words else words)
        for word, following in zip(ours, [*ours, ""][1:], strict=True):
            for flag in ("--output", "-o"):
                if word == flag:
                    found = replace(self, output=following or self.output)
                elif word.startswith(f"{flag}=" if flag == "--output" else flag):
                    found = replace(self, output=word.removeprefix(flag).removeprefix("="))
        return found
