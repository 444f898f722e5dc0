"""Sabotages of output."""

from __future__ import annotations

from sabotage.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = ()
