"""Frozen values: dataclasses whose methods are written when the first one is made, since most runs make few kinds."""

from __future__ import annotations

from dataclasses import Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from threading import Lock
from typing import Any, TypeVar, dataclass_transform

Kind = TypeVar("Kind")
_WRITTEN = ("__match_args__", "__dataclass_params__", "__dataclass_fields__")
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
        made: Any = dataclass(frozen=True, repr=False, eq=False)(twin)
        for name in [name for name, one in vars(kind).items() if isinstance(one, Field)]:
            # A default stands in the class itself; what makes one anew each time does not.
            if name in vars(made):
                setattr(kind, name, vars(made)[name])
            else:
                delattr(kind, name)
        for name in _WRITTEN:
            setattr(kind, name, getattr(made, name))
        _compared(kind, tuple(one.name for one in fields(made) if one.compare))
        kind.__setattr__ = kind.__delattr__ = _refused
        if "__repr__" not in vars(kind):
            kind.__repr__ = _shown
        kind.__init__ = made.__init__


def _compared(kind: Any, names: tuple[str, ...]) -> None:
    """Equal is what is of one class and holds equal values; nothing is compiled for it, as `dataclass` would."""
    # Of a single name it gives no tuple, of none it cannot be made.
    values: Any = attrgetter(*names) if len(names) > 1 else lambda one: tuple(getattr(one, name) for name in names)

    def same(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    for name, written in (("__eq__", same), ("__hash__", hashed)):
        # A class that says what is equal and no hash has None there.
        if vars(kind).get(name) is None:
            setattr(kind, name, written)


def _refused(_self: Any, name: str, *_new: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _shown(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, one in self.__dataclass_fields__.items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
