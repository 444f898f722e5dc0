"""Watches a group until what it wants is in service, and tells why launches fail."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from udo.change.events import Notice, Progress
from udo.change.waiting import Poll
from udo.errors import AwsError, PermissionDenied
from udo.groups.failures import DELETED, failed_activities
from udo.groups.watch import CHANGING, GONE, STEADY, Members

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.events import Event
    from udo.change.plan import Wait
    from udo.change.waiting import Clock
    from udo.groups.failures import Failure
    from udo.model.activities import Activity

# What no further launch changes, unless somebody changes the launch data.
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html and ts-as-ami.html.
_LASTING = re.compile(
    rf"{DELETED}|\bami\b.*(not exist|invalid|not found)|image id.*not exist|security group.*(not exist|not found)"
    r"|key pair.*not exist|launch template.*fully-formed|Invalid id"
)
# What passes by itself: somebody gives instances back.
_PASSING = re.compile(r"(?i)InsufficientInstanceCapacity|do not have sufficient|no Spot capacity")
# Any other way to fail is taken for lasting after so many launches in a row.
_IN_A_ROW = 3
# So many activities are looked at. Source: API_DescribeScalingActivities, MaxRecords.
_MOST = 100
# AWS may not show a group for a while after it was made: so many looks.
_LATE = 5
# How a new group is watched, as `udo.change.waiting` names it.
_NEW = "launches"


class Launches:
    """The members of a group from poll to poll, and the launches that failed; its wait reads as that of `Members`.

    A launch that failed before the first look ends nothing: AWS tries again, and what it is about may be right by now.
    It is told of a new group alone; of one that was there before it may be long ago.
    """

    def __init__(self, aws: Aws, wait: Wait, _clock: Clock | None = None) -> None:
        self._aws = aws
        self._members = Members(aws, wait)
        (self._name,) = wait.read.params["AutoScalingGroupNames"]
        self._is_new = wait.watch == _NEW
        self._patience = _LATE if self._is_new else 0
        self._before: frozenset[str] | None = None
        self._told: set[str] = set()

    def poll(self) -> Poll:
        """How many are in service, who changed since the last poll, and every new way in which a launch failed."""
        poll = self._members.poll()
        if poll.state == GONE and self._patience > 0:
            self._patience -= 1
            return Poll(CHANGING, (Progress(f"AWS does not show {self._name} yet"),))
        self._patience = 0
        if poll.state == STEADY or poll.ends:
            return poll
        if not (self._is_new or self._members.launches):
            return poll
        launches, told = self._launches()
        if self._before is None:
            self._before = frozenset(one.activity_id for one in launches)
        failing = _since_success(launches)
        new = [one for one in failing if one.activity_id not in self._before and one.status in _FAILED]
        ways = failed_activities(failing)
        ends = _ends(failing, new, ways)
        if self._is_new or new:
            # What ends the wait is said by its end.
            fresh = [one for one in ways if "".join(one.lines) not in self._told and _line(one) != ends]
            told += [Notice(_line(one), "warning") for one in fresh]
            self._told |= {"".join(one.lines) for one in ways}
        return replace(poll, events=(*poll.events, *told), ends=ends)

    def _launches(self) -> tuple[list[Activity], list[Event]]:
        """The launches of the group that that AWS keeps, newest first; a warning where it does not tell."""
        try:
            found = list(islice(self._aws.autoscaling.activities(self._name), _MOST))
        except (AwsError, PermissionDenied) as error:
            known, self._told = self._told, {*self._told, error.message}
            text = f"why launches fail is unknown: {error.message}"
            return [], [] if error.message in known else [Notice(text, "warning")]
        return [one for one in found if one.launches], []


_FAILED = ("Failed", "Cancelled")


def _ends(failing: list[Activity], new: list[Activity], ways: list[Failure]) -> str:
    """Why no launch will ever succeed as things are; empty where one may."""
    if not new or not ways:
        return ""
    passing = any(_PASSING.search(_said(one)) for one in new)
    often = sum(one.status in _FAILED for one in failing) >= _IN_A_ROW and not passing
    return _line(ways[0]) if often or _LASTING.search(_said(new[0])) else ""


def _since_success(launches: list[Activity]) -> list[Activity]:
    """The launches after the last one that was successful."""
    number = next((number for number, one in enumerate(launches) if one.status == "Successful"), len(launches))
    return launches[:number]


def _said(activity: Activity) -> str:
    return activity.message or activity.description


def _line(failure: Failure) -> str:
    return f"{failure.says}: {' '.join(failure.lines).rstrip('.')}"
