"""Writes the instances of groups as other programs list them: Ansible's inventory, ClusterShell's groups."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from udo.config import Role
    from udo.fanout.reach import Host

# Names of Ansible's own groups. Source: "How to build your inventory", default groups.
_OWN_GROUPS = frozenset({"all", "ungrouped"})
# What Ansible would put something in the place of.
_TEMPLATE = re.compile(r"\{[{%#]")

# A cluster, a role in any cluster, or a role of one cluster; None where any is meant.
Thing = tuple[str | None, str | None]


def ansible(
    hosts: Sequence[Host], words: Mapping[str, Sequence[str]], roles: Iterable[Role]
) -> tuple[dict[str, Any], list[str]]:
    """What an inventory script of Ansible's prints for `--list`, and a line for each group that it cannot have.

    `words` are what ssh needs besides address, port, user and key, by instance id: hosts without them are left out.
    `roles` are all there are, so that a name means the same whichever of them are listed.
    """
    names, doubtful = _group_names(roles)
    variables, groups, notes = {}, dict[str, dict[str, list[str]]](), []
    for host in hosts:
        if host.instance_id not in words:
            continue
        variables[host.instance_id] = _variables(host, words[host.instance_id])
        for thing in _things(host.role):
            if names[thing] not in doubtful:
                groups.setdefault(names[thing], {"hosts": []})["hosts"].append(host.instance_id)
            elif (why := f"no group {names[thing]}: {doubtful[names[thing]]}") not in notes:
                notes.append(why)
    return {"_meta": {"hostvars": variables}, **groups}, notes


def clush(hosts: Sequence[Host]) -> tuple[str, list[str]]:
    """A file for groups.d of ClusterShell, and a line for each group that it cannot have.

    Clusters are sources and roles are groups, of instance ids. Source: groups.conf(5), YAML group files.
    """
    sources: dict[str, dict[str, list[str]]] = {}
    notes: list[str] = []
    for host in hosts:
        groups = sources.setdefault(host.role.cluster, {})
        if host.role.name != "all":
            groups.setdefault(host.role.name, []).append(host.instance_id)
        elif not notes:
            notes.append("no group all: role 'all' would be every host to ClusterShell")
    # As JSON, so that no name is taken for a number or a truth value.
    text = "".join(
        f"{json.dumps(cluster)}:\n"
        + "".join(f"  {json.dumps(role)}: {json.dumps(','.join(ids))}\n" for role, ids in groups.items())
        for cluster, groups in sources.items()
        if groups
    )
    return text, notes


def _variables(host: Host, words: Sequence[str]) -> dict[str, Any]:
    target = host.target
    told = {
        "ansible_host": target["address"],
        "ansible_port": None if "port" in target["unset"] else target["port"],
        "ansible_user": None if "user" in target["unset"] else target["user"],
        # ssh would put something in the place of a % in it.
        "ansible_ssh_private_key_file": target["key"] and str(Path(target["key"]).expanduser()).replace("%", "%%"),
        "ansible_ssh_common_args": shlex.join(words),
        "udo_cluster": host.role.cluster,
        "udo_role": host.role.name,
    }
    return {name: _as_it_is(value) for name, value in told.items() if value is not None}


def _as_it_is(value: Any) -> Any:
    """The value, marked where Ansible would take it for a template."""
    return {"__ansible_unsafe": value} if isinstance(value, str) and _TEMPLATE.search(value) else value


def _things(role: Role) -> tuple[Thing, ...]:
    return (role.cluster, None), (None, role.name), (role.cluster, role.name)


def _group_names(roles: Iterable[Role]) -> tuple[dict[Thing, str], dict[str, str]]:
    """The name of each group, and of those that cannot be: they would hold what two things are, or are Ansible's."""
    things = dict.fromkeys(thing for role in roles for thing in _things(role))
    names = {thing: _valid("_".join(filter(None, thing))) for thing in things}
    counts = Counter(names.values())
    doubtful = {
        name: "it is Ansible's own" if name in _OWN_GROUPS else f"it would be {' and '.join(_told(names, name))}"
        for name in counts
        if name in _OWN_GROUPS or counts[name] > 1
    }
    return names, doubtful


def _valid(name: str) -> str:
    """The name with letters, digits and _ alone, no digit first, as Ansible wants names of groups."""
    found = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{found}" if found[0].isdigit() else found


def _told(names: Mapping[Thing, str], name: str) -> list[str]:
    found = (thing for thing, one in names.items() if one == name)
    return [
        f"{cluster} {role}" if cluster and role else f"cluster {cluster}" if cluster else f"role {role}"
        for cluster, role in found
    ]
