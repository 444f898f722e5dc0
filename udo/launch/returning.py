"""Plans that swap in launch data that already exists: back to what was before, or to a number."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from udo.change.plan import Difference, Plan
from udo.errors import Absent, Conflict, Refused, UsageError
from udo.frozen import frozen
from udo.launch.changes import version_difference
from udo.launch.copying import comparable, configuration_copy, copied
from udo.launch.differences import differences
from udo.launch.naming import family
from udo.launch.overrides import effective, image_differences
from udo.launch.remembering import reference_from, reference_text, remember, remembered, settled, spare
from udo.launch.states import ConfigurationState, Heading, State, TemplateState, pinned_text
from udo.launch.swapping import check_policy, short_reference, swapped, to_configuration, to_version
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.change.plan import Call
    from udo.model.groups import AutoScalingGroup
    from udo.model.launch import LaunchConfiguration, LaunchReference, LaunchTemplateVersion


_SAY_TO = "choose one with --to N; see 'udo versions'"
_MAKES = "'udo updatelc' makes a template as udo.yml says; nothing was changed"


def target_of(state: State, to: int | None) -> LaunchReference:
    """What to go back to: the version numbered `to`, or what the tag calls `before`.

    Raises: UsageError where the tag does not tell, Absent where there is no such version, Refused for one that nothing
    ever launched from.
    """
    if to is not None:
        meant = _numbered(state, to)
        if reference_text(meant) == spare(state.group, pinned_text(state)):
            raise Refused(
                f"nothing ever launched from version {to} of {state.group.name}: a change was broken off",
                hint="run updatelc again; nothing was changed",
            )
        return meant
    told = remembered(state.group)
    live = pinned_text(state)
    if isinstance(state, TemplateState) and state.is_gone and not _is_elsewhere(state):
        if not state.number:
            raise Conflict(f"{state.live} was deleted, and nothing is left to go back to", hint=_MAKES)
        return replace(state.live, version=str(state.number))
    if told is None:
        raise UsageError(f"{state.group.name} has no record of what it launched from before", hint=_SAY_TO)
    if live not in (told.now, told.before):
        raise UsageError(
            f"{state.group.name} launches from {live}, which Udo did not set (it set {told.now})", hint=_SAY_TO
        )
    return reference_from(told.before)


@frozen
class Target:
    """What to go back to, with the configurations by name or versions by number among which it is, if it exists.

    `overrides` are the versions that overrides with a template of their own go back to, by template id, `images` the
    images that overrides go back to, by those they have now.
    """

    reference: LaunchReference
    configurations: Mapping[str, LaunchConfiguration]
    versions: Mapping[int, LaunchTemplateVersion]
    overrides: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)


def plan_rollback(heading: Heading, state: State, meant: Target, *, anyway: bool = False) -> Plan:
    """The plan that makes the group launch from the target as it is; no copy is made.

    Raises: Absent when the target is gone; Refused where a part of a mixed instances policy would be lost.
    """
    group, live, target = state.group, pinned_text(state), meant.reference
    back, images = _overrides_back(state, meant), _images_back(state, meant)
    if reference_text(target) == live and not _follows(state) and not back and not images:
        unchanged = f"nothing to do: {group.name} launches from {group.launch} already{_further(group, live)}"
        over = () if state.refresh else settled(group)
        return Plan(heading.command, heading.target, over, unchanged=unchanged, done=unchanged)
    match target:
        case LaunchConfigurationReference(name) if name in meant.configurations:
            swap = to_configuration(group, name)
        case LaunchTemplateReference(_, _, version) if int(version) in meant.versions:
            found = replace(target, name=meant.versions[int(version)].template_name, mixed=_mixed(state))
            known = check_policy(group, anyway=anyway) if found.mixed else group
            swap = to_version(known, found, version, overrides=back, images=images)
            target = found
        case _:
            raise Absent(f"{target} is gone", hint="choose another with --to; see 'udo versions'")
    others = (Difference(f"{one.name}: version", one.version, back[one.id]) for one in _templates(state, back))
    steps = (*_remember(state, target), swap)
    changed, note = _differences(state, replace(meant, reference=target)), ""
    if _mixed(state) and isinstance(target, LaunchTemplateReference):
        changed, note = effective(group, changed)
    rows = (*changed, *image_differences(group, images), *others)
    rows = rows or (Difference("version", _version_now(state, live), reference_text(target)),)
    notes = (note,) if note else ()
    return swapped(heading, state, steps, swap, rows, f"{target} (was {short_reference(group)})", notes)


def with_overrides(state: State, target: Target, to: int | None) -> Target:
    """The target with what overrides had of their own before Udo changed it too, versions and images."""
    told = remembered(state.group) if to is None else None
    return replace(target, overrides=told.overrides, images=told.images) if told else target


def _further(group: AutoScalingGroup, live: str) -> str:
    """How to go further back where a change was taken back already: the same command, run again, must not."""
    told = remembered(group)
    return "; further back goes --to N, see 'udo versions'" if told and told.before == live != told.now else ""


def _overrides_back(state: State, meant: Target) -> dict[str, str]:
    if not (_mixed(state) and isinstance(meant.reference, LaunchTemplateReference)):
        return {}
    return {one.id: meant.overrides[one.id] for one in _templates(state, meant.overrides)}


def _images_back(state: State, meant: Target) -> dict[str, str]:
    """The images that overrides have and leave; a way forward by number takes none back."""
    if not (_mixed(state) and isinstance(meant.reference, LaunchTemplateReference)):
        return {}
    there = {one.image_id for one in state.group.overrides}
    return {new: old for new, old in meant.images.items() if new in there}


def _templates(state: State, numbers: Mapping[str, str]) -> list[LaunchTemplateReference]:
    """The templates of overrides that have another number than these, each once."""
    return [one for one in dict.fromkeys(state.group.own_templates) if numbers.get(one.id, one.version) != one.version]


def _remember(state: State, target: LaunchReference) -> tuple[Call, ...]:
    told = remembered(state.group)
    if isinstance(state, TemplateState) and state.is_gone:
        # Nothing can go back to what was deleted.
        return ()
    if told is not None and told.before == reference_text(target):
        # As it stands: a tag that named what is live as `before` would send the same command, run again, forward.
        return remember(state.group, told.now, told.before, told.overrides, told.images)
    return remember(state.group, reference_text(target), pinned_text(state))


def _is_elsewhere(state: TemplateState) -> bool:
    """Whether what the group launched before what was deleted is no version of the same template."""
    told = remembered(state.group)
    return told is not None and told.now == pinned_text(state) and not told.before.startswith(f"{state.live.id}:")


def _numbered(state: State, number: int) -> LaunchReference:
    if isinstance(state, TemplateState):
        numbers = [version.number for version in state.versions]
        if number not in numbers:
            raise _no_version(f"launch template {state.live.name}", number, numbers)
        return replace(state.live, version=str(number))
    others = {*state.group_names} - {state.group.name}
    found = family(state.group.name, state.configurations, others)
    names = [name for name, own in found.items() if own == number]
    if not names:
        raise _no_version(state.group.name, number, found.values())
    if len(names) > 1:
        raise Conflict(f"{' and '.join(sorted(names))} both count as version {number}", hint="nothing was changed")
    return LaunchConfigurationReference(names[0])


def _no_version(what: str, number: int, numbers: Iterable[int]) -> Absent:
    newest = max(numbers, default=0)
    if number < newest:
        told = f"version {number} of {what} was deleted, the newest is {newest}"
    else:
        told = f"there is no version {number} of {what}" + (f", the newest is {newest}" if newest else "")
    return Absent(told, hint="see 'udo versions'")


def _version_now(state: State, live: str) -> str:
    return f"{live} ({state.live.version})" if isinstance(state, TemplateState) and _follows(state) else live


def _follows(state: State) -> bool:
    return isinstance(state, TemplateState) and state.live.version.startswith("$")


def _mixed(state: State) -> bool:
    return isinstance(state, TemplateState) and state.live.mixed


def _differences(state: State, meant: Target) -> tuple[Difference, ...]:
    match state, meant.reference:
        case ConfigurationState(), LaunchConfigurationReference(name):
            before = configuration_copy(state.configurations[state.live.name].data, state.shape)
            after = configuration_copy(meant.configurations[name].data, state.shape)
        case TemplateState(is_gone=True), LaunchTemplateReference(template_id, _, version) if (
            template_id == state.live.id
        ):
            return (version_difference(state, version),)
        case TemplateState(), LaunchTemplateReference(template_id, _, version) if template_id == state.live.id:
            live = next(one for one in state.versions if one.number == state.number)
            before, after = copied(live.data, state.shape), copied(meant.versions[int(version)].data, state.shape)
        case _:
            return (Difference("launches from", str(state.group.launch), str(meant.reference)),)
    return differences(comparable(before), comparable(after))
