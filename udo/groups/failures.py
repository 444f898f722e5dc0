"""What went wrong in a group's own life: instance refreshes and scaling activities that failed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.model.activities import Activity, Refresh

# Source: API_InstanceRefresh, Status.
_REFRESH_FAILED = ("Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html.
_REMEDIES = (
    (r"VcpuLimitExceeded|vCPU|quota|limit", "ask for a higher quota, or use fewer or other instances"),
    (r"InsufficientInstanceCapacity|do not have sufficient", "allow more instance types or zones"),
    (r"(?i)ami-\w+.*(not exist|invalid|not found)|InvalidAMI", "choose another image: udo updatelc --ami"),
    (r"(?i)security group.*(not exist|not found)", "correct security_groups: udo check --online"),
    (r"(?i)key ?pair.*not exist", "correct keypair_name: udo check --online"),
    (r"(?i)launch template.*(not exist|not found)", "udo rollback goes back to a version that exists"),
    (r"(?i)iam instance profile|InvalidIamInstanceProfile", "correct iam_profile: udo check --online"),
    (r"(?i)spot", "raise spot_price, or allow more instance types or zones"),
)
_ID = re.compile(r"\bi-[0-9a-f]{8,17}\b")


@dataclass(frozen=True)
class Failure:
    """One thing that failed, folded: when (RFC 3339 UTC) it last did, what, its lines, and what succeeded after it."""

    kind: str
    at: str
    says: str
    lines: tuple[str, ...] = ()
    since: str = ""
    since_at: str = ""


def failed_refresh(refreshes: Sequence[Refresh]) -> Failure | None:
    """The last instance refresh that did not go through; `refreshes` are newest first."""
    for number, one in enumerate(refreshes):
        if one.status in _REFRESH_FAILED:
            later = next((after for after in refreshes[:number] if after.status == "Successful"), None)
            says = f"instance refresh {one.refresh_id} is {one.status} at {one.percent} %"
            lines = (one.reason,) if one.reason else ()
            after = (f"instance refresh {later.refresh_id} was successful", later.ended_at) if later else ("", "")
            return Failure("instance refresh", one.ended_at or one.started_at, says, lines, *after)
    return None


def failed_activity(activities: Sequence[Activity]) -> Failure | None:
    """The last scaling activity that failed, with how many failed alike; `activities` are newest first."""
    failed = [one for one in activities if one.status in ("Failed", "Cancelled")]
    if not failed:
        return None
    last = failed[0]
    alike = [one for one in failed if one.launches == last.launches and _key(one) == _key(last)]
    what = "launch" if last.launches else "termination" if last.description.startswith("Terminating") else "activity"
    count = f"a {what} failed" if len(alike) == 1 else f"{len(alike)} {_plural(what)} failed in the same way"
    others = len(failed) - len(alike)
    says = f"{count}, and {others} in other ways" if others else count
    told = " ".join((last.message or last.description).split())
    remedy = next((f"-> {remedy}" for pattern, remedy in _REMEDIES if re.search(pattern, told)), "")
    later = next(
        (
            one
            for one in activities[: activities.index(last)]
            if one.status == "Successful" and one.launches == last.launches
        ),
        None,
    )
    after = (" ".join(later.description.split()).rstrip("."), later.started_at) if later else ("", "")
    return Failure("scaling activity", last.started_at, says, tuple(filter(None, (told, remedy))), *after)


def _key(activity: Activity) -> str:
    return _ID.sub("", activity.message or activity.description)


def _plural(what: str) -> str:
    return f"{what}es" if what.endswith("ch") else f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
