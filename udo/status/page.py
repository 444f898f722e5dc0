"""Reads what the page of all roles shows: in batches, at the same time what does not rest on each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.deploy.blue_green import moved, serving
from udo.frozen import frozen
from udo.groups.alarms import said_alarms
from udo.groups.locks import Locks
from udo.groups.outdated import follows, numbered
from udo.model.deployments import Deployment
from udo.model.groups import APP_TAG
from udo.status.footnote import Footnote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import DeploymentGroup
    from udo.model.groups import AutoScalingGroup
    from udo.model.targets import TargetHealth
    from udo.session import Session
    from udo.status.details import Details

# So many are asked for by one request. Source: API_DescribeAutoScalingGroups, API_DescribeAlarms,
# API_BatchGetDeploymentGroups and API_BatchGetDeployments.
_GROUPS = _ALARMS = 100
_DEPLOYMENTS = 25
_FEW = 5
# Targets of a target group by its ARN; None where that is unknown.
Targets = dict[str, "tuple[TargetHealth, ...] | None"]


@frozen
class Deployed:
    """The last deployments of a deployment group (None where it does not exist), unless they are unknown."""

    group: DeploymentGroup | None = None
    attempted: Deployment | None = None
    successful: Deployment | None = None
    is_known: bool = True


@frozen
class Standing:
    """How a role stands: its group (None where there is none), the targets that it may be among, what was deployed.

    `deployed` is None where udo.yml names no deployment group; `lock` is its row, None or `?`; `numbers` are what
    $Latest and $Default mean of launch templates, by id, where a group follows them. `alarms` are those of udo.yml that
    exist, by their names in AWS; None where they are unknown or udo.yml says none.
    """

    role: Role
    group: AutoScalingGroup | None
    targets: Mapping[str, tuple[TargetHealth, ...] | None]
    deployed: Deployed | None
    lock: Any
    numbers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    alarms: Mapping[str, Mapping[str, Any]] | None = None

    @property
    def pinned(self) -> AutoScalingGroup | None:
        """Its group as if it launched from the numbers that aliases mean, as far as they are known."""
        return numbered(self.group, self.numbers) if self.group else None


@frozen
class Page:
    """How all roles stand, in their order, and the footnotes."""

    standings: tuple[Standing, ...]
    notes: tuple[str, ...]


def observe_page(
    session: Session, roles: Sequence[Role], *, all_roles: bool = False, details: Details | None = None
) -> Page:
    """How the roles stand; where they are all there are, groups that are tagged as theirs and no role's are noted.

    `details` are of the one role, and read at the same time.

    Raises: UdoError where groups cannot be read; what else cannot be is unknown, with a footnote.
    """
    locks = Locks(session.clock.time())
    ways = [_Way(aws, tuple(together), locks) for aws, together in session.by_aws(roles)]
    reads = [read for way in ways for read in way.first(strangers=all_roles)]
    session.together([*reads, *(details.first() if details else ())])
    moved_details = details.first() if details and details.moved_to(ways[0].serving_name()) else ()
    session.together([*(read for way in ways for read in way.copies()), *moved_details])
    reads = [read for way in ways for read in way.then()]
    session.together([*reads, *(details.then(*ways[0].only()) if details else ())])
    found = {one.role.label: one for way in ways for one in way.standings()}
    notes = [note for way in ways for note in way.notes()]
    # Of a group that does not exist nothing else is unknown.
    notes += sorted(details.footnotes) if details and found[roles[0].label].group else ()
    return Page(tuple(found[role.label] for role in roles), tuple(dict.fromkeys((*notes, *locks.notes))))


def deployment_group(role: Role) -> tuple[str, str] | None:
    """The application and the deployment group that udo.yml names for the role."""
    application, name = role.get("deploy.application"), role.get("deployment_group")
    return (application, name) if application and name else None


def target_groups(group: AutoScalingGroup) -> list[str]:
    """The ARNs of the target groups that the group is attached to."""
    return list(group.raw.get("TargetGroupARNs") or ())


@dataclass
class _Way:
    """What is read of the roles that are reached the same way."""

    aws: Aws
    roles: tuple[Role, ...]
    locks: Locks
    groups: dict[str, AutoScalingGroup] = field(default_factory=dict)
    strangers: dict[str, set[str]] = field(default_factory=dict)
    deployment_groups: dict[tuple[str, str], DeploymentGroup] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    targets: Targets = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    alarms: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    are_alarms_known: bool = True
    footnotes: dict[str, str] = field(default_factory=dict)

    def first(self, *, strangers: bool) -> Iterator[Callable[[], None]]:
        """The reads that rest on nothing but udo.yml."""
        wanted: dict[str, list[str]] = {}
        for application, name in filter(None, map(deployment_group, self.roles)):
            wanted.setdefault(application, []).append(name)
        alarms = [full for role in self.roles for full in said_alarms(role).values()]
        self.aws.open("autoscaling", "ssm", *(["codedeploy"] if wanted else []), *(["cloudwatch"] if alarms else []))
        yield from (partial(self._alarms, names) for names in _shares(alarms, _ALARMS))
        yield from (partial(self._groups, names) for names in _shares((one.group_name for one in self.roles), _GROUPS))
        apps = {str(app) for one in self.roles if (app := one.get("app_name"))} if strangers else ()
        yield from (partial(self._strangers, app) for app in apps)
        for application, known in wanted.items():
            yield from (partial(self._deployment_groups, application, names) for names in _shares(known, _GROUPS))
        yield partial(self.locks.observe, self.aws)

    def copies(self) -> Iterator[Callable[[], None]]:
        """The reads of groups that blue/green deployments have put in the place of those of udo.yml."""
        names = [self._name(role) for role in self.roles if self._moved(role)]
        yield from (partial(self._groups, share) for share in _shares(names, _GROUPS))

    def then(self) -> Iterator[Callable[[], None]]:
        """The reads that rest on the first ones."""
        arns = dict.fromkeys(arn for group in self.groups.values() for arn in target_groups(group))
        if arns:
            self.aws.open("elbv2")
        yield from (partial(self._targets, arn) for arn in arns)
        if any(map(follows, self.groups.values())):
            self.aws.open("ec2")
            yield self._numbers
        last = ((one.last_attempted, one.last_successful) for one in self.deployment_groups.values())
        ids = (one for both in last for one in both if one)
        yield from (partial(self._deployments, share) for share in _shares(ids, _DEPLOYMENTS))

    def only(self) -> tuple[AutoScalingGroup | None, DeploymentGroup | None]:
        """The group of the first role and the deployment group over it, as far as there are such."""
        deployed = self._deployed(self.roles[0])
        return self.groups.get(self.serving_name()), deployed.group if deployed else None

    def serving_name(self) -> str:
        """The name of the group that serves the first role."""
        return self._name(self.roles[0])

    def standings(self) -> Iterator[Standing]:
        """How each of the roles stands, from what was read."""
        for role in self.roles:
            group = self.groups.get(self._name(role))
            targets = {arn: self.targets.get(arn) for arn in target_groups(group)} if group else {}
            lock = self.locks.row(self.aws, role.group_name)
            named = said_alarms(role) if self.are_alarms_known else {}
            alarms = {full: self.alarms[full] for full in named.values() if full in self.alarms} if named else None
            yield Standing(role, group, targets, self._deployed(role), lock, self.numbers, alarms)

    def notes(self) -> Iterator[str]:
        """The footnotes, in the same order however the reads came about."""
        yield from (self.footnotes[what] for what in sorted(self.footnotes))
        yield from filter(None, map(self._moved, self.roles))
        known = {name for role in self.roles for name in (role.group_name, self._name(role))}
        for app, names in self.strangers.items():
            if others := sorted(names - known):
                more = f" and {len(others) - _FEW} more" if len(others) > _FEW else ""
                are = "is" if len(others) == 1 else "are"
                yield f"{', '.join(others[:_FEW])}{more} {are} tagged {APP_TAG}={app} in AWS and not in udo.yml"

    def _over(self, role: Role) -> DeploymentGroup | None:
        named = deployment_group(role)
        return self.deployment_groups.get(named) if named else None

    def _name(self, role: Role) -> str:
        """The name of the group that serves."""
        found = self._over(role)
        return serving(role, found) if found else role.group_name

    def _moved(self, role: Role) -> str:
        found = self._over(role)
        return moved(role, found) if found else ""

    def _deployed(self, role: Role) -> Deployed | None:
        named = deployment_group(role)
        if named is None:
            return None
        found = self.deployment_groups.get(named)
        if found is None:
            return Deployed(is_known=named[0] not in self.silent)
        successful = self._deployment(found, found.last_successful, "Succeeded")
        return Deployed(found, self._deployment(found, found.last_attempted, found.last_status), successful)

    def _deployment(self, group: DeploymentGroup, one: str | None, status: str) -> Deployment | None:
        """The deployment as it was read, or what the deployment group tells of it."""
        if not one:
            return None
        return self.deployments.get(one) or Deployment(one, status, group.application, group.name, {})

    def _alarms(self, names: Iterable[str]) -> None:
        with Footnote(self.footnotes, "alarms are unknown") as asked:
            self.alarms |= self.aws.cloudwatch.alarms(names)
        self.are_alarms_known &= not asked.failed

    def _groups(self, names: Iterable[str]) -> None:
        self.groups |= self.aws.autoscaling.groups(names)

    def _strangers(self, app: str) -> None:
        with Footnote(self.footnotes, "groups that udo.yml does not know are unknown"):
            self.strangers[app] = set(self.aws.autoscaling.tagged(APP_TAG, app))

    def _deployment_groups(self, application: str, names: Iterable[str]) -> None:
        with Footnote(self.footnotes) as asked:
            for name, found in self.aws.codedeploy.deployment_groups(application, names).items():
                self.deployment_groups[application, name] = found
        self.silent |= {application} if asked.failed else set()

    def _deployments(self, ids: Iterable[str]) -> None:
        with Footnote(self.footnotes, "how many instances the last deployments failed on is unknown"):
            self.deployments |= self.aws.codedeploy.named(ids)

    def _numbers(self) -> None:
        with Footnote(self.footnotes, "what $Latest and $Default mean is unknown"):
            self.numbers = self.aws.ec2.launch_templates()

    def _targets(self, arn: str) -> None:
        with Footnote(self.footnotes, "the health of targets is unknown"):
            self.targets[arn] = self.aws.elbv2.target_health(arn)


def _shares(names: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = list(dict.fromkeys(names))
    for start in range(0, len(rest), size):
        yield rest[start : start + size]
