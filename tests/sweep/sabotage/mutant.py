"""One sabotage of Udo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """What it is, the text of one file beneath udo/ that another takes the place of, and who has to notice.

    `old` stands exactly once in the file. `tests` are pytest's words (files, node ids, -k ...) for the tests that
    catch it; without them it meets the rounds of launch changes.
    """

    says: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
