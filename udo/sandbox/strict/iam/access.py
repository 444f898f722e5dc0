"""Who may do what: the rules stand in `udo.sandbox.iam`, and are registered with it."""

from __future__ import annotations

from udo.sandbox.iam.beside import beside
from udo.sandbox.iam.gate import guarded
from udo.sandbox.iam.launching import templates_are_launched_by_who_names_them

__all__ = ["beside", "guarded", "templates_are_launched_by_who_names_them"]
