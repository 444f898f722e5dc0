"""Show clusters, roles and the state of their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from udo.errors import AwsError, PermissionDenied
from udo.groups.locks import Locks, locked_text
from udo.groups.outdated import outdated_ids
from udo.groups.text import brief_launch, brief_name, launch_text, short_name
from udo.groups.unapplied import unapplied, unapplied_notes
from udo.result import LOW, Column, Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import Deployment, DeploymentGroup
    from udo.model.groups import AutoScalingGroup
    from udo.session import Session


def _brief_deployment(text: str) -> str:
    """How the last deployment ended, without its id."""
    return text.partition(" ")[2] or text


COLUMNS = (
    Column("cluster", "CLUSTER", once=True),
    Column("role", "ROLE"),
    Column("group", "GROUP", rank=LOW + 1),
    Column("sizes", "MIN/WANT/MAX", "right", brief="SIZES"),
    Column("in_service", "IN SERVICE", "right", brief="IN"),
    Column("outdated", "OUTDATED", "right", brief="OLD"),
    Column("launch", "LAUNCHES FROM", rank=3, fold=brief_launch),
    Column("deployed", "LAST DEPLOYMENT", rank=2, fold=_brief_deployment, brief="DEPLOYED"),
    Column("suspended", "SUSPENDED", rank=1, least=9),
)
_LOCKED = Column("locked", "LOCKED BY", rank=1, fold=brief_name)


def status_rows(roles: Sequence[Role], groups: Mapping[str, AutoScalingGroup]) -> list[dict[str, Any]]:
    """One row a role; a group that does not exist is a row `absent`."""
    return [_row(role, groups.get(role.group_name)) for role in roles]


def _row(role: Role, group: AutoScalingGroup | None) -> dict[str, Any]:
    head = {"cluster": role.cluster, "role": role.name, "group": role.group_name}
    if group is None:
        return {**head, "state": "absent"}
    return {
        **head,
        "state": group.status or "present",
        "min_size": group.min_size,
        "desired_capacity": group.desired_capacity,
        "max_size": group.max_size,
        "members": len(group.members),
        "in_service": sum(member.in_service for member in group.members),
        "unhealthy": sum(member.health_status.lower() != "healthy" for member in group.members),
        "outdated": outdated(group),
        "launch": group.launch.row() if group.launch else None,
        "suspended": sorted(group.suspended_processes),
    }


def outdated(group: AutoScalingGroup) -> int | None:
    """How many members were launched from something else than the group launches from now.

    None where the group follows $Latest or $Default, which a listing cannot tell from a number.
    """
    launches = (group.launch, *group.own_templates)
    if any(getattr(launch, "version", "").startswith("$") for launch in launches):
        return None
    return len(outdated_ids(group.members, group.launch, group.overrides))


def observe_deployments(session: Session, aws: Aws, roles: Sequence[Role]) -> tuple[dict[str, Any], list[str]]:
    """Each group's last deployment by group name, one call per hundred groups of an application, and footnotes."""
    wanted: dict[str, dict[str, str]] = {}
    for role in roles:
        application, name = role.get("deploy.application"), role.get("deployment_group")
        if application and name:
            wanted.setdefault(application, {})[name] = role.group_name
    told: dict[str, Any] = {}
    notes = []
    for application, names in wanted.items():
        try:
            found = aws.codedeploy.deployment_groups(application, names)
        except (AwsError, PermissionDenied) as error:
            told |= dict.fromkeys(names.values(), "?")
            notes.append(f"?: {error.message}")
            continue
        last: dict[str, Deployment] = {}
        try:
            last = aws.codedeploy.named(group.last_attempted for group in found.values() if group.last_attempted)
        except (AwsError, PermissionDenied) as error:
            notes.append(f"how many instances the last deployments failed on is unknown: {error.message}")
        told |= {names[name]: _last(group, last) for name, group in found.items()}
    return told, notes


def _last(group: DeploymentGroup, known: Mapping[str, Deployment]) -> str | None:
    if group.last_attempted is None:
        return None
    found = known.get(group.last_attempted)
    return f"{group.last_attempted} {found.outcome if found else group.last_status}".strip()


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Show every role's group: sizes, members in service, members launched from something older, last deployment,
    and who has locked it.

    Without a word all clusters; either may be a list (webapp,worker) or '*'. What is unknown is a '?'
    with a footnote.

    \b
    udo status                             every cluster
    udo status prod
    udo status prod webapp -o json
    """
    roles = reading_roles(session.config, words, all_by_default=True)
    rows: dict[str, dict[str, Any]] = {}
    notes: list[str] = []
    locks = Locks(session.clock.time())
    for aws, together in session.by_aws(roles):
        groups = aws.autoscaling.groups(role.group_name for role in together)
        deployed, footnotes = observe_deployments(session, aws, together)
        notes += footnotes
        for role, row in zip(together, status_rows(together, groups), strict=True):
            rows[role.label] = row | {"lock": locks.row(aws, role.group_name)}
            if group := groups.get(role.group_name):
                more = {"deployed": deployed.get(role.group_name), "not_applied": unapplied(role, group)}
                rows[role.label] |= more
    ordered = [rows[role.label] for role in roles]
    told = {row["group"]: locked_text(row["group"], row["lock"]) for row in ordered if _held(row)}
    columns = (*COLUMNS, _LOCKED) if told else COLUMNS
    notes += [*locks.notes, *told.values()]
    if following := [row["group"] for row in ordered if "outdated" in row and row["outdated"] is None]:
        notes.append(f"?: {', '.join(following)} follows $Latest or $Default: which members are outdated is unknown")
    notes += unapplied_notes((role, rows[role.label].get("not_applied", ())) for role in roles)
    return Result(ordered, columns, [_text_row(row) for row in ordered], notes=notes)


def _held(row: Mapping[str, Any]) -> bool:
    return isinstance(row["lock"], dict)


def _text_row(row: Mapping[str, Any]) -> dict[str, Any]:
    row = {**row, "locked": short_name(row["lock"]["holder"]) if _held(row) else row["lock"]}
    if row["state"] == "absent":
        return {**row, "sizes": "absent"}
    sizes = f"{row['min_size']}/{row['desired_capacity']}/{row['max_size']}"
    old = "?" if row["outdated"] is None else row["outdated"]
    return {**row, "sizes": sizes, "outdated": old, "launch": launch_text(row["launch"])}
