"""Bring the groups of a cluster to what udo.yml says of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from udo.change.many import finish_each
from udo.commands._options import reasoned_waivers, wait_lock
from udo.groups.observe import existing_group
from udo.groups.subnets import by_id, names_subnets, observe_subnets
from udo.groups.target import role_target
from udo.groups.update import KEYS, observe_parts, plan_update
from udo.selectors import cluster_roles

if TYPE_CHECKING:
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@click.option("--delete-extras", is_flag=True, help="Delete what the group has beside what udo.yml says.")
@reasoned_waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], delete_extras: bool) -> Result:
    """Bring the settings of groups to what udo.yml says of them, difference first. Without ROLE all groups of the
    cluster.

    Only keys that udo.yml has are looked at: sizes' bounds, health checks, subnets, load balancers, tags, scaling
    policies, scheduled actions, lifecycle hooks, instance types and the like; never the desired capacity, which is
    'udo scale', nor what is launched, which is 'udo updatelc'. What the group has beside is named and left. It asks
    where AWS will replace running instances, and before it deletes.

    \b
    udo update prod webapp --dry-run
    udo update prod
    udo update prod webapp --delete-extras
    """
    roles = cluster_roles(session.config, words)
    return finish_each(
        session, [(role_target(session, role), partial(_planned, session, role, delete_extras)) for role in roles]
    )


def _planned(session: Session, role: Role, delete_extras: bool) -> Plan:
    aws = session.aws(role)
    role = session.resolve(role, *KEYS)
    group = existing_group(aws.autoscaling.groups([role.group_name], whole=True), role, aws.region)
    role = by_id(role, observe_subnets(aws, role, group.subnets)) if names_subnets(role) else role
    return plan_update(role, observe_parts(aws.read, role, group, session.clock.time()), delete_extras=delete_extras)
