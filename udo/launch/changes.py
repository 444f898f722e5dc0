"""Plans of launch changes: create the next configuration or version, swap it in, know it when it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.errors import Refused, UsageError
from udo.launch.copying import comparable, configuration_copy, copied, laid_over, removed, satisfies, sendable
from udo.launch.differences import differences, short
from udo.launch.keeping import beyond, delete_configurations, delete_versions
from udo.launch.naming import family, next_free_name
from udo.launch.overlay import configuration_keys, template_keys
from udo.launch.proof import configuration_proof, literal
from udo.launch.remembering import remember, remembered
from udo.launch.states import TemplateState, pinned_text
from udo.launch.swapping import launch_pair, swapped, to_configuration, to_version, version_pair
from udo.plan import Call, Difference, Pair, Plan, Read, Ref

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.launch.states import ConfigurationState, Heading, State, Wanted
    from udo.model import LaunchTemplateVersion


def plan_configuration(heading: Heading, state: ConfigurationState, wanted: Wanted) -> Plan:
    """The plan that lays launch keys over a copy of the live launch configuration and swaps the copy in."""
    group, live = state.group, state.live.name
    base = configuration_copy(state.configurations[live].data, state.shape)
    content = laid_over({} if wanted.from_config else base, configuration_keys(wanted.keys))
    if wanted.from_config:
        check_complete(content)
        # Said always, because leaving it out means on. Source: API_CreateLaunchConfiguration, InstanceMonitoring.
        content.setdefault("InstanceMonitoring", {"Enabled": True})
    found = differences(comparable(base), comparable(content))
    if not found:
        return _nothing(heading, state, leftovers(state, wanted.keep))
    numbers = _family(state)
    twin = _configuration_twin(state, numbers, content)
    taken = {*state.configurations, *state.group_names}
    name = twin or next_free_name(group.name, numbers.values(), taken)
    if not twin:
        _check_nothing_lost(state.configurations[live].unknown, wanted)
    create = () if twin else (_create_configuration(name, state, content, found),)
    swap = to_configuration(group, name)
    number = family(group.name, [name])[name]
    old = delete_configurations(numbers, number, wanted.keep, {*state.used, live, name})
    notes = (f"{name} has this content already and nothing uses it: it is taken up, not copied again",) if twin else ()
    steps = (*create, *remember(group, name, live), swap, *old)
    return swapped(heading, state, steps, swap, found, f"launch configuration {name} (was {live})", notes)


def plan_template(heading: Heading, state: TemplateState, wanted: Wanted) -> Plan:
    """The plan that lays launch keys over a copy of the live template version and pins the group to the new number.

    Raises: Refused when another group follows $Latest of the template and would be changed with it.
    """
    live = state.live
    base = copied(_version(state).data, state.shape)
    kept: dict[str, Any] = {} if wanted.from_config else base
    content = laid_over(kept, template_keys(wanted.keys, kept))
    if wanted.from_config:
        check_complete(content)
    found = differences(comparable(base), comparable(content))
    following = live.version.startswith("$")
    if not found and not following:
        return _nothing(heading, state, leftovers(state, wanted.keep))
    if not found:
        return _only_pinned(heading, state)
    twin = _template_twin(state, content)
    if twin is None and not wanted.anyway:
        _refuse_to_drag_along(state)
    first = (to_version(state.group, live, str(state.number)),) if following else ()
    number: Any = str(twin) if twin else Ref("version")
    # A version made from a source version would bring back what is to go.
    inherits = not wanted.from_config and not removed(base, content)
    if twin is None:
        # Elements at the top AWS itself inherits from the source version; inside what is sent they are replaced.
        _check_nothing_lost([path for path in _version(state).unknown if "." in path or not inherits], wanted)
        _check_spot(state, wanted)
    create = () if twin else (_create_version(state, content, found, wanted, inherits=inherits),)
    swap = to_version(state.group, live, number, live=version_pair(state.group, live, str(state.number)))
    now = f"{live.id}:{twin}" if twin else Ref("version", f"{live.id}:{{}}")
    tag = remember(state.group, now, f"{live.id}:{state.number}")
    old = _old_versions(state, wanted.keep, twin or state.versions[0].number + 1, set())
    notes: list[str] = []
    if twin:
        notes.append(f"version {twin} has this content already: it is taken up, not copied again")
    if state.group.overrides:
        notes.append(f"overrides with a template of their own stay: {', '.join(map(str, state.group.overrides))}")
    done = f"launch template {live.name} version {twin or '{version}'} (was {live.version})"
    return swapped(heading, state, (*first, *create, *tag, swap, *old), swap, found, done, tuple(notes))


def _only_pinned(heading: Heading, state: TemplateState) -> Plan:
    version = state.live.version
    pinned = to_version(state.group, state.live, str(state.number))
    note = f"nothing else changes: {version} is pinned to the number it means now"
    found = (Difference("version", version, str(state.number)),)
    done = f"{state.live.name} version {state.number}"
    return swapped(heading, state, (pinned,), pinned, found, done, (note,))


def check_complete(content: Mapping[str, Any]) -> None:
    """Accepts launch data that can launch something.

    Raises: UsageError where udo.yml alone does not name an image and an instance type.
    """
    missing = [key for key, name in (("ami", "ImageId"), ("instance_type", "InstanceType")) if name not in content]
    if missing:
        raise UsageError(
            f"udo.yml alone does not say {' and '.join(missing)}", hint="set it, or leave out --from-config"
        )


def _check_nothing_lost(unknown: Sequence[str], wanted: Wanted) -> None:
    if unknown and not wanted.anyway:
        raise Refused(
            f"{', '.join(unknown)} of the live launch data would be lost: this botocore does not know it",
            hint="upgrade boto3, or say --anyway; nothing was changed",
        )


def _check_spot(state: TemplateState, wanted: Wanted) -> None:
    # Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html, prerequisites:
    # the launch template must not request Spot Instances.
    if state.live.mixed and "spot_price" in wanted.keys and not wanted.anyway:
        raise Refused(
            f"spot_price cannot stand in the launch template of {state.group.name}, which has a mixed instances policy",
            hint="its instances distribution says how much is spot; nothing was changed",
        )


def _refuse_to_drag_along(state: TemplateState) -> None:
    if state.followers:
        raise Refused(
            f"a new version of {state.live.name} would change {', '.join(state.followers)} (on $Latest of it) too",
            hint="pin it to a number first, or say --anyway; nothing was changed",
        )


def leftovers(state: State, keep: int, *, whoever_set_it: bool = False) -> tuple[Call, ...]:
    """The deletions left to do where nothing else changes: beyond the newest `keep`, and needed by nobody.

    Without `whoever_set_it` only after Udo has set the group once; before that its old versions are not Udo's to tidy.
    """
    told = remembered(state.group)
    if told is None or told.now != pinned_text(state):
        if not whoever_set_it:
            return ()
        told = None
    if isinstance(state, TemplateState):
        before = {int(told.before.partition(":")[2])} if told and told.before.startswith(f"{state.live.id}:") else set()
        return _old_versions(state, keep, state.number, before)
    numbers = _family(state)
    needed = {*state.used, state.live.name, *((told.before,) if told else ())}
    # A live one of another name has no number; nothing of the family is current then.
    return delete_configurations(numbers, numbers.get(state.live.name, 0), keep, needed)


def _family(state: ConfigurationState) -> dict[str, int]:
    return family(state.group.name, state.configurations, {*state.group_names} - {state.group.name})


def _old_versions(state: TemplateState, keep: int, current: int, also: set[int]) -> tuple[Call, ...]:
    """Deletions in a template named like the group; `current` is the number launched from afterwards."""
    if state.live.name != state.group.name:
        return ()
    defaults = {version.number for version in state.versions if version.is_default}
    needed = {*state.used, state.number, current, *defaults, *also}
    numbers = {*(version.number for version in state.versions), current}
    return delete_versions(state.live.id, state.live.name, beyond(numbers, keep, needed))


def _nothing(heading: Heading, state: State, old: tuple[Call, ...]) -> Plan:
    group = state.group
    unchanged = f"nothing to change: {group.name} launches from {group.launch}, as udo.yml says"
    done = f"{unchanged}; old versions are deleted"
    return Plan(heading.command, heading.target, old, unchanged=unchanged, done=done, notes=state.notes)


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


def _create_version(
    state: TemplateState, content: Mapping[str, Any], found: tuple[Difference, ...], wanted: Wanted, *, inherits: bool
) -> Call:
    live, description = state.live, wanted.description
    source = {"SourceVersion": str(state.number)} if inherits else {}
    mine = Read(
        "ec2",
        "DescribeLaunchTemplateVersions",
        {"LaunchTemplateId": live.id, "MinVersion": str(state.number), "MaxResults": 200},
        f"LaunchTemplateVersions[?VersionDescription=={literal(description)}] | [0].VersionNumber",
    )
    return Call(
        f"new version of launch template {live.name}, copied from {state.number}  {short(found)}",
        "ec2",
        "CreateLaunchTemplateVersion",
        {
            "LaunchTemplateId": live.id,
            **source,
            "VersionDescription": description,
            "LaunchTemplateData": dict(content),
        },
        expect=(version_pair(state.group, live, str(state.number)),),
        save={"version": "LaunchTemplateVersion.VersionNumber"},
        proof=(Pair(mine, Ref("version"), f"a version of {live.name} made by this run"),),
    )


def _version(state: TemplateState) -> LaunchTemplateVersion:
    return next(version for version in state.versions if version.number == state.number)


def _configuration_twin(state: ConfigurationState, numbers: Mapping[str, int], wanted: Mapping[str, Any]) -> str | None:
    current = numbers.get(state.live.name, 0)
    for name in sorted(numbers, key=lambda name: numbers[name]):
        if numbers[name] > current and name not in state.used:
            candidate = configuration_copy(state.configurations[name].data, state.shape)
            if satisfies(candidate, wanted):
                return name
    return None


def _template_twin(state: TemplateState, wanted: Mapping[str, Any]) -> int | None:
    newer = (version for version in state.versions if version.number > state.number)
    return next((v.number for v in newer if satisfies(copied(v.data, state.shape), wanted)), None)
