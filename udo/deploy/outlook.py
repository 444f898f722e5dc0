"""Reads what a forecast of a deployment needs; what AWS does not tell is said, and keeps nothing from being done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.deploy.arithmetic import AWS_OWN, ONE_AT_A_TIME
from udo.errors import AwsError, PermissionDenied
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.model.deployments import Deployment, DeploymentConfig
    from udo.model.groups import AutoScalingGroup, Member

# What is rarely asked for, and by clients that are built then, which is not done by several threads.
_ALONE = frozenset({"config", "alarms"})
# Asks for several things at the same time.
Together = Callable[[Sequence[Callable[[], Any]]], list[Any]]


@frozen
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


def observe_outlook(
    aws: Aws, role: Role, observed: Observed, together: Together, known: DeploymentConfig | None = None
) -> Outlook:
    """The outlook of a deployment: one read for a running refresh, and one for each thing that is used beside that.

    `together` asks for several things at the same time. A configuration that is `known` is not read.
    """
    reading = _Reading(aws, role, observed, known)
    aws.open(*reading.services)
    together([partial(reading.ask, name) for name in reading.wanted if name not in _ALONE])
    for name in _ALONE & reading.wanted.keys():
        reading.ask(name)
    found = reading.found
    own = observed.group
    return Outlook(
        (own, *found.get("groups", {}).values()),
        reading.known_config or found.get("config"),
        frozenset(reading.stopped()),
        found.get("refresh", ""),
        found.get("alarms", None if "alarms" in reading.wanted else {}),
        reading.known_good or found.get("good"),
        found.get("failed", ()),
        tuple(reading.unknown[name] for name in reading.wanted if name in reading.unknown),
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
    """The reads by name, each only where it has something to tell; what they gave, and what could not be read."""

    def __init__(self, aws: Aws, role: Role, observed: Observed, known: DeploymentConfig | None) -> None:
        self.found: dict[str, Any] = {}
        self.unknown: dict[str, str] = {}
        self._aws = aws
        config = str(role.get("deploy.config") or observed.deployment_group.config or ONE_AT_A_TIME)
        good = observed.deployment_group.last_successful if rolls_back(role, observed) else None
        self.known_config = known or AWS_OWN.get(config)
        self.known_good = next((one for one in observed.deployments if one.deployment_id == good), None)
        self._ill = [one.instance_id for one in observed.group.members if one.in_service and not one.is_healthy]
        self.wanted = dict(self._of_groups(observed))
        if self.known_config is None:
            what = f"how many instances {config} takes at a time"
            self.wanted["config"] = what, lambda: aws.codedeploy.deployment_config(config)
        if good and self.known_good is None:
            self.wanted["good"] = "what a rollback would bring back", lambda: aws.codedeploy.deployment(good)

    def _of_groups(self, observed: Observed) -> Iterator[tuple[str, tuple[str, Callable[[], Any]]]]:
        aws, group, over, last = self._aws, observed.group, observed.deployment_group, observed.last
        others = [name for name in over.auto_scaling_groups if name != group.name]
        yield "refresh", ("whether an instance refresh runs", lambda: aws.autoscaling.active_refresh(group.name))
        if others:
            yield "groups", ("how many its other groups have", lambda: aws.autoscaling.groups(others))
        if self._ill:
            yield "ill", ("whether unhealthy members run", lambda: aws.ec2.instances(self._ill))
        if over.alarms:
            yield "alarms", ("whether its alarms are in ALARM", lambda: aws.cloudwatch.alarm_states(over.alarms))
        # Where only some lack the revision, those are all that it goes to.
        if last is not None and last.overview.get("Failed") and not observed.lacking:
            one = last.deployment_id
            yield "failed", ("where the last deployment failed", lambda: aws.codedeploy.target_ids(one, ("Failed",)))

    @property
    def services(self) -> list[str]:
        """Which services they ask, whose clients are built beforehand."""
        return ["autoscaling", "codedeploy", *(["ec2"] if self._ill else [])]

    def ask(self, name: str) -> None:
        """Carries one of them out."""
        what, ask = self.wanted[name]
        try:
            self.found[name] = ask()
        except (AwsError, PermissionDenied) as error:
            self.unknown[name] = f"{what} is unknown: {error.message}"

    def stopped(self) -> Iterator[str]:
        """Those in service that do not run, or are no more."""
        if (known := self.found.get("ill")) is not None:
            running = {one for one, found in known.items() if found.state in ("running", "pending")}
            yield from (one for one in self._ill if one not in running)
