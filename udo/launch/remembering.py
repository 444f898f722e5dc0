"""The tag `udo:launch` of a group: what Udo last set it to launch from, and what it launched from before."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Read, Ref
from udo.frozen import frozen
from udo.groups.points import literal
from udo.groups.tags import group_read, tag_call
from udo.model.launch import LaunchConfigurationReference, LaunchReference, LaunchTemplateReference
from udo.model.refreshes import ACTIVE

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup

TAG = "udo:launch"
# Source: API_Tag (Auto Scaling), Value: at most 256 characters.
_MOST = 256
_TEMPLATE = re.compile(r"(lt-[0-9a-zA-Z]+):([0-9]+)")


@frozen
class Pending:
    """The template version that an instance refresh brings, the run that began it, and its id once AWS has told it.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html: the group itself has it only
    once the refresh has succeeded.
    """

    version: str
    run: str
    refresh: str = ""


@frozen
class Remembered:
    """What the tag says, each as `reference_text` writes it.

    `overrides` are the versions before of the templates that overrides name for themselves, by template id, where they
    were changed too, and `images` what overrides' own images were before, by what they became. With `made` what is
    `now` was made by that very change. With `pending` it is an instance refresh that brings what is `now`.
    """

    now: str
    before: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    made: bool = False
    pending: Pending | None = None


def remembered(group: AutoScalingGroup) -> Remembered | None:
    """What the group's tag says; None where there is none that can be read."""
    try:
        told = json.loads(group.tags.get(TAG, ""))
        overrides, images = (
            {str(key): str(one) for key, one in told.get(name, {}).items()} for name in ("overrides", "images")
        )
        found = Remembered(str(told["now"]), str(told["before"]), overrides, images, made=told.get("made") is True)
        pending = told.get("pending")
        return replace(found, pending=_pending(pending)) if pending else found
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _pending(row: Mapping[str, Any]) -> Pending:
    return Pending(str(row["version"]), str(row["run"]), str(row.get("refresh", "")))


def spare(group: AutoScalingGroup, live: str) -> str:
    """What a change made that was broken off before its swap, and so nothing ever launched from; empty for nothing.

    As the tag writes it; `live` is what the group launches from, written alike.
    """
    told = remembered(group)
    return told.now if told and told.made and told.before == live else ""


def reference_text(launch: LaunchReference) -> str:
    """The reference as the tag keeps it: a configuration's name, or template id and version."""
    return f"{launch.id}:{launch.version}" if isinstance(launch, LaunchTemplateReference) else launch.name


def reference_from(text: str) -> LaunchReference:
    """The reference that `reference_text` wrote (a template without its name)."""
    match = _TEMPLATE.fullmatch(text)
    return LaunchTemplateReference(match[1], "", match[2]) if match else LaunchConfigurationReference(text)


def remember(
    group: AutoScalingGroup,
    now: str | Ref,
    before: str,
    overrides: Mapping[str, str] | None = None,
    images: Mapping[str, str] | None = None,
    *,
    made: bool = False,
) -> tuple[Call, ...]:
    """The call that writes the tag before the swap; none where it says so already or would be too long.

    Before the swap, because a crash between the two then leaves a tag whose `before` is what is live. `made` says that
    nothing ever launched from what is `now`, as this change makes it.
    """
    others = {"overrides": dict(overrides or {}), "images": dict(images or {})}
    text = _text(now, before, others, made=made)
    same = Remembered(str(now), before, others["overrides"], others["images"], made=made)
    if remembered(group) == same or len(str(text)) > _MOST:
        return ()
    says = f"tag {TAG} of {group.name}: before was {before}"
    return (tag_call(group.name, TAG, text, says, optional=True),)


def remember_pending(group: AutoScalingGroup, live: str, pending: Pending, refresh: Ref | None = None) -> Call:
    """The call that notes what a refresh is to bring, before it is begun; then its id, once AWS has told that.

    `live` is what the group launches from. Whether it is brought or not, what is `now` and what is `before` stays: the
    group launches one of the two.
    """
    row = {"version": pending.version, "run": pending.run} | ({"refresh": "{}"} if refresh else {})
    text = json.dumps({**_came(live, pending), "pending": row})
    says = f"tag {TAG} of {group.name}: a refresh brings version {pending.version}"
    says += ", by the one that runs" if refresh else ""
    return tag_call(group.name, TAG, Ref(refresh.name, text) if refresh else text, says, optional=refresh is not None)


def settled(group: AutoScalingGroup) -> tuple[Call, ...]:
    """The call that takes out of the tag what a refresh was to bring that has ended, where it stands there still."""
    told = remembered(group)
    if told is None or told.pending is None:
        return ()
    call = _settle(group, {"now": told.now, "before": told.before}, told.pending)
    asked: dict[str, Any] = {"AutoScalingGroupName": group.name, "MaxRecords": 100}
    path = f"InstanceRefreshes[?contains(`{json.dumps(list(ACTIVE))}`, Status)].InstanceRefreshId | [0]"
    over = Pair(Read("autoscaling", "DescribeInstanceRefreshes", asked, path), None, "active instance refresh")
    return (replace(call, expect=(*call.expect, over)),)


def settling(group: AutoScalingGroup, pending: Pending, live: str, over: Pair) -> tuple[Call, ...]:
    """The same for the end of a run that follows it: sent once the refresh has ended, which `over` tells."""
    ours = f"contains(Tags[?Key=={literal(TAG)}] | [0].Value || '', {literal(pending.run)})"
    noted = Pair(group_read(group.name, ours), True, f"tag {TAG} of {group.name}")
    return (replace(_settle(group, _came(live, pending), pending), expect=(over, noted)),)


def _came(live: str, pending: Pending) -> dict[str, str]:
    return {"now": f"{live.rpartition(':')[0]}:{pending.version}", "before": live}


def _settle(group: AutoScalingGroup, row: Mapping[str, str], pending: Pending) -> Call:
    says = f"tag {TAG} of {group.name}: the refresh that was to bring version {pending.version} has ended"
    return tag_call(group.name, TAG, json.dumps(row), says, optional=True)


def _text(now: str | Ref, before: str, others: Mapping[str, Mapping[str, str]], *, made: bool) -> str | Ref:
    more: dict[str, Any] = {name: found for name, found in others.items() if found}
    more |= {"made": True} if made else {}
    if isinstance(now, Ref):
        return Ref(now.name, json.dumps({"now": now.inside, "before": before, **more}))
    return json.dumps({"now": now, "before": before, **more})
