"""Show the effective configuration, where it comes from, and every key there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from udo import schema
from udo.errors import UsageError
from udo.result import LOW, Column, Result
from udo.selectors import no_more, reading_roles

if TYPE_CHECKING:
    from udo.config import Role
    from udo.schema import Key
    from udo.session import Session

_KEYS = (
    Column("key", "KEY"),
    Column("type", "TYPE", rank=1, least=10),
    Column("levels", "STANDS IN", rank=LOW),
    Column("merge", "INHERITED", rank=3),
    Column("default", "DEFAULT", rank=2, least=10),
    Column("doc", "MEANING", least=40),
)
_PARTS = (Column("where", "WHERE", least=16), Column("effect", "EFFECT"), Column("text", "VALUE", least=16))
_MERGES = {"replace": "replaced", "deep": "merged", "append": "added up"}


@click.group()
def command() -> None:
    """Show the effective configuration, where it comes from, and every key there is."""


@command.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.option("--why", metavar="KEY", help="Show where each part of this key comes from.")
@click.pass_obj
def show(session: Session, words: tuple[str, ...], why: str | None) -> Result:
    """Show the effective configuration: what each role is once everything is inherited.

    For example: udo config show prod webapp, or udo config show prod webapp --why packages

    Without words the stacks too. Secrets are masked, and references to AWS are shown as written. Asks AWS nothing.
    """
    from udo.config.showing import as_yaml, shown

    roles = reading_roles(session.config, words, all_by_default=True)
    if why is not None:
        return _why(roles, why)
    document = shown(session.config, roles, stacks=not words)
    return Result(document, text=as_yaml(document))


@command.command()
@click.argument("words", nargs=-1, metavar="")
@click.pass_obj
def keys(session: Session, words: tuple[str, ...]) -> Result:
    """List every key: its type, where it is allowed, how it is inherited, its default and what it means."""
    no_more(words)
    rows = [_key_row(key) for key in schema.KEYS]
    return Result(rows, _KEYS, rows)


@command.command("schema")
@click.argument("words", nargs=-1, metavar="")
def json_schema(words: tuple[str, ...]) -> Result:
    """Print the JSON Schema (2020-12) of udo.yml, for editors."""
    from udo.config.json_schema import json_schema as made

    no_more(words)
    document = made()
    return Result(document, text=json.dumps(document, indent=2))


def _key_row(key: Key) -> dict[str, Any]:
    kind = " | ".join(key.choices) or key.kind
    kind = f"true | false | [{kind}]" if key.kind == "verbs" else kind
    return {
        "key": key.path,
        "type": kind,
        "levels": list(schema.BY_PATH[key.path.partition(".")[0].removesuffix("[]")].levels),
        "merge": _MERGES[key.merge],
        "default": key.default,
        "doc": key.doc,
        "example": key.example or None,
    }


def _why(roles: tuple[Role, ...], name: str) -> Result:
    from udo.config.showing import in_one_line
    from udo.config.suggesting import among

    if len(roles) != 1:
        raise UsageError("--why is answered for one role", hint="give CLUSTER ROLE")
    head, _, tag = name.partition(".")
    key = schema.BY_PATH.get(head if head == "tags" and tag else name)
    if key is None:
        raise UsageError(f"no key {name!r}", hint=among(name, schema.BY_PATH))
    if key.kind in ("sections", "params") or key.parent == "params" or "[]" in name:
        asked = head.removesuffix("[]") if "[]" in name else "one like packages"
        raise UsageError(f"{name} is not a value of a role", hint=f"ask for {asked}")
    rows = _parts(roles[0], key, tag if head == "tags" and tag else None)
    default = roles[0].group_name if name == "group_name" else key.default
    notes = [] if rows else [f"{name} is set nowhere; its default is {in_one_line(default)}"]
    return Result(
        {"key": name, "cluster": roles[0].cluster, "role": roles[0].name, "parts": rows}, _PARTS, rows, notes=notes
    )


def _parts(role: Role, key: Key, tag: str | None) -> list[dict[str, Any]]:
    from udo.config.showing import as_written, in_one_line

    rows: list[dict[str, Any]] = []
    for said in role.history(key.path, tag):
        value = as_written(said.value, key)
        first = not rows or rows[-1]["value"] is None
        effect = _effect(key, value, first=first, replaces=getattr(said.value, "replaces", False))
        used = [str(mark) for mark in said.used]
        where = f"{said.mark} used at {' used at '.join(used)}" if used else str(said.mark)
        place = {"file": said.mark.file, "line": said.mark.line, "column": said.mark.column, "used_at": used}
        rows.append({"where": where, **place, "effect": effect, "value": value, "text": in_one_line(value)})
    return rows


def _effect(key: Key, value: Any, *, first: bool, replaces: bool) -> str:
    if value is None:
        return "unsets it"
    if key.kind == "uses":
        return "uses them"
    if first:
        return "sets it"
    if key.merge == "append" and not replaces:
        return "adds to it"
    return "is merged into it" if isinstance(value, dict) and key.merge == "deep" and not replaces else "replaces it"
