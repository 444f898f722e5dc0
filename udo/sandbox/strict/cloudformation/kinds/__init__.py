"""The kinds of resources that the sandbox can make, by their types: each file here adds its own."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from udo.sandbox.strict.cloudformation.kind import Kind

KINDS: Mapping[str, Kind] = {
    kind.type: kind
    for one in pkgutil.iter_modules(__path__, f"{__name__}.")
    for kind in importlib.import_module(one.name).KINDS
}
