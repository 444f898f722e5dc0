"""Check udo.yml: every mistake with its line and column."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from udo.check.finding import SETTING
from udo.commands._options import path_given
from udo.config import load
from udo.errors import ConfigError, UsageError
from udo.launch.user_data import boot_script
from udo.result import Column, Result
from udo.selectors import no_more

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from udo.check.finding import Finding as Found
    from udo.config import Config, Role
    from udo.session import Session

_MARKS = {True: "\N{CHECK MARK}", False: "\N{BALLOT X}", None: "?"}
_OTHERWISE = "~"


def _brief_place(text: str) -> str:
    """Where a key stands, without the folders of its file."""
    return text.rpartition("/")[2]


_COLUMNS = (
    Column("mark", ""),
    Column("check", "CHECK"),
    Column("name", "NAME", least=21),
    Column("message", "FOUND", least=12),
    Column("roles", "ROLES", rank=2, least=10),
    Column("where", "WHERE", rank=1, fold=_brief_place),
)
# What acts on a group, or on its members.
_PARTS = (
    *("scaling_policies", "scheduled_actions", "lifecycle_hooks"),
    *("max_instance_lifetime", "instance_maintenance_policy"),
)


@click.command()
@click.argument("words", nargs=-1, metavar="")
@click.option("--online", is_flag=True, help="Also ask AWS whether all that is named exists, goes together and is so.")
@click.option(
    "--bundle",
    type=path_given,
    metavar="PATH",
    help="Check a bundle for CodeDeploy instead: a folder, or a zip, tar or tgz.",
)
@click.pass_obj
def command(session: Session, words: tuple[str, ...], online: bool, bundle: Path | None) -> Result:
    """Check udo.yml: every mistake with its line and column.

    Reads the file and what it names on this machine (environment variables, user data files), and asks AWS nothing.
    Exits with 0 when all is well and with 2 when something is not.

    With --online it then looks for all that is named: parameters, images and whether they run on the instance types,
    key pairs, zones, VPCs, subnets, security groups and whether they are in the same VPC, instance profiles, load
    balancers, and CodeDeploy groups and whether they deploy to the groups of their roles. Exits with 1 when something
    is missing. What may not be read is a '?' with a footnote. What a live group has otherwise than udo.yml says, and
    'udo update' applies, is a '~' with old and new value.

    Stacks are checked with their templates: their parameters, and what cfn-lint finds where it is installed.

    An appspec.yml beside udo.yml is checked too, and with --bundle nothing but a bundle: what is sure to fail with the
    CodeDeploy agent (1.8.1, whose behaviour is known by running it) is a mistake, what may surprise is a warning.

    \b
    The folder that is deployed:  udo check --bundle build/
    An archive of it:             udo check --bundle app.zip
    """
    no_more(words)
    if bundle is not None:
        if online:
            raise UsageError("--bundle and --online exclude each other", hint="nothing of a bundle is known to AWS")
        return _bundle(session, bundle)
    config = load(session.config_path, os.environ, strict=True, also=_whole)
    result = _stacks(config, _summary(config)) if config.stacks else _summary(config)
    beside = config.file.parent / "appspec.yml"
    if beside.is_file():
        checked = _bundle(session, beside.parent, whole=False)
        result = replace(result, notes=[*result.notes, *checked.notes], data={**result.data, **checked.data})
    return _online(session, config, result) if online else result


def _stacks(config: Config, result: Result) -> Result:
    # Late: it imports cfn-lint, which takes a second.
    from udo.check.stacks import checked_stacks

    data = {**result.data, "stacks": list(config.stacks)}
    return replace(result, data=data, notes=[*result.notes, *checked_stacks(config)])


def _bundle(session: Session, path: Path, *, whole: bool = True) -> Result:
    # Late: what reads bundles has no part in udo.yml.
    from udo.check.bundle import checked_bundle

    return checked_bundle(session, path, whole=whole)


def _online(session: Session, config: Config, offline: Result) -> Result:
    from udo.check.online import observe_online

    findings, footnotes = observe_online(session, config)
    rows = _rows(findings)
    wrong = [row for row in rows if row["ok"] is False]
    error = None
    if wrong:
        named = [f"{row['check']} {row['name']} ({row['where']}): {row['message']}" for row in wrong]
        told = f"{len(wrong)} of {_counted(len(rows), 'check')} failed: {'; '.join(named)}"
        error = ("absent", told, None)
    shown = [{**row, "mark": _mark(row), "roles": _brief(row["roles"])} for row in rows]
    notes = [*offline.notes, *footnotes]
    if any(row["mark"] == _OTHERWISE for row in shown):
        notes.append(f"{_OTHERWISE}: the live group has it otherwise, 'udo update' applies what udo.yml says")
    data = {**offline.data, "checks": rows}
    return Result(data, _COLUMNS, shown, notes=notes, exit=1 if wrong else 0, error=error)


def _mark(row: Mapping[str, Any]) -> str:
    # What a group has otherwise is no mistake.
    return _OTHERWISE if row["check"] == SETTING and row["ok"] else _MARKS[row["ok"]]


def _rows(findings: Iterable[Found]) -> list[dict[str, Any]]:
    """A row for what several roles name alike."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in findings:
        key = (one.check, one.name, one.ok, one.message, one.where)
        row: dict[str, Any] = {"check": one.check, "name": one.name, "roles": [], "ok": one.ok, "message": one.message}
        rows.setdefault(key, {**row, "where": one.where})["roles"].append(one.role.label)
    return list(rows.values())


def _brief(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - 2} more" if len(labels) > 3 else ""
    return ", ".join(labels[:2] if more else labels) + more


def _whole(role: Role) -> None:
    _boot_script(role)
    if any(map(role.says, _PARTS)):
        # Late: most files say nothing of them.
        from udo.groups.settings import check_parts

        check_parts(role)


def _boot_script(role: Role) -> None:
    try:
        boot_script(role)
    except ConfigError:
        from udo.launch.overlay import BASIS

        # What rests on AWS cannot be made here.
        if not role.lookups(*BASIS):
            raise


def _summary(config: Config) -> Result:
    clusters = {name: list(cluster.roles) for name, cluster in config.clusters.items()}
    roles = sum(map(len, clusters.values()))
    counts = [_counted(len(clusters), "cluster"), _counted(roles, "role")]
    counts += [_counted(len(config.stacks), "stack")] if config.stacks else []
    text = f"{config.file}: {', '.join(counts)}, no mistakes"
    advice = [
        {"file": one.file, "line": one.line, "column": one.column, "message": one.message} for one in config.advice
    ]
    data = {"file": str(config.file), "clusters": clusters, "roles": roles, "advice": advice}
    notes = [f"{one} (advice)" for one in config.advice]
    return Result(data, text=text, notes=notes)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
