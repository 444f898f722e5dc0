"""Copy a group's launch data, change it as udo.yml says, and swap it in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from udo.commands._launching import observe_deploying, observe_image, observe_labels, observe_updatelc
from udo.errors import AwsError, Conflict
from udo.launch.changes import plan_configuration, plan_template
from udo.launch.converting import plan_conversion
from udo.launch.overlay import BASIS, launch_keys
from udo.launch.settings import settings, with_settings
from udo.launch.states import ConfigurationState, Heading, State, Wanted
from udo.model import Result
from udo.words import changing_roles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.config import Role
    from udo.plan import Plan
    from udo.session import Session


def plan_updatelc(role: Role, state: State, keys: Mapping[str, Any], run_id: str, reason: str = "") -> Plan:
    """The plan that makes the group launch what udo.yml says.

    Raises: Refused when it would change another group.
    """
    return _plan(role, state, _wanted(role, keys, run_id, reason))


def _plan(role: Role, state: State, wanted: Wanted) -> Plan:
    heading = Heading("updatelc", role.label)
    if isinstance(state, ConfigurationState):
        return plan_configuration(heading, state, wanted)
    return plan_template(heading, state, wanted)


@dataclass(frozen=True)
class Choices:
    """The options of the verb."""

    ami: str | None
    settings: tuple[str, ...]
    reason: str
    from_config: bool
    to_template: bool
    anyway: bool


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--ami", metavar="ID|ssm:/PATH|latest", help="Launch this image instead of the one in udo.yml.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="A launch key, instead of udo.yml's.")
@click.option("--from-config", is_flag=True, help="Take udo.yml alone; what only the live data has is lost, and shown.")
@click.option("--reason", metavar="TEXT", default="", help="Why; kept in the version's description and the journal.")
@click.option("--to-template", is_flag=True, help="Move a group on a launch configuration to a launch template.")
@click.option("--anyway", is_flag=True, help="Go on during an instance refresh, or where another group follows.")
@click.option("--wait-lock", is_flag=True, help="Wait up to ten minutes for another run to finish.")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], wait_lock: bool, **options: Any) -> Result:
    """Copy the launch configuration (or launch template version) a group lives on, lay the launch keys of udo.yml
    over the copy, and swap it in. Running instances are not touched; what udo.yml does not name stays as it is live.

    Nothing to change says so and exits 0. After any failure run the same command again: it takes up what is there.
    The role may be a list (webapp,worker) or '*': all are planned and shown first, then changed one by one.

    \b
    udo updatelc prod webapp --dry-run     what would differ, and each call
    udo updatelc prod webapp               do it
    udo updatelc prod.webapp --ami ami-0abc1234
    udo updatelc prod webapp --ami latest  the newest image of the family of the live one
    udo updatelc prod webapp --set instance_type=m7g.large --set metadata_options.HttpTokens=required
    udo updatelc prod webapp --to-template the same content as a launch template; rollback goes back
    udo updatelc prod '*' --yes            every role of the cluster
    """
    session.wait_for_lock = wait_lock
    choices = Choices(**options)
    roles = changing_roles(session.config, words)
    try:
        return session.finish_each([(role, _planned(session, role, choices)) for role in roles])
    except AwsError as error:
        if "CreateLaunchConfiguration" in error.message and error.hint is None:
            error.hint = _NO_CONFIGURATIONS
        raise


# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html. AWS does not say by which code such
# an account is refused, so every refusal gets the advice.
_NO_CONFIGURATIONS = "accounts opened since October 2024 cannot create launch configurations: say --to-template"


def _planned(session: Session, role: Role, choices: Choices) -> Plan:
    aws = session.aws(role)
    role = session.resolve(role, *BASIS)
    state = observe_updatelc(aws, role)
    _check_refresh(state, choices.anyway)
    state = replace(state, notes=(*state.notes, *observe_deploying(aws, role)))
    keys = launch_keys(role, ami=observe_image(aws, role, choices.ami, _live_image(state)))
    keys = with_settings(keys, settings(choices.settings))
    wanted = _wanted(role, keys, session.run_id, choices.reason)
    wanted = replace(wanted, anyway=choices.anyway, from_config=choices.from_config)
    if choices.to_template and isinstance(state, ConfigurationState):
        existing = aws.ec2.launch_template_named(state.group.name)
        plan = plan_conversion(Heading("updatelc --to-template", role.label), state, wanted, existing)
    else:
        plan = _plan(role, state, wanted)
    return replace(plan, differences=observe_labels(aws, plan.differences, session.clock.time()))


def _live_image(state: State) -> str | None:
    if isinstance(state, ConfigurationState):
        data = state.configurations[state.live.name].data
    else:
        data = next(version.data for version in state.versions if version.number == state.number)
    image: str | None = data.get("ImageId")
    return image


def _check_refresh(state: State, anyway: bool) -> None:
    if state.refresh and not anyway:
        raise Conflict(
            f"an instance refresh of {state.group.name} is {state.refresh}",
            hint="wait for it to end, or say --anyway; nothing was changed",
        )


def _wanted(role: Role, keys: Mapping[str, Any], run_id: str, reason: str) -> Wanted:
    # Source: API_CreateLaunchTemplateVersion, VersionDescription: at most 255 characters.
    description = f"udo:{run_id} {reason}".strip()[:255]
    return Wanted(keys, int(role.get("launch.keep")), description)
