"""Let a group launch again from what it launched from before."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from udo.aws.cached import cached
from udo.change.many import Change, finish_each
from udo.check.launchable import possible
from udo.commands._options import wait_lock
from udo.commands.deploy import deployment, limit, usual
from udo.deploy.several import check_waits, ordered
from udo.errors import UsageError
from udo.groups.target import role_target
from udo.launch.observe import observe_labels, observe_launch, observe_target
from udo.launch.overlay import BASIS
from udo.launch.remembering import remembered
from udo.launch.returning import plan_rollback, target_of, with_overrides
from udo.launch.states import Heading, live_data
from udo.refresh.observe import check_launch_data, observe_refresh
from udo.refresh.outcome import told
from udo.refresh.plan import Following, plan_back
from udo.result import Result
from udo.selectors import changing_roles

if TYPE_CHECKING:
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
# Seconds that a refresh is followed for.
_FOLLOWED = 14_400.0


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--to", type=click.IntRange(1), metavar="N", help="The version to go back to; see 'udo versions'.")
@click.option("--anyway", is_flag=True, help="Do it even if parts of a mixed instances policy would be lost.")
@click.option("--code", is_flag=True, help="Deploy the revision before, and leave what the group launches from.")
@click.option("--no-wait", is_flag=True, help="With --code: start the deployment, and leave it to AWS.")
@click.option("--timeout", metavar="TIME", type=limit, help="With --code: follow it for so long (default: 60m).")
@click.option("--reason", metavar="TEXT", default="", help="With --code: a few words kept with the deployment.")
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], to: int | None, anyway: bool, **options: Any) -> Result:
    """Let a group launch again from what it launched from before Udo changed it. No copy is made, and running
    instances are not touched. Where the group is back already, nothing is done. To go forward again use
    updatelc, or --to with a number. Where somebody has deleted what it launches now, it goes back all the same, at
    least to the newest version there is. While a refresh of 'udo updatelc --refresh' runs this is 'udo refresh
    --rollback'.

    With --code it is the application that goes back: the newest revision that succeeded on the group, other than the
    one last deployed, whatever came of that, is deployed and followed as 'udo deploy' does. Where the last deployment
    went back already, by Udo or by CodeDeploy, nothing is done, or what it left is brought to its end; further back
    goes 'udo deploy' with a revision and --allow-older. Of several roles, those that
    come after others go back before them.

    \b
    udo rollback prod webapp --dry-run     what would differ
    udo rollback prod webapp
    udo rollback prod webapp,worker
    udo rollback prod webapp --to 4        version 4, as 'udo versions prod webapp' numbers them
    udo rollback prod webapp --code --reason "the cart is empty"
    """
    roles = changing_roles(session.config, words)
    if options.pop("code"):
        if launch := [name for name, value in (("--to", to), ("--anyway", anyway)) if value]:
            raise UsageError(f"--code and {launch[0]} exclude each other", hint="--code leaves launch data as it is")
        check_waits(roles, no_wait=options["no_wait"])
        roles, given = ordered(session.config, roles, backwards=True), usual(**options, back=True)
        return finish_each(session, [deployment(session, role, (), given, {}) for role in roles], in_order=True)
    if code := [f"--{name.replace('_', '-')}" for name, value in options.items() if value]:
        raise UsageError(f"{code[0]} belongs to --code", hint="a rollback of launch data deploys nothing")
    return finish_each(
        session,
        [(role_target(session, role), partial(_planned, session, role, to, anyway=anyway)) for role in roles],
    )


def _planned(session: Session, role: Role, to: int | None, *, anyway: bool) -> Plan | Change:
    aws = cached(session.aws(role))
    session.hide_secrets(role, *BASIS)
    state = observe_launch(aws, role)
    if to is None and (now := remembered(state.group)) and now.pending:
        # Whether it still runs must be known here.
        observed = observe_refresh(session.aws(role), role)
        if observed.active:
            # The group does not have it yet: AWS takes back what it brings.
            plan = replace(plan_back(role, observed, Following(_FOLLOWED)), command="rollback")
            return Change(plan, tell=partial(told, session.aws(role), role, plan))
    if state.refresh:
        check_launch_data(aws, role)
    target = with_overrides(state, observe_target(aws, target_of(state, to)), to)
    plan = plan_rollback(Heading("rollback", role.label), state, target, anyway=anyway)
    plan = possible(aws, role, plan, live_data(state), state.group)
    return observe_labels(aws, plan, session.clock.time())
