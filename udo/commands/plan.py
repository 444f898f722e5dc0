"""Show what udo.yml would change in groups, in their launch data and settings, for one role or all."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from udo.aws.cached import cached
from udo.change.codec import plan_to_json
from udo.change.events import Notice
from udo.change.plan import Call, Plan
from udo.change.saved_plan import Entry, Saved, refuse_to_replace, write
from udo.commands._options import path_given
from udo.commands.updatelc import Choices, observe_plan, with_choices
from udo.errors import Absent, AwsError, PermissionDenied, Refused, UdoError, UsageError, one_line
from udo.frozen import frozen
from udo.groups.drifts import observe_drifts
from udo.groups.locks import Locks, locked_text
from udo.groups.outdated import launched_after, outdated_ids
from udo.groups.update import Drift, drift
from udo.launch.joint import after_swap, joined, swap_of
from udo.launch.observe import ahead, observe_deploying, observe_launch
from udo.launch.overlay import BASIS
from udo.launch.states import TemplateState
from udo.output.text import closing_line, difference_lines, plan_lines
from udo.result import Result
from udo.selectors import changing_roles, reading_roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.change.plan import Difference
    from udo.config import Role
    from udo.groups.drifts import Seen
    from udo.launch.states import State
    from udo.model.groups import AutoScalingGroup
    from udo.model.launch import LaunchReference
    from udo.session import Session

TAKES = ("--yes",)


@frozen
class Planned:
    """What was planned for a role, or why nothing could be; `outdated` running instances are not as planned.

    `launch` is what differs in what its group launches, `settings` in the group itself, and `refused` why those are no
    part of the plan. A group that is `absent` has no plan.
    """

    role: Role
    plan: Plan | None = None
    running: int = 0
    outdated: int = 0
    notes: tuple[str, ...] = ()
    error: UdoError | None = None
    lock: Any = None
    launch: tuple[Difference, ...] = ()
    settings: tuple[Difference, ...] = ()
    refused: UdoError | None = None
    absent: bool = False

    @property
    def changes(self) -> bool:
        """Whether there is something to carry out."""
        return bool(self.plan and self.plan.steps)

    @property
    def pending(self) -> bool:
        """Whether something is not as udo.yml says."""
        return bool(self.changes or self.settings or self.refused or self.absent)


def observe_plans(session: Session, roles: Sequence[Role], choices: Choices) -> tuple[tuple[Planned, ...], list[str]]:
    """What each role's group would be made to launch and to be, and footnotes; a role that cannot be planned does not
    end the others.

    Raises: UsageError.
    """
    planned: dict[str, Planned] = {}
    for aws, together in session.by_aws(roles):
        seen = cached(aws)
        try:
            groups = seen.autoscaling.groups(whole=True)
            drifts = observe_drifts(session, aws, together, groups)
            there = {role.group_name for role in together} & groups.keys()
            session.together(ahead(seen, map(groups.__getitem__, sorted(there))))
        except UdoError as error:
            planned |= {role.label: Planned(role, error=error) for role in together}
            continue
        for role in together:
            if role.group_name in groups:
                planned[role.label] = _planned(session, seen, role, roles, choices, drifts[role.label])
            else:
                planned[role.label] = Planned(role, absent=True)
    locks = Locks(session.clock.time())
    rows = [locks.row(session.aws(role), role.group_name) for role in roles]
    found = tuple(_with_lock(planned[role.label], row) for role, row in zip(roles, rows, strict=True))
    return found, locks.notes


def _with_lock(one: Planned, row: Any) -> Planned:
    told = (locked_text(one.role.group_name, row),) if isinstance(row, dict) else ()
    return replace(one, lock=row, notes=(*one.notes, *told))


def outdated(state: State, plan: Plan) -> int:
    """How many members were launched from something else than the group launches from once the plan is done."""
    swap = swap_of(plan)
    launch, overrides = launched_after(swap.params) if swap else (_live(state), state.group.overrides)
    return len(outdated_ids(state.group.members, launch, overrides))


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.option("--exit-code", is_flag=True, help="Exit 5 where a group is absent or otherwise than udo.yml says.")
@click.option(
    "--save", metavar="FILE", type=path_given, help="Write the plans to a file, which 'udo apply FILE' carries out."
)
@with_choices
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], exit_code: bool, save: Path | None, **said: Any) -> Result:
    """Show what udo.yml would change in each role's group: in what it launches ('udo updatelc'), in its settings
    ('udo update'); and how many running instances are outdated.

    CLUSTER ROLE or CLUSTER.ROLE; either may be a list (webapp,worker) or '*'; without a word all roles.
    Nothing is changed. A role that cannot be planned is named, and the others are shown (exit 3). Settings that
    'udo update' refuses are shown with the reason. What a group has beside udo.yml is named, and left.

    The options for launch data are those of 'udo updatelc', and mean the same; CLUSTER ROLE must then be given.

    --save writes a file only you can read; an existing one is replaced only with --yes. 'udo apply' carries out exactly
    that, or refuses because something has changed.

    \b
    udo plan                                 all roles
    udo plan prod '*' --exit-code            5 where something is pending
    udo plan prod webapp --save prod.plan && udo apply prod.plan
    udo plan prod webapp --ami latest --set instance_type=m7g.large --save prod.plan
    udo plan stage -o json
    """
    choices = Choices(**said)
    if save:
        refuse_to_replace(save, anyway=session.options.yes)
    found, footnotes = observe_plans(session, _roles(session, words, choices), choices)
    accounts = _accounts(session, [one.role for one in found if one.plan], compared=bool(save))
    notes = [*footnotes, *(_saved(session, save, found, accounts) if save else ())]
    rows = [_row(one) for one in found]
    if len(found) == 1 and (error := found[0].error):
        error.data = rows
        raise error
    text, more = _text(found), [*notes, *_notes_of_unchanged(found)]
    if refusal := _refusal(found):
        return Result(rows, text=text, notes=more, exit=refusal[0], error=refusal[1], is_plan=True)
    pending = exit_code and any(one.pending for one in found)
    return Result(rows, text=text, notes=more, exit=5 if pending else 0, is_plan=True)


def _roles(session: Session, words: Sequence[str], choices: Choices) -> tuple[Role, ...]:
    # An image or a size that is given by hand is meant for some groups, and never for all there are.
    if choices != Choices():
        return changing_roles(session.config, words)
    return reading_roles(session.config, words, all_by_default=True)


def _planned(
    session: Session, aws: Aws, role: Role, beside: Sequence[Role], choices: Choices, seen: Seen | UdoError
) -> Planned:
    try:
        if isinstance(seen, UdoError) and not isinstance(seen, Refused | Absent):
            raise seen
        role = session.resolve(role, *BASIS)
        state = observe_launch(aws, role, overrides=choices.overrides)
        launch = observe_plan(session, aws, role, state, choices)
        found = _drift(role, seen, after_swap(state.group, launch))
        # What passes by itself is told, and no part of a plan that may be kept.
        passing = observe_deploying(session, aws, role, beside)
    except UsageError:
        raise
    except UdoError as error:
        return Planned(role, error=error)
    if state.refresh:
        passing = (*passing, f"an instance refresh is {state.refresh}: changes wait for its end")
    plan = launch if found.refused else joined(launch, found.plan)
    return Planned(
        role,
        plan,
        len(state.group.members),
        outdated(state, plan),
        (*plan.notes, *passing, *(_refused_text(found.refused) if found.refused else ())),
        launch=launch.differences,
        settings=found.plan.differences,
        refused=found.refused,
    )


def _drift(role: Role, seen: Seen | UdoError, group: AutoScalingGroup) -> Drift:
    if isinstance(seen, UdoError):
        return Drift(Plan("update", role.label, ()), seen)
    return drift(seen.role, replace(seen.live, group=group))


def _refused_text(error: UdoError) -> Iterator[str]:
    hint = (error.hint or "").removeprefix("nothing was changed").removeprefix("; ")
    yield f"the settings are left: {one_line(error.message, hint or None)}"


def _saved(session: Session, path: Path, found: Sequence[Planned], accounts: Mapping[int, str | None]) -> list[str]:
    entries = tuple(_entry(session, accounts, one.role, one.plan) for one in found if one.plan)
    left = [f"not saved: {one.role.label} is absent, '{_create(one.role)}' makes it" for one in found if one.absent]
    left += [f"not saved: the settings of {one.role.label}, which are refused" for one in found if one.refused]
    if not entries:
        return left
    _refuse_secrets(session, entries)
    refuse_to_replace(path, anyway=session.options.yes)
    made_at = datetime.fromtimestamp(session.clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    write(path, Saved(session.run_id, made_at, entries))
    if not any(entry.plan.steps for entry in entries):
        return [*left, f"saved in {path}, but there is nothing to carry out"]
    return [*left, f"saved: carry it out with 'udo apply {shlex.quote(str(path))}'"]


def _refuse_secrets(session: Session, entries: Sequence[Entry]) -> None:
    for entry in entries:
        document = plan_to_json(entry.plan)
        if session.output.masked(document) != document:
            label = f"{entry.cluster} {entry.role}"
            told = f"the plan of {label} holds a secret, which no file should"
            raise Refused(told, hint=f"carry it out with: udo updatelc {label}, udo update {label}")


def _accounts(session: Session, roles: Sequence[Role], *, compared: bool) -> dict[int, str | None]:
    """The account of each way to reach AWS, None where it does not tell; said with file and region, before all else."""
    told: dict[int, str | None] = {}
    for aws, _ in session.by_aws(roles):
        try:
            told[id(aws)] = aws.identity()[0]
        except (AwsError, PermissionDenied) as error:
            told[id(aws)] = None
            if compared:
                says = f"the account is unknown, and is not compared: {error.message}"
                session.emit(Notice(says, "warning"))
        where = f"account {told[id(aws)] or 'unknown'}, {aws.region}"
        endpoint = f", endpoint {aws.endpoint}" if aws.endpoint else ""
        session.emit(Notice(f"{session.config_path}: {where}{endpoint}"))
    return told


def _entry(session: Session, accounts: Mapping[int, str | None], role: Role, plan: Plan) -> Entry:
    aws = session.aws(role)
    return Entry(role.cluster, role.name, role.group_name, accounts[id(aws)], aws.region, plan)


def _live(state: State) -> LaunchReference:
    return replace(state.live, version=str(state.number)) if isinstance(state, TemplateState) else state.live


def _row(one: Planned) -> dict[str, Any]:
    plan = one.plan
    return {
        "cluster": one.role.cluster,
        "role": one.role.name,
        "group": one.role.group_name,
        "changes": one.changes,
        "running": one.running,
        "outdated": one.outdated,
        "absent": one.absent,
        "differences": [difference.row() for difference in one.launch],
        "settings": [difference.row() for difference in one.settings],
        "refused": _error_row(one.refused),
        "steps": [_step_row(step) for step in plan.steps] if plan else [],
        "notes": list(one.notes),
        "lock": one.lock,
        "error": _error_row(one.error),
    }


def _error_row(error: UdoError | None) -> dict[str, Any] | None:
    return {"code": error.code, "message": error.message, "hint": error.hint} if error else None


def _step_row(step: Any) -> dict[str, str]:
    call = {"service": step.service, "operation": step.operation} if isinstance(step, Call) else {}
    return {"step": step.says, **call}


def _text(found: Sequence[Planned]) -> str:
    """What changes, a paragraph a role, and one line that counts them all; a role asked for alone has its paragraph."""
    if len(found) == 1:
        return "\n".join(_lines(found[0]))
    counts = {
        "to change": sum(one.changes for one in found),
        "absent": sum(one.absent for one in found),
        "refused": sum(bool(one.refused) and not one.changes for one in found),
        "unchanged": sum(not (one.pending or one.error) for one in found),
        "cannot be planned": sum(bool(one.error) for one in found),
    }
    told = ["\n".join(_lines(one)) for one in found if one.pending or one.error]
    return "\n\n".join([*told, closing_line(counts)])


def _notes_of_unchanged(found: Sequence[Planned]) -> Iterator[str]:
    """What is to be said of roles that have no paragraph of their own."""
    unchanged = [one for one in found if one.plan and not one.pending] if len(found) > 1 else []
    if outdated := [f"{one.role.label} {one.outdated} of {one.running}" for one in unchanged if one.outdated]:
        yield f"running instances are outdated: {', '.join(outdated)}"
    for one in unchanged:
        yield from (f"{one.role.label}: {note}" for note in one.notes)


def _lines(one: Planned) -> Iterator[str]:
    if one.absent:
        yield f"{one.role.label}  {one.role.group_name}  absent"
        yield f"  make it: {_create(one.role)}"
        return
    if one.plan is None:
        yield f"{one.role.label}  cannot be planned"
        yield f"  {one.error}"
        return
    yield f"{one.role.label}  {one.role.group_name}  {_standing(one)}"
    if not one.pending:
        yield f"  {one.plan.unchanged}"
    found = (*one.launch, *one.settings)
    yield from plan_lines(replace(one.plan, differences=found)) if one.changes else difference_lines(found)
    yield from (f"  {note}" for note in one.notes)


def _create(role: Role) -> str:
    return f"udo create {role.cluster} {role.name}"


def _standing(one: Planned) -> str:
    if not one.running:
        return "no running instance"
    are = "will be" if one.plan and swap_of(one.plan) else "are"
    return f"{one.outdated} of {one.running} running instances {are} outdated"


def _refusal(found: Sequence[Planned]) -> tuple[int, tuple[str, str, str | None]] | None:
    """Exit code and error where some could not be planned: their own where all failed alike, else 3."""
    failed = [(one.role.label, one.error) for one in found if one.error]
    if not failed:
        return None
    first = failed[0][1]
    alike = len(failed) == len(found) and {error.exit for _, error in failed} == {first.exit}
    told = f"{len(failed)} of {len(found)} roles could not be planned: {', '.join(label for label, _ in failed)}"
    return (first.exit, (first.code, told, first.hint)) if alike else (3, ("partial", told, None))
