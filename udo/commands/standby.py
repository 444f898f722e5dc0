"""Take members out of service, to look at them, and put them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.commands._options import instance_words, wait_lock, wait_timeout
from udo.errors import UsageError
from udo.groups.moves import Asked, plan_return, plan_standby
from udo.groups.observe import observe_group
from udo.groups.target import role_target
from udo.selectors import one_role

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE INSTANCE...")
@click.option("--return", "back", is_flag=True, help="Put them back into service.")
@click.option("--shrink", is_flag=True, help="Lower the desired capacity, so that nobody takes their place; asks.")
@wait_timeout
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], back: bool, shrink: bool, timeout: float) -> Result:
    """Take members of a group out of service, to look at them, and put them back.

    A member in Standby runs on, gets no traffic from load balancers and is not judged by its health. The group launches
    another in its place, unless --shrink lowers the desired capacity. Coming back raises the desired capacity by it,
    because its replacement stays.

    \b
    udo standby prod webapp i-0123456789abcdef0
    udo ssh prod webapp --instance i-0123456789abcdef0 --state Standby
    udo standby prod webapp i-0123456789abcdef0 --return
    """
    role, rest = one_role(session.config, words)
    asked = Asked(instance_words(rest), shrink, timeout)
    if back and shrink:
        raise UsageError("--return and --shrink exclude each other", hint="give one of them")
    aws = session.aws(role)
    group = observe_group(aws, role)
    plan = plan_return(role, group, asked) if back else plan_standby(role, group, asked)
    return finish(session, role_target(session, role), plan)
