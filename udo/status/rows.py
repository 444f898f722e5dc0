"""The page of all roles as rows: for scripts, and for people as a table that fits 80 columns."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from udo.deploy.revision import brief, told
from udo.groups.alarms import said_alarms
from udo.groups.asleep import is_asleep
from udo.groups.health import HEALTHY, folded
from udo.groups.outdated import outdated
from udo.groups.text import age, brief_launch, brief_name, launch_text, short_name
from udo.groups.unapplied import launches_otherwise, unapplied
from udo.result import LOW, Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.model.deployments import Deployment
    from udo.model.groups import AutoScalingGroup
    from udo.status.details import Details
    from udo.status.page import Deployed, Standing

# What `_deployment_text` makes.
_DEPLOYMENT = re.compile(r"(?P<id>\S+) (?P<outcome>.+?)(?:: (?P<revision>.+?))?(?: \((?P<age>\w+)\))?")
_VERSION = re.compile(r".+-(v[1-9][0-9]*)|.+ (v\S+)")


def _brief_version(text: str) -> str:
    """The version alone, where there is one."""
    name = brief_launch(text)
    found = _VERSION.fullmatch(name)
    return (found[1] or found[2]) if found else name


def _brief_deployment(text: str) -> str:
    """What was deployed and how long ago; first how it ended, where that is not well."""
    found = _DEPLOYMENT.fullmatch(text)
    if found is None:
        return text
    status, _, more = found["outcome"].partition(", ")
    what = brief(found["revision"]) if found["revision"] else ""
    words = (status, found["age"], what) if status != "Succeeded" else (what, found["age"], more)
    return " ".join(filter(None, words)) or found["outcome"]


def _brief_work(text: str) -> str:
    """What is under way, without ids."""
    return re.sub(r"deployment \S+ ", "", text)


def _brief_keys(text: str) -> str:
    """That there is a difference."""
    return "yes" if text not in ("", "-") else text


def _brief_count(text: str) -> str:
    """How many there are."""
    return str(text.count(",") + 1) if text not in ("", "-") else text


COLUMNS = (
    Column("cluster", "CLUSTER", once=True),
    Column("role", "ROLE"),
    Column("group", "GROUP", rank=LOW + 1),
    Column("sizes", "IN SERVICE/DESIRED (MIN-MAX)", brief="IN SERVICE"),
    Column("healthy", "HEALTHY", fold=lambda text: text.partition(",")[0]),
    Column("old", "OUTDATED", "right", brief="OLD"),
    Column("launch", "LAUNCHES FROM", rank=3, fold=_brief_version, brief="FROM"),
    Column("successful", "DEPLOYED", rank=2, fold=_brief_deployment),
    Column("attempted", "LAST ATTEMPT", rank=1, fold=_brief_deployment, brief="ATTEMPT", least=9),
    Column("work", "UNDER WAY", rank=1, fold=_brief_work, brief="NOW", least=8),
    Column("suspended", "SUSPENDED", rank=3, fold=_brief_count, brief="SUSP"),
    Column("differs", "DIFFERS", rank=4, fold=_brief_keys),
)
LOCKED = Column("locked", "LOCKED BY", rank=2, fold=brief_name, brief="LOCKED")


def data_row(one: Standing, details: Details | None = None, now: float = 0.0) -> dict[str, Any]:
    """A role for scripts; a group that does not exist is a row `absent`. What `details` tell of it is compared too."""
    role, group, pinned = one.role, one.group, one.pinned
    head = {"cluster": role.cluster, "role": role.name, "group": role.group_name}
    if group is None or pinned is None:
        return {**head, "state": "absent", "lock": one.lock}
    return {
        **head,
        # Another one where a deployment has put a copy in its place.
        "group": group.name,
        "state": group.status or "present",
        "min_size": group.min_size,
        "desired_capacity": group.desired_capacity,
        "max_size": group.max_size,
        "members": len(group.members),
        "in_service": sum(member.in_service for member in group.members),
        "unit": group.unit,
        "capacity": group.capacity,
        "unhealthy": sum(member.health_status.lower() != "healthy" for member in group.members),
        "outdated": outdated(pinned),
        "launch": group.launch.row() if group.launch else None,
        "suspended": sorted(group.suspended_processes),
        "lock": one.lock,
        "deployed": _outcome(one.deployed),
        "not_applied": unapplied(role, group, _parts(one, details), now),
        "not_launched": launches_otherwise(role, pinned, details.images() if details else None),
        "alarms": _alarms(one),
        "health": _unknown_for_none(folded(group, one.targets)),
        "last_successful": _deployment_row(one.deployed, "successful"),
        "last_attempted": _deployment_row(one.deployed, "attempted"),
        "under_way": _under_way(group, one.deployed),
    }


def _parts(one: Standing, details: Details | None) -> dict[str, Any]:
    alarms = {} if one.alarms is None else {"alarms": one.alarms}
    return {**(details.parts() if details else {}), **alarms}


def _alarms(one: Standing) -> Any:
    """The states of the alarms that udo.yml says, by their names there; `absent` for one that does not exist."""
    said, there = said_alarms(one.role), one.alarms
    if said and there is None:
        return "?"
    return {name: (there or {}).get(full, {}).get("StateValue", "absent") for name, full in said.items()}


def text_row(row: Mapping[str, Any], now: float | None) -> dict[str, Any]:
    """A row for people; ages are left out where no time is given."""
    locked = short_name(row["lock"]["holder"]) if is_held(row) else row["lock"]
    head = {name: row[name] for name in ("cluster", "role", "group")} | {"locked": locked}
    if row["state"] == "absent":
        return {**head, "sizes": "absent"}
    attempted = row["last_attempted"]
    is_new = isinstance(attempted, dict) and attempted != row["last_successful"] and not _is_active(attempted)
    return {
        **head,
        "sizes": f"{row['capacity']}/{row['desired_capacity']}{_unit(row)} ({row['min_size']}-{row['max_size']})",
        "healthy": _healthy_text(row),
        "old": "?" if row["outdated"] is None else row["outdated"],
        "launch": launch_text(row["launch"]),
        "successful": _deployment_text(row["last_successful"], now),
        "attempted": _deployment_text(attempted, now) if is_new else "",
        "work": ", ".join(_work_text(work, now) for work in row["under_way"]) or None,
        "suspended": row["suspended"],
        "differs": [*row["not_launched"], *row["not_applied"]],
    }


def _unit(row: Mapping[str, Any]) -> str:
    return "" if row["unit"] == "instances" else f" {row['unit']}"


def is_held(row: Mapping[str, Any]) -> bool:
    """Whether the role's group is locked."""
    return isinstance(row["lock"], dict)


def _unknown_for_none(value: Any) -> Any:
    return "?" if value is None else value


def _outcome(deployed: Deployed | None) -> str | None:
    if deployed is None:
        return None
    if not deployed.is_known:
        return "?"
    last = deployed.attempted
    return f"{last.deployment_id} {last.outcome}".strip() if last else None


def _deployment_row(deployed: Deployed | None, which: str) -> Any:
    if deployed is None:
        return None
    if not deployed.is_known:
        return "?"
    one: Deployment | None = getattr(deployed, which)
    if one is None:
        return None
    return {
        "deployment_id": one.deployment_id,
        "status": one.status,
        "outcome": one.outcome,
        "revision": dict(one.revision) or None,
        "created_at": one.created_at or None,
        "completed_at": one.completed_at or None,
    }


def _under_way(group: AutoScalingGroup, deployed: Deployed | None) -> list[dict[str, Any]]:
    """What is going on with the group: its end, its rest, a deployment, members that come, go or stand by."""
    found: list[dict[str, Any]] = [{"kind": "deletion", "status": group.status}] if group.status else []
    if is_asleep(group):
        found.append({"kind": "sleep", "status": "asleep"})
    last = deployed.attempted if deployed else None
    if last and last.active:
        row = {"deployment_id": last.deployment_id, "status": last.status, "since": last.created_at or None}
        found.append({"kind": "deployment", **row})
    states = Counter(member.lifecycle_state for member in group.members if not member.in_service)
    return [*found, *({"kind": "members", "status": state, "count": states[state]} for state in sorted(states))]


def _work_text(work: Mapping[str, Any], now: float | None) -> str:
    match work["kind"]:
        case "members":
            return f"{work['count']} {work['status']}"
        case "deployment":
            since = f" {age(work['since'], now)}" if now and work["since"] else ""
            return f"deployment {work['deployment_id']} {work['status']}{since}"
    return str(work["status"])


def _healthy_text(row: Mapping[str, Any]) -> str | None:
    health = row["health"]
    if health == "?" or not health:
        return "?" if health else None
    others = "".join(f", {count} {state}" for state, count in health.items() if state != HEALTHY)
    return f"{health.get(HEALTHY, 0)}/{sum(health.values())}{others}"


def _is_active(row: Mapping[str, Any]) -> bool:
    return row["status"] not in ("Succeeded", "Failed", "Stopped")


def _deployment_text(row: Any, now: float | None) -> str | None:
    """A deployment on one line: its id, how it ended, what it brought, and how long ago."""
    if not isinstance(row, dict):
        return "?" if row else None
    what = f": {told(row['revision'])}" if row["revision"] else ""
    when = row["completed_at"] or row["created_at"]
    ago = f" ({age(when, now)})" if now and when else ""
    return f"{row['deployment_id']} {row['outcome']}{what}{ago}"
