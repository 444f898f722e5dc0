"""The tag `udo:launch` of a group: what Udo last set it to launch from, and what it launched from before."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Ref
from udo.errors import Refused
from udo.frozen import frozen
from udo.groups.points import literal
from udo.groups.tags import group_read, tag_call, tag_read
from udo.model.launch import LaunchConfigurationReference, LaunchReference, LaunchTemplateReference

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup

TAG = "udo:launch"
# Source: API_Tag (Auto Scaling), Value: at most 256 characters.
_MOST = 256
# How long the id of a refresh is.
_ID = 38
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
    `now` was made by that very change. With `pending` a refresh was begun that brings another version; once it has
    come, `now` and `before` tell that already.
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
        return _come_to(group, found, _pending(pending)) if pending else found
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _pending(row: Mapping[str, Any]) -> Pending:
    return Pending(str(row["version"]), str(row["run"]), str(row.get("refresh", "")))


def _come_to(group: AutoScalingGroup, told: Remembered, pending: Pending) -> Remembered:
    """What is remembered once the pending version has come: then the group launches it."""
    launch = group.launch
    if isinstance(launch, LaunchTemplateReference) and launch.version == pending.version:
        return Remembered(reference_text(launch), told.now, pending=pending)
    return replace(told, pending=pending)


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

    `live` is what the group launches from. Raises: Refused where there is no room for it.
    """
    told = remembered(group)
    kept = told if told and told.now == live else Remembered(live, live)
    row = {"version": pending.version, "run": pending.run} | ({"refresh": "{}"} if refresh else {})
    text = json.dumps({"now": kept.now, "before": kept.before, **_others(kept), "pending": row})
    if len(text) > _MOST - _ID:
        raise Refused(f"tag {TAG} of {group.name} has no room for what a refresh brings", hint="nothing was changed")
    says = f"tag {TAG} of {group.name}: a refresh brings version {pending.version}"
    says += ", by the one that runs" if refresh else ""
    value = Ref(refresh.name, text) if refresh else text
    return tag_call(group.name, TAG, value, says, optional=refresh is not None)


def settled(group: AutoScalingGroup) -> tuple[Call, ...]:
    """The call that writes what has come of a refresh that has ended, where the tag still says that it is to come."""
    told = remembered(group)
    return () if told is None or told.pending is None else (_settle(group, told, told.pending),)


def settling(group: AutoScalingGroup, pending: Pending, over: Pair) -> tuple[Call, ...]:
    """The calls of which one is to be sent once a refresh has ended, which `over` tells, by how it has ended: the group
    launches the version that it brings then, or what it launched before."""
    launch = group.launch
    assert isinstance(launch, LaunchTemplateReference)  # noqa: S101  (no refresh brings a configuration)
    live, told = reference_text(launch), remembered(group)
    come = reference_text(replace(launch, version=pending.version))
    before = replace(told, pending=None) if told and told.now == live else Remembered(live, live)
    ours = f"contains(Tags[?Key=={literal(TAG)}] | [0].Value || '', {literal(pending.run)})"
    noted = Pair(group_read(group.name, ours), True, f"tag {TAG} of {group.name}")
    inside = "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification" if launch.mixed else "LaunchTemplate"
    version = group_read(group.name, f"{inside}.Version")
    return tuple(
        replace(
            _settle(group, after, pending),
            expect=(over, Pair(version, number, f"{group.name} launches from"), noted),
        )
        for number, after in ((pending.version, Remembered(come, live)), (launch.version, before))
    )


def _settle(group: AutoScalingGroup, told: Remembered, pending: Pending) -> Call:
    if told.now == told.before:
        # Nothing was remembered before.
        says = f"remove tag {TAG} of {group.name}: the refresh has not brought version {pending.version}"
        tag = {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "Key": TAG}
        gone = (Pair(tag_read(group.name, TAG), None, says),)
        return Call(says, "autoscaling", "DeleteTags", {"Tags": [tag]}, proof=gone, optional=True)
    has = "has brought" if told.now.endswith(f":{pending.version}") else "has not brought"
    says = f"tag {TAG} of {group.name}: the refresh {has} version {pending.version}"
    return tag_call(group.name, TAG, json.dumps(_row(told)), says, optional=True)


def _row(told: Remembered) -> dict[str, Any]:
    made = {"made": True} if told.made else {}
    return {"now": told.now, "before": told.before, **_others(told), **made}


def _others(told: Remembered) -> dict[str, Any]:
    both = (("overrides", told.overrides), ("images", told.images))
    return {name: dict(found) for name, found in both if found}


def _text(now: str | Ref, before: str, others: Mapping[str, Mapping[str, str]], *, made: bool) -> str | Ref:
    more: dict[str, Any] = {name: found for name, found in others.items() if found}
    more |= {"made": True} if made else {}
    if isinstance(now, Ref):
        return Ref(now.name, json.dumps({"now": now.inside, "before": before, **more}))
    return json.dumps({"now": now, "before": before, **more})
