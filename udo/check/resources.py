"""Reads what the roles of one AWS account and region name, each kind once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from udo.config.known import value
from udo.errors import AwsError, PermissionDenied
from udo.groups.gone import gone_of
from udo.launch.images import parameter_of

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import DeploymentGroup
    from udo.model.groups import AutoScalingGroup
    from udo.model.instances import SecurityGroup, Subnet
    from udo.model.launch import Image

T = TypeVar("T")


class Resources:
    """What there is of all that some roles name, read when first asked for; None is what could not be read.

    `notes` says why; `image_parameters` are the values of the parameters that `ami` names; `also` are images that are
    read with those of the roles, and `group` is the one of a single role where it was read before.
    """

    def __init__(
        self, aws: Aws, roles: Sequence[Role], *, also: Iterable[str] = (), group: AutoScalingGroup | None = None
    ) -> None:
        self.aws = aws
        self.roles = roles
        self._also = frozenset(also)
        if group:
            self.groups = {group.name: group}
        self.notes: list[str] = []

    @cached_property
    def account(self) -> str | None:
        """The account of these credentials."""
        return self._read(lambda: self.aws.identity()[0])

    @cached_property
    def groups(self) -> Mapping[str, AutoScalingGroup] | None:
        """The roles' groups by name."""
        return self._read(lambda: self.aws.autoscaling.groups(role.group_name for role in self.roles))

    @cached_property
    def gone(self) -> frozenset[str] | None:
        """The names of the groups whose launch template, or the version that they launch, was deleted."""
        return self._read(lambda: gone_of(self.aws, (self.groups or {}).values()))

    @cached_property
    def image_parameters(self) -> Mapping[str, str] | None:
        """The values of the parameters that hold images, by name."""
        named = list(filter(None, map(parameter_of, self._all("ami"))))
        return self._read(lambda: self.aws.ssm.parameters(named))

    @cached_property
    def images_by_name(self) -> Mapping[tuple[str, str], str | None] | None:
        """The newest image of each owner and name pattern; AWS has no batch for it."""
        wanted = {(ami["owner"], ami["name"]) for role in self.roles if isinstance(ami := value(role, "ami"), dict)}
        return self._read(
            lambda: {one: (self.aws.ec2.image_named(*one) or {}).get("ImageId") for one in sorted(wanted)}
        )

    @cached_property
    def images(self) -> Mapping[str, Image] | None:
        """The images by id, those that parameters and names stand for too."""
        ids = [ami for ami in self._all("ami") if not parameter_of(ami)]
        found = [*ids, *(self.image_parameters or {}).values(), *filter(None, (self.images_by_name or {}).values())]
        return self._read(lambda: self.aws.ec2.images(sorted({*found, *self._also})))

    @cached_property
    def architectures(self) -> Mapping[str, frozenset[str]] | None:
        """What each instance type can run, those of overrides of the groups too."""
        of_groups = (override.instance_type for group in (self.groups or {}).values() for override in group.overrides)
        kinds = [*self._all("instance_type"), *filter(None, of_groups)]
        return self._read(lambda: self.aws.named.architectures(kinds))

    @cached_property
    def key_pairs(self) -> frozenset[str] | None:
        """The key pairs."""
        return self._read(lambda: self.aws.named.key_pairs(self._all("keypair_name")))

    @cached_property
    def profiles(self) -> frozenset[str] | None:
        """The names of instance profiles."""
        return self._read(self.aws.named.instance_profiles)

    @cached_property
    def vpcs(self) -> frozenset[str] | None:
        """The VPCs."""
        return self._read(lambda: self.aws.named.vpcs(self._all("vpc")))

    @cached_property
    def zones(self) -> frozenset[str] | None:
        """The availability zones of the region."""
        return self._read(self.aws.named.availability_zones)

    @cached_property
    def subnets(self) -> Sequence[Subnet] | None:
        """The subnets of these ids, blocks and tags, and those the groups live in now."""
        ids = [*self._all("subnets"), *(one for group in (self.groups or {}).values() for one in group.subnets)]
        tags = [value(role, "subnets_tags") for role in self.roles]
        return self._read(lambda: self.aws.named.subnets(ids, self._all("subnets_cidr"), filter(None, tags)))

    @cached_property
    def security_groups(self) -> Sequence[SecurityGroup] | None:
        """The security groups of these ids and names."""
        named = self._all("security_groups")
        ids = [name for name in named if name.startswith("sg-")]
        return self._read(lambda: self.aws.named.security_groups(ids, [name for name in named if name not in ids]))

    @cached_property
    def target_groups(self) -> Mapping[str, Mapping[str, Any]] | None:
        """The target groups by name and ARN."""
        return self._read(self.aws.named.target_groups)

    @cached_property
    def load_balancers(self) -> frozenset[str] | None:
        """The names of classic load balancers."""
        return self._read(self.aws.named.load_balancers)

    @cached_property
    def alarms(self) -> frozenset[str] | None:
        """The names of those alarms that guard the roles and exist."""
        return self._read(lambda: frozenset(self.aws.cloudwatch.alarm_states(self._all("guards.alarms"))))

    @cached_property
    def topics(self) -> frozenset[str] | None:
        """The names of the topics of this account and region."""
        return self._read(self.aws.named.topics)

    @cached_property
    def applications(self) -> frozenset[str] | None:
        """The names of CodeDeploy applications."""
        return self._read(self.aws.named.applications)

    @cached_property
    def deployment_configurations(self) -> frozenset[str] | None:
        """The names of CodeDeploy deployment configurations."""
        return self._read(self.aws.named.deployment_configurations)

    @cached_property
    def deployment_groups(self) -> Mapping[str, Mapping[str, DeploymentGroup] | None]:
        """The deployment groups by application and name, for the applications that are there."""
        wanted: dict[str, list[str]] = {}
        for role in self.roles:
            application, name = value(role, "deploy.application"), value(role, "deploy.deployment_group")
            if application and name and application in (self.applications or {application}):
                wanted.setdefault(application, []).append(name)
        return {application: self._groups_of(application, names) for application, names in wanted.items()}

    def _groups_of(self, application: str, names: Iterable[str]) -> Mapping[str, DeploymentGroup] | None:
        return self._read(lambda: self.aws.codedeploy.deployment_groups(application, dict.fromkeys(names)))

    def _all(self, key: str) -> list[str]:
        found = (name for role in self.roles for name in _texts(value(role, key)))
        return list(dict.fromkeys(found))

    def _read(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except (AwsError, PermissionDenied) as error:
            self.notes.append(f"?: {error}")
            return None


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, list):
        yield from found
