"""Refuses a launch change that AWS would refuse, before the first write: with the checks of `check --online`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.check.online import LAUNCH_CHECKS, NEW_CHECKS
from udo.check.resources import Resources
from udo.errors import Refused
from udo.launch.labels import image_ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.change.plan import Plan
    from udo.check.finding import Finding
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup

_NONE = "none"
# What stands in parentheses after an id, for people.
_LABEL = re.compile(r" \([^()]*\)")
# Where instances live is what the group has, whatever udo.yml says of it.
_OF_THE_GROUP: Mapping[str, Any] = {"subnets": [], "subnets_cidr": [], "subnets_tags": {}, "vpc": None}


def possible(aws: Aws, role: Role, plan: Plan, live: Mapping[str, Any], group: AutoScalingGroup) -> Plan:
    """The plan, where all that it changes in launch data exists and goes together; what is unknown becomes a note.

    `live` is the launch data of the group that is changed; overrides of a mixed instances policy decide on types.

    Raises: Refused.
    """
    changed = _changed(plan)
    if not (plan.writes and changed):
        return plan
    said = {**_OF_THE_GROUP, "ami": live.get("ImageId"), "instance_type": live.get("InstanceType"), **changed}
    meant = role.saying(said)
    resources = Resources(aws, [meant], also=image_ids(plan.differences), group=group)
    checks = dict.fromkeys(check for key in changed for check in LAUNCH_CHECKS[key])
    found = [finding for check in checks for finding in check(meant, resources)]
    bad = [one for one in found if one.ok is False]
    # A live image that cannot be seen stays what it is.
    bad = [one for one in bad if one.check != "image" or "ami" in changed]
    _refuse(bad)
    return replace(plan, notes=(*plan.notes, *_unknown(resources)))


def refuse_missing(aws: Aws, role: Role) -> tuple[str, ...]:
    """Accepts a role of which a group can be made; what is unknown becomes a note.

    Raises: Refused where it names what does not exist or does not go together.
    """
    resources = Resources(aws, [role])
    resources.groups = {}
    _refuse([finding for check in NEW_CHECKS for finding in check(role, resources) if finding.ok is False])
    return _unknown(resources)


def _refuse(bad: list[Finding]) -> None:
    if wrong := dict.fromkeys(f"{one.check} {one.name}: {one.message}" for one in bad):
        raise Refused(f"AWS would refuse this: {'; '.join(wrong)}", hint="nothing was changed")


def _unknown(resources: Resources) -> tuple[str, ...]:
    notes = (f"warning: not all was looked up before the change: {one.removeprefix('?: ')}" for one in resources.notes)
    return tuple(dict.fromkeys(notes))


def _changed(plan: Plan) -> dict[str, Any]:
    """The new values of the launch keys that can be looked up."""
    found: dict[str, Any] = {}
    for one in plan.differences:
        new = _LABEL.sub("", one.new)
        # An override's image or template stands before its key.
        key = one.key.rpartition(": ")[2]
        if key in LAUNCH_CHECKS and new != _NONE and (key != "ami" or new.startswith(("ami-", "resolve:"))):
            found[key] = new.split(", ") if key == "security_groups" else new
    return found
