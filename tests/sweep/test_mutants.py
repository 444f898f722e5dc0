"""The sabotages of `make mutants` can still be done."""

from __future__ import annotations

import pytest
from mutants import ROOT
from sabotage import ROOMS
from sabotage.mutant import Mutant

MUTANTS = [mutant for mutants in ROOMS.values() for mutant in mutants]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.says)
def test_the_line_that_a_sabotage_breaks_stands_once(mutant: Mutant) -> None:
    assert (ROOT / "udo" / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1, mutant.old


def test_every_sabotage_has_a_name_of_its_own() -> None:
    assert len({mutant.says for mutant in MUTANTS}) == len(MUTANTS)
