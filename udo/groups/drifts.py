"""Reads what the groups of many roles have beside their settings: at the same time, and listed where that is less."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from udo.errors import AwsError, UdoError
from udo.groups.settings import says
from udo.groups.subnets import NAMING, by_id, meant_subnets, names_subnets
from udo.groups.traffic import TRAFFIC
from udo.groups.update import KEYS, observe_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.change.plan import Read
    from udo.config import Role
    from udo.groups.update import Live
    from udo.model.groups import AutoScalingGroup
    from udo.model.instances import Subnet
    from udo.session import Session

# What AWS lists of all groups, by the key of udo.yml. Lifecycle hooks and traffic sources it tells group by group.
# Source: API_DescribePolicies and API_DescribeScheduledActions: AutoScalingGroupName is not required; a page has at
# most 100.
_LISTED = {
    "scaling_policies": ("DescribePolicies", "ScalingPolicies"),
    "scheduled_actions": ("DescribeScheduledActions", "ScheduledUpdateGroupActions"),
}
# So few groups are asked for one by one, and so many of the region come with one page, at five rows each.
_FEW, _A_PAGE = 3, 20


class Seen(NamedTuple):
    """A role, its subnets by their ids, and its group with what udo.yml says anything of."""

    role: Role
    live: Live


def observe_drifts(
    session: Session,
    aws: Aws,
    roles: Sequence[Role],
    groups: Mapping[str, AutoScalingGroup],
    subnets: Sequence[Subnet] | None = None,
    target_groups: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Seen | UdoError]:
    """What is seen of the group of each role that has one, by the role's label, or why it is not known.

    `groups` are all of the region, or those of the roles; `subnets` that the roles name and live in, and all
    `target_groups` by name and ARN, are not asked for where they are known.
    """
    there = [role for role in roles if role.group_name in groups]
    with suppress(UdoError):
        # All at once; what is not to be had is told of each role that rests on it.
        session.answers(aws, dict.fromkeys(one for role in there for one in role.lookups(*KEYS)))
    found = _Drifts(aws, groups, session.clock.time(), subnets=subnets, target_groups=target_groups)
    for role in there:
        found.known(role.label, partial(session.resolve, role, *KEYS))
    aws.open(*found.services(), whole=True)
    session.together(list(found.first()))
    session.together(list(found.then()))
    return found.seen


@dataclass
class _Drifts:
    """What is read of the groups that are reached the same way."""

    aws: Aws
    groups: Mapping[str, AutoScalingGroup]
    now: float
    roles: dict[str, Role] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    subnets: Sequence[Subnet] | UdoError | None = None
    target_groups: Mapping[str, Mapping[str, Any]] | UdoError | None = None
    seen: dict[str, Seen | UdoError] = field(default_factory=dict)

    def known(self, label: str, resolved: Callable[[], Role]) -> None:
        """Takes a role once it is known what udo.yml says of it."""
        try:
            self.roles[label] = resolved()
        except UdoError as error:
            self.seen[label] = error

    def services(self) -> Iterator[str]:
        """The services that are asked."""
        yield "autoscaling"
        if any(names_subnets(role) or says(role, *TRAFFIC) for role in self.roles.values()):
            yield "ec2"
        if any(says(role, "target_groups", "traffic_sources") for role in self.roles.values()):
            yield "elbv2"
        if any(says(role, "elbs", "traffic_sources") for role in self.roles.values()):
            yield "elb"
        if any(says(role, "alarms") for role in self.roles.values()):
            yield "cloudwatch"

    def first(self) -> Iterator[Callable[[], None]]:
        """The reads that are for many roles."""
        for key, (operation, member) in _LISTED.items():
            count = sum(says(role, key) for role in self.roles.values())
            if count > max(_FEW, len(self.groups) / _A_PAGE):
                yield partial(self._list, operation, member)
        naming = [role for role in self.roles.values() if names_subnets(role)]
        if naming and self.subnets is None:
            yield partial(self._subnets, naming)
        if self.target_groups is None and sum(says(role, "target_groups") for role in self.roles.values()) > _FEW:
            yield self._target_groups

    def then(self) -> Iterator[Callable[[], None]]:
        """The reads that are for one role each."""
        yield from (partial(self._one, label, role) for label, role in self.roles.items())

    def _read(self, read: Read) -> Any:
        """The value a Read means, from what is listed where it is. Raises: UdoError."""
        if read.operation == "DescribeTargetGroups" and self.target_groups is not None:
            rows = _known(self.target_groups, read.params.get("Names") or read.params["TargetGroupArns"])
            return self.aws.search(read.path, {"TargetGroups": rows})
        listed = self.rows.get(read.operation)
        if listed is None:
            return self.aws.read(read)
        if isinstance(listed, UdoError):
            raise listed
        return [row for row in listed if row["AutoScalingGroupName"] == read.params["AutoScalingGroupName"]]

    def _list(self, operation: str, member: str) -> None:
        from udo.change.plan import Read

        try:
            self.rows[operation] = self.aws.read(Read("autoscaling", operation, {"MaxRecords": 100}, f"{member}[]"))
        except UdoError as error:
            self.rows[operation] = error

    def _target_groups(self) -> None:
        try:
            self.target_groups = self.aws.named.target_groups()
        except UdoError as error:
            self.target_groups = error

    def _subnets(self, roles: Iterable[Role]) -> None:
        ids: list[str] = []
        blocks: list[str] = []
        tags: list[Mapping[str, str]] = []
        for role in roles:
            named, cidrs, tagged = (role.get(key) or () for key in NAMING)
            ids += [*named, *self.groups[role.group_name].subnets[:1]]
            blocks += cidrs
            tags += [tagged] if tagged else []
        try:
            self.subnets = self.aws.named.subnets(list(dict.fromkeys(ids)), list(dict.fromkeys(blocks)), tags)
        except UdoError as error:
            self.subnets = error

    def _one(self, label: str, role: Role) -> None:
        group = self.groups[role.group_name]
        try:
            if names_subnets(role):
                if isinstance(self.subnets, UdoError):
                    raise self.subnets
                role = by_id(role, meant_subnets(role, self.subnets or (), group.subnets))
            self.seen[label] = Seen(role, observe_parts(self._read, role, group, self.now))
        except UdoError as error:
            self.seen[label] = error


def _known(rows: Mapping[str, Mapping[str, Any]] | UdoError, names: Iterable[str]) -> list[Mapping[str, Any]]:
    """The row of each. Raises: UdoError, as where AWS is asked for one that does not exist."""
    if isinstance(rows, UdoError):
        raise rows
    names = list(names)
    if missing := [name for name in names if name not in rows]:
        raise AwsError(f"target group {missing[0]} does not exist", aws_code="TargetGroupNotFound")
    return [rows[name] for name in names]
