"""The stacks of a configuration: what each says, and what is made of one once its parameters are known.

For the verbs:

    stack = chosen(config, "review", {"branch": "cart"})    # or its own name: chosen(config, "shop-review-cart", {})
    stack = session.resolve_stack(stack)                    # answers ${ssm:..} and ${cfn:..}, in one batch
    stack.name, stack.parameters, stack.capabilities, stack.tags, stack.timeout, stack.protect, stack.on_failure,
    stack.role, stack.template, stack.template_file         # effective values
    stack.where("template"), stack.mark_of("parameters", "Branch")                     # places, for errors
    stack.base                                              # a Role of no group: session.aws(stack.base),
                                                            # stack.base.account, .region, .get("stack_bucket") ...
    stack.label, stack.words                                # `stack review`, and `review --param branch=cart`

`config.stacks` has the definitions by key. `definition.order(given)` makes the stack of one, `definition.params` are
the parameters it is ordered with, `definition.params_in(name)` says whether a stack of AWS is one of its.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from udo.config.interpolation import Lookup, Unknown, references
from udo.config.params import Param, param_of
from udo.config.roles import Role
from udo.config.stack import Stack
from udo.config.suggesting import among
from udo.config.tree import Mark, Table, Text
from udo.config.wording import brief
from udo.errors import ConfigError, UsageError
from udo.schema.stacks import NAME, NAME_SHAPE

if TYPE_CHECKING:
    from udo.config.roles import Config

__all__ = ["Stack", "StackDefinition", "chosen", "known"]

# What a value of a parameter may be, in the name of a stack.
_IN_A_NAME = {"int": "-?[0-9]+", "bool": "[Tt]rue|TRUE|[Ff]alse|FALSE", "str": "[A-Za-z0-9-]+"}


@dataclass(frozen=True, eq=False)
class StackDefinition:
    """One of `stacks`: a stack, or with `params` as many as are ordered of it.

    `base` is what it inherits from its cluster or the top of the file: a Role that is no group.
    """

    key: str
    mark: Mark
    base: Role
    table: Table = field(repr=False)

    @property
    def label(self) -> str:
        """What it is called in a line for people."""
        return f"stack {self.key}"

    @property
    def cluster(self) -> str | None:
        """The cluster it belongs to, where it says one."""
        return self.base.cluster or None

    @cached_property
    def params(self) -> Mapping[str, Param]:
        """The parameters it is ordered with, by name."""
        entry = self.table.entries.get("params")
        found = entry.value.entries if entry and isinstance(entry.value, Table) else {}
        return {
            name: param_of(name, one.value if isinstance(one.value, Table) else Table({}, one.mark), one.mark)
            for name, one in found.items()
        }

    @property
    def description(self) -> str:
        """What it is for; empty where nothing is said."""
        found = self._written("description")
        return found.text if found else ""

    @property
    def is_named_by_params(self) -> bool:
        """Whether each order of it is a stack of its own."""
        text = self._written("name")
        return text is not None and any(isinstance(one, Lookup) and one.kind == "param" for one in references(text))

    def order(self, given: Mapping[str, str] | None = None) -> Stack:
        """The stack that these values of its parameters make; the rest are their defaults.

        Values are taken as they are: nothing is looked up in them.

        Raises: UsageError for a parameter that is unknown, missing or cannot have its value, and where the name that
        comes of it is none; ConfigError where the name rests on something that is not known.
        """
        given = given or {}
        for name in given:
            if name not in self.params:
                raise UsageError(f"no parameter {name!r} of {self.label} ({self.mark})", hint=among(name, self.params))
        stack = Stack(self, {name: self._value(param, given) for name, param in self.params.items()})
        name = stack.name
        if not re.fullmatch(NAME, name):
            raise UsageError(
                f"{brief(name)!r} is what {self.label} would be called ({stack.where('name')})",
                hint=f"AWS takes {NAME_SHAPE}",
            )
        return stack

    def unordered(self) -> Stack:
        """It as far as it is known without an order: of its parameters those that have a default."""
        known: dict[str, str] = {}
        for name, param in self.params.items():
            with suppress(UsageError, ConfigError):
                known[name] = self._value(param, {})
        return Stack(self, known)

    def params_in(self, name: str) -> Mapping[str, str] | None:
        """The parameters that the name of a stack in AWS says; None where it is none of this definition's.

        Those that could be read in more than one way are left out.
        """
        try:
            pieces = self.name_pieces()
        except (Unknown, ConfigError):
            return None
        found = [re.fullmatch(self._pattern(pieces, lazy), name) for lazy in ("", "?")]
        first, second = (dict(one.groupdict()) if one else None for one in found)
        if first is None or second is None:
            return None
        names = dict(zip(first, self._in_name(pieces), strict=True))
        return {names[key]: value for key, value in first.items() if second[key] == value}

    def at(self, name: str, given: Mapping[str, str]) -> Stack:
        """The stack of that name in AWS, which is one of this definition's; what its name does not say is `given`.

        A value that rests on a parameter which neither says is told where it is read.

        Raises: UsageError for a parameter that is unknown, cannot have its value, or contradicts the name.
        """
        said = self.params_in(name) or {}
        for key, value in given.items():
            if said.get(key, value) != value:
                raise UsageError(f"--param {key}={value} contradicts {name!r}, where it is {said[key]!r}")
            if key not in self.params:
                raise UsageError(f"no parameter {key!r} of {self.label} ({self.mark})", hint=among(key, self.params))
        found: dict[str, str] = {}
        for key, param in self.params.items():
            if key in said or key in given or param.default is not None:
                found[key] = self._value(param, {**given, **said})
        return Stack(self, found, name)

    def mark_of(self, *names: str) -> Mark:
        """The place of the innermost of these keys that is said; that of the stack where none is."""
        mark, table = self.mark, self.table
        for name in names:
            if (entry := table.entries.get(name)) is None:
                break
            mark = entry.mark
            if not isinstance(entry.value, Table):
                break
            table = entry.value
        return mark

    def name_pieces(self) -> list[str | Lookup]:
        """Its name as far as it is known: text, and the parameters in it.

        Raises: Unknown, ConfigError.
        """
        text = self._written("name") or Text(self.key, True, self.mark)
        pieces: list[str | Lookup] = []
        for piece in references(text):
            known = isinstance(piece, Lookup) and piece.kind == "param"
            pieces.append(piece if isinstance(piece, str) or known else self.base.answer(piece))
        return pieces

    def _written(self, key: str) -> Text | None:
        entry = self.table.entries.get(key)
        return entry.value if entry and isinstance(entry.value, Text) and entry.value.text else None

    def _value(self, param: Param, given: Mapping[str, str]) -> str:
        if param.name in given:
            value = given[param.name]
        elif isinstance(param.default, Text):
            value = self.base.filled(param.default)
        else:
            doc = f", {param.doc[:1].lower()}{param.doc[1:]}" if param.doc else ""
            told = f"{self.label} wants the parameter '{param.name}'{doc} ({param.mark})"
            raise UsageError(told, hint=f"give --param {param.name}={'|'.join(param.choices) or 'VALUE'}")
        if told := param.refusal(value):
            raise UsageError(f"{told} ({param.mark})")
        return value

    def _pattern(self, pieces: list[str | Lookup], lazy: str) -> str:
        """A pattern of its name; a parameter that stands in it again has to be the same."""
        names = self._in_name(pieces)
        seen: set[str] = set()
        parts = []
        for piece in pieces:
            if isinstance(piece, str):
                parts.append(re.escape(piece))
                continue
            group = f"p{names.index(piece.argument)}"
            parts.append(f"(?P={group})" if group in seen else f"(?P<{group}>{self._shape(piece.argument, lazy)})")
            seen.add(group)
        return "".join(parts)

    def _shape(self, name: str, lazy: str) -> str:
        param = self.params.get(name)
        if param and param.choices:
            return "|".join(re.escape(one) for one in param.choices)
        shape = _IN_A_NAME.get(param.type if param else "str", _IN_A_NAME["str"])
        return shape + lazy if shape.endswith("+") else shape

    @staticmethod
    def _in_name(pieces: list[str | Lookup]) -> list[str]:
        return list(dict.fromkeys(piece.argument for piece in pieces if isinstance(piece, Lookup)))


def chosen(config: Config, word: str, given: Mapping[str, str] | None = None) -> Stack:
    """The stack that a word on the command line means: a key of `stacks`, or the name of a stack in AWS.

    Raises: UsageError; ConfigError.
    """
    if found := known(config, word, given):
        return found
    names = dict.fromkeys([*config.stacks, *_plain_names(config)])
    raise UsageError(f"no stack {word!r} ({config.place})", hint=among(word, names))


def known(config: Config, word: str, given: Mapping[str, str] | None = None) -> Stack | None:
    """The stack that a word means; None where udo.yml knows none. See `chosen`."""
    if word in config.stacks:
        return config.stacks[word].order(given)
    found = [one for one in config.stacks.values() if one.params_in(word) is not None]
    exact = [one for one in found if not one.is_named_by_params] or found
    if len(exact) > 1:
        keys = " and ".join(one.key for one in exact)
        raise UsageError(f"{word!r} may be one of {keys} ({config.place})", hint="give the KEY and its --param instead")
    return exact[0].at(word, given or {}) if exact else None


def _plain_names(config: Config) -> Iterator[str]:
    for one in config.stacks.values():
        with suppress(Unknown, ConfigError):
            if not one.is_named_by_params:
                yield "".join(map(str, one.name_pieces()))
