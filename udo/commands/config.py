"""Show the effective configuration, where it comes from, and every key there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from udo import schema
from udo.errors import UsageError
from udo.model import Column, Result
from udo.words import no_more, reading_roles

if TYPE_CHECKING:
    from udo.config import Role
    from udo.schema import Key
    from udo.session import Session

_KEYS = (
    Column("key", "KEY"),
    Column("type", "TYPE"),
    Column("levels", "STANDS IN"),
    Column("merge", "INHERITED"),
    Column("default", "DEFAULT"),
    Column("doc", "MEANING"),
)
_PARTS = (Column("where", "WHERE"), Column("effect", "EFFECT"), Column("text", "VALUE"))
_MERGES = {"replace": "replaced", "deep": "laid over", "append": "added up"}


@click.group()
def command() -> None:
    """Show the effective configuration, where it comes from, and every key there is."""


@command.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.option("--why", metavar="KEY", help="Tell where each part of this key comes from.")
@click.pass_obj
def show(session: Session, words: tuple[str, ...], why: str | None) -> Result:
    """Show the effective configuration: what each role is once everything is inherited.

    For example: udo config show prod webapp, or udo config show prod webapp --why packages

    Secrets are masked, and what is kept in AWS stands as written. Asks AWS nothing.
    """
    from udo.config.showing import as_yaml, shown

    roles = reading_roles(session.config, words, all_by_default=True)
    if why is not None:
        return _why(roles, why)
    document = shown(session.config, roles)
    return Result(document, text=as_yaml(document))


@command.command()
@click.argument("words", nargs=-1, metavar="")
@click.pass_obj
def keys(session: Session, words: tuple[str, ...]) -> Result:
    """List every key: its type, where it may stand, how it is inherited, its default and what it means."""
    no_more(words)
    rows = [_key_row(key) for key in schema.KEYS]
    return Result(rows, _KEYS, rows)


@command.command("schema")
@click.argument("words", nargs=-1, metavar="")
def json_schema(words: tuple[str, ...]) -> None:
    """Print the JSON Schema (2020-12) of udo.yml, for editors."""
    from udo.config.json_schema import json_schema as made

    no_more(words)
    click.echo(json.dumps(made(), indent=2))


def _key_row(key: Key) -> dict[str, Any]:
    kind = " | ".join(key.choices) or key.kind
    return {
        "key": key.path,
        "type": kind,
        "levels": list(key.levels),
        "merge": _MERGES[key.merge],
        "default": key.default,
        "doc": key.doc,
        "example": key.example or None,
    }


def _why(roles: tuple[Role, ...], name: str) -> Result:
    from udo.config.showing import in_one_line
    from udo.config.suggesting import among

    if len(roles) != 1:
        raise UsageError("--why is answered for one role", hint="say CLUSTER ROLE")
    if name not in schema.BY_PATH or "role" not in schema.BY_PATH[name].levels or "[]" in name:
        raise UsageError(f"no key {name!r}", hint=among(name, schema.BY_PATH))
    key = schema.BY_PATH[name]
    rows = _parts(roles[0], key)
    notes = [] if rows else [f"{name} is set nowhere; its default is {in_one_line(key.default)}"]
    return Result(
        {"key": name, "cluster": roles[0].cluster, "role": roles[0].name, "parts": rows}, _PARTS, rows, notes=notes
    )


def _parts(role: Role, key: Key) -> list[dict[str, Any]]:
    from udo.config.showing import as_written, in_one_line

    rows: list[dict[str, Any]] = []
    for entry in role.history(key.path):
        value = as_written(entry.value, key)
        first = not rows or rows[-1]["value"] is None
        effect = _effect(key, value, first=first, replaces=getattr(entry.value, "replaces", False))
        place = {"file": entry.mark.file, "line": entry.mark.line, "column": entry.mark.column}
        rows.append({"where": str(entry.mark), **place, "effect": effect, "value": value, "text": in_one_line(value)})
    return rows


def _effect(key: Key, value: Any, *, first: bool, replaces: bool) -> str:
    if value is None:
        return "unsets it"
    if first:
        return "sets it"
    if replaces or key.merge == "replace":
        return "replaces it"
    return "adds to it" if key.merge == "append" else "is laid over it"
