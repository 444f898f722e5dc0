"""The tag `udo:launch` of a group: what Udo last set it to launch from, and what it launched from before."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Ref
from udo.frozen import frozen
from udo.groups.tags import tag_call
from udo.model.launch import LaunchConfigurationReference, LaunchReference, LaunchTemplateReference

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup

TAG = "udo:launch"
# Source: API_Tag (Auto Scaling), Value: at most 256 characters.
_MOST = 256
_TEMPLATE = re.compile(r"(lt-[0-9a-zA-Z]+):([0-9]+)")


@frozen
class Remembered:
    """What the tag says, each as `reference_text` writes it.

    `overrides` are the versions before of the templates that overrides name for themselves, by template id, where they
    were changed too, and `images` what overrides' own images were before, by what they became. With `made` what is
    `now` was made by that very change.
    """

    now: str
    before: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    made: bool = False


def remembered(group: AutoScalingGroup) -> Remembered | None:
    """What the group's tag says; None where there is none that can be read."""
    try:
        told = json.loads(group.tags.get(TAG, ""))
        overrides, images = (
            {str(key): str(one) for key, one in told.get(name, {}).items()} for name in ("overrides", "images")
        )
        return Remembered(str(told["now"]), str(told["before"]), overrides, images, made=told.get("made") is True)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


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
    if remembered(group) == Remembered(str(now), before, **others, made=made) or len(str(text)) > _MOST:
        return ()
    says = f"tag {TAG} of {group.name}: before was {before}"
    return (tag_call(group.name, TAG, text, says, optional=True),)


def _text(now: str | Ref, before: str, others: Mapping[str, Mapping[str, str]], *, made: bool) -> str | Ref:
    more: dict[str, Any] = {name: found for name, found in others.items() if found}
    more |= {"made": True} if made else {}
    if isinstance(now, Ref):
        return Ref(now.name, json.dumps({"now": now.inside, "before": before, **more}))
    return json.dumps({"now": now, "before": before, **more})
