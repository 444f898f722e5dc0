"""Show the sizes of a group, or set them and wait until the members are there."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from udo.change.finish import finish, told, told_begun
from udo.change.plan import AT_THE_START, NEVER, TO_THE_END, Plan
from udo.commands._options import reasoned_waivers, wait_lock, wait_timeout
from udo.errors import AwsError, PermissionDenied, Refused, UsageError
from udo.groups.asleep import ASLEEP
from udo.groups.gone import refuse_gone
from udo.groups.observe import observe_group
from udo.groups.rest import (
    Sizes,
    size_differences,
    sizes_call,
    sizes_goal,
    sizes_of,
    stays,
    steady_wait,
    terminates_all,
)
from udo.groups.target import role_target
from udo.groups.watch import is_steady
from udo.result import Result
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.model.scaling import ScheduledAction
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
_NUMBER = re.compile(r"[+-]?[0-9]{1,6}")
_FALLS = re.compile(r"-[0-9]+")
# Stands before a number that is less, so that it is no option; no word of a command line holds it.
_LESS = "\0"


class Asked(NamedTuple):
    """What the command line asks for; `word` is N, +N, -N or empty."""

    word: str = ""
    low: int | None = None
    high: int | None = None
    wait: bool = True
    timeout: float = 1800.0

    @property
    def changes(self) -> bool:
        """Whether sizes are to be set, and not only shown."""
        return bool(self.word) or self.low is not None or self.high is not None


def wanted_sizes(group: AutoScalingGroup, asked: Asked) -> tuple[Sizes, str]:
    """The sizes asked for, and which bound has to give way to them unasked, in words; empty where none has to.

    Raises: UsageError where the command line contradicts itself; Refused where the group's own sizes do.
    """
    now, given_low, given_high = sizes_of(group), asked.low, asked.high
    low = now.low if given_low is None else given_low
    high = now.high if given_high is None else given_high
    if low > high:
        if given_low is not None and given_high is not None:
            raise UsageError(f"--min {low} is above --max {high}")
        one, other = ("--min", "maximum") if given_low is not None else ("--max", "minimum")
        bound = high if given_low is not None else low
        raise Refused(
            f"{one} {low if given_low is not None else high} does not fit the {other} of {group.name}, {bound}",
            hint=f"give --{other[:3]} too; nothing was changed",
        )
    desired = _number(asked.word, now.desired, group.name)
    if desired is None:
        # AWS would move it as well.
        return Sizes(low, min(max(now.desired, low), high), high), ""
    for beyond, bound, said, word in (
        (desired > high, high, given_high, "maximum"),
        (desired < low, low, given_low, "minimum"),
    ):
        if beyond and said is not None:
            raise UsageError(f"{desired} is {_side(word)} --{word[:3]} {bound}")
        if beyond:
            moves = f"{desired} is {_side(word)} the {word} of {group.name}, {bound}. Set the {word} to {desired} too?"
            return Sizes(min(low, desired), desired, max(high, desired)), moves
    return Sizes(low, desired, high), ""


def _side(word: str) -> str:
    return "above" if word == "maximum" else "below"


def _number(word: str, now: int, name: str) -> int | None:
    if not word:
        return None
    number = now + int(word) if word[0] in "+-" else int(word)
    if number < 0:
        raise Refused(f"{name} has {now}: {word} would be below zero", hint="nothing was changed")
    return number


def plan_scale(role: Role, group: AutoScalingGroup, asked: Asked, notes: tuple[str, ...] = ()) -> Plan:
    """The plan that sets the sizes in one call and waits for the members, or for the members alone.

    Raises: UsageError, Refused.
    """
    now = sizes_of(group)
    wanted, beyond = wanted_sizes(group, asked)
    heading = Plan("scale", role.label, (), unchanged=f"{group.name} wants {wanted} already", reason="")
    if wanted == now and (not asked.wait or is_steady(group)):
        return heading
    bounds = f" --min {wanted.low}" if wanted.low != now.low else ""
    bounds += f" --max {wanted.high}" if wanted.high != now.high else ""
    again = f"udo scale {role.cluster} {role.name} {wanted.desired}{bounds}"
    says = f"wait until {group.name} has {wanted.desired} in service"
    waits = (steady_wait(group, says, asked.timeout, again),) if asked.wait else ()
    calls = (sizes_call(group, wanted),) if wanted != now else ()
    asks = _question(role, group, wanted, beyond)
    return replace(
        heading,
        steps=(*calls, *waits),
        goal=(sizes_goal(group, wanted),),
        differences=size_differences(now, wanted),
        notes=(*notes, *_notes(role, group, now, wanted)),
        asks=asks if calls else None,
        done=_done(group, wanted, asked),
        # A bound that the line gives is asked for no more, whatever else is.
        again=f"{again} --yes" if _question(role, group, wanted, "") else again,
        guarded=_guarded(now, wanted, asked),
    )


def _guarded(now: Sizes, wanted: Sizes, asked: Asked) -> str:
    """More capacity is a way out of trouble, which nothing holds up."""
    if wanted.desired > now.desired or all(new >= old for new, old in zip(wanted, now, strict=True)):
        return NEVER
    return TO_THE_END if asked.wait else AT_THE_START


def _question(role: Role, group: AutoScalingGroup, wanted: Sizes, beyond: str) -> str | None:
    ends = wanted.desired == 0 and group.desired_capacity > 0
    question = f"{terminates_all(group)}?" if ends else ""
    told = " ".join(filter(None, (beyond, question)))
    if role.protects("scale"):
        told = f"{role.label} is protected. {told or f'Set its sizes to {wanted}?'}"
    return told or None


def _notes(role: Role, group: AutoScalingGroup, now: Sizes, wanted: Sizes) -> list[str]:
    notes = []
    process = "Launch" if wanted.desired > now.desired else "Terminate" if wanted.desired < now.desired else ""
    if process in group.suspended_processes:
        notes.append(f"warning: {process} is suspended: no instance will {'come' if process == 'Launch' else 'go'}")
    notes += stays(group) if wanted.desired == 0 else ()
    if ASLEEP in group.tags:
        wake = f"udo wake {role.cluster} {role.name}"
        notes.append(f"warning: it sleeps: alarms and scheduled actions stay suspended until '{wake}'")
    if any(member.weight > 1 for member in group.members):
        notes.append("members of this group have weights: sizes are in units of capacity, not instances")
    return notes


def _done(group: AutoScalingGroup, wanted: Sizes, asked: Asked) -> str:
    if asked.wait:
        return f"{group.name} has {wanted} in service"
    return f"{group.name} wants {wanted} now; not waited for"


def observe_movers(aws: Aws, group_name: str) -> tuple[str, ...]:
    """What will move the sizes again by itself, one line each; where AWS does not tell, a warning in its place."""
    try:
        policies = [one for one in aws.autoscaling.policies(group_name) if one.enabled]
        schedules = aws.autoscaling.schedules(group_name)
    except (AwsError, PermissionDenied) as error:
        return (f"warning: what else moves the size is unknown: {error.message}",)
    named = ", ".join(f"{one.name} ({one.kind})" for one in policies)
    lines = [f"scaling {'policies' if len(policies) > 1 else 'policy'} {named} may move it again"] if policies else []
    return (*lines, *map(_scheduled, schedules))


def _scheduled(one: ScheduledAction) -> str:
    sizes = (("min", one.min_size), ("desired", one.desired_capacity), ("max", one.max_size))
    told = ", ".join(f"{name} {size}" for name, size in sizes if size is not None)
    when = [f"at {one.next_at}"] if one.next_at else []
    when += [one.recurrence_text] if one.recurrence else []
    return " ".join((f"scheduled action {one.name} sets {told}", *when))


class _Command(click.Command):
    """A command that takes -1 as a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the words with every -N marked that no option takes."""
        taking = {name for one in self.params if isinstance(one, click.Option) and not one.is_flag for name in one.opts}
        pairs = zip(["", *args], args, strict=False)
        marked = [
            f"{_LESS}{word}" if _FALLS.fullmatch(word) and before not in taking else word for before, word in pairs
        ]
        return super().parse_args(ctx, marked)


@click.command(cls=_Command)
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE [N|+N|-N]")
@click.option("--min", "low", metavar="N", type=click.IntRange(0), help="Set the minimum too.")
@click.option("--max", "high", metavar="N", type=click.IntRange(0), help="Set the maximum too.")
@click.option("--no-wait", is_flag=True, help="Set the sizes and leave the rest to AWS.")
@wait_timeout
@reasoned_waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **options: Any) -> Result:
    """Show the sizes of a group; with a number set its desired capacity, and wait until that many are in service.

    N is the number itself, +N and -N that many more or fewer than now. With --min or --max the bounds are set in the
    same call. A number out of bounds asks to move the bound, and so does zero, which terminates all. What else moves
    the size is named: scaling policies and scheduled actions. A launch that fails is reported with AWS's reason; where
    no launch can succeed as things are, the wait ends.

    \b
    udo scale prod webapp
    udo scale prod webapp 6
    udo scale prod webapp +2 --dry-run
    udo scale prod webapp 12 --max 16
    """
    role, rest = one_role(session.config, tuple(word.removeprefix(_LESS) for word in words))
    asked = _asked(rest, options)
    aws = session.aws(role)
    group = observe_group(aws, role)
    movers = observe_movers(aws, group.name)
    if not asked.changes:
        return _shown(role, group, movers)
    plan = plan_scale(role, group, asked, movers)
    if plan.steps and wanted_sizes(group, asked)[0].desired > group.desired_capacity:
        refuse_gone(aws, role, group)
    tell = partial(told if asked.wait else told_begun, plan)
    return finish(session, role_target(session, role), plan, tell=tell)


def _asked(rest: tuple[str, ...], options: dict[str, Any]) -> Asked:
    """What is asked for. Raises: UsageError."""
    no_more(rest[1:])
    word = rest[0] if rest else ""
    # An empty word is a variable of a script that was not set.
    if rest and not _NUMBER.fullmatch(word):
        raise UsageError(f"{word!r} is no number of instances", hint="write 4, +2 or -1")
    return Asked(word, options["low"], options["high"], not options["no_wait"], options["timeout"])


def _shown(role: Role, group: AutoScalingGroup, movers: tuple[str, ...]) -> Result:
    in_service = sum(member.weight for member in group.members if member.in_service)
    data = {
        "cluster": role.cluster,
        "role": role.name,
        "group": group.name,
        "min_size": group.min_size,
        "desired_capacity": group.desired_capacity,
        "max_size": group.max_size,
        "in_service": in_service,
        "moved_by": list(movers),
    }
    return Result(data, text=f"{group.name} has {in_service} in service of {sizes_of(group)}", notes=movers)
