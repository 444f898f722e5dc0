"""Copy files to every instance of a group, or from every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from udo.commands._options import copy_options, how_of, whom_of, whom_options
from udo.fanout.copy import files, plan_copy, way
from udo.fanout.reach import observe_hosts
from udo.fanout.run import Run, parts
from udo.selectors import fan_out_roles

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

FORMATS = ("text", "json", "jsonl")
TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE SRC... DST")
@whom_options
@copy_options
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> Result:
    """Copy files to all in-service instances of the group of CLUSTER ROLE at once, or from all of them.

    A path of the hosts begins with a colon: SRC... :DST copies to them, :SRC... DIR from them, each into a folder
    DIR/INSTANCE-ID. A path there that has no slash at its beginning is below the login's home, and may hold * ? and [].

    A folder is copied with all it holds, under its own name into DST; of one that ends with a slash, only what it holds
    is. A single file gets the name DST unless that is a folder. Permissions are kept. A file that is the same on both
    sides is left alone, every other one is whole under its name or not at all; run it again to continue.

    The exit status is 255 if a host could not be reached, otherwise 1 if anything could not be copied.

    \b
    udo cp stage webapp app.conf :/etc/shop/app.conf --sudo --owner root:shop
    udo cp stage webapp site :/var/www --canary 1 --batch 25%
    udo cp stage webapp site/ :/var/www/site
    udo cp prod 'web*' :/var/log/shop/*.log logs --limit 10M
    """
    roles, rest = fan_out_roles(session.config, words)
    work = files(session, rest, given)
    user, via = given.pop("user"), way(session, roles, given.pop("via"))
    whom, how = whom_of(given), how_of(given)
    hosts = observe_hosts(session, roles, whom, user, via)
    waves = {name: count for name, count in how.rolling(len(hosts)).items() if name in ("canary", "batch")}
    shown = session.output.hosts([host.instance_id for host in hosts], **waves)
    return Run(session, parts(session, hosts, how), shown, planned=plan_copy, verb="cp").result(work)
