"""Reads what the checks rest on: in batches over all roles that are reached the same way, as far as AWS has batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.deploy.blue_green import serving
from udo.doctor.facts import Facts
from udo.doctor.hooks import is_open
from udo.doctor.permissions import Needed, Question, needs, questions, reason, untagged
from udo.doctor.watching import alarms_of, topics
from udo.errors import AwsError, CredentialsError, PermissionDenied, UdoError
from udo.groups.gone import existing_versions
from udo.groups.locks import observe_locks
from udo.launch.images import parameter_of
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference
from udo.status.page import deployment_group, target_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.session import Session

# So many are asked for by one request. Source: API_DescribeAutoScalingGroups, API_BatchGetDeploymentGroups,
# API_BatchGetDeployments.
_GROUPS = 100
_DEPLOYMENTS = 25
# So many instances of a deployment that failed tell why.
_FEW = 25


@dataclass
class Way:
    """What is read of the roles that are reached the same way; `notes` say what could not be, and why."""

    aws: Aws
    roles: tuple[Role, ...]
    facts: Facts
    notes: dict[str, str] = field(default_factory=dict)
    principal: str = ""

    def refused(self) -> bool:
        """Looks whose the credentials are, and gives whether AWS takes none of them.

        Raises: UdoError where AWS does not answer.
        """
        callers = self.aws.callers
        try:
            with self._reading("caller"):
                self.facts.caller = callers.look()
        except CredentialsError as error:
            self.facts.refused = (error.message, "", error.hint or "")
        self.facts.skew = callers.skew
        return bool(self.facts.refused)

    def first(self) -> Iterator[Callable[[], None]]:
        """The reads that rest on nothing but udo.yml."""
        wanted: dict[str, list[str]] = {}
        for application, name in filter(None, map(deployment_group, self.roles)):
            wanted.setdefault(application, []).append(name)
        self.aws.open("autoscaling", "ssm", "cloudwatch", *(["codedeploy"] if wanted else []))
        yield from (partial(self._groups, names) for names in shares((one.group_name for one in self.roles), _GROUPS))
        for application, known in wanted.items():
            yield from (partial(self._deployment_groups, application, names) for names in shares(known, _GROUPS))
        yield self._put("locks", lambda: {lock.group: lock for lock in observe_locks(self.aws)})
        yield self._put("alarms", self.aws.cloudwatch.all_alarms)

    def copies(self) -> Iterator[Callable[[], None]]:
        """The reads of groups that blue/green deployments have put in the place of those of udo.yml."""
        names = [name for role in self.roles if (name := self.name(role)) != role.group_name]
        yield from (partial(self._groups, share) for share in shares(names, _GROUPS))

    def then(self) -> Iterator[Callable[[], None]]:
        """The reads that rest on the groups."""
        aws, groups = self.aws, self.groups()
        if not groups:
            return
        aws.open("ec2", "elbv2", "elb", "sns", "iam")
        aws.open("ec2", whole=True)
        yield from self._launches(groups)
        ids = [member.instance_id for group in groups for member in group.members]
        yield self._put("hosts", lambda: aws.ec2.hosts(ids))
        subnets = dict.fromkeys(one for group in groups for one in group.subnets)
        yield self._put("subnets", lambda: {one.subnet_id: one for one in aws.named.subnets(subnets)})
        if arns := dict.fromkeys(arn for group in groups for arn in target_groups(group)):
            yield self._put("target_groups", lambda: frozenset(aws.named.target_groups()))
            yield from (self._keep("targets", arn, partial(self._health, arn)) for arn in arns)
        if any(group.raw.get("LoadBalancerNames") for group in groups):
            yield self._put("load_balancers", aws.named.load_balancers)
        for group in groups:
            yield self._keep("hooks", group.name, partial(aws.autoscaling.hooks, group.name))
            yield self._keep("refreshes", group.name, partial(aws.autoscaling.latest_refreshes, group.name))
            if group.raw.get("WarmPoolConfiguration"):
                yield self._keep("warm", group.name, partial(aws.autoscaling.warm_pool, group.name))
        last = (one.last_attempted for one in self.facts.deployment_groups.values())
        for share in shares(filter(None, last), _DEPLOYMENTS):
            yield partial(self._deployments, share)
        if self._topics():
            yield self._put("subscribed", aws.news.subscribed_topics)

    def versions(self) -> Iterator[Callable[[], None]]:
        """The reads of the versions that templates launch, whose numbers are known by now."""
        named = (launch for group in self.groups() for launch in (group.launch, *group.own_templates))
        wanted = dict.fromkeys(self.facts.pinned(one) for one in named if isinstance(one, LaunchTemplateReference))
        for template, number in wanted:
            yield self._keep("versions", (template, number), partial(self._version, template, number))

    def last(self) -> Iterator[Callable[[], None]]:
        """The reads that rest on what is launched, on deployments that failed, and on alarms and hooks."""
        aws, facts, groups = self.aws, self.facts, self.groups()
        launched = [one for group in groups for one in facts.launched(group)]
        if launched:
            yield self._put("images", self._images)
            yield self._put("key_pairs", lambda: aws.named.key_pairs(filter(None, (one.key_pair for one in launched))))
            ids = dict.fromkeys(one for launch in launched for one in launch.security_groups)
            yield self._put("security_groups", lambda: aws.ec2.security_groups(ids))
            yield self._put("profiles", aws.named.roles_by_profile)
        if any(not one.tokens for one in launched):
            yield self._put("tokens", aws.ec2.metadata_tokens)
        for one in facts.deployments.values():
            if one.status == "Failed":
                yield self._keep("failed", one.deployment_id, partial(self._targets, one.deployment_id))
        if any(is_open(hook) for hooks in facts.hooks.values() for hook in hooks):
            aws.open("events")
            yield self._put("rules", aws.news.event_rules)
        if "subscribed" not in facts.unread:
            for topic in sorted(self._topics() - facts.subscribed):
                yield self._keep("listeners", topic, partial(self._listeners, topic))

    def permissions(self, session: Session) -> Iterator[Callable[[], None]]:
        """What verbs need, and what the simulator says to it."""
        facts = self.facts
        try:
            if not facts.caller:
                facts.no_simulation = "whose credentials they are could not be read"
                return
            self.principal = self.aws.simulation.principal(facts.caller.arn)
            if not self.principal:
                facts.no_simulation = "of root and of federated users the simulator knows nothing"
                return
            facts.needs = needs(session, facts, self.roles)
        except UdoError as error:
            facts.no_simulation = reason(error)
            return
        yield from map(self._asked, questions(map(untagged, facts.needs)))

    def apart(self) -> Iterator[Callable[[], None]]:
        """What the simulator says of members of single groups, where it is not the same for all."""
        known = self.facts.decisions
        said = ((one, known.get(untagged(one))) for one in self.facts.needs if one not in known)
        yield from map(self._asked, questions(one for one, told in said if told and not told.allowed))

    def _asked(self, asked: Question) -> Callable[[], None]:
        context = {condition.key: condition.values for condition in asked.conditions}
        context.setdefault("aws:RequestedRegion", (self.facts.region,))

        def keep() -> None:
            with self._reading("decisions"):
                found = self.aws.simulation.decisions(self.principal, asked.actions, asked.resources, context)
                for (action, resource), decision in found.items():
                    self.facts.decisions[Needed(action, resource, asked.conditions)] = decision

        return keep

    def groups(self) -> list[AutoScalingGroup]:
        """The groups of the roles that exist, each once."""
        names = dict.fromkeys(map(self.name, self.roles))
        return [self.facts.groups[name] for name in names if name in self.facts.groups]

    def name(self, role: Role) -> str:
        """The name of the group that serves a role."""
        named = deployment_group(role)
        found = self.facts.deployment_groups.get(named) if named else None
        return serving(role, found) if found else role.group_name

    def _launches(self, groups: Sequence[AutoScalingGroup]) -> Iterator[Callable[[], None]]:
        launches = [launch for group in groups for launch in (group.launch, *group.own_templates)]
        names = dict.fromkeys(one.name for one in launches if isinstance(one, LaunchConfigurationReference))
        if names:
            yield self._put("configurations", lambda: self.aws.autoscaling.launch_configurations(names))
        if any(isinstance(one, LaunchTemplateReference) for one in launches):
            yield self._put("numbers", self.aws.ec2.launch_templates)

    def _topics(self) -> set[str]:
        """The topics that alarms of the roles tell."""
        standing = ((role, self.facts.groups.get(self.name(role))) for role in self.roles)
        found = (alarms_of(self.facts, role, group).values() for role, group in standing if group)
        return {topic for alarms in found for alarm in alarms for topic in topics(alarm)}

    def _groups(self, names: Iterable[str]) -> None:
        self.facts.groups |= self.aws.autoscaling.groups(names)

    def _deployment_groups(self, application: str, names: Iterable[str]) -> None:
        with self._reading("deployment_groups"):
            for name, found in self.aws.codedeploy.deployment_groups(application, names).items():
                self.facts.deployment_groups[application, name] = found

    def _deployments(self, ids: Iterable[str]) -> None:
        with self._reading("deployments"):
            self.facts.deployments |= self.aws.codedeploy.named(ids)

    def _version(self, template: str, number: str) -> Any:
        return next(iter(existing_versions(self.aws, template, number)), None)

    def _targets(self, deployment_id: str) -> Any:
        ids = self.aws.codedeploy.target_ids(deployment_id, ("Failed", "Skipped", "Unknown"))
        return tuple(self.aws.codedeploy.targets(deployment_id, ids[:_FEW]))

    def _health(self, arn: str) -> Any:
        try:
            return self.aws.elbv2.target_health(arn)
        except AwsError as error:
            if error.aws_code not in ("TargetGroupNotFound", "TargetGroupNotFoundException"):
                raise
            return ()

    def _images(self) -> Any:
        named = dict.fromkeys(image for group in self.groups() for image in self.facts.image_ids(group))
        wanted = [one for one in map(parameter_of, named) if one]
        self.facts.parameters = self.aws.ssm.parameters(wanted)
        ids = [one for one in named if not parameter_of(one)]
        return self.aws.ec2.images(dict.fromkeys([*ids, *self.facts.parameters.values()]))

    def _listeners(self, topic: str) -> int:
        try:
            return self.aws.news.listeners(topic)
        except AwsError as error:
            if error.aws_code not in ("NotFound", "NotFoundException"):
                raise
            return -1

    def _put(self, name: str, read: Callable[[], Any]) -> Callable[[], None]:
        """A read that gives a part of the facts."""

        def put() -> None:
            with self._reading(name):
                setattr(self.facts, name, read())

        return put

    def _keep(self, name: str, key: Any, read: Callable[[], Any]) -> Callable[[], None]:
        """A read that gives what a part of the facts has under a key."""

        def keep() -> None:
            with self._reading(name):
                getattr(self.facts, name)[key] = read()

        return keep

    def _reading(self, name: str) -> _Reading:
        return _Reading(self, name)


class _Reading:
    """Lets the rest continue where a part of the facts cannot be read, and notes why."""

    def __init__(self, way: Way, name: str) -> None:
        self._way, self._name = way, name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, AwsError | PermissionDenied):
            return False
        self._way.facts.unread.add(self._name)
        says = f"?: {error.message}"
        self._way.notes[says] = says
        return True


def shares(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """The names, each once, in lists of so many at most."""
    rest = list(dict.fromkeys(names))
    for start in range(0, len(rest), size):
        yield rest[start : start + size]
