"""The order in which roles of a cluster are deployed: each after those that its deploy.after names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.config.suggesting import among
from udo.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from udo.config.roles import Cluster, Role

KEY = "deploy.after"


def after(role: Role) -> tuple[str, ...]:
    """The names of the roles that are deployed before this one."""
    return tuple(role.get(KEY) or ()) if role.mentions(KEY) else ()


def in_order(
    cluster: Cluster, *, backwards: bool = False, named: Callable[[Role], Sequence[str]] = after
) -> list[Role]:
    """Its roles, each after those that it names and otherwise as in the file; with `backwards` each before them.

    Raises: ConfigError where roles name each other in a circle, or one that the cluster has not.
    """
    before = {name: named(role) for name, role in cluster.roles.items()}
    if unknown := [(name, other) for name, names in before.items() for other in names if other not in cluster.roles]:
        raise ConfigError(*(_unknown(cluster, name, other) for name, other in unknown))
    if backwards:
        before = {name: tuple(one for one, names in before.items() if name in names) for name in before}
    order: dict[str, Role] = {}
    for name in cluster.roles:
        _visit(cluster, before, name, (), order)
    return list(order.values())


def _visit(
    cluster: Cluster, before: Mapping[str, Sequence[str]], name: str, path: tuple[str, ...], order: dict[str, Role]
) -> None:
    if name in order:
        return
    if name in path:
        circle = (*path[path.index(name) :], name)
        told = " after ".join(circle)
        raise ConfigError(Problem(*cluster.roles[name].mark_of(KEY), f"{KEY} goes in a circle: {told}"))
    for other in before[name]:
        _visit(cluster, before, other, (*path, name), order)
    order[name] = cluster.roles[name]


def _unknown(cluster: Cluster, name: str, other: str) -> Problem:
    told = f"no role '{other}' in cluster '{cluster.name}', which {name} comes after: {among(other, cluster.roles)}"
    return Problem(*cluster.roles[name].mark_of(KEY), told)
