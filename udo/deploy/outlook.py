"""Reads what a forecast of a deployment needs; what AWS does not tell is said, and keeps nothing from being done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from udo.deploy.arithmetic import AWS_OWN, ONE_AT_A_TIME
from udo.errors import AwsError, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.model.deployments import Deployment, DeploymentConfig
    from udo.model.groups import AutoScalingGroup, Member

T = TypeVar("T")


@dataclass(frozen=True)
class Outlook:
    """What a deployment meets, as far as AWS tells; what it does not is in `unknown`, a line each.

    `groups` are the role's group and the others that it goes to; `stopped` are members in service that do not run,
    `failed` the instances that the last deployment failed on. `alarms` are states by name, `good` is the last success.
    """

    groups: tuple[AutoScalingGroup, ...]
    config: DeploymentConfig | None
    stopped: frozenset[str] = frozenset()
    refresh: str = ""
    alarms: Mapping[str, str] | None = None
    good: Deployment | None = None
    failed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def in_service(self) -> tuple[Member, ...]:
        """Those that CodeDeploy goes to, the role's own first."""
        return tuple(member for group in self.groups for member in group.members if member.in_service)


def observe_outlook(aws: Aws, role: Role, observed: Observed) -> Outlook:
    """The outlook of a deployment: one read for a running refresh, and one for each thing that is used beside that."""
    reading = _Reading(aws, observed)
    groups = reading.groups()
    return Outlook(
        groups,
        reading.config(str(role.get("deploy.config") or observed.deployment_group.config or ONE_AT_A_TIME)),
        reading.stopped(groups),
        reading.refresh(),
        reading.alarms(),
        reading.good() if rolls_back(role, observed) else None,
        reading.failed(),
        tuple(reading.unknown),
    )


def rolls_back(role: Role, observed: Observed) -> tuple[str, ...]:
    """The events after which CodeDeploy rolls the deployment back, as udo.yml or the deployment group says."""
    match role.get("deploy.on_failure"):
        case "rollback":
            return ("DEPLOYMENT_FAILURE",)
        case "stop":
            return ()
    return observed.deployment_group.rollback_on


class _Reading:
    """The reads, each only where it has something to tell."""

    def __init__(self, aws: Aws, observed: Observed) -> None:
        self._aws = aws
        self._observed = observed
        self._found = observed.deployment_group
        self.unknown: list[str] = []

    def groups(self) -> tuple[AutoScalingGroup, ...]:
        own = self._observed.group
        others = [name for name in self._found.auto_scaling_groups if name != own.name]
        if not others:
            return (own,)
        none: dict[str, AutoScalingGroup] = {}
        known = self._read("how many its other groups have", lambda: self._aws.autoscaling.groups(others), none)
        return (own, *(known[name] for name in others if name in known))

    def config(self, name: str) -> DeploymentConfig | None:
        if name in AWS_OWN:
            return AWS_OWN[name]
        return self._read(
            f"how many instances {name} takes at a time", lambda: self._aws.codedeploy.deployment_config(name), None
        )

    def stopped(self, groups: tuple[AutoScalingGroup, ...]) -> frozenset[str]:
        members = [member for group in groups for member in group.members if member.in_service]
        ill = [member.instance_id for member in members if member.health_status.lower() != "healthy"]
        if not ill:
            return frozenset()
        known = self._read("whether unhealthy members run", lambda: self._aws.ec2.instances(ill), None)
        if known is None:
            return frozenset()
        return frozenset(one for one in ill if one not in known or known[one].state not in ("running", "pending"))

    def refresh(self) -> str:
        name = self._observed.group.name
        return self._read("whether an instance refresh runs", lambda: self._aws.autoscaling.active_refresh(name), "")

    def alarms(self) -> Mapping[str, str] | None:
        names = self._found.alarms
        if not names:
            return {}
        return self._read("whether its alarms are in ALARM", lambda: self._aws.cloudwatch.alarm_states(names), None)

    def good(self) -> Deployment | None:
        wanted = self._found.last_successful
        if wanted is None:
            return None
        seen = next((one for one in self._observed.deployments if one.deployment_id == wanted), None)
        return seen or self._read(
            "what a rollback would bring back", lambda: self._aws.codedeploy.deployment(wanted), None
        )

    def failed(self) -> tuple[str, ...]:
        last = self._observed.last
        # Where only some lack the revision, those are all that it goes to.
        if last is None or not last.overview.get("Failed") or self._observed.lacking:
            return ()
        return self._read(
            "where the last deployment failed",
            lambda: self._aws.codedeploy.target_ids(last.deployment_id, ("Failed",)),
            (),
        )

    def _read(self, what: str, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except (AwsError, PermissionDenied) as error:
            self.unknown.append(f"{what} is unknown: {error.message}")
            return otherwise
