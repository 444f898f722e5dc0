"""Tells of a group whose launch template, or the version that it launches, was deleted: it launches nobody."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from udo.errors import AwsError, Conflict, PermissionDenied
from udo.model.launch import LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.model.launch import LaunchTemplateVersion


def existing_versions(aws: Aws, template_id: str, *versions: str) -> tuple[LaunchTemplateVersion, ...]:
    """The versions asked for of a template, or all, newest first; none where they, or the template, do not exist.

    Raises: UdoError.
    """
    try:
        return aws.ec2.launch_template_versions(template_id, *versions)
    except AwsError as error:
        if "NotFound" not in (error.aws_code or ""):
            raise
        return ()


def is_gone(aws: Aws, group: AutoScalingGroup) -> bool:
    """Whether the template of the group, or the version of it that it launches, was deleted.

    Raises: UdoError.
    """
    launch = group.launch
    return isinstance(launch, LaunchTemplateReference) and not existing_versions(aws, launch.id, launch.version)


def gone_of(aws: Aws, groups: Iterable[AutoScalingGroup]) -> frozenset[str]:
    """The names of the groups of which that is so, by one list of templates where they launch the latest or default.

    Raises: UdoError.
    """
    launching = [(one.name, one.launch) for one in groups if isinstance(one.launch, LaunchTemplateReference)]
    known = aws.ec2.launch_templates() if launching else {}

    def there(launch: LaunchTemplateReference) -> bool:
        numbers = known.get(launch.id, {})
        if launch.version in (*numbers, *numbers.values()):
            return True
        return bool(numbers and existing_versions(aws, launch.id, launch.version))

    return frozenset(name for name, launch in launching if not there(launch))


def refuse_gone(aws: Aws, role: Role, group: AutoScalingGroup) -> None:
    """Accepts a group that can launch, as far as AWS tells. Raises: Conflict."""
    with suppress(AwsError, PermissionDenied):
        if is_gone(aws, group):
            raise gone(role, group)


def gone(role: Role, group: AutoScalingGroup) -> Conflict:
    """That the group launches nobody until it is given something else, with the verbs that do so."""
    told, hint = gone_words(role, group)
    return Conflict(told, hint=hint)


def gone_words(role: Role, group: AutoScalingGroup) -> tuple[str, str]:
    """The same in words: what is, and the way out."""
    label = f"{role.cluster} {role.name}"
    told = f"{group.launch} was deleted, so {group.name} cannot launch"
    return told, f"use 'udo updatelc {label}', or 'udo rollback {label}' where an older version is left"
