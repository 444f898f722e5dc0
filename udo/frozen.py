"""Frozen values: dataclasses whose methods are written when the first one is made, since most runs make few kinds."""

from __future__ import annotations

from dataclasses import Field, FrozenInstanceError, dataclass, field
from threading import Lock
from typing import Any, TypeVar, dataclass_transform

Kind = TypeVar("Kind")
_WRITTEN = ("__eq__", "__hash__", "__match_args__", "__dataclass_params__", "__dataclass_fields__")
_OURS = ("__dict__", "__weakref__", "__init__", "__dataclass_fields__", "__setattr__", "__delattr__")
_writing = Lock()


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[Kind]) -> type[Kind]:
    """The class as `dataclass(frozen=True)` makes it, for a fraction of the time where none of its kind is made.

    Python compiles half a dozen methods for each dataclass: for the fifty of `udo status` that took an eighth of it.
    """

    def first(self: Any, *given: Any, **named: Any) -> None:
        _write(kind, first)
        self.__init__(*given, **named)

    later: Any = kind
    later.__init__, later.__dataclass_fields__ = first, _Fields(first)
    later.__setattr__ = later.__delattr__ = _refused
    if "__repr__" not in vars(kind):
        later.__repr__ = _shown
    return kind


class _Fields:
    """Stands for the fields of a class that is not written yet, for whoever asks the class and not one of its kind."""

    def __init__(self, first: Any) -> None:
        self._first = first

    def __get__(self, _one: Any, kind: Any) -> Any:
        _write(kind, self._first)
        return kind.__dataclass_fields__


def _write(kind: Any, first: Any) -> None:
    """Gives the class the methods of a dataclass; its beginning last, which tells other threads."""
    with _writing:
        if vars(kind).get("__init__") is not first:
            return
        twin = type(kind.__name__, (), {name: one for name, one in vars(kind).items() if name not in _OURS})
        made: Any = dataclass(frozen=True, repr=False)(twin)
        for name in [name for name, one in vars(kind).items() if isinstance(one, Field)]:
            # A default stands in the class itself; what makes one anew each time does not.
            if name in vars(made):
                setattr(kind, name, vars(made)[name])
            else:
                delattr(kind, name)
        for name in _WRITTEN:
            setattr(kind, name, getattr(made, name))
        kind.__init__ = made.__init__


def _refused(_self: Any, name: str, *_new: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _shown(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, one in self.__dataclass_fields__.items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
