"""Run an AWS on this machine: start, stop, status, env, reset, step, alarm, fault, log."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from udo.errors import UsageError
from udo.files import current_folder
from udo.groups.text import brief_launch
from udo.result import LOW, Column, Result
from udo.sandbox.clock import FASTEST, LONGEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.session import Session

_ALREADY = "it was running already and stays as it is; start over with 'udo sandbox reset', or stop it first"
# The kinds of faults that --seconds belongs to.
_LONG = ("delay", "agent-slow", "hook-hangs", "ssm-slow")
# What an alarm may be in.
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
_WHERE = (
    "operation",
    "application",
    "deployment_group",
    "zone",
    "stack",
    "resource",
    "event",
    "instance_id",
    "instance",
    "error",
    "creator",
    "status",
)
COLUMNS = (
    Column("cluster", "CLUSTER", once=True),
    Column("role", "ROLE"),
    Column("group", "GROUP", rank=LOW),
    Column("launch", "LAUNCHED FROM", rank=2, fold=brief_launch, brief="FROM"),
    Column("instances", "INSTANCES", "right"),
    Column("first", "ADDRESSES", rank=1, least=12),
)


class Finite(click.FloatRange):
    """A number within bounds; click's own range lets in NaN, which is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Raises: click.BadParameter."""
        found: float = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is not a number", param, ctx) if math.isnan(found) else found


@click.group()
def command() -> None:
    """An AWS on this machine, made from your udo.yml (or from the bundled example): rehearse there.

    Its groups have instances that answer ssh, its deployments move, and it refuses what AWS refuses. Nothing in it
    costs anything or outlives `udo sandbox stop`.
    """


@command.command()
@click.option("--speed", type=Finite(0, FASTEST), default=1.0, show_default=True, help="How fast its time runs.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of its endpoint (default: a free one).")
@click.option("--boot", type=Finite(0, LONGEST), default=0.0, metavar="SECONDS", help="How long instances boot.")
@click.option(
    "--repo",
    "repos",
    multiple=True,
    metavar="OWNER/NAME=PATH",
    help="Deploy commits of this GitHub repository from a clone on this machine (repeatable).",
)
@click.option(
    "--host-user",
    "users",
    multiple=True,
    metavar="NAME",
    help="A user that instances have, for owner and runas of an appspec (repeatable).",
)
@click.option(
    "--run-hooks-unconfined",
    "unconfined",
    is_flag=True,
    help="Run the hooks of bundles on this machine as they are, without bubblewrap.",
)
@click.option("--iam", is_flag=True, help="Let users made in its IAM do what their policies say, and no more.")
@click.pass_obj
def start(
    session: Session, /, speed: float, port: int, boot: float, repos: tuple[str, ...], iam: bool, **agents: Any
) -> Result:
    """Build the world that udo.yml describes and serve it in the background.

    Without a udo.yml the bundled example is used. Every group launches what udo.yml says, except the first role of
    the last cluster: its instances were launched from an earlier image, so that `udo updatelc` has something to do.

    With --iam the keys that `udo sandbox env` prints may do everything; those of users and roles made in its IAM may do
    what their policies say, and are denied the rest in AWS's words.
    """
    from udo.sandbox import daemon

    config = _config(session)
    if config is not None:
        _read(config)
    told = {"clones": _clones(repos), **agents}
    found = daemon.start(config, speed=speed, port=port, boot=boot, agents=told, iam=iam)
    already = [_ALREADY] if found["already"] else []
    return _shown(found["session"], found["groups"], [*already, *found["remarks"], *_onwards(found["session"])])


@command.command()
def stop() -> Result:
    """Stop the sandbox and remove all of it."""
    from udo.sandbox import daemon

    stopped = daemon.stop()
    return Result({"stopped": stopped}, text="stopped" if stopped else "the sandbox was not running")


@command.command()
def status() -> Result:
    """Show whether the sandbox runs, and what is in it."""
    from udo.sandbox import daemon

    found = daemon.session()
    answer = daemon.ask("status")
    pace = "stands still" if not answer["speed"] else f"runs at {answer['speed']:g} times real time"
    policies = "; its users may do what their policies say" if found.get("iam") else ""
    note = f"process {found['pid']}; its clock {pace}; {found['endpoint']}{policies}"
    return _shown(found, answer["groups"], [note])


@command.command()
@click.option("--user", metavar="NAME", help="With the keys of this user of its IAM, made where there is none.")
@click.option("--policy", type=click.Path(dir_okay=False, path_type=Path), help="The policy that the user is given.")
def env(user: str | None, policy: Path | None) -> Result:
    """Print what points any AWS client at the sandbox: eval "$(udo sandbox env)".

    \b
    udo sandbox start --iam
    eval "$(udo sandbox env --user ci --policy policy.json)"
    """
    from udo.sandbox import daemon

    variables = daemon.environment(daemon.session())
    if policy is not None and user is None:
        raise UsageError("--policy wants --user", hint="name the user that is given the policy")
    if user is not None:
        said = {} if policy is None else {"policy": _text(policy)}
        variables |= daemon.ask("user", name=user, **said)
    lines = [
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}" for name, value in variables.items()
    ]
    return Result(variables, text="\n".join(lines))


@command.command()
def reset() -> Result:
    """Start over: the world as it was after the start, without faults."""
    from udo.sandbox import daemon

    answer = daemon.ask("reset")
    return _shown(daemon.session(), answer["groups"], answer["remarks"])


@command.command()
@click.argument("seconds", type=Finite(0, LONGEST))
def step(seconds: float) -> Result:
    """Move the clock of the sandbox forward by SECONDS."""
    from udo.sandbox import daemon

    return _shown(daemon.session(), daemon.ask("step", seconds=seconds)["groups"], [])


@command.command()
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="How many requests.")
def log(last: int) -> Result:
    """Show the requests the sandbox has seen."""
    from udo.sandbox import daemon

    rows = daemon.ask("log", last=last)["requests"]
    columns = (Column("number", "NUMBER", "right"), Column("region", "REGION"), Column("action", "ACTION"))
    return Result(rows, columns=columns, rows=rows)


@command.command()
@click.argument("name", required=False)
@click.argument("state", required=False, type=click.Choice(_STATES, case_sensitive=False))
def alarm(name: str | None, state: str | None) -> Result:
    """Show the alarms of CloudWatch in the sandbox, or set one to a STATE.

    In ALARM it stays until another state is set; from then on it goes by its data again. Those that guards of udo.yml
    names are there from the start, in OK; others are put there as in AWS: aws cloudwatch put-metric-alarm.

    \b
    udo sandbox alarm                     list them
    udo sandbox alarm shop-5xx ALARM      ring one
    udo sandbox alarm shop-5xx OK         and be done with it
    """
    from udo.sandbox import daemon

    if name and not state:
        raise UsageError("which state?", hint=f"one of {', '.join(_STATES)}")
    rows = daemon.ask("alarm", name=name, state=state)["alarms"] if name else daemon.ask("alarms")["alarms"]
    rows = [row for row in rows if name in (None, row["name"])]
    columns = (Column("name", "ALARM"), Column("region", "REGION", rank=LOW), Column("state", "STATE"))
    more = (Column("since", "SINCE", rank=2), Column("reason", "WHY", rank=1, least=20))
    return Result(rows, columns=(*columns, *more), rows=rows, text=None if rows else "there is no alarm")


@command.group()
def fault() -> None:
    """Make requests, instances and deployments go wrong on demand; `udo sandbox fault add --help` lists the kinds."""


@fault.command("add")
@click.argument("kind")
@click.option("--operation", metavar="NAME", help="Such as autoscaling:UpdateAutoScalingGroup (default: any).")
@click.option("--nth", type=click.IntRange(min=1), help="The first request it hits, from now (default: the next).")
@click.option("--times", type=click.IntRange(min=1), help="How many requests in succession (default: 1).")
@click.option("--forever", is_flag=True, help="Every request from the nth on.")
@click.option("--after", is_flag=True, help="Let the request take effect first, or the script of a command begin.")
@click.option(
    "--seconds",
    type=Finite(0, LONGEST),
    help="How long a delay is, or a hook hangs (3600), or how much longer an event or a command takes (30).",
)
@click.option("--pid", type=int, help="The process that kill ends.")
@click.option("--instance", "instance_id", metavar="ID", help="The instance that goes wrong.")
@click.option(
    "--event",
    metavar="EVENT",
    help="Where a deployment fails (default: ApplicationStart); of stacks create, update or delete.",
)
@click.option(
    "--place", "instance", type=click.IntRange(min=1), metavar="K", help="A deployment fails on its Kth instance."
)
@click.option(
    "--error",
    metavar="CODE",
    help="CodeDeploy's code: of an event, or of the deployment as a whole; of launches capacity, type, spot or quota; "
    "of stacks what the service says.",
)
@click.option("--zone", metavar="ZONE", help="Only launches into this availability zone fail.")
@click.option("--creator", metavar="WHO", help="Who deployments say has created them.")
@click.option("--status", metavar="STATUS", help="What a deployment stays in, or an event or a command ends in.")
@click.option("--application", metavar="NAME", help="Only deployments of this application fail.")
@click.option(
    "--group",
    "deployment_group",
    metavar="NAME",
    help="Only deployments to this group fail, or launches of it.",
)
@click.option("--stack", metavar="NAME", help="Only stacks of this name fail.")
@click.option("--resource", metavar="ID", help="The resource of a stack that fails, by its logical id or its type.")
def fault_add(**given: Any) -> Result:
    """Set a fault of a KIND.

    Of requests: throttle, deny, expire, fail, garbage, drop, timeout, refuse, delay, kill. Of an instance (with
    --instance): die, and until they are cleared refuse, hang, hang-command, drop, other-key, no-login (but with pushed
    keys), unhealthy (to its target groups). `deployment` makes deployments fail at an --event, on every instance
    unless --instance or --place picks one, until cleared or --times often; the events SuspendProcesses and
    ResumeProcesses are CodeDeploy's own calls, denied. With an --error of deployments (ALARM_ACTIVE, ...) they fail as
    a whole; --creator and --status show what no rehearsal leads to. `launch` makes launches fail, all or those into a
    --zone, for want of capacity or for an --error; those with the error `unhealthy` succeed, and their instances fail
    every health check. `new-account` makes AWS refuse new launch configurations, as it does in new accounts. Of
    CodeDeploy's agents, all or that of an --instance, at any event or an --event: agent-lost, agent-slow, disk-full,
    hook-hangs (both take --seconds), dies-at, bundle-gone.

    Of the agents of Systems Manager, all or that of an --instance: ssm-lost (takes --after), ssm-unregistered, ssm-slow
    (takes --seconds); `command` ends commands with a --status: Undeliverable, InvalidPlatform, AccessDenied,
    RateExceeded.

    Of stacks: `stack` makes a --resource, or the --nth, fail when it is made, or at an --event changed or removed.

    \b
    A missing permission:  udo sandbox fault add deny --operation autoscaling:UpdateAutoScalingGroup --forever
    A dying instance:      udo sandbox fault add die --instance i-0123456789abcdef0
    Sick new instances:    udo sandbox fault add launch --error unhealthy --group prod-webapp
    A lost permission:     udo sandbox fault add deployment --error IAM_ROLE_PERMISSIONS --times 1
    """
    from udo.sandbox import daemon

    if given.pop("forever"):
        if given.pop("times") is not None:
            raise UsageError("--times and --forever exclude each other", hint="leave one of them out")
        return _faults(daemon.ask("fault", **_given(given), times=None))
    return _faults(daemon.ask("fault", **_given(given)))


@fault.command("list")
def fault_list() -> Result:
    """Show the faults that are set."""
    from udo.sandbox import daemon

    return _faults(daemon.ask("faults"))


@fault.command("clear")
def fault_clear() -> Result:
    """Remove every fault."""
    from udo.sandbox import daemon

    return _faults(daemon.ask("clear"))


def _clones(repos: Sequence[str]) -> dict[str, str]:
    """The clones by the names of their repositories. Raises: UsageError."""
    found = {}
    for word in repos:
        name, _, place = word.partition("=")
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", name) or not place:
            raise UsageError(f"--repo wants OWNER/NAME=PATH, not {word}", hint="such as acme/shop=../shop")
        clone = Path(place).expanduser().absolute()
        if not (clone / ".git").exists() and not (clone / "objects").is_dir():
            raise UsageError(f"{place} is no clone of a git repository", hint=f"clone {name} there first")
        found[name] = str(clone)
    return found


def _text(policy: Path) -> str:
    """The policy as it stands. Raises: UsageError."""
    try:
        return policy.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{policy} cannot be read", hint=getattr(error, "strerror", None)) from error


def _where(row: Mapping[str, Any]) -> str:
    words = [str(row[key]) for key in _WHERE if row.get(key)]
    return " ".join([*words, f"{row['seconds']:g} s"] if row.get("seconds") and row["kind"] in _LONG else words)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, False)}


def _config(session: Session) -> Path | None:
    from udo.config import find

    return session.config_path if session.options.config else find(current_folder())


def _read(config: Path) -> None:
    """Tells of mistakes in the configuration here, where they can all be shown."""
    import os

    from udo.config import load

    load(config, os.environ)


def _shown(session: Mapping[str, Any], groups: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> Result:
    known = ("pid", "endpoint", "region", "account", "ssh", "config", "folder")
    data = {**{name: session[name] for name in known}, "iam": bool(session.get("iam")), "groups": groups}
    rows = [{**group, "first": _some(group["addresses"])} for group in groups]
    return Result(data, columns=COLUMNS, rows=rows, notes=notes)


def _some(addresses: Sequence[str]) -> str:
    return " ".join(addresses[:3]) + (" ..." if len(addresses) > 3 else "")


def _onwards(session: Mapping[str, Any]) -> list[str]:
    return [
        f"the sandbox answers at {session['endpoint']}, made from {session['config']}; continue with",
        "  udo --sandbox status              any command, on the sandbox",
        '  eval "$(udo sandbox env)"         for every AWS client in this shell',
        "  udo sandbox stop",
    ]


def _faults(answer: Mapping[str, Any]) -> Result:
    rows = [{**row, "where": _where(row)} for row in answer["faults"]]
    columns = (Column("kind", "KIND"), Column("where", "WHERE", least=16), Column("nth", "NTH", "right"))
    return Result(answer["faults"], columns=(*columns, Column("counted", "COUNTED", "right")), rows=rows)
