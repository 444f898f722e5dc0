"""Copy a group's launch data, change it as udo.yml says, and swap it in."""

from __future__ import annotations

from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from udo.aws.cached import cached
from udo.change.many import finish_each
from udo.change.mark import mark
from udo.check.launchable import possible
from udo.commands._options import wait_lock, waivers
from udo.commands.refresh import OF_PREFERENCES, with_preferences
from udo.duration import given
from udo.errors import Conflict, UsageError
from udo.frozen import frozen
from udo.groups.target import alarms_of, role_target
from udo.groups.unapplied import unapplied, unapplied_notes
from udo.launch.anew import observe_anew
from udo.launch.changes import plan_configuration, plan_template
from udo.launch.converting import plan_conversion
from udo.launch.network import names_by_id
from udo.launch.observe import observe_deploying, observe_image, observe_labels, observe_launch, observe_updatelc
from udo.launch.overlay import BASIS, launch_keys
from udo.launch.settings import image, settings, with_settings
from udo.launch.states import ConfigurationState, Heading, State, Wanted, live_data
from udo.refresh.bringing import Bringing
from udo.refresh.observe import check_launch_data
from udo.refresh.plan import Following
from udo.refresh.preferences import wanted
from udo.result import Result
from udo.selectors import changing_roles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.change.many import Change
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
# Seconds that a refresh is followed for.
_FOLLOWED = 14_400.0


@frozen
class Choices:
    """What the command line says of launch data, beside udo.yml."""

    ami: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    from_config: bool = False
    to_template: bool = False
    overrides: bool = False
    anyway: bool = False


def _settings(_context: click.Context, _option: click.Parameter, words: tuple[str, ...]) -> Mapping[str, Any]:
    return settings(words)


def _image(_context: click.Context, _option: click.Parameter, word: str | None) -> str | None:
    return None if word is None else image(word)


_OPTIONS = (
    click.option(
        "--ami",
        metavar="ID|[resolve:]ssm:/PATH|latest",
        callback=_image,
        help="Launch this image instead of the one in udo.yml.",
    ),
    click.option(
        "--set",
        "settings",
        metavar="KEY=VALUE",
        multiple=True,
        callback=_settings,
        help="Set a launch key to this, whatever udo.yml says; a list is a,b and replaces the whole list.",
    ),
    click.option(
        "--from-config", is_flag=True, help="Use udo.yml alone; what only the live data has is lost, and shown."
    ),
    click.option(
        "--reason", metavar="TEXT", default="", help="Why; kept in the version's description and the journal."
    ),
    click.option("--to-template", is_flag=True, help="Move a group on a launch configuration to a launch template."),
    click.option(
        "--overrides",
        is_flag=True,
        help="Also change what overrides set themselves: their images, and their templates except image and type.",
    ),
    click.option(
        "--anyway", is_flag=True, help="Do it even during an instance refresh, or if another group changes with it."
    ),
)


def with_choices(verb: Any) -> Any:
    """The verb with the options that Choices are made of."""
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@with_choices
@click.option("--refresh", is_flag=True, help="Also replace the running instances, as 'udo refresh' does; asks.")
@with_preferences
@click.option("--auto-rollback/--no-auto-rollback", default=None, help="Go back where the refresh fails (yes).")
@click.option("--no-wait", is_flag=True, help="With --refresh: begin it, and leave the rest to AWS.")
@click.option("--timeout", metavar="TIME", type=given, help="With --refresh: follow it for so long (4h).")
@waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **options: Any) -> Result:
    """Copy the launch configuration (or launch template version) of a group, change the copy as udo.yml says, and swap
    it in. Running instances are not touched; what udo.yml does not name stays as it is live.

    With --refresh they are replaced, too. Where AWS has it the refresh itself brings the new version: the group gets it
    once all is replaced, and AWS takes it back where it fails. A group on a launch configuration, $Latest, $Default, a
    parameter's image or instance requirements launches it first, and goes back and is refreshed again where it fails.

    Where somebody has deleted what the group launches, it launches again what udo.yml says: in a copy of the version
    before, or in a new template where it is gone as a whole.

    Where nothing is to change it exits 0. After any failure run the same command again: it reuses what is there.
    The role may be a list (webapp,worker) or '*': all are planned and shown first, then changed one by one; one that
    cannot be planned or changed is named, and does not end the others (exit 3).
    With -o json `data` is a mapping for one role, and a list of such mappings for several.

    \b
    udo updatelc prod webapp --dry-run     what would differ, and each call
    udo updatelc prod webapp               do it
    udo updatelc prod.webapp --ami ami-0abc1234
    udo updatelc prod webapp --ami latest  the newest image of the family of the live one
    udo updatelc prod webapp --set instance_type=m7g.large --set metadata_options.HttpTokens=required
    udo updatelc prod webapp --set security_groups=sg-0a1b2c3d,sg-0e4f5a6b
    udo updatelc prod webapp --to-template the same content as a launch template; rollback goes back
    udo updatelc prod webapp --overrides   also what the overrides of a mixed policy set themselves
    udo updatelc prod webapp --refresh     and replace the running instances
    udo updatelc prod '*' --yes            every role of the cluster
    """
    refresh = _refresh(options)
    choices = Choices(**options)
    roles = changing_roles(session.config, words)
    # Of one run every role gets the same image, whatever becomes the newest meanwhile.
    seen: dict[int, Aws] = {}
    if refresh is not None:
        both = partial(_brought, session, choices, seen, refresh)
        return finish_each(session, [(role_target(session, one), partial(both, one)) for one in roles], in_order=True)
    return finish_each(
        session,
        [(role_target(session, role), partial(_planned, session, role, choices, seen)) for role in roles],
    )


def observe_plan(session: Session, aws: Aws, role: Role, state: State, choices: Choices) -> Plan:
    """The plan that makes the role's group launch what udo.yml and the command line say.

    Raises: UsageError; Refused when it would change another group; another UdoError.
    """
    others = dict(choices.settings)
    ami = others.pop("ami", choices.ami)
    live = live_data(state)
    role = names_by_id(aws, role, state.group, live)
    keys = launch_keys(role, ami=observe_image(aws, role, ami, live.get("ImageId")))
    keys = with_settings(keys, others)
    wanted = _wanted(role, keys, session.run_id, choices)
    if choices.to_template and isinstance(state, ConfigurationState):
        existing = aws.ec2.launch_template_named(state.group.name)
        plan = plan_conversion(Heading("updatelc --to-template", role.label), state, wanted, existing)
    elif isinstance(state, ConfigurationState):
        plan = plan_configuration(Heading("updatelc", role.label), state, wanted)
    elif not state.number:
        plan = observe_anew(aws, Heading("updatelc", role.label), state, wanted)
    else:
        plan = plan_template(Heading("updatelc", role.label), state, wanted)
    plan = possible(aws, role, plan, live, state.group)
    return replace(observe_labels(aws, plan, session.clock.time()), reason=choices.reason)


def _planned(session: Session, role: Role, choices: Choices, seen: dict[int, Aws]) -> Plan:
    aws = session.aws(role)
    aws = seen.setdefault(id(aws), cached(aws))
    role = session.resolve(role, *BASIS)
    state = observe_launch(aws, role, overrides=choices.overrides)
    _check_refresh(aws, role, state, choices.anyway)
    other = unapplied_notes([(role, unapplied(role, state.group))])
    state = replace(state, notes=(*state.notes, *observe_deploying(session, aws, role), *other))
    return observe_plan(session, aws, role, state, choices)


def _refresh(options: dict[str, Any]) -> dict[str, Any] | None:
    """Takes what is about the refresh out of the options; None where there is to be none. Raises: UsageError."""
    names = (*OF_PREFERENCES, "timeout")
    taken = {name: options.pop(name) for name in (*names, "no_wait")}
    if options.pop("refresh"):
        return taken
    if other := [name for name in names if taken[name] is not None] or (["no_wait"] if taken["no_wait"] else []):
        raise UsageError(f"--{other[0].replace('_', '-')} belongs to --refresh", hint="without it nothing is replaced")
    return None


def _brought(
    session: Session, choices: Choices, seen: dict[int, Aws], options: Mapping[str, Any], role: Role
) -> Change:
    """The change of what the group launches and of its members."""
    asked = wanted(role, options)
    following = Following(options["timeout"] or _FOLLOWED, not options["no_wait"], choices.reason)
    aws = session.aws(role)
    known = seen.setdefault(id(aws), cached(aws))
    role = session.resolve(role, *BASIS)
    state = observe_updatelc(aws, role, overrides=choices.overrides)
    plan = observe_plan(session, known, role, state, choices)
    alarms = () if session.ignores_alarms else alarms_of(session, role).names
    whole = not choices.overrides
    return Bringing(role, aws, (state, plan), asked, following, session.run_id, is_whole=whole, alarms=alarms).change()


def _check_refresh(aws: Aws, role: Role, state: State, anyway: bool) -> None:
    if state.refresh and anyway:
        check_launch_data(aws, role)
    elif state.refresh:
        raise Conflict(
            f"an instance refresh of {state.group.name} is {state.refresh}",
            hint="wait for it to end, or use --anyway; nothing was changed",
        )


def _wanted(role: Role, keys: Mapping[str, Any], run_id: str, choices: Choices) -> Wanted:
    # Source: API_CreateLaunchTemplateVersion, VersionDescription: at most 255 characters.
    description = mark(run_id, choices.reason)[:255]
    keep = int(role.get("launch.keep"))
    return Wanted(
        keys,
        keep,
        description,
        anyway=choices.anyway,
        from_config=choices.from_config,
        overrides=choices.overrides,
        as_configured=not (choices.ami or choices.settings),
    )
