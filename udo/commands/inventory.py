"""Print a group's instances for other tools: for ssh, Ansible, ClusterShell, /etc/hosts and scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from udo.commands._options import whom_of, whom_options
from udo.errors import UsageError
from udo.fanout import inventory
from udo.fanout.engine import ssh_config, ssh_words
from udo.fanout.reach import observe_hosts, within_reach
from udo.result import Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.fanout.reach import Host
    from udo.session import Session

FORMATS = ("text", "ssh-config", "ansible", "clush", "hosts", "ids", "json")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@whom_options
@click.option("-l", "--user", metavar="USER", help="The remote user.")
@click.option("--list", "lists", is_flag=True, help="With -o ansible: all of it, as Ansible asks for it (the default).")
@click.option("--host", "only", metavar="NAME", help="With -o ansible: the variables of one host.")
@click.pass_obj
def command(
    session: Session, /, words: tuple[str, ...], user: str | None, lists: bool, only: str | None, **given: Any
) -> Result | None:
    """Print the in-service instances of CLUSTER ROLE for other tools.

    -o ssh-config (the default) is a configuration for OpenSSH that names hosts by instance id, with the user, port
    and key of udo.yml, the jumps and proxies of your OpenSSH configuration, and the host keys that Udo has pinned (for
    hosts that nobody has met yet, those on their consoles, which are pinned now);
    -o ansible is what an inventory script of Ansible's prints, with groups by cluster, role, and both (prod_webapp);
    -o clush is a groups file of ClusterShell, for the hosts of -o ssh-config;
    -o hosts has lines for /etc/hosts; -o ids has an instance id a line;
    -o json has the same in `data` of the usual document.

    \b
    udo inventory prod webapp > webapp.conf && scp -F webapp.conf build.tgz i-0123456789abcdef0:
    udo inventory prod '*' -o clush > /etc/clustershell/groups.d/prod.yaml
    udo inventory prod webapp -o hosts
    udo inventory prod '*' -o json | jq -r '.data[].address'
    """
    form = session.options.output
    if (lists or only is not None) and form != "ansible":
        raise UsageError("--list and --host are for -o ansible")
    if lists and only is not None:
        raise UsageError("--list and --host exclude each other", hint="choose one")
    # A tool that plans by an inventory fails without one, and a cluster that sleeps is no failure.
    or_none = form in ("ansible", "clush")
    roles = reading_roles(session.config, words)
    hosts, notes = within_reach(observe_hosts(session, roles, whom_of(given), user, or_none=or_none))
    if form == "json":
        return Result(_rows(hosts), notes=notes)
    text, more = _ansible(session, hosts, only) if form == "ansible" else _text(session, hosts, form)
    click.echo(text, nl=False)
    for note in (*notes, *more):
        session.output.say(note)
    return None


def _text(session: Session, hosts: Sequence[Host], form: str) -> tuple[str, list[str]]:
    if form == "clush":
        return inventory.clush(hosts)
    if form == "hosts":
        return "".join(f"{host.target['address']}\t{host.instance_id}\t# {host.role.label}\n" for host in hosts), []
    if form == "ids":
        return "".join(f"{host.instance_id}\n" for host in hosts), []
    return ssh_config(session, [(host.role, host.target) for host in hosts])


def _ansible(session: Session, hosts: Sequence[Host], only: str | None) -> tuple[str, list[str]]:
    words, notes = ssh_words(session, [(host.role, host.target) for host in hosts])
    roles = (role for cluster in session.config.clusters.values() for role in cluster.roles.values())
    document, more = inventory.ansible(hosts, words, roles)
    if only is not None:
        document = document["_meta"]["hostvars"].get(only, {})
    return json.dumps(document, indent=2) + "\n", notes + more


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
