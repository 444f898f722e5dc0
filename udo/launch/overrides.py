"""What the overrides of a mixed instances policy decide, and what of launch keys has no effect beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from udo.change.plan import Difference
from udo.errors import Refused
from udo.frozen import frozen
from udo.groups.overrides import decide, listed, without_effect
from udo.launch.remembering import remembered
from udo.schema.launch import LAUNCH_KEYS

if TYPE_CHECKING:
    from udo.launch.states import TemplateState, Wanted
    from udo.model.groups import AutoScalingGroup, Override


@frozen
class Effect:
    """What of a wish takes effect: `wanted` without the keys that have none.

    `fixed` are the members of the policy's template that stay as they are, `images` what overrides' own images become
    (old to new), and `notes` name what has no effect, and who decides instead.
    """

    wanted: Wanted
    fixed: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def effect(state: TemplateState, wanted: Wanted) -> Effect:
    """What of the launch keys can change what the group launches."""
    group = state.group
    if not group.overrides:
        return Effect(wanted)
    images = _followed(state, wanted)
    moot = without_effect(group) - ({"ami"} if images else set())
    if len(moot) > 2:
        return Effect(replace(wanted, keys={}, from_config=False), (), images, _idle_note(state, wanted))
    notes = tuple(filter(None, (_type_note(state, wanted), _image_note(state, wanted, images, moot))))
    keys = {key: value for key, value in wanted.keys.items() if key not in moot}
    fixed = ("InstanceType", "InstanceRequirements", *(["ImageId"] if "ami" in moot else []))
    return Effect(replace(wanted, keys=keys), fixed, images, notes)


def effective(group: AutoScalingGroup, found: Iterable[Difference]) -> tuple[tuple[Difference, ...], str]:
    """Those of the differences between two versions that change what the group launches, and a note on the others."""
    moot = without_effect(group)
    names = moot | {"InstanceRequirements"} if moot else moot
    rows = tuple(found)
    # More than type and image: every override has a template of its own.
    idle = [one for one in rows if len(moot) > 2 or one.key.partition(".")[0] in names]
    named = ", ".join(f"{one.key} {one.old} -> {one.new}" for one in idle)
    note = f"without effect: {named}; {decide(group)}" if idle else ""
    return tuple(one for one in rows if one not in idle), note


def idle_text(group: AutoScalingGroup, keys: Iterable[str]) -> str:
    """That launch keys have no effect, and what decides instead; empty where all of them have one."""
    idle = [key for key in LAUNCH_KEYS if key in keys and key in without_effect(group)]
    return f"{', '.join(idle)} {'has' if len(idle) == 1 else 'have'} no effect: {decide(group)}" if idle else ""


def image_differences(group: AutoScalingGroup, images: Mapping[str, str]) -> tuple[Difference, ...]:
    """What changes where overrides get other images of their own, old to new."""
    named = {old: listed(replace(one, image_id="") for one in group.overrides if one.image_id == old) for old in images}
    return tuple(Difference(f"overrides {named[old]}: ami", old, new) for old, new in images.items())


def _followed(state: TemplateState, wanted: Wanted) -> dict[str, str]:
    """The image that overrides have and leave, and the one they get, where they are to follow."""
    new, before = wanted.keys.get("ami"), _before(state)
    there = any(one.image_id == before for one in state.group.overrides)
    if not (wanted.overrides and new and before and there and before != new):
        return {}
    # Source: botocore autoscaling shape LaunchTemplateOverrides, member ImageId: an id, and nothing of parameters.
    if new.startswith("resolve:"):
        told = f"overrides of {state.group.name} take an image by its id, not {new}"
        raise Refused(told, hint=f"write {new.removeprefix('resolve:')}; nothing was changed")
    return {before: new}


def _before(state: TemplateState) -> str:
    """The image that is launched up to now: what all overrides have, or the template's, or what was the template's."""
    own = {one.image_id for one in state.group.overrides if one.image_id or not one.launch}
    if len(own) == 1 and "" not in own:
        return own.pop()
    live = _image(state, state.number)
    told = remembered(state.group)
    if live in own or told is None or told.now != f"{state.live.id}:{state.number}":
        return live
    template, _, number = told.before.partition(":")
    earlier = _image(state, int(number)) if template == state.live.id else ""
    return earlier if earlier in own else live


def _image(state: TemplateState, number: int) -> str:
    found = (str(one.data.get("ImageId", "")) for one in state.versions if one.number == number)
    return next(found, "")


def _type_note(state: TemplateState, wanted: Wanted) -> str:
    kind, overrides = wanted.keys.get("instance_type"), state.group.overrides
    live = next(one.data.get("InstanceType") for one in state.versions if one.number == state.number)
    if kind is None or (kind == live and kind in {one.instance_type for one in overrides}):
        return ""
    return f"instance_type {kind} has no effect: {decide(state.group)}"


def _idle_note(state: TemplateState, wanted: Wanted) -> tuple[str, ...]:
    """What no override takes from the policy's template; their own templates take the rest where asked for."""
    keys = {"ami", "instance_type"} & set(wanted.keys) if wanted.overrides else set(wanted.keys)
    return tuple(filter(None, (idle_text(state.group, keys),)))


def _image_note(state: TemplateState, wanted: Wanted, images: Mapping[str, str], moot: frozenset[str]) -> str:
    new, overrides = wanted.keys.get("ami"), state.group.overrides
    if not new:
        return ""
    keep = [one for one in overrides if _keeps(one, images, new)]
    if not keep:
        return ""
    could = not wanted.overrides and _followed(state, replace(wanted, overrides=True))
    more = f"; --overrides changes those with {next(iter(could))}" if could else ""
    if "ami" in moot:
        return f"ami {new} has no effect: {decide(state.group, keep)}{more}"
    # That whole templates stay is told where they are not asked for.
    keep = [one for one in keep if one.image_id or wanted.overrides]
    return f"overrides keep an image of their own: {listed(keep)}{more}" if keep else ""


def _keeps(override: Override, images: Mapping[str, str], new: str) -> bool:
    if override.image_id:
        return override.image_id != new and override.image_id not in images
    return override.launch is not None
