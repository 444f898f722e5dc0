"""Let a group launch again from what it launched from before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from udo.aws.cached import cached
from udo.change.many import finish_each
from udo.check.launchable import possible
from udo.commands._options import wait_lock
from udo.errors import AwsError
from udo.groups.target import role_target
from udo.launch.observe import observe_labels, observe_updatelc
from udo.launch.overlay import BASIS
from udo.launch.returning import Target, plan_rollback, target_of, with_overrides
from udo.launch.states import Heading, live_data
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference
from udo.result import Result
from udo.selectors import changing_roles

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.model.launch import LaunchReference, LaunchTemplateVersion
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


def observe_target(aws: Aws, target: LaunchReference) -> Target:
    """The launch configuration or template version meant, where it exists.

    Raises: UdoError.
    """
    match target:
        case LaunchConfigurationReference(name):
            return Target(target, aws.autoscaling.launch_configurations([name]), {})
        case LaunchTemplateReference():
            return Target(target, {}, {version.number: version for version in _versions(aws, target.id)})


def _versions(aws: Aws, template_id: str) -> tuple[LaunchTemplateVersion, ...]:
    try:
        return aws.ec2.launch_template_versions(template_id)
    except AwsError as error:
        if "NotFound" not in (error.aws_code or ""):
            raise
        return ()


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--to", type=click.IntRange(1), metavar="N", help="The version to go back to; see 'udo versions'.")
@click.option("--anyway", is_flag=True, help="Do it even if parts of a mixed instances policy would be lost.")
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], to: int | None, anyway: bool) -> Result:
    """Let a group launch again from what it launched from before Udo changed it. No copy is made, and running
    instances are not touched. Where the group is back already, nothing is done. To go forward again use
    updatelc, or --to with a number.

    \b
    udo rollback prod webapp --dry-run     what would differ
    udo rollback prod webapp
    udo rollback prod webapp,worker
    udo rollback prod webapp --to 4        version 4, as 'udo versions prod webapp' numbers them
    """
    roles = changing_roles(session.config, words)
    return finish_each(
        session,
        [(role_target(session, role), partial(_planned, session, role, to, anyway=anyway)) for role in roles],
    )


def _planned(session: Session, role: Role, to: int | None, *, anyway: bool) -> Plan:
    aws = cached(session.aws(role))
    session.hide_secrets(role, *BASIS)
    state = observe_updatelc(aws, role)
    target = with_overrides(state, observe_target(aws, target_of(state, to)), to)
    plan = plan_rollback(Heading("rollback", role.label), state, target, anyway=anyway)
    plan = possible(aws, role, plan, live_data(state), state.group)
    return observe_labels(aws, plan, session.clock.time())
