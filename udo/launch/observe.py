"""Reads what launch changes rest on: the group, its launch data and its family, images, refreshes and owners."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.config.known import value
from udo.errors import Absent, AwsError, ConfigError, Conflict, PermissionDenied, Refused, UdoError
from udo.groups.gone import existing_versions, gone
from udo.groups.observe import existing_group
from udo.groups.owner import owner
from udo.launch.images import latest, moved_root, parameter_of, pattern
from udo.launch.labels import image_ids, labelled, security_group_ids
from udo.launch.remembering import remembered, spare
from udo.launch.returning import Target
from udo.launch.states import ConfigurationState, State, TemplateState
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from udo.aws import Aws
    from udo.change.plan import Difference, Plan
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.model.launch import Image, LaunchReference, LaunchTemplateVersion
    from udo.session import Session

# Loosely: AWS does not say what an image's id is made of, and its templates take any text for one.
_IMAGE = re.compile(r"ami-[0-9A-Za-z-]+")
_APPLICATION, _GROUP = "deploy.application", "deploy.deployment_group"


def observe_updatelc(aws: Aws, role: Role, *, overrides: bool = False) -> State:
    """The role's group with the launch data it lives on and everything a new name or version must not disturb.

    With `overrides` the templates too that overrides of its mixed instances policy name for themselves.

    Raises: Absent, Conflict or another UdoError.
    """
    state = observe_launch(aws, role, overrides=overrides)
    if isinstance(state, TemplateState) and state.is_gone:
        raise gone(role, state.group)
    return state


def observe_launch(aws: Aws, role: Role, *, overrides: bool = False) -> State:
    """The same, for what also has an answer where the template of the group, or its version, was deleted.

    Raises: Absent, Conflict or another UdoError.
    """
    groups = aws.autoscaling.groups(whole=True)
    group = existing_group(groups, role, aws.region)
    state: State
    match group.launch:
        case LaunchConfigurationReference():
            state = _configuration_state(aws, group, group.launch, groups)
        case LaunchTemplateReference():
            own = _own_templates(group, group.launch) if overrides else ()
            also = tuple(_template_state(aws, group, one, groups) for one in own)
            if lost := [str(one.live) for one in also if one.is_gone]:
                told = f"{', '.join(lost)} of overrides of group {group.name} was deleted"
                raise Conflict(told, hint="name another one in mixed_instances of udo.yml; nothing was changed")
            state = replace(_template_state(aws, group, group.launch, groups), overrides=also)
        case _:
            raise UdoError(f"group {group.name} names neither a launch configuration nor a launch template")
    notes, refresh = _surroundings(aws, group)
    if isinstance(state, TemplateState) and state.is_gone:
        notes = (f"{state.live} was deleted: what only it said is lost", *notes)
    return replace(state, notes=notes, refresh=refresh)


def ahead(aws: Aws, groups: Iterable[AutoScalingGroup]) -> list[Callable[[], None]]:
    """The reads that `observe_updatelc` makes of each of these groups alone, to be asked at the same time beforehand.

    `aws` keeps what it was answered; what fails is asked again when its turn comes, and told then.
    """
    groups = list(groups)
    templates = dict.fromkeys(one.launch.id for one in groups if isinstance(one.launch, LaunchTemplateReference))
    reads: list[Callable[[], Any]] = [partial(aws.autoscaling.active_refresh, one.name) for one in groups]
    reads += [partial(aws.ec2.launch_template_versions, one) for one in templates]
    reads += [partial(aws.ec2.versions_running, one) for one in templates]
    aws.open("autoscaling", *(["ec2"] if templates else []))
    aws.open(*(["ec2"] if templates else []), whole=True)
    return [partial(_quietly, read) for read in reads]


def _quietly(read: Callable[[], Any]) -> None:
    with suppress(UdoError):
        read()


def observe_image(aws: Aws, role: Role, given: str | None, live: str | None = None) -> str | None:
    """The image id that --ami or udo.yml means now: itself, the value of ssm:/path, the newest of {owner, name}, or
    for `latest` the newest of the family of the `live` image; `resolve:ssm:...` stays, for AWS to read at each launch.

    Raises: Absent when there is no such parameter or image, Refused where it is not clear which is meant, or where a
    parameter holds something else.
    """
    meant: Any = given or role.get("ami")
    found: str | None
    match meant:
        case "latest":
            return _latest(aws, live)
        case str() if meant.startswith("ssm:"):
            name = meant.removeprefix("ssm:")
            found = aws.ssm.parameters([name]).get(name)
        case {"owner": owner, "name": name}:
            found = (aws.ec2.image_named(str(owner), name) or {}).get("ImageId")
        case _:
            return meant if meant is None else str(meant)
    where = "the command line" if given else role.where("ami")
    if found is None:
        raise Absent(f"no image found for ami {meant} ({where})", hint="nothing was changed")
    if not _IMAGE.fullmatch(found):
        raise Refused(f"ami {meant} ({where}) holds {found!r}, which is no image", hint="nothing was changed")
    return found


def _latest(aws: Aws, live: str | None) -> str | None:
    """The newest image of the family of the live one; the live one as it is where that means the newest already."""
    parameter = parameter_of(live or "")
    now = aws.ssm.parameters([parameter]).get(parameter) if parameter else live
    if parameter and now is None:
        raise Absent(f"--ami latest: there is no parameter for the live image {live}", hint="name one by its id")
    known = aws.ec2.images([now] if now else [])
    if now not in known:
        shown = f"{now} ({live})" if parameter else now
        raise Absent(f"--ami latest: the live image {shown} cannot be seen any more", hint="name one by its id")
    newest = latest(known[now], aws.ec2.images_like(known[now], pattern(known[now]))).image_id
    return live if newest == now else newest


def observe_labels(aws: Aws, plan: Plan, now: float) -> Plan:
    """The plan with names beside the ids of images and security groups, and a warning where volumes do not fit the new
    image; without, where those cannot be read."""
    try:
        images = aws.ec2.images(sorted(image_ids(plan.differences)))
        groups = aws.ec2.security_groups(sorted(security_group_ids(plan.differences)))
    except (AwsError, PermissionDenied):
        return plan
    warning = next((_doubt(plan, images, one) for one in plan.differences if one.key == "ami"), "")
    notes = (*plan.notes, warning) if warning else plan.notes
    return replace(plan, differences=labelled(plan.differences, images, groups, now), notes=notes)


def _doubt(plan: Plan, images: Mapping[str, Image], changed: Difference) -> str:
    """A warning where the new image does not fit the volumes, empty for none."""
    new = images.get(changed.new)
    return moved_root(_devices(plan), images.get(changed.old), new) if new else ""


def _devices(plan: Plan) -> Iterator[Mapping[str, Any]]:
    for call in plan.writes:
        yield from call.params.get("LaunchTemplateData", call.params).get("BlockDeviceMappings", ())


def observe_deploying(session: Session, aws: Aws, role: Role, beside: Iterable[Role] = ()) -> tuple[str, ...]:
    """A note that names the deployment under way, if there is one.

    The deployment groups of the roles `beside` it are asked for with its own: where answers are kept, one request an
    application is enough for all.
    """
    try:
        role = session.resolve(role, _APPLICATION, _GROUP)
        application, name = role.get(_APPLICATION), role.get(_GROUP)
        if not (application and name):
            return ()
        others = [value(other, _GROUP) for other in beside if value(other, _APPLICATION) == application]
        group = aws.codedeploy.deployment_groups(application, [*dict.fromkeys([*filter(None, others), name])]).get(name)
    except (AwsError, PermissionDenied, ConfigError) as error:
        return (f"warning: it is unknown whether a deployment is active: {error.message}",)
    if group is None or group.last_status in ("", "Succeeded", "Failed", "Stopped"):
        return ()
    return (f"deployment {group.last_attempted} to {name} is {group.last_status}: instances launched now get it too",)


def observe_target(aws: Aws, target: LaunchReference) -> Target:
    """The launch configuration or template version meant, where it exists.

    Raises: UdoError.
    """
    match target:
        case LaunchConfigurationReference(name):
            return Target(target, aws.autoscaling.launch_configurations([name]), {})
        case LaunchTemplateReference():
            return Target(target, {}, {version.number: version for version in existing_versions(aws, target.id)})


def _configuration_state(
    aws: Aws, group: AutoScalingGroup, live: LaunchConfigurationReference, groups: Mapping[str, AutoScalingGroup]
) -> ConfigurationState:
    configurations = aws.autoscaling.launch_configurations()
    if live.name not in configurations:
        raise Conflict(
            f"{live} of group {group.name} is gone",
            hint="AWS deletes none that a group uses: look again, then put the group on another one by hand",
        )
    references = [reference for one in groups.values() for reference in one.references]
    used = {one.name for one in references if isinstance(one, LaunchConfigurationReference)}
    return ConfigurationState(
        group,
        live,
        configurations,
        used,
        set(groups),
        aws.launch_configuration_shape(),
        aws.launch_template_shape(),
    )


def _template_state(
    aws: Aws, group: AutoScalingGroup, live: LaunchTemplateReference, groups: Mapping[str, AutoScalingGroup]
) -> TemplateState:
    versions = existing_versions(aws, live.id)
    match live.version:
        case "$Latest":
            number = versions[0].number if versions else 0
        case "$Default":
            number = next((version.number for version in versions if version.is_default), 0)
        case _:
            number = int(live.version)
    if number not in {version.number for version in versions}:
        number = _in_its_place(group, live, versions)
    used = _used_versions(live.id, groups.values()) | aws.ec2.versions_running(live.id)
    followers = _followers(group, live, groups.values())
    return TemplateState(group, live, number, versions, followers, used, aws.launch_template_shape())


def _in_its_place(
    group: AutoScalingGroup, live: LaunchTemplateReference, versions: Iterable[LaunchTemplateVersion]
) -> int:
    """The version to copy or to go back to where the one in use was deleted; 0 where the template is gone.

    It is what Udo remembers, else the newest one below, else the newest; never one that nothing ever launched from.
    """
    told, left = remembered(group), spare(group, f"{live.id}:{live.version}")
    numbers = [one.number for one in versions if f"{live.id}:{one.number}" != left]
    known = [f"{live.id}:{number}" for number in numbers]
    for text in (told.now, told.before) if told else ():
        if text in known:
            return numbers[known.index(text)]
    below = [number for number in numbers if live.version.isdigit() and number < int(live.version)]
    return max(below or numbers, default=0)


def _own_templates(group: AutoScalingGroup, live: LaunchTemplateReference) -> tuple[LaunchTemplateReference, ...]:
    """The templates that overrides name for themselves: those that one alone names, and not the group's own one."""
    named = list(dict.fromkeys(group.own_templates))
    count = Counter(one.id for one in named)
    return tuple(one for one in named if count[one.id] == 1 and one.id not in ("", live.id))


def _surroundings(aws: Aws, group: AutoScalingGroup) -> tuple[tuple[str, ...], str]:
    """What a person should know of the group before a change, and the status of an active instance refresh."""
    notes = []
    if whose := owner(group):
        notes.append(f"{group.name} belongs to {whose}, which may change it back")
    try:
        refresh = aws.autoscaling.active_refresh(group.name)
    except (AwsError, PermissionDenied) as error:
        notes.append(f"warning: it is unknown whether an instance refresh is active: {error.message}")
        refresh = ""
    return tuple(notes), refresh


def _used_versions(template_id: str, groups: Iterable[AutoScalingGroup]) -> set[int]:
    references = [reference for group in groups for reference in group.references]
    mine = (one.version for one in references if isinstance(one, LaunchTemplateReference) and one.id == template_id)
    return {int(version) for version in mine if version.isdigit()}


def _followers(group: AutoScalingGroup, live: LaunchTemplateReference, groups: Iterable[AutoScalingGroup]) -> list[str]:
    """Who else follows $Latest of the template: other groups, and overrides of this one."""

    def follow(references: Iterable[Any]) -> bool:
        return any((one.id, one.version) == (live.id, "$Latest") for one in references if hasattr(one, "version"))

    others = sorted(one.name for one in groups if one.name != group.name and follow((one.launch, *one.own_templates)))
    # What an override follows is pinned before a version of its own template is made.
    own = follow(one for one in group.own_templates if live is group.launch or one != live)
    return [*others, f"overrides of {group.name}"] if own else others
