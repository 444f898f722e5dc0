"""Options that several verbs share, and what they give."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.duration import given
from udo.errors import UsageError
from udo.fanout.which import Whom
from udo.model.groups import LIFECYCLE_STATES
from udo.selectors import no_more, one_role, stack_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from udo.change.target import Target
    from udo.fanout.how import How
    from udo.session import Session

import click


def _waits(context: click.Context, _option: click.Parameter, value: bool) -> None:
    context.obj.wait_for_lock = value


_WAIVERS = (
    click.option(
        "--ignore-alarms",
        is_flag=True,
        help="Continue although an alarm of guards rings or is unknown; wants --reason.",
    ),
    click.option("--override-freeze", is_flag=True, help="Continue in a freeze window; wants --reason."),
)
_WHY = click.option(
    "--reason", "why", metavar="TEXT", default="", help="Why; kept in the journal, and sent with each notification."
)


def waivers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that continue in spite of alarms and freeze windows; the verb has --reason itself."""
    return _waiving(function, _WAIVERS)


def reasoned_waivers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the same options and --reason, for verbs that have none themselves."""
    return _WHY(_waiving(function, _WAIVERS))


def reasoned_override(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --override-freeze and --reason, for verbs that no alarm guards."""
    return _WHY(_waiving(function, _WAIVERS[1:]))


def _waiving(function: Callable[..., Any], options: Sequence[Any]) -> Callable[..., Any]:
    @wraps(function)
    def waiving(*words: Any, **given: Any) -> Any:
        session = click.get_current_context().obj
        session.reason = given.pop("why") if "why" in given else given["reason"]
        session.ignores_alarms = given.pop("ignore_alarms", False)
        session.overrides_freeze = given.pop("override_freeze")
        for option, is_given in (
            ("--ignore-alarms", session.ignores_alarms),
            ("--override-freeze", session.overrides_freeze),
        ):
            if is_given and not session.reason.strip():
                raise UsageError(f"{option} wants a reason", hint="add --reason TEXT")
        return function(*words, **given)

    for option in reversed(options):
        waiving = option(waiving)
    return waiving


def _params(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, is_said, value = text.partition("=")
        if not (name and is_said):
            raise UsageError(f"{text!r} is no parameter", hint="write --param NAME=VALUE")
        if found.setdefault(name, value) != value:
            raise UsageError(f"--param {name} is given twice", hint="give it once")
    return found


order_params = click.option(
    "--param",
    "params",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_params,
    help="A parameter of an orderable stack.",
)


def locked_target(session: Session, words: Sequence[str], *, there: bool = False) -> Target:
    """What `CLUSTER ROLE` or `stack:NAME` names, for the verbs of locks; with `there` the group has to exist.

    Raises: UsageError; Absent.
    """
    if (word := stack_word(words)) is not None:
        from udo.stacks.find import named
        from udo.stacks.target import stack_target

        what = named(session, word, {})
        return stack_target(session, what.base, what.name)
    from udo.groups.observe import observe_group
    from udo.groups.target import role_target

    role, rest = one_role(session.config, words)
    no_more(rest)
    if there:
        observe_group(session.aws(role), role)
    return role_target(session, role)


wait_lock = click.option(
    "--wait-lock",
    is_flag=True,
    expose_value=False,
    callback=_waits,
    help="Wait up to ten minutes for another run to finish.",
)


class _Path(click.Path):
    """A path that is not empty, which would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises: UsageError."""
        if value == "":
            raise UsageError("'' is no path", hint="set the variable that it comes from, or leave it out")
        return super().convert(value, param, ctx)


path_given = _Path(path_type=Path)


# Source: API_DetachInstances and API_AttachInstances: you can specify up to 20 instances.
_MOST_MOVED = 20
# For the verbs that wait for members of a group.
wait_timeout = click.option(
    "--timeout", metavar="TIME", type=given, default="30m", help="Wait for so long: 90s, 30m or 1h (default: 30m)."
)
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")


def whom_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say whom, which `whom_of` takes back out."""
    for option in reversed(_WHOM):
        function = option(function)
    return function


def whom_of(given: dict[str, Any]) -> Whom:
    """Takes what the options of `whom_options` gave out of `given`. Raises: UsageError for what excludes each other."""
    whom = Whom(**{part.name: given.pop(part.name) for part in fields(Whom)})
    few = [f"--{name}" for name in ("newest", "oldest", "pick") if getattr(whom, name)]
    if len(few) > 1:
        raise UsageError(f"{' and '.join(few)} exclude each other", hint="choose one")
    return whom


def how_of(given: dict[str, Any]) -> How:
    """What is left in `given` once all else is taken out. Raises: UsageError for what has no effect."""
    # Late: of the verbs that have options of here only few have these.
    from udo.fanout.how import How

    how = How(**given)
    if how.pause and not (how.batch or how.canary):
        raise UsageError("--pause waits between batches, and there is one", hint="add --batch or --canary")
    return how


def _words(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for text in given for word in _listed(text))


def _listed(text: str) -> list[str]:
    words = text.split(",")
    if not all(words):
        raise UsageError(f"{text!r} is not a list", hint="separate with ',' and nothing else")
    return words


def _ids(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    ids = _words(ctx, param, given)
    for one in ids:
        if not _INSTANCE_ID.fullmatch(one):
            raise UsageError(f"{one!r} is not an instance id")
    return ids


def instance_words(words: Sequence[str]) -> tuple[str, ...]:
    """The instances that the words after CLUSTER ROLE name, each once. Raises: UsageError."""
    if not words:
        raise UsageError("which instances?", hint="give their ids; see 'udo instances'")
    for one in words:
        if not _INSTANCE_ID.fullmatch(one):
            raise UsageError(f"{one!r} is not an instance id")
    ids = tuple(dict.fromkeys(words))
    if len(ids) > _MOST_MOVED:
        raise UsageError(f"{len(ids)} instances are more than AWS moves at once", hint=f"at most {_MOST_MOVED}")
    return ids


def _states(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    states = _words(ctx, param, given)
    known = {state.lower() for state in LIFECYCLE_STATES}
    for state in states:
        if state != "any" and state.lower() not in known:
            # Those of a warm pool, which are many, are taken and not listed.
            usual = [*(one for one in LIFECYCLE_STATES if not one.startswith("Warmed:")), "any"]
            raise UsageError(f"{state!r} is not a lifecycle state", hint=f"states are {', '.join(usual)}")
    return states


def _tags(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    for text in given:
        if text.find("=") < 1:
            raise UsageError(f"{text!r} is not a tag", hint="write KEY=VALUE")
    return tuple((key, value) for key, _, value in (text.partition("=") for text in given))


def _several(names: Sequence[str], metavar: str, callback: Any, help: str) -> Any:
    return click.option(*names, metavar=metavar, multiple=True, callback=callback, help=help)


_COUNT = click.IntRange(1)


_WHOM = (
    _several(("--az", "zones"), "ZONE,...", _words, "Only those in these availability zones."),
    click.option("--newest", metavar="N", type=_COUNT, help="Only the N of each group that were launched last."),
    click.option("--oldest", metavar="N", type=_COUNT, help="Only the N of each group that were launched first."),
    click.option("--pick", metavar="N", type=_COUNT, help="Only N of each group, at random."),
    _several(("--instance", "instances"), "ID,...", _ids, "Only these."),
    _several(("--exclude", "excluded"), "ID,...", _ids, "All but these."),
    _several(
        ("--state", "states"), "STATE,...", _states, "Those in these lifecycle states, or 'any' (default: InService)."
    ),
    _several(("--tag", "tags"), "KEY=VALUE", _tags, "Only those with this tag."),
    click.option("--outdated", is_flag=True, help="Only those not launched from what the group launches now."),
    click.option("--only-failed", is_flag=True, help="Only those that failed in the last run from here."),
)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def how_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say how a command is run."""
    for option in reversed((_VIA, *_HOW, *_COMMAND)):
        function = option(function)
    return function


def copy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say how files are copied."""
    for option in reversed((*_COPY, *_HOW)):
        function = option(function)
    return function


def _env(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in given if "=" in text)
    for text in given:
        if "=" not in text or not _NAME.fullmatch(text.partition("=")[0]):
            raise UsageError(f"{text!r} is not a variable", hint="write NAME=VALUE: letters, digits and '_'")
    return pairs


def _share(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,3}|([1-9][0-9]?|100)%", text):
        raise UsageError(f"{text!r} is not a number of hosts", hint="write 3 or 25%")
    return text


_HOW = (
    click.option("-l", "--user", metavar="USER", help="The remote user."),
    click.option("--fanout", metavar="N", type=click.IntRange(1, 1000), help="How many hosts at a time (default: 32)."),
    click.option(
        "--connect-timeout", metavar="TIME", type=given, help="Limit for connecting and logging in (default: 10s)."
    ),
    click.option("--timeout", metavar="TIME", type=given, help="Limit for each host, from its dial (default: none)."),
    click.option("--idle-timeout", metavar="TIME", type=given, help="How long a host may be silent."),
    click.option("--deadline", metavar="TIME", type=given, help="Limit for all hosts together (exit 124)."),
    click.option("--batch", metavar="N|P%", type=_share, help="This many at a time, one batch after another."),
    click.option("--pause", metavar="TIME", type=given, help="Wait between batches."),
    click.option(
        "--canary", metavar="N", type=click.IntRange(1), help="This many first; if one fails no other starts."
    ),
    click.option("--max-failures", metavar="N|P%", type=_share, help="After this many failures no other starts."),
    click.option(
        "--retry",
        metavar="N",
        type=click.IntRange(0, 10),
        help="Dial a host that was not reached N times again, after 1, 2, 4 s ... (default: 0).",
    ),
    click.option(
        "--host-keys",
        type=click.Choice(["strict", "accept-new"]),
        help="accept-new trusts an unknown host the first time.",
    ),
)

_VIA = click.option(
    "--via",
    type=click.Choice(["paramiko", "openssh", "ssm", "auto"]),
    help="An ssh client (default: paramiko, where it can), or Systems Manager; auto: this where no connection is.",
)

_COMMAND = (
    click.option("--sudo", is_flag=True, help="Run it as root, by sudo without a password."),
    click.option(
        "--env", "env", metavar="NAME=VALUE", multiple=True, callback=_env, help="Set a variable for the command."
    ),
    click.option(
        "--script",
        metavar="FILE",
        type=_Path(dir_okay=False, path_type=Path),
        help="Run this file there, sent as standard input; its arguments go after --.",
    ),
    click.option("--stdin", "reads", is_flag=True, help="Standard input is read by the command, on each host."),
    click.option(
        "--tty", is_flag=True, help="Give the command a terminal there, as programs that ask for one want it."
    ),
)


_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMG]?)", re.IGNORECASE)
_THOUSANDS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_OWNER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?")


def _rate(text: str) -> int:
    found = _RATE.fullmatch(text)
    rate = int(float(found[1]) * _THOUSANDS[found[2].upper()]) if found else 0
    if rate < 1:
        raise UsageError(f"{text!r} is not a number of bytes a second", hint="write 500K or 10M")
    return rate


def _owner(text: str) -> str:
    if not _OWNER.fullmatch(text):
        raise UsageError(f"{text!r} is not an owner", hint="write USER:GROUP, or USER for the group of that user")
    return text


_COPY = (
    click.option(
        "--via",
        metavar="[openssh|paramiko]",
        # Where it is asked for, it is told why it is not there.
        type=click.Choice(["openssh", "paramiko", "ssm"]),
        help="The ssh client (default: openssh, where its ssh is installed).",
    ),
    click.option("-p", "--times", is_flag=True, help="Keep the times of the last change too."),
    click.option("--sudo", is_flag=True, help="Read and write there as root, by sudo without a password."),
    click.option("--owner", metavar="USER[:GROUP]", type=_owner, help="Whom the files belong to there (with --sudo)."),
    click.option("--limit", metavar="RATE", type=_rate, help="Bytes a second of all hosts together: 500K, 10M."),
)


def seen_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say how output is shown, which `view` takes back out."""
    for option in reversed(_SEEN):
        function = option(function)
    return function


_SEEN = (
    click.option(
        "-b", "--fold", is_flag=True, help="Show equal outputs once, at the end, with all hosts that gave them."
    ),
    click.option("--live", is_flag=True, help="With --fold: also show each line as it comes."),
    click.option("--diff", is_flag=True, help="Show the output of most hosts, and how the others differ."),
    click.option(
        "--outdir",
        metavar="DIR",
        type=path_given,
        help="Write each host's output to files there, byte for byte.",
    ),
)
