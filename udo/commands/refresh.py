"""Replace the instances of a group by what it launches now, with AWS's instance refresh."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from udo.change.events import Progress
from udo.change.finish import finish
from udo.commands._options import wait_lock, waivers
from udo.duration import given, seconds
from udo.errors import AwsError, UsageError
from udo.groups.gone import refuse_gone
from udo.groups.observe import observe_group
from udo.groups.target import alarms_of, role_target
from udo.refresh.observe import observe_outlook, observe_refresh
from udo.refresh.outcome import status, told
from udo.refresh.plan import IN_PROGRESS, NOT_FOUND, Following, plan_back, plan_cancel, plan_refresh
from udo.refresh.preferences import Wanted, wanted
from udo.result import Result
from udo.schema.refresh import PROTECTED, STANDBY
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from udo.aws import Aws
    from udo.change.events import Event
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
FORMATS = ("text", "json", "jsonl")


def _time(text: str) -> float:
    """A length of time, none at all too. Raises: UsageError."""
    found = seconds(text)
    return given(text) if found is None else found


def _percentages(_ctx: click.Context, _param: click.Parameter, text: str | None) -> list[str] | None:
    return None if text is None else text.split(",")


_PREFERENCES = (
    click.option("--min-healthy", metavar="P%", help="How much of the desired capacity stays in service (100%)."),
    click.option("--max-healthy", metavar="P%", help="How much of it may be there at once (110%)."),
    click.option("--warmup", metavar="TIME", type=_time, help="What a new instance is given before the next."),
    click.option("--checkpoints", metavar="P%,...", callback=_percentages, help="Where it pauses; 100% is added."),
    click.option("--checkpoint-delay", metavar="TIME", type=_time, help="How long it pauses there (10m)."),
    click.option("--canary", metavar="N", type=click.IntRange(1), help="Replace N first, then pause, then the rest."),
    click.option("--pause", metavar="TIME", type=given, help="With --canary: how long it pauses (10m)."),
    click.option("--bake", metavar="TIME", type=_time, help="How long it waits at the end before it is a success."),
    click.option("--skip-matching/--no-skip-matching", default=None, help="Leave alone who would be launched alike."),
    click.option("--standby", type=click.Choice(STANDBY), help="What becomes of members in Standby (ignore)."),
    click.option("--protected", type=click.Choice(PROTECTED), help="What becomes of protected members (ignore)."),
)
# The options that say how it goes about it: of no use to what ends one or tells of it.
OF_PREFERENCES = (
    *("min_healthy", "max_healthy", "warmup", "checkpoints", "checkpoint_delay", "canary", "pause", "bake"),
    *("skip_matching", "standby", "protected", "auto_rollback"),
)


def with_preferences(verb: Any) -> Any:
    """The verb with the options that say how a refresh goes about it."""
    for option in reversed(_PREFERENCES):
        verb = option(verb)
    return verb


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@with_preferences
@click.option("--auto-rollback/--no-auto-rollback", default=None, help="Of 'udo updatelc --refresh' alone.")
@click.option("--cancel", is_flag=True, help="End the one that runs; what it has replaced stays.")
@click.option("--rollback", is_flag=True, help="Have AWS take back the one that runs.")
@click.option("--status", "shown", is_flag=True, help="Show the one that runs, or how the last one ended.")
@click.option("--no-wait", is_flag=True, help="Start it (or end it), and leave the rest to AWS.")
@click.option("--timeout", metavar="TIME", type=given, default="4h", help="Follow it for so long (default: 4h).")
@click.option("--reason", metavar="TEXT", default="", help="Why; kept in the journal.")
@waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **options: Any) -> Result:
    """Replace the members of a group that differ from what it launches now, by AWS's own instance refresh, and follow
    it to its end.

    What it will do and meet is reported first: how many differ, how many stay in service, how long it takes, what would
    stall it. It asks, and wants --yes without a terminal. Where nobody differs it starts nothing. One that runs already
    is followed, whoever started it and from where. How it goes about it is set in `refresh` of udo.yml; each key is an
    option, too.

    Where nothing moves for two minutes it is said why. Ctrl-C and the timeout (exit 124) leave it to AWS: the same
    command follows it again, --status shows how far it is, --cancel ends it. --rollback is for what 'udo updatelc
    --refresh' has started: AWS takes back only what brought a configuration of its own (exit 7).

    --canary N pauses once N are replaced, for --pause. -o jsonl writes a document whenever something changes.

    \b
    udo refresh prod webapp --dry-run
    udo refresh prod webapp
    udo refresh prod webapp --min-healthy 90% --checkpoints 25%,50% --checkpoint-delay 15m
    udo refresh prod webapp --canary 1 --pause 10m
    udo refresh prod webapp --status
    udo refresh prod webapp --cancel
    """
    role, rest = one_role(session.config, words)
    no_more(rest)
    verb = _verb(options)
    following = Following(options["timeout"], not options["no_wait"], session.reason)
    aws = session.aws(role)
    if verb == "status":
        group = observe_group(aws, role)
        found = status(role, aws.autoscaling.latest_refreshes(group.name), session.clock.time())
        return _as_document(session, found) if session.options.output == "jsonl" else found
    alarms = () if session.ignores_alarms else alarms_of(session, role).names
    planned = _planned(verb, role, aws, wanted(role, options), following, alarms)
    return followed(session, role, aws, planned(), planned)


def followed(session: Session, role: Role, aws: Aws, plan: Plan, again: Callable[[], Plan]) -> Result:
    """The end of a plan about a refresh; `again` plans it from a fresh look, where somebody was faster."""

    def instead(outcome: Outcome) -> Plan | None:
        error = outcome.error
        overtaken = isinstance(error, AwsError) and error.aws_code in (IN_PROGRESS, NOT_FOUND)
        return again() if overtaken else None

    tell, emit = partial(told, aws, role, plan), None
    if session.options.output == "jsonl":
        emit = partial(_document, session)
        tell = partial(_last_document, session, tell)
    return finish(session, role_target(session, role), plan, tell=tell, emit=emit, instead=instead)


def _planned(
    verb: str, role: Role, aws: Aws, asked: Wanted, following: Following, alarms: Sequence[str]
) -> Callable[[], Plan]:
    def planned() -> Plan:
        observed = observe_refresh(aws, role)
        if verb == "cancel":
            return plan_cancel(role, observed, following)
        if verb == "rollback":
            return plan_back(role, observed, following)
        if not observed.active:
            refuse_gone(aws, role, observed.group)
        return plan_refresh(role, observed, asked, following, partial(observe_outlook, aws, alarms=alarms))

    return planned


def _verb(options: dict[str, Any]) -> str:
    """What is to be done. Raises: UsageError for options that exclude each other."""
    given_ = [
        name for name, flag in (("cancel", "cancel"), ("rollback", "rollback"), ("status", "shown")) if options[flag]
    ]
    if len(given_) > 1:
        raise UsageError(f"--{given_[0]} and --{given_[1]} exclude each other", hint="give one of them")
    if given_ and (other := [name for name in OF_PREFERENCES if options.get(name) is not None]):
        raise UsageError(
            f"--{other[0].replace('_', '-')} is about a refresh that is started, not about --{given_[0]}",
            hint="leave it out",
        )
    if options["auto_rollback"]:
        raise UsageError(
            "--auto-rollback needs a configuration to come back from, and a refresh of what is there brings none",
            hint="it belongs to 'udo updatelc --refresh'",
        )
    return given_[0] if given_ else "refresh"


def _document(session: Session, event: Event) -> None:
    """Writes how a refresh stands, where that is told; all else is told as ever."""
    if isinstance(event, Progress) and event.data is not None:
        _write(session, event.data)
    else:
        session.emit(event)


def _as_document(session: Session, found: Result) -> Result:
    """The same, with its data written as one line."""
    _write(session, found.data)
    return Result(found.data)


def _write(session: Session, data: Mapping[str, Any]) -> None:
    at = f"{datetime.fromtimestamp(session.clock.time(), UTC):%Y-%m-%dT%H:%M:%SZ}"
    session.output.line(json.dumps({"at": at, **data}))


def _last_document(session: Session, tell: Callable[[Outcome], Result], outcome: Outcome) -> Result:
    result = tell(outcome)
    session.output.line(json.dumps({"exit": result.exit, **result.data}))
    return Result(result.data, exit=result.exit, error=result.error, continues=result.continues)
