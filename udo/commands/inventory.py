"""Print a group's instances for other tools: as ssh-config, hosts, ids or json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from udo.commands._options import whom_of, whom_options
from udo.fanout.engine import ssh_config
from udo.fanout.reach import observe_hosts, within_reach
from udo.result import Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.fanout.reach import Host
    from udo.session import Session

FORMATS = ("text", "ssh-config", "hosts", "ids", "json")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@whom_options
@click.option("-l", "--user", metavar="USER", help="The remote user.")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], user: str | None, **given: Any) -> Result | None:
    """Print the in-service instances of CLUSTER ROLE for other tools.

    -o ssh-config (the default) is a configuration for OpenSSH that names hosts by instance id, with the user, port
    and key of udo.yml, the jumps and proxies of your OpenSSH configuration, and the host keys that Udo has pinned (for
    hosts that nobody has met yet, those on their consoles, which are pinned now);
    -o hosts has lines for /etc/hosts; -o ids has an instance id a line;
    -o json has the same in `data` of the usual document.

    \b
    udo inventory prod webapp > webapp.conf && scp -F webapp.conf build.tgz i-0123456789abcdef0:
    udo inventory prod webapp -o hosts
    udo inventory prod '*' -o json | jq -r '.data[].address'
    """
    hosts, notes = within_reach(observe_hosts(session, reading_roles(session.config, words), whom_of(given), user))
    form = session.options.output
    if form == "json":
        return Result(_rows(hosts), notes=notes)
    if form == "hosts":
        text = "".join(f"{host.target['address']}\t{host.instance_id}\t# {host.role.label}\n" for host in hosts)
    elif form == "ids":
        text = "".join(f"{host.instance_id}\n" for host in hosts)
    else:
        text, more = ssh_config(session, [(host.role, host.target) for host in hosts])
        notes += more
    click.echo(text, nl=False)
    for note in notes:
        session.output.say(note)
    return None


def _rows(hosts: Sequence[Host]) -> list[dict[str, Any]]:
    names = ("address", "port", "user", "key", "known_hosts", "jump")
    return [
        {
            "cluster": host.role.cluster,
            "role": host.role.name,
            "instance_id": host.instance_id,
            **{name: host.target[name] for name in names},
        }
        for host in hosts
    ]
