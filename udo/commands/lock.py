"""Lock a group by hand, so that no run of Udo changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.lock import by_hand, plan_lock
from udo.words import no_more, one_role

if TYPE_CHECKING:
    from udo.model import Result
    from udo.session import Session


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--reason", metavar="TEXT", default="", help="Why; shown to whoever is stopped by it.")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], reason: str) -> Result:
    """Lock a group until it is unlocked by hand. Every changing run of Udo stops there with exit 4 and names you;
    the console and autoscaling honour no lock. It is a parameter /udo/lock/GROUP in SSM Parameter Store.

    \b
    udo lock prod webapp --reason "investigating"
    udo unlock prod webapp
    """
    role, rest = one_role(session.config, words)
    no_more(rest)
    _account, operator = session.aws(role).identity()
    return session.finish(role, plan_lock(role.group_name, by_hand(session.run_id, operator, reason)), locked=False)
