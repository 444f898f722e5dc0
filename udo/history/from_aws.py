"""What AWS keeps of changes: template versions, launch configurations and deployments, with when and by whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from udo.change.mark import marked
from udo.deploy.revision import told
from udo.errors import AwsError, ConfigError, CredentialsError, NotSent, PermissionDenied
from udo.frozen import frozen
from udo.launch.naming import family
from udo.model.launch import LaunchTemplateReference
from udo.refresh.words import named

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.journal import Entry
    from udo.config import Role
    from udo.model.deployments import Deployment
    from udo.model.groups import AutoScalingGroup
    from udo.model.launch import LaunchTemplateVersion

KEYS = ("deploy.application", "deploy.deployment_group")
# How a Udo that did not record what a step makes named the step that makes a launch configuration.
_MADE = re.compile(r"launch configuration (\S+), copied from ")

# Of so many roles refreshes are asked for.
FEW = 10

Warn = Callable[[str], None]


@frozen
class Change:
    """One change: `when` is RFC 3339 UTC; `run` and `who` are empty where nobody kept them.

    `targets` are roles as typed; `configuration` is the launch configuration that was made, `status` how the
    deployment of the id `deployment` stands, or the instance refresh of the id `refresh`; `reason` says why, `changes`
    what in brief, old value to new.
    """

    when: str
    run: str
    who: str
    what: str
    targets: tuple[str, ...]
    outcome: str
    configuration: str = ""
    status: str = ""
    deployment: str = ""
    reason: str = ""
    changes: str = ""
    refresh: str = ""


def changes(aws: Aws, roles: Sequence[Role], limit: int, warn: Warn, *, refreshes: bool = True) -> list[Change]:
    """What AWS keeps of the groups of these roles, at most `limit` deployments of each deployment group; `refreshes`
    cost a request each.

    What it does not tell is a warning; one that cannot be reached at all is asked no more.
    """
    found: list[Change] = []
    sources = (_of_launches, _of_deployments, *((_of_refreshes,) if refreshes else ()))
    try:
        for source in sources:
            found += source(aws, roles, limit, warn)
    except (CredentialsError, NotSent) as error:
        warn(f"what AWS keeps is unknown: {error}")
    return found


def _of_launches(aws: Aws, roles: Sequence[Role], _limit: int, warn: Warn) -> Iterator[Change]:
    try:
        groups = aws.autoscaling.groups()
        yield from _of_configurations(aws, roles, groups)
    except (AwsError, PermissionDenied) as error:
        _warn(error, "launch configurations", warn)
        return
    for template, labels in _templates(roles, groups).items():
        try:
            versions = aws.ec2.launch_template_versions(template)
        except (AwsError, PermissionDenied) as error:
            _warn(error, "launch template versions", warn)
            return
        yield from (_of_version(version, labels) for version in versions)


def _of_configurations(aws: Aws, roles: Sequence[Role], groups: dict[str, AutoScalingGroup]) -> Iterator[Change]:
    configurations = aws.autoscaling.launch_configurations()
    for role in roles:
        for name in family(role.group_name, configurations, {*groups} - {role.group_name}):
            when = configurations[name].created_at
            what = f"launch configuration {name}"
            yield Change(when, "", "", what, (role.label,), "made", configuration=name)


def _templates(roles: Sequence[Role], groups: dict[str, AutoScalingGroup]) -> dict[str, tuple[str, ...]]:
    """The templates that groups of these roles launch from, by id, with the roles of each."""
    found: dict[str, tuple[str, ...]] = {}
    for role in roles:
        launch = groups[role.group_name].launch if role.group_name in groups else None
        if isinstance(launch, LaunchTemplateReference):
            found[launch.id] = (*found.get(launch.id, ()), role.label)
    return found


def _of_version(version: LaunchTemplateVersion, labels: tuple[str, ...]) -> Change:
    run, why = marked(version.description)
    what = f"launch template {version.template_name} version {version.number}"
    return Change(version.created_at, run, version.created_by, what, labels, "made", reason=why)


def _of_deployments(aws: Aws, roles: Sequence[Role], limit: int, warn: Warn) -> Iterator[Change]:
    labels: dict[tuple[str, str], tuple[str, ...]] = {}
    for role in roles:
        application, name = (_setting(role, key) for key in KEYS)
        if application and name:
            labels[application, name] = (*labels.get((application, name), ()), role.label)
    for (application, name), targets in labels.items():
        try:
            deployments = list(islice(aws.codedeploy.deployments(application, name), limit))
        except PermissionDenied as error:
            _warn(error, "deployments", warn)
            return
        except AwsError as error:
            _warn(error, f"deployments to {name}", warn)
            continue
        yield from (_of_deployment(deployment, targets) for deployment in deployments)


def _setting(role: Role, key: str) -> str | None:
    try:
        found: str | None = role.get(key)
    except ConfigError:
        # It is kept in AWS, which did not tell; that was said when it was asked.
        return None
    return found


def _of_deployment(deployment: Deployment, labels: tuple[str, ...]) -> Change:
    run, why = marked(deployment.description)
    now = told(deployment.revision)
    what = f"deployment {deployment.deployment_id} of {now}"
    before = told(deployment.previous) if deployment.previous else now
    return Change(
        deployment.created_at,
        run,
        deployment.creator,
        what,
        labels,
        deployment.outcome,
        status=deployment.outcome,
        deployment=deployment.deployment_id,
        reason=why,
        changes=f"revision {before} -> {now}" if before != now else "",
    )


def _of_refreshes(aws: Aws, roles: Sequence[Role], limit: int, warn: Warn) -> Iterator[Change]:
    for role in roles:
        try:
            found = aws.autoscaling.refreshes(role.group_name)
        except PermissionDenied as error:
            _warn(error, "instance refreshes", warn)
            return
        except AwsError:
            # The group is not there, which is said elsewhere.
            continue
        for one in found[:limit]:
            what = f"{named(one)}{f' to version {one.desired.version}' if one.desired else ''}"
            yield Change(
                one.started_at, "", "", what, (role.label,), one.status, status=one.status, refresh=one.refresh_id
            )


def made_by(entry: Entry) -> str:
    """The launch configuration that a step made, empty for none; one that was in its way is somebody else's."""
    if entry.outcome == "conflict":
        return ""
    told = _MADE.match(entry.step)
    return entry.made or (told[1] if told else "")


def _warn(error: AwsError | PermissionDenied, what: str, warn: Warn) -> None:
    if isinstance(error, NotSent):
        raise error
    warn(f"{what} are unknown: {error.message}")
