"""The members of a group as the page of one role shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from udo.deploy.revision import brief, told
from udo.groups.health import reasons, state
from udo.groups.observe import Seen
from udo.groups.outdated import follows, outdated_ids
from udo.groups.rows import instance_row
from udo.groups.text import age, brief_launch, launch_text
from udo.result import LOW, Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.model.deployments import Deployment
    from udo.model.groups import Member
    from udo.status.details import Details
    from udo.status.page import Standing

# What `reasons` makes of a target. Source: botocore elbv2, TargetHealthReasonEnum.
_TARGET = re.compile(r"(\S+): [a-z.]+ \((?:Target|Elb)\.(\w+).*\)")


def _brief_why(text: str) -> str:
    """The same without what the state says, and without AWS's description of its reason."""
    said = (_TARGET.sub(r"\1: \2", why) for why in text.split("; "))
    return "; ".join(why.replace("the group says Unhealthy", "by the group") for why in said)


COLUMNS = (
    Column("instance_id", "INSTANCE"),
    Column("lifecycle_state", "STATE"),
    Column("condition", "HEALTH"),
    Column("why", "WHY", rank=1, fold=_brief_why, least=12),
    Column("instance_type", "TYPE", rank=4),
    Column("availability_zone", "ZONE", rank=3),
    Column("private_address", "PRIVATE", rank=2),
    Column("public_address", "PUBLIC", rank=LOW + 1),
    Column("launch", "LAUNCHED FROM", rank=3, fold=brief_launch, brief="FROM"),
    Column("outdated", "OUTDATED", rank=3, brief="OLD"),
    Column("revision", "REVISION", rank=2, fold=brief),
    Column("protected", "PROTECTED", rank=LOW),
    Column("age", "AGE", "right"),
)


def member_rows(one: Standing, details: Details) -> list[dict[str, Any]]:
    """One row a member for scripts, in the order the group lists them."""
    if one.group is None or one.pinned is None:
        return []
    old = outdated_ids(one.group.members, one.pinned.launch, one.pinned.overrides)
    is_old_known = not follows(one.pinned)
    seen = Seen(one.role, one.group, details.instances or {}, details.instances is not None)
    return [
        instance_row(seen, member)
        | {
            "condition": state(member, one.targets),
            "why": list(reasons(member, one.targets)),
            "outdated": member.instance_id in old if is_old_known else "?",
            **_revision(one, details, member),
        }
        for member in one.group.members
    ]


def member_texts(rows: list[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    """The rows for people."""
    return [
        {
            **row,
            **({} if row["state"] is not None else dict.fromkeys(("private_address", "public_address"), "?")),
            "why": "; ".join(row["why"]) or None,
            "launch": launch_text(row["launch"]),
            "outdated": "old" if row["outdated"] is True else row["outdated"] or None,
            "revision": told(row["revision"]) if isinstance(row["revision"], dict) else row["revision"],
            "protected": "yes" if row["protected_from_scale_in"] else None,
            "age": age(row["launched_at"], now) if row["state"] is not None else "?",
        }
        for row in rows
    ]


def revision_row(found: Mapping[str, Deployment | None] | None, instance_id: str) -> dict[str, Any]:
    """Which revision an instance has, by which deployment; None where it has none, `?` where that is unknown."""
    if found is None or instance_id not in found:
        return {"revision": "?", "deployment_id": "?"}
    one = found[instance_id]
    return {"revision": dict(one.revision) if one else None, "deployment_id": one.deployment_id if one else None}


def _revision(one: Standing, details: Details, member: Member) -> dict[str, Any]:
    if one.deployed is None or (one.deployed.is_known and one.deployed.group is None):
        return {"revision": None, "deployment_id": None}
    return revision_row(details.revisions, member.instance_id)
