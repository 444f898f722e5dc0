"""What of a role stands in a policy: names from udo.yml, and what AWS alone knows, asked only where it is needed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from udo import schema
from udo.errors import AwsError, UsageError
from udo.frozen import frozen
from udo.groups.alarms import said_alarms
from udo.iam.place import ANY, Place
from udo.launch.images import parameter_of
from udo.model.dashboards import dashboard_name
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.session import Session

# What is read of udo.yml, and may rest on what AWS keeps.
_KEYS = (
    *("deploy", "guards", "ssh", "iam_profile", "lifecycle_hooks", "ami", "assume_role", "account", "region"),
    *("alarms", "app_name", "group_name"),
)
_TEMPLATES = (
    *("ec2:CreateLaunchTemplateVersion", "ec2:DeleteLaunchTemplate", "ec2:DeleteLaunchTemplateVersions"),
    "ec2:RunInstances",
)


@frozen
class Facts:
    """The names of one role's resources.

    `templates` are ids, and None where nobody knows them, like the ARNs of `launch_roles`: `profiles` names their
    instance profiles. The group `takes_new` templates where it launches from none. `configs` are deployment
    configurations.
    """

    label: str
    prefix: str
    place: Place
    group: str
    application: str
    deployment_group: str
    configs: tuple[str, ...]
    service_role: str
    bucket: str
    folder: str
    outputs: str
    outputs_folder: str
    parameters: tuple[str, ...]
    stacks: tuple[str, ...]
    alarms: tuple[str, ...]
    composites: bool
    dashboard: str
    assume_role: str
    hook_roles: tuple[str, ...]
    profiles: tuple[str, ...]
    templates: tuple[str, ...] | None
    takes_new: bool
    launch_roles: tuple[str, ...] | None


def facts(session: Session, role: Role, actions: Collection[str], *, offline: bool) -> Facts:
    """What is known of a role, as far as these actions need it; `offline` asks AWS nothing.

    Raises: UsageError where the region is unknown; UdoError.
    """
    place = place_of(session, role, role.label, offline=offline)
    aws = session.aws(role)
    role = role if offline else session.resolve(role, *_KEYS)
    live = None if offline or not _looks(actions) else aws.autoscaling.groups([role.group_name]).get(role.group_name)
    profiles = _profiles(aws, role, live, actions)
    launch_roles = None if offline else _launch_roles(aws, profiles, place)
    return Facts(
        label=role.label,
        prefix=f"{role.cluster}-{role.name}-",
        place=place,
        group=role.group_name,
        application=_text(role, "deploy.application"),
        deployment_group=_text(role, "deploy.deployment_group"),
        configs=_configs(aws, role, actions, offline=offline),
        service_role=_text(role, "deploy.service_role"),
        bucket=_text(role, "deploy.s3.bucket"),
        folder=_folder(role, "deploy.s3.prefix"),
        outputs=_text(role, "ssh.ssm.bucket"),
        outputs_folder=_folder(role, "ssh.ssm.prefix"),
        parameters=_parameters(role),
        stacks=tuple(dict.fromkeys(name.partition(".")[0] for name in _lookups(role, "cfn"))),
        alarms=tuple(said_alarms(role).values()),
        composites=any("composite" in one for one in (role.get("alarms") or {}).values()),
        dashboard=dashboard_name(role.get("app_name"), role.cluster),
        assume_role=_text(role, "assume_role"),
        hook_roles=tuple(_hook_roles(role)),
        profiles=profiles,
        templates=None if offline else _templates(aws, role, live, actions),
        takes_new=live is None or not isinstance(live.launch, LaunchTemplateReference),
        launch_roles=launch_roles,
    )


def place_of(session: Session, role: Role, label: str, *, offline: bool) -> Place:
    """Where a part of udo.yml lives. Raises: UsageError where the region is unknown; UdoError."""
    aws = session.aws(role)
    if not aws.region:
        raise UsageError(f"the region of {label} is unknown", hint="set region in udo.yml, or use --region")
    return Place(aws.region, role.account or (ANY if offline else aws.identity()[0]))


def _looks(actions: Collection[str]) -> bool:
    return any(one in actions for one in (*_TEMPLATES, "iam:PassRole"))


def _text(role: Role, key: str) -> str:
    return str(role.get(key) or "")


def _folder(role: Role, key: str) -> str:
    return _text(role, key).strip("/")


def _parameters(role: Role) -> tuple[str, ...]:
    """The names of the parameters that udo.yml looks up, without versions and labels."""
    found = _lookups(role, "ssm")
    ami = role.get("ami")
    found += [parameter_of(ami)] if isinstance(ami, str) else []
    return tuple(dict.fromkeys(name.partition(":")[0] for name in found if name))


def _lookups(role: Role, kind: str) -> list[str]:
    # Those of stacks are none of a role's.
    keys = [path for path, key in schema.BY_PATH.items() if not key.parent and "role" in key.levels]
    return [lookup.argument for lookup in role.lookups(*keys) if lookup.kind == kind]


def _hook_roles(role: Role) -> Iterator[str]:
    """The roles that lifecycle hooks name: Auto Scaling notifies by them."""
    for hook in (role.get("lifecycle_hooks") or {}).values():
        if named := hook.get("RoleARN"):
            yield str(named)


def _templates(aws: Aws, role: Role, live: AutoScalingGroup | None, actions: Collection[str]) -> tuple[str, ...]:
    """The templates that the group launches from, and the one that is called like it, which Udo made or would make."""
    if not any(one in actions for one in _TEMPLATES):
        return ()
    used = (live.launch, *live.own_templates) if live else ()
    found = [one.id for one in used if isinstance(one, LaunchTemplateReference)]
    found += [one.template_id for one in aws.ec2.launch_template_named(role.group_name)[:1]]
    return tuple(dict.fromkeys(found))


def _configs(aws: Aws, role: Role, actions: Collection[str], *, offline: bool) -> tuple[str, ...]:
    """The deployment configuration of udo.yml and, where AWS is asked, that of the deployment group."""
    found = [_text(role, "deploy.config")]
    application, name = _text(role, "deploy.application"), _text(role, "deploy.deployment_group")
    if "codedeploy:GetDeploymentConfig" in actions and application and name and not offline:
        with _missing():
            there = aws.codedeploy.deployment_groups(application, [name]).get(name)
            found += [there.config] if there else []
    return tuple(dict.fromkeys(one for one in found if one))


def _profiles(aws: Aws, role: Role, live: AutoScalingGroup | None, actions: Collection[str]) -> tuple[str, ...]:
    """The names of the instance profiles that udo.yml says and that the group launches with."""
    found = [_text(role, "iam_profile")]
    if live is not None and "iam:PassRole" in actions:
        found += [_profile_of(aws, live)]
    # An ARN ends in its path and its name.
    return tuple(dict.fromkeys(one.rpartition("/")[2] for one in found if one))


def _profile_of(aws: Aws, live: AutoScalingGroup) -> str:
    match live.launch:
        case LaunchConfigurationReference(name=name):
            data: Any = next((one.data for one in aws.autoscaling.launch_configurations([name]).values()), {})
            return str(data.get("IamInstanceProfile") or "")
        case LaunchTemplateReference(id=template, version=version):
            with _missing():
                data = next((one.data for one in aws.ec2.launch_template_versions(template, version)), {})
                profile = data.get("IamInstanceProfile") or {}
                return str(profile.get("Arn") or profile.get("Name") or "")
    return ""


@contextmanager
def _missing() -> Iterator[None]:
    """Lets what is not there be. Raises: AwsError for anything else that AWS refuses."""
    try:
        yield
    except AwsError as error:
        if not error.aws_code.endswith(("DoesNotExistException", ".NotFound")):
            raise


def _launch_roles(aws: Aws, profiles: tuple[str, ...], place: Place) -> tuple[str, ...]:
    return tuple(dict.fromkeys(arn for name in profiles for arn in aws.named.profile_roles(name)))
