"""Reads the ${...} references in a value and puts what they stand for in their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field

from udo.config.suggesting import suggestion
from udo.config.tree import Mark, Node, Null, Text
from udo.frozen import frozen

NAMES = ("cluster", "role", "app", "region")
KEPT_IN_AWS = ("ssm", "cfn")
_KINDS = ("param", "env", *KEPT_IN_AWS)
_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<inner>[^{}]*)(?P<end>\}?)")
_PARAM = re.compile(r"\$\$\{|\$\{param:([^{}]*)\}")
# Source: API_CreateStack, StackName; CloudFormation user guide, "Outputs": logical ids are letters and digits.
_OUTPUT = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}\.[A-Za-z0-9]{1,255}")
_ENV = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<how>[-?])(?P<rest>.*))?", re.DOTALL)


@frozen
class Lookup:
    """A value that is kept elsewhere: `kind` (param, env, ssm, cfn) says where, `argument` what is asked for there."""

    kind: str
    argument: str
    mark: Mark = field(compare=False)


class Unknown(Exception):
    """A reference that cannot be followed; the message says why."""


def references(text: Text) -> list[str | Lookup]:
    """The pieces of a value: literal text, and what is to be looked up (also cluster, role, app and region).

    Raises: Unknown for a reference nobody understands.
    """
    pieces: list[str | Lookup] = []
    at = 0
    for found in _REFERENCE.finditer(text.text):
        pieces.append(text.text[at : found.start()])
        pieces.append("${" if found["inner"] is None else _lookup(found, text.mark))
        at = found.end()
    pieces.append(text.text[at:])
    return [piece for piece in pieces if piece != ""]


def filled(text: Text, answer: Callable[[Lookup], str]) -> str:
    """The value with every reference replaced by its answer; answers are not looked at again.

    Raises: Unknown for a reference nobody understands, and what `answer` raises.
    """
    return "".join(piece if isinstance(piece, str) else answer(piece) for piece in references(text))


def bound(text: Text, values: Mapping[str, Text]) -> Node:
    """The value with the references to `values` replaced as written; one that comes out empty is nothing.

    What is put in may hold other references, and counts as written without quotes.
    """
    if "${param:" not in text.text:
        return text
    filled_in = _PARAM.sub(lambda found: values[found[1]].text if found[1] in values else found[0], text.text)
    return Text(filled_in, True, text.mark) if filled_in else Null(text.mark)


def from_environment(lookup: Lookup, env: Mapping[str, str]) -> str:
    """The environment's answer to an env lookup; an empty variable counts as unset where a default stands.

    Raises: Unknown when the variable is not set and no default stands.
    """
    found = _ENV.fullmatch(lookup.argument)
    assert found, lookup.argument  # noqa: S101  (`references` lets no other through)
    name, how, rest = found["name"], found["how"], found["rest"]
    if value := env.get(name, ""):
        return value
    if how == "-":
        return rest
    if how == "?":
        raise Unknown(f"the environment variable {name} is not set: {rest or 'it is needed here'}")
    if name in env:
        return ""
    raise Unknown(f"the environment variable {name} is not set (a default is written ${{env:{name}:-default}})")


def _lookup(found: re.Match[str], mark: Mark) -> Lookup:
    inner = found["inner"]
    if not found["end"]:
        raise Unknown("'${' without its '}' (a literal '${' is written '$${')")
    kind, colon, argument = inner.partition(":")
    if not colon and kind in NAMES:
        return Lookup(kind, "", mark)
    if colon and kind == "env" and _ENV.fullmatch(argument):
        return Lookup(kind, argument, mark)
    if colon and (kind == "param" or (kind == "ssm" and argument.startswith("/"))):
        return Lookup(kind, argument, mark)
    if colon and kind == "cfn" and _OUTPUT.fullmatch(argument):
        return Lookup(kind, argument, mark)
    raise Unknown(_why(inner, kind, bool(colon)))


def _why(inner: str, kind: str, colon: bool) -> str:
    if kind == "env":
        return f"'${{{inner}}}': write ${{env:NAME}}, ${{env:NAME:-default}} or ${{env:NAME:?message}}"
    if kind == "ssm":
        return f"'${{{inner}}}': write ${{ssm:/path/of/the/parameter}}"
    if kind == "cfn":
        return f"'${{{inner}}}': write ${{cfn:STACK.OUTPUT}}"
    known = _KINDS if colon else (*NAMES, *_KINDS)
    return f"nothing is known of '${{{inner}}}': {suggestion(kind, known, 'there are')}"
