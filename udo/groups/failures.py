"""What went wrong in a group's own life: scaling activities that failed."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.model.activities import Activity

# What EC2 says of a launch template, or of a version of one, that was deleted.
# Source: EC2 error codes InvalidLaunchTemplateId.NotFound and InvalidLaunchTemplateId.VersionNotFound.
DELETED = r"(?i)launch template.*(not exist|not found)|not find.*launch template"
# So many ways to fail are told apart.
_WAYS = 3
# `udo why` sets the lines in by four columns of eighty.
_WIDTH = 76
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html.
_REMEDIES = (
    (r"VcpuLimitExceeded|vCPU|quota|limit", "ask for a higher quota, or use fewer or other instances"),
    (r"InsufficientInstanceCapacity|do not have sufficient", "allow more instance types or zones"),
    (r"(?i)ami-\w+.*(not exist|invalid|not found)|InvalidAMI", "choose another image: udo updatelc --ami"),
    (r"(?i)security group.*(not exist|not found)", "correct security_groups: udo check --online"),
    (r"(?i)key ?pair.*not exist", "correct keypair_name: udo check --online"),
    (DELETED, "udo updatelc gives it what udo.yml says, udo rollback what it launched before"),
    (r"(?i)iam instance profile|InvalidIamInstanceProfile", "correct iam_profile: udo check --online"),
    (
        r"(?i)lifecycle action.*(abandon|timeout)",
        "a lifecycle hook gave it up; udo status names the hooks, udo deployments how CodeDeploy's ended",
    ),
    (r"(?i)spot", "raise spot_price, or allow more instance types or zones"),
)
_ID = re.compile(r"\bi-[0-9a-f]{8,17}\b")


@frozen
class Failure:
    """One thing that failed, folded: when (RFC 3339 UTC) it last did, what, its lines, and what succeeded after it."""

    kind: str
    at: str
    says: str
    lines: tuple[str, ...] = ()
    since: str = ""
    since_at: str = ""


def failed_activities(activities: Sequence[Activity]) -> list[Failure]:
    """The ways in which scaling activities failed, the last one first, each with how many failed alike.

    `activities` are newest first; of ways beyond the first few only how many activities failed in them is told.
    """
    ways: dict[tuple[bool, str], list[Activity]] = {}
    for one in activities:
        if one.status in ("Failed", "Cancelled"):
            ways.setdefault((one.launches, _key(one)), []).append(one)
    told = list(ways.values())[:_WAYS]
    others = sum(map(len, ways.values())) - sum(map(len, told))
    return [_folded(alike, activities, others if alike is told[-1] else 0) for alike in told]


def _folded(alike: Sequence[Activity], activities: Sequence[Activity], others: int) -> Failure:
    last = alike[0]
    what = "launch" if last.launches else "termination" if last.description.startswith("Terminating") else "activity"
    ended = "was cancelled" if last.status == "Cancelled" else "failed"
    says = f"{'an' if what == 'activity' else 'a'} {what} {ended}"
    if len(alike) > 1:
        since = f"since {alike[-1].started_at[:16].replace('T', ' ')} UTC"
        says = f"{len(alike)} {_plural(what)} {ended.replace('was', 'were')} in the same way {since}"
    if others:
        says += f", and {others} in other ways"
    said = " ".join((last.message or last.description).split())
    remedy = next((f"-> {remedy}" for pattern, remedy in _REMEDIES if re.search(pattern, said)), "")
    newer = activities[: activities.index(last)]
    later = next((one for one in newer if one.status == "Successful" and one.launches == last.launches), None)
    after = (" ".join(later.description.split()).rstrip("."), later.started_at) if later else ("", "")
    return Failure("scaling activity", last.started_at, says, (*lines_of(said), *filter(None, [remedy])), *after)


def lines_of(text: str) -> tuple[str, ...]:
    """A text in lines that fit."""
    return tuple(wrap(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False))


def _key(activity: Activity) -> str:
    return _ID.sub("", activity.message or activity.description)


def _plural(what: str) -> str:
    return f"{what}es" if what.endswith("ch") else f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
