"""Imports botocore without what only writes its documentation: sixty modules, a twentieth of what a read costs."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from udo import late

# A package whose modules are found as ever, while its own beginning, which imports them all, is passed over.
_PACKAGE = "botocore.docs"
_DOCSTRINGS = f"{_PACKAGE}.docstring"
# Of their patterns a read uses few.
_LATE = ("urllib3.util.url", "botocore.compat", "botocore.utils", "botocore.handlers")
_NAMES = ("ClientMethodDocstring", "PaginatorDocstring", "WaiterDocstring")


class _Nothing:
    """Stands for a docstring that nobody reads."""

    def __init__(self, *_words: object, **_more: object) -> None:
        pass


def load() -> None:
    """Imports botocore's clients; whoever imports its documentation later gets it as it is."""
    if _PACKAGE in sys.modules or "botocore.client" in sys.modules:
        return
    import botocore

    before = set(sys.modules)
    package, docstrings = ModuleType(_PACKAGE), ModuleType(_DOCSTRINGS)
    package.__path__ = [f"{botocore.BOTOCORE_ROOT}/docs"]
    vars(docstrings).update(dict.fromkeys(_NAMES, _Nothing))
    sys.modules[_PACKAGE], sys.modules[_DOCSTRINGS] = package, docstrings
    whole = False
    try:
        with late.patterns(*_LATE), late.versions():
            import_module("botocore.client")
            import_module("botocore.handlers")
        whole = True
    except (ImportError, AttributeError):
        # A botocore that needs more of it: what has begun with the stand-ins begins anew without them.
        pass
    for name in [name for name in sys.modules if name.startswith("botocore.")]:
        if name.startswith(_PACKAGE) or (not whole and name not in before):
            del sys.modules[name]
    vars(botocore).pop("docs", None)
