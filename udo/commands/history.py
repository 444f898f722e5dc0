"""Show who changed what and when, from the journal of this machine and what AWS keeps."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from udo.change.events import Notice
from udo.change.holder import recorded
from udo.change.journal import BEGUN, Entry, entries
from udo.change.mark import RUN
from udo.errors import Absent, AwsError, ConfigError, CredentialsError, PermissionDenied
from udo.groups.text import brief_launch, brief_name, brief_time, local_time, short_name
from udo.history.from_aws import FEW, KEYS, Change, changes, made_by
from udo.result import LOW, Column, Result
from udo.selectors import no_more, reading_roles, stack_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.session import Session


def _brief_step(text: str) -> str:
    return _COMMIT.sub(r"\1", text)


def _brief_what(text: str) -> str:
    """What was run or made, without the reason, which has a column of its own."""
    return _REASON.sub("", brief_launch(text.removeprefix("udo ")))


# The first seven digits of a commit tell it apart, as they do for git.
_COMMIT = re.compile(r"\b([0-9a-f]{7})[0-9a-f]{33}\b")
# As `shlex.join` writes it.
_REASON = re.compile(r""" --reason (?:'(?:[^']|'"'"')*'|[^' ]+)""")
COLUMNS = (
    Column("when", "WHEN", fold=brief_time, brief="AGE"),
    Column("run", "RUN", rank=4),
    Column("who", "WHO", rank=1, fold=brief_name),
    Column("target", "TARGET", rank=LOW + 1),
    Column("what", "WHAT", fold=_brief_what, least=24),
    Column("changes", "CHANGED", rank=3, least=16),
    Column("reason", "WHY", rank=2, least=12),
    Column("deployment_id", "DEPLOYMENT", rank=LOW),
    Column("outcome", "OUTCOME"),
)
STEP_COLUMNS = (
    Column("when", "WHEN", fold=brief_time, brief="AGE"),
    Column("target", "TARGET", once=True),
    Column("step", "STEP", fold=_brief_step, least=24),
    Column("outcome", "OUTCOME"),
    Column("note", "NOTE", rank=1, least=16),
)


def merged(recorded: Sequence[Entry], kept: Sequence[Change]) -> list[Change]:
    """The runs of the journal and what AWS keeps, newest first, each run and target once.

    AWS's word on how a deployment ended beats the journal's, which may not have seen the end.
    """
    runs = _runs(recorded)
    made = {(entry.target, name): entry.run for entry in recorded for name in (made_by(entry), entry.refresh) if name}
    elsewhere: dict[tuple[str, ...], Change] = {}
    for change in kept:
        kept_as = change.configuration or change.refresh
        run = change.run or next(filter(None, (made.get((one, kept_as)) for one in change.targets)), "")
        ours = [key for key in runs if run and key[0] == run]
        for key in ours:
            if change.status and key[1] in change.targets:
                runs[key] = _with_its_end(runs[key], change)
        if not ours:
            same = (run, *change.targets) if run else ("", change.what, change.when)
            before = elsewhere.get(same)
            elsewhere[same] = replace(change, what=f"{before.what}; {change.what}") if before else change
    # Of runs within one second, the one whose lines come later in the journal is the newer.
    return sorted([*reversed(runs.values()), *elsewhere.values()], key=lambda change: change.when, reverse=True)


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE] | stack:NAME | RUN]")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), default=20, help="How many at most (default: 20).")
@click.pass_obj
def command(session: Session, words: tuple[str, ...], limit: int) -> Result:
    """Show who changed what and when, newest first, on any machine: the journal of this one, merged with the launch
    template versions, launch configurations, deployments, (of ten roles at most) instance refreshes and (of ten) events
    of stacks that AWS keeps.

    CLUSTER ROLE or CLUSTER.ROLE; either may be a list (webapp,worker) or '*'; without a word all roles, and all stacks
    of Udo's. stack:NAME is a stack by its name in AWS, or all that were ordered of a key of udo.yml; 'stack:*' all
    stacks. RUN is a run's id as the list shows it: its steps, from the journal of the machine it ran on.

    Each entry shows what changed (old value to new, in brief; user data by its size and hash), why (--reason), and the
    id of the deployment. The steps of a run come with all that Udo printed, without the output of hosts and scripts.

    A run that was killed is "broken off": the same command again continues from there. One that still runs is
    "under way". One that another host began and did not end in this journal is "end unknown".

    \b
    udo history prod webapp
    udo history stack:review
    udo history --limit 100 -o json
    udo history 20260105T090000Z-1f00ba
    """
    if words and RUN.fullmatch(words[0]):
        no_more(words[1:])
        return _one_run(session, words[0])
    rows, notes = _rows(session, words, limit)
    older = len(rows) - limit
    if older > 0:
        notes.insert(0, f"{older} older: use --limit {len(rows)} to see them")
    now = session.clock.time()
    text = [_text_row(row, now) for row in rows[:limit]]
    return Result(rows[:limit], COLUMNS, text, notes=[*notes, *([] if rows else ["nothing is known"])])


def _rows(session: Session, words: tuple[str, ...], limit: int) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each change of the roles or stacks that are meant, newest first, and what is to be said besides."""
    # Late: most have no stacks.
    from udo.history.stacks import Found, stack_changes

    warn = _Warnings(session)
    recorded = entries(warn)
    stack = stack_word(words)
    roles = () if stack else reading_roles(session.config, words, all_by_default=True)
    notes = []
    if len(roles) > FEW:
        notes.append(f"instance refreshes of {len(roles)} roles are not asked for: name {FEW} at most to see them")
    stacks = Found()
    if stack or not words:
        name = "" if stack in (None, "*") else stack
        stacks = stack_changes(session, name, recorded, partial(_account, warn=warn), limit, warn)
    found, kept = _history(session, roles, recorded, limit, warn)
    changed = merged([*found, *stacks.recorded], [*kept, *stacks.kept])
    return [_row(change) for change in changed], [*notes, *stacks.notes]


def _history(
    session: Session, roles: Sequence[Role], recorded: Sequence[Entry], limit: int, warn: _Warnings
) -> tuple[list[Entry], list[Change]]:
    found: list[Entry] = []
    kept: list[Change] = []
    for aws, together in session.by_aws(roles):
        mine = _of_roles(recorded, together)
        account = _account(aws, warn) if mine else None
        found += [entry for entry in mine if account is None or entry.account in ("", "unknown", account)]
        resolved = [_resolved(session, role, warn) for role in together]
        kept += changes(aws, resolved, limit, warn, refreshes=len(roles) <= FEW)
    return found, kept


class _Warnings:
    """Says each warning once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._session.emit(Notice(text, "warning"))


def _resolved(session: Session, role: Role, warn: _Warnings) -> Role:
    try:
        return session.resolve(role, *KEYS) if role.lookups(*KEYS) else role
    except (AwsError, PermissionDenied, CredentialsError, ConfigError) as error:
        warn(f"deployments to {role.label} are unknown: {error.message}")
        return role


def _account(aws: Aws, warn: _Warnings) -> str | None:
    """The account, where that can be told: another one may have roles of the same names."""
    try:
        return aws.identity()[0]
    except (AwsError, PermissionDenied, CredentialsError) as error:
        warn(f"the account is unknown: {error.message}")
        return None


def _of_roles(recorded: Iterable[Entry], roles: Sequence[Role]) -> list[Entry]:
    """The entries that name one of the roles, or its group, which from then on is called by its role."""
    labels = {name: role.label for role in roles for name in (role.group_name, role.label)}
    found = []
    for entry in recorded:
        named = entry.target.split(", ")
        if any(name in labels for name in named):
            found.append(replace(entry, target=", ".join(labels.get(name, name) for name in named)))
    return found


def _runs(recorded: Iterable[Entry]) -> dict[tuple[str, str], Change]:
    """The runs of the journal by id and target: since the first line of each, with how it ended."""
    lines: dict[tuple[str, str], list[Entry]] = {}
    for entry in recorded:
        lines.setdefault((entry.run, entry.target), []).append(entry)
    return {key: _run(found) for key, found in lines.items()}


def _run(lines: Sequence[Entry]) -> Change:
    first = lines[0]
    return Change(
        first.time,
        first.run,
        first.operator,
        first.command or first.step,
        (first.target,),
        _outcome(lines),
        deployment=next((line.deployment for line in reversed(lines) if line.deployment), ""),
        refresh=next((line.refresh for line in reversed(lines) if line.refresh), ""),
        reason=next((line.reason for line in lines if line.reason), ""),
        changes=next((line.changes for line in lines if line.changes), ""),
    )


def _with_its_end(run: Change, kept: Change) -> Change:
    """The run with what AWS tells of its deployment or refresh; that a hook failed in the end only the run tells."""
    outcome = run.outcome if (run.outcome, kept.status) == ("partial", "Succeeded") else kept.status
    changes = run.changes or kept.changes
    run = replace(run, outcome=outcome, changes=changes, reason=run.reason or kept.reason)
    return run if kept.refresh else replace(run, deployment=kept.deployment)


def _outcome(lines: Sequence[Entry]) -> str:
    """How a run ended for one target, by its lines; whether it continues where none of them says so."""
    own = [line for line in lines if not line.step]
    if not own:
        # Of a Udo that recorded steps only. An optional step that was left out is not how a run ended.
        ends = [line.outcome for line in lines if line.outcome != "left out"]
        return ends[-1] if ends else "done"
    last = own[-1]
    if last.outcome != BEGUN:
        return last.outcome
    if last.host != socket.gethostname():
        return "end unknown"
    return "broken off" if recorded(last).gone else "under way"


def _one_run(session: Session, run: str) -> Result:
    lines = [entry for entry in entries(_Warnings(session)) if entry.run == run]
    if not lines:
        raise Absent(f"no run {run} in the journal of this machine", hint="a journal stays where its run was made")
    first = lines[0]
    rows = [
        {"when": one.time, "target": one.target, "step": one.step, "outcome": one.outcome, "note": one.note or None}
        for one in lines
        if one.step
    ]
    now = session.clock.time()
    runs = _runs(lines)
    data: dict[str, Any] = {
        "run": run,
        "who": first.operator or None,
        "account": first.account or None,
        "command": first.command,
    }
    data |= {"outcomes": {target: change.outcome for (_, target), change in runs.items()}, "steps": rows}
    data["targets"] = [_told(change, lines) for change in runs.values()]
    text = [row | {"when": local_time(row["when"], now)} for row in rows]
    note = f"{first.command}  by {short_name(first.operator) or 'somebody'}, account {first.account or 'unknown'}"
    notes = [note, *(line for told in data["targets"] for line in _lines(told))]
    return Result(data, STEP_COLUMNS, text, notes=notes)


def _told(change: Change, lines: Sequence[Entry]) -> dict[str, Any]:
    """What is known of a run and one target, with its last word and all that was said."""
    [target] = change.targets
    own = [line for line in lines if line.target == target and not line.step]
    return {
        "target": target,
        "outcome": change.outcome,
        "message": (own[-1].note if own else "") or None,
        "reason": change.reason or None,
        "changes": change.changes or None,
        "deployment_id": change.deployment or None,
        "refresh_id": change.refresh or None,
        "said": own[-1].said.splitlines() if own else [],
    }


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"{told['target']}: {told['outcome']}{f': {message}' if (message := told['message']) else ''}"
    words = ("why", "changed", "deployment", "instance refresh")
    for key, word in zip(("reason", "changes", "deployment_id", "refresh_id"), words, strict=True):
        if told[key]:
            yield f"  {word}: {told[key]}"
    yield from (f"  | {line}" for line in told["said"])


def _text_row(row: Mapping[str, Any], now: float) -> dict[str, Any]:
    short = {key: _COMMIT.sub(r"\1", row[key]) if row[key] else None for key in ("what", "changes")}
    return {**row, **short, "when": local_time(row["when"], now), "who": short_name(row["who"]) or "?"}


def _row(change: Change) -> dict[str, Any]:
    return {
        "when": change.when or None,
        "run": change.run or None,
        "who": change.who or None,
        "what": change.what,
        "target": ", ".join(change.targets),
        "changes": change.changes or None,
        "reason": change.reason or None,
        "deployment_id": change.deployment or None,
        "refresh_id": change.refresh or None,
        "outcome": change.outcome,
    }
