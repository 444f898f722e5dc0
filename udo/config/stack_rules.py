"""What is wrong with the stacks of a configuration, once all is merged: each mistake with its place and its remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from udo.config.interpolation import KEPT_IN_AWS, Lookup, Unknown, references
from udo.config.roles import texts
from udo.config.stack import REMOTE, URL, Stack
from udo.config.stacks import StackDefinition
from udo.config.suggesting import among
from udo.config.tree import Entry, Mark, Null, Text
from udo.config.wording import brief
from udo.errors import ConfigError, Problem
from udo.schema.stacks import NAME, NAME_SHAPE, TEMPLATE_URL

_PLACE = ("region", "account", "aws_profile", "assume_role")
# What the parameters of an order cannot decide.
_FIXED = ("description", "params")
_LONGEST_NAME = 128


def wrong_stacks(
    stacks: Collection[StackDefinition], clusters: Collection[str], *, every_value: bool
) -> Iterator[Problem]:
    """What is wrong with these stacks; `every_value` also reads all that needs no order."""
    for one in stacks:
        yield from _missing(one, clusters)
        for param in one.params.values():
            yield from param.wrong()
        told = [wrong for key, entry in one.table.entries.items() for wrong in _references(one, key, entry)]
        yield from told
        mark = one.table.entries["name"].value.mark if "name" in one.table.entries else one.mark
        if not any(wrong.place == mark for wrong in told):
            yield from _name(one, mark, every_value=every_value)
        if every_value:
            yield from _values(one)
    yield from _twice(stacks)


def _missing(one: StackDefinition, clusters: Collection[str]) -> Iterator[Problem]:
    template = one.table.entries.get("template")
    if template is None or isinstance(template.value, Null):
        yield Problem(*one.mark, f"{one.label} has no template: write template: FILE, or s3://BUCKET/KEY")
    elif isinstance(template.value, Text) and (told := wrong_url(template.value.text)):
        yield Problem(*template.value.mark, told)
    cluster = one.table.entries.get("cluster")
    name = cluster.value.text if cluster and isinstance(cluster.value, Text) else ""
    if cluster and name and "${" not in name and name not in clusters:
        yield Problem(*cluster.value.mark, f"no cluster '{brief(name)}' for {one.label}: {among(name, clusters)}")


def wrong_url(template: str) -> str:
    """What is wrong with a template that is a URL, in words; nothing for a file, or where it rests on a reference."""
    if not URL.match(template) or "${" in template or re.fullmatch(TEMPLATE_URL, template):
        return ""
    told = f"'{brief(template)}' is no object in S3, from where alone CloudFormation reads templates"
    return f"{told}: write s3://BUCKET/KEY, https://BUCKET.s3.REGION.amazonaws.com/KEY or a file"


def _references(one: StackDefinition, key: str, entry: Entry) -> Iterator[Problem]:
    for text in texts(entry.value):
        for piece in _lookups(text):
            if key == "cluster":
                yield Problem(*text.mark, "nothing is looked up in stacks.*.cluster: write the name of a cluster")
            elif piece.kind == "param" and key in _FIXED:
                yield Problem(
                    *text.mark, f"${{param:..}} is not allowed in stacks.*.{key}: all its orders have it alike"
                )
            elif piece.kind == "param" and piece.argument not in one.params:
                told = f"no parameter '{brief(piece.argument)}' of {one.label}: {among(piece.argument, one.params)}"
                yield Problem(*text.mark, told)
            elif piece.kind in KEPT_IN_AWS and key not in REMOTE:
                told = f"${{{piece.kind}:..}} is not allowed in stacks.*.{key}: it is needed before AWS can be asked"
                yield Problem(*text.mark, told)


def _lookups(text: Text) -> Sequence[Lookup]:
    try:
        return [piece for piece in references(text) if isinstance(piece, Lookup)]
    except Unknown:
        return ()  # told where the file is checked


def _name(one: StackDefinition, mark: Mark, *, every_value: bool) -> Iterator[Problem]:
    try:
        pieces = one.name_pieces()
    except Unknown as error:
        if every_value or not str(error).startswith("the environment variable"):
            yield Problem(*mark, str(error))
        return
    except ConfigError as error:
        yield from error.problems
        return
    words = [piece for piece in pieces if isinstance(piece, str)]
    literal = "".join(words)
    if len(words) == len(pieces):
        fits = re.fullmatch(NAME, literal) is not None
    else:
        begins = not isinstance(pieces[0], str) or pieces[0][:1].isalpha()
        fits = begins and re.fullmatch(f"[A-Za-z0-9-]{{0,{_LONGEST_NAME - 1}}}", literal) is not None
    if not fits:
        hint = "" if "name" in one.table.entries else ": give it such a 'name'"
        yield Problem(*mark, f"'{brief(literal)}' is no name for a stack in AWS, which takes {NAME_SHAPE}{hint}")


def _values(one: StackDefinition) -> Iterator[Problem]:
    """What is wrong with values that rest on nothing an order decides, and nothing that AWS keeps."""
    stack = Stack(one, {})
    for key, entry in one.table.entries.items():
        kinds = {piece.kind for text in texts(entry.value) for piece in _lookups(text)}
        if kinds and not kinds & {"param", *KEPT_IN_AWS} and key not in ("params", "name"):
            try:
                stack.value(key)
            except ConfigError as error:
                yield from error.problems


def _twice(stacks: Collection[StackDefinition]) -> Iterator[Problem]:
    first: dict[tuple[str | None, ...], StackDefinition] = {}
    for one in stacks:
        try:
            name = tuple(piece if isinstance(piece, str) else None for piece in one.name_pieces())
            other = first.setdefault(name, one)
            alike = all(other.base.get(key) == one.base.get(key) for key in _PLACE)
        except (Unknown, ConfigError):
            continue
        if other is not one and alike:
            told = f"{one.label} is called like {other.label} ({other.mark_of('name')}): give one of them another name"
            yield Problem(*one.mark_of("name"), told)
