"""Plans of launch changes: create the next configuration or version, swap it in, know it when it is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Difference, Pair, Plan, Ref
from udo.errors import Refused
from udo.launch.copying import comparable, configuration_copy, laid_over, satisfies, sendable
from udo.launch.differences import differences, short
from udo.launch.keeping import beyond, delete_configurations, delete_versions
from udo.launch.naming import check_configuration_name, family, next_free_name
from udo.launch.overlay import configuration_keys
from udo.launch.overrides import effect, image_differences
from udo.launch.proof import configuration_proof
from udo.launch.remembering import reference_from, remember, remembered, settled, spare
from udo.launch.states import TemplateState, pinned_text
from udo.launch.swapping import check_policy, launch_pair, swapped, to_configuration, to_version, version_pair
from udo.launch.versions import NextVersion, check_complete, check_nothing_lost, next_version
from udo.model.launch import LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.launch.states import ConfigurationState, Heading, State, Wanted


# What AWS answers of a configuration whether it was sent or not; leaving monitoring out means on.
# Source: API_CreateLaunchConfiguration, InstanceMonitoring and EbsOptimized.
ALWAYS_SAID = {"InstanceMonitoring": {"Enabled": True}, "EbsOptimized": False}


def plan_configuration(heading: Heading, state: ConfigurationState, wanted: Wanted) -> Plan:
    """The plan that merges launch keys into a copy of the live launch configuration and swaps the copy in."""
    group, live = state.group, state.live.name
    base = configuration_copy(state.configurations[live].data, state.shape)
    content = laid_over({} if wanted.from_config else base, configuration_keys(wanted.keys))
    if wanted.from_config:
        check_complete(content)
        content = ALWAYS_SAID | content
    found = differences(comparable(base), comparable(content))
    if not found or (wanted.from_config and satisfies(base, content)):
        return _nothing(heading, state, wanted)
    numbers = _family(state)
    twin = _configuration_twin(state, numbers, content)
    taken = {*state.configurations, *state.group_names}
    name = twin or next_free_name(group.name, numbers.values(), taken)
    if not twin:
        check_configuration_name(name)
        check_nothing_lost(state.configurations[live].unknown, wanted)
    create = () if twin else (_create_configuration(name, state, content, found),)
    swap = to_configuration(group, name)
    number = family(group.name, [name])[name]
    left = spare(group, live)
    old = delete_configurations(numbers, number, wanted.keep, {*state.used, live, name}, left)
    notes = (f"{name} has this content already and nothing uses it: it is reused, not copied again",) if twin else ()
    tag = remember(group, name, live, made=not twin or twin == left)
    steps = (*create, *tag, swap, *old)
    return swapped(heading, state, steps, swap, found, f"launch configuration {name} (was {live})", notes)


def plan_template(heading: Heading, state: TemplateState, wanted: Wanted) -> Plan:
    """The plan that merges launch keys into a copy of the live template version and pins the group to the new number.

    So it does with the templates that overrides name for themselves, where they are asked for: but for image and
    instance type, which are what such a template is there for.

    Raises: Refused when another group follows $Latest of a template and would be changed with it.
    """
    live, pinned = state.live, _live_pair(state)
    following = live.version.startswith("$")
    told = effect(state, wanted)
    main = next_version(state, told.wanted, "version", pinned, told.fixed)
    others = _next_overrides(state, wanted, pinned)
    if not (main.found or others or told.images):
        if following or state.is_gone:
            return _only_pinned(heading, state, wanted, told.notes)
        return _nothing(heading, state, wanted, told.notes)
    check_spot(state, wanted)
    pins = {one.state.live.id: str(one.state.number) for one in others if one.state.live.version.startswith("$")}
    known = check_policy(state.group, anyway=wanted.anyway)
    first = (to_version(known, live, str(state.number), overrides=pins),) if following or pins else ()
    create = tuple(one.create for one in (main, *others) if one.create)
    numbers = {one.state.live.id: one.number for one in others}
    swap = to_version(known, live, main.number, live=pinned, overrides=numbers, pinned=pins, images=told.images)
    now = Ref("version", f"{live.id}:{{}}") if main.create else f"{live.id}:{main.number}"
    before = {one.state.live.id: str(one.state.number) for one in others}
    tag = remember(
        state.group,
        now,
        f"{live.id}:{state.number}",
        before,
        {new: old for old, new in told.images.items()},
        made=bool(main.create) or now == spare(state.group, pinned_text(state)),
    )
    old = _old_versions(
        state, wanted.keep, state.versions[0].number + 1 if main.create else int(str(main.number)), set()
    )
    notes = (*filter(None, (main.carried, *(one.note for one in (main, *others)))), *told.notes, *_staying(state))
    found = (
        *main.found,
        *image_differences(state.group, told.images),
        *(replace(row, key=f"{one.state.live.name}: {row.key}") for one in others for row in one.found),
    )
    done = f"launch template {live.name} version {'{version}' if main.create else main.number} (was {live.version})"
    return swapped(heading, state, (*first, *create, *tag, swap, *old), swap, found, done, notes)


def _live_pair(state: TemplateState) -> Pair:
    """What must hold before a new version is made: that the group launches from the number that was seen."""
    return launch_pair(state.group) if state.is_gone else version_pair(state.group, state.live, str(state.number))


def _next_overrides(state: TemplateState, wanted: Wanted, live: Pair) -> list[NextVersion]:
    """The versions that overrides' own templates are to have, of those that change."""
    keys = {key: value for key, value in wanted.keys.items() if key not in ("ami", "instance_type")}
    asked = replace(wanted, keys=keys, from_config=False)
    found = (next_version(one, asked, f"version_{number}", live) for number, one in enumerate(state.overrides))
    return [one for one in found if one.found]


def _staying(state: TemplateState) -> tuple[str, ...]:
    """A note that names the overrides whose own template is left as it is."""
    asked = {one.live.id for one in state.overrides}
    stay = dict.fromkeys(str(one) for one in state.group.own_templates if one.id not in asked)
    return (f"overrides with a template of their own stay: {', '.join(stay)}",) if stay else ()


def _only_pinned(heading: Heading, state: TemplateState, wanted: Wanted, notes: tuple[str, ...]) -> Plan:
    version = state.live.version
    pinned = to_version(check_policy(state.group, anyway=wanted.anyway), state.live, str(state.number))
    note = f"nothing else changes: {version} is pinned to the number it means now"
    told = (f"version {state.number} is as udo.yml says: it is reused",) if state.is_gone else (note,)
    found = (version_difference(state, str(state.number)),)
    done = f"{state.live.name} version {state.number}"
    return swapped(heading, state, (pinned,), pinned, found, done, (*told, *notes))


def version_difference(state: TemplateState, new: str) -> Difference:
    """That the group launches another version, and nothing that could be compared."""
    return Difference("version", f"{state.live.version}{' (deleted)' if state.is_gone else ''}", new)


def check_spot(state: TemplateState, wanted: Wanted) -> None:
    """Accepts a wish that asks for no Spot price where the group has a mixed instances policy. Raises: Refused."""
    # Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html, prerequisites:
    # the launch template must not request Spot Instances.
    if state.live.mixed and "spot_price" in wanted.keys and not wanted.anyway:
        raise Refused(
            f"spot_price is not allowed in the template of {state.group.name}, which has a mixed instances policy",
            hint="its instances distribution says how much is spot; nothing was changed",
        )


def leftovers(state: State, keep: int, *, whoever_set_it: bool = False) -> tuple[Call, ...]:
    """The deletions left to do where nothing else changes: beyond the newest `keep`, and needed by nobody.

    Without `whoever_set_it` only after Udo has set the group once; before that its old versions are not Udo's to tidy.
    """
    told = remembered(state.group)
    if not whoever_set_it and (told is None or told.now != pinned_text(state)):
        return ()
    if isinstance(state, TemplateState):
        match told and reference_from(told.before):
            case None:
                before = _next_below(state.number, (version.number for version in state.versions))
            case LaunchTemplateReference(id=state.live.id, version=version):
                before = {int(version)}
            case _:
                before = set()
        return _old_versions(state, keep, state.number, before)
    numbers = _family(state)
    # A live one of another name has no number; nothing of the family is current then.
    current = numbers.get(state.live.name, 0)
    older = _next_below(current, numbers.values())
    previous = {told.before} if told else {name for name, number in numbers.items() if number in older}
    needed = {*state.used, state.live.name, *previous}
    return delete_configurations(numbers, current, keep, needed, spare(state.group, state.live.name))


def _next_below(current: int, numbers: Iterable[int]) -> set[int]:
    """What is taken for the one before the current where nobody took note of it."""
    return {max(below)} if (below := [number for number in numbers if number < current]) else set()


def _family(state: ConfigurationState) -> dict[str, int]:
    return family(state.group.name, state.configurations, {*state.group_names} - {state.group.name})


def _old_versions(state: TemplateState, keep: int, current: int, also: set[int]) -> tuple[Call, ...]:
    """Deletions in a template named like the group; `current` is the number launched from afterwards."""
    if state.live.name != state.group.name:
        return ()
    defaults = {version.number for version in state.versions if version.is_default}
    needed = {*state.used, state.number, current, *defaults, *also}
    numbers = {*(version.number for version in state.versions), current}
    told = remembered(state.group)
    if told and told.pending:
        # It is brought by a refresh, or was, and the group has it only once that has ended.
        needed.add(int(told.pending.version))
    template, _, number = spare(state.group, pinned_text(state)).rpartition(":")
    left = {int(number)} if template == state.live.id else set()
    return delete_versions(state.live.id, state.live.name, beyond(numbers, keep, needed, left))


def _nothing(heading: Heading, state: State, wanted: Wanted, notes: tuple[str, ...] = ()) -> Plan:
    group, old = state.group, leftovers(state, wanted.keep)
    over = () if state.refresh else settled(group)
    # What has no effect is not as udo.yml says; the notes tell.
    configured = ", as udo.yml says" if wanted.as_configured and not notes else ""
    unchanged = f"nothing to change: {group.name} launches from {group.launch}{configured}"
    done = f"{unchanged}; old versions are deleted" if old else unchanged
    # A saved plan says it again later, when it may be true no more.
    seen = (launch_pair(group),)
    notes = (*state.notes, *notes)
    return Plan(heading.command, heading.target, (*over, *old), seen=seen, unchanged=unchanged, done=done, notes=notes)


def _create_configuration(
    name: str, state: ConfigurationState, wanted: Mapping[str, Any], found: tuple[Difference, ...]
) -> Call:
    return Call(
        f"launch configuration {name}, copied from {state.live.name}  {short(found)}",
        "autoscaling",
        "CreateLaunchConfiguration",
        {"LaunchConfigurationName": name, **sendable(wanted)},
        expect=(launch_pair(state.group),),
        proof=(configuration_proof(name, wanted),),
    )


def _configuration_twin(state: ConfigurationState, numbers: Mapping[str, int], wanted: Mapping[str, Any]) -> str | None:
    current = numbers.get(state.live.name, 0)
    for name in sorted(numbers, key=lambda name: numbers[name]):
        if numbers[name] > current and name not in state.used:
            candidate = configuration_copy(state.configurations[name].data, state.shape)
            if satisfies(candidate, wanted):
                return name
    return None
