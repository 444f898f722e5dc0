"""Every status and reason of a refresh in words, and what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udo.refresh.text import length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.model.refreshes import Refresh

# Source: API_InstanceRefresh, Status.
STATUS: Mapping[str, str] = {
    "Pending": "has not begun",
    "InProgress": "is under way",
    "Baking": "has replaced all, and waits out its bake time",
    "Cancelling": "is being cancelled",
    "RollbackInProgress": "is being rolled back",
    "Successful": "succeeded",
    "Failed": "failed",
    "Cancelled": "was cancelled",
    "RollbackSuccessful": "was rolled back",
    "RollbackFailed": "failed, and so did its rollback",
}
# What stands where, by how it ended.
_AFTER: Mapping[str, str] = {
    "Failed": "what it has replaced stays",
    "Cancelled": "what it has replaced stays",
    "RollbackSuccessful": "the group launches and runs what it did before",
    "RollbackFailed": "some members are of the version before and some not",
}
_SECONDS_LEFT = re.compile(r"There are (\d+) seconds? left")
# What of a reason tells which way it is stuck or failed, and what helps; {words} are CLUSTER ROLE. The first that fits.
# Source: botocore autoscaling InstanceRefresh, StatusReason, and RefreshPreferences;
# docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html and CHAP_Troubleshooting.html.
_REMEDIES = (
    (r"(?i)scale-?\s?in protect|is protected", "use --protected refresh or ignore, or take the protection off"),
    (r"(?i)standby", "use --standby terminate or ignore, or: udo standby {words} INSTANCE --return"),
    (r"(?i)suspend", "udo resume {words} resumes what 'udo suspend' has suspended; see: udo status {words}"),
    (r"(?i)alarm", "see what the alarm watches before it is tried again: udo status {words}"),
    (r"(?i)user request", ""),
    (r"(?i)bak(e|ing) time|checkpoint delay", ""),
    (r"(?i)warm(ing)? up", ""),
    (r"(?i)skip ?matching|instance requirements", "use --no-skip-matching"),
    (r"(?i)lifecycle|hook", "see what should complete the hook: udo status {words}"),
    (r"(?i)launch|capacity|quota|limit", "see how launches failed: udo why {words}"),
    (r"(?i)health|insufficient data|available", "see why it is not healthy: udo status {words}"),
    (r"(?i)timed? ?out|time limit|hour", "see what held it up: udo why {words}"),
)
_OTHERWISE = "see: udo status {words}, and udo why {words}"


def named(refresh: Refresh) -> str:
    """The refresh by its id."""
    return f"instance refresh {refresh.refresh_id}"


def standing(refresh: Refresh, more: str = "", *, after: bool = True) -> str:
    """How it stands, in a sentence without its reason, with `more` of it; what stands where `after` it, too."""
    says = STATUS.get(refresh.status, f"is {refresh.status}")
    if refresh.status in ("InProgress", "Cancelling", "Failed", "Cancelled"):
        says += f" at {refresh.percent} %"
    if refresh.rollback and refresh.status.startswith("Rollback"):
        says += f" from {refresh.rollback.percent} %"
    stays = _AFTER.get(refresh.status) if after else None
    return f"{says}{more}; {stays}" if stays else f"{says}{more}"


def why(refresh: Refresh) -> str:
    """The reason that AWS gives, that of a rollback before it; empty where it gives none."""
    said = [refresh.rollback.reason if refresh.rollback else "", refresh.reason]
    return "; ".join(dict.fromkeys(" ".join(one.split()).rstrip(".") for one in said if one))


def remedy(reason: str, words: str) -> str:
    """What helps where this is the reason; empty where nothing has to be done."""
    found = next((says for pattern, says in _REMEDIES if re.search(pattern, reason)), _OTHERWISE)
    return found.format(words=words)


def seconds_left(reason: str) -> int | None:
    """The seconds of a pause or of the bake time that a reason says are left."""
    found = _SECONDS_LEFT.search(reason)
    return int(found[1]) if found else None


def checkpoint_reached(refresh: Refresh) -> int | None:
    """The last checkpoint that it has reached, in percent, where it pauses after it; None for none."""
    passed = [one for one in refresh.preferences.checkpoints if one <= refresh.percent]
    return passed[-1] if passed and passed[-1] < 100 else None


def preferences_text(refresh: Refresh) -> str:
    """How it goes about it, on one line."""
    said = refresh.preferences
    parts = [f"{said.min_healthy} % to {said.max_healthy or 100} %"] if said.min_healthy is not None else []
    parts += [f"warmup {length(said.warmup)}"] if said.warmup is not None else []
    if said.checkpoints:
        parts.append(f"checkpoints {', '.join(map(str, said.checkpoints))} % of {length(said.checkpoint_delay or 0)}")
    parts += [f"bakes {length(said.bake)}"] if said.bake else []
    parts += ["skips those that match"] if said.skip_matching else []
    parts += ["rolls back by itself"] if said.auto_rollback else []
    parts += [f"alarms {', '.join(said.alarms)}"] if said.alarms else []
    parts.append(f"Standby: {said.standby.lower()}, protected: {said.protected.lower()}")
    return "; ".join(parts)
