"""Print the addresses of a group's instances."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import click

from udo.commands._options import whom_of, whom_options
from udo.fanout.reach import observe_hosts, within_reach
from udo.result import Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from udo.session import Session


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@whom_options
@click.option("--random", "one", is_flag=True, help="One of them, at random.")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], one: bool, **given: Any) -> Result:
    """Print the address of every in-service instance of CLUSTER ROLE, one a line: the one `ssh.address` names.

    CLUSTER and ROLE may be lists (webapp,worker) or '*'; the role may be left out in a cluster with one role.

    \b
    udo ip prod webapp
    curl "http://$(udo ip prod webapp --random):8080/health"
    """
    hosts, notes = within_reach(observe_hosts(session, reading_roles(session.config, words), whom_of(given)))
    if one:
        hosts = [random.choice(hosts)]  # noqa: S311 - spreads work, guards nothing
    data = [
        {
            "cluster": host.role.cluster,
            "role": host.role.name,
            "instance_id": host.instance_id,
            "address": host.target["address"],
        }
        for host in hosts
    ]
    return Result(data, text="\n".join(row["address"] for row in data), notes=notes)
