"""Put running instances into a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.commands._options import instance_words, wait_lock, wait_timeout
from udo.groups.moves import Asked, plan_attach
from udo.groups.observe import observe_group
from udo.groups.target import role_target
from udo.selectors import one_role

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE INSTANCE...")
@wait_timeout
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], timeout: float) -> Result:
    """Put instances that run and are in no group into one. The desired capacity is raised by them, within the
    maximum, and load balancers of the group send them work.

    \b
    udo attach prod webapp i-0123456789abcdef0
    """
    role, rest = one_role(session.config, words)
    asked = Asked(instance_words(rest), timeout=timeout)
    aws = session.aws(role)
    group = observe_group(aws, role)
    known = aws.ec2.instances(asked.ids)
    return finish(session, role_target(session, role), plan_attach(role, group, known, asked))
