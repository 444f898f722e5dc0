"""What there is of a role that its part of a dashboard shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from udo.change.plan import Read
from udo.dashboards.markers import observe_markers
from udo.errors import UsageError
from udo.groups.alarms import topics_of, wanted_alarms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.dashboards.markers import Marker
    from udo.groups.alarms import Wanted
    from udo.model.groups import AutoScalingGroup
    from udo.session import Session

# What of udo.yml is looked up for a dashboard.
KEYS = ("app_name", "alarms", "deploy.application", "deploy.deployment_group")
# Source: ec2-auto-scaling-metrics.html: there are none of a group until they are switched on.
CAPACITY = ("GroupMinSize", "GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize")
# So many groups are named in a note.
_FEW = 8
_PATH = "TargetGroups[].[TargetGroupArn, LoadBalancerArns]"


class Seen(NamedTuple):
    """A role and its alarms, where they are, its group (None for none), and what sends requests to it.

    `behind` are pairs of dimensions, a target group and its load balancer, as AWS names them in metrics; `classic` are
    names of classic load balancers. `markers` are None where AWS does not tell.
    """

    role: Role
    region: str
    place: str
    group: AutoScalingGroup | None
    alarms: tuple[Wanted, ...]
    behind: tuple[tuple[str, str], ...] = ()
    classic: tuple[str, ...] = ()
    markers: tuple[Marker, ...] | None = ()

    @property
    def alarm_arns(self) -> list[str]:
        """The ARNs of its alarms, those first that are made of others."""
        made_of_others = [one for one in self.alarms if one.operation == "PutCompositeAlarm"]
        plain = [one for one in self.alarms if one.operation != "PutCompositeAlarm"]
        start = topics_of(self.place).replace(":sns:", ":cloudwatch:")
        return [f"{start}:alarm:{one.full}" for one in (*made_of_others, *plain)]


def observe(session: Session, roles: Sequence[Role], warn: Callable[[str], None]) -> list[Seen]:
    """What there is of these roles, in their order.

    Raises: UsageError for roles of several accounts; another UdoError.
    """
    found: dict[str, Seen] = {}
    accounts: dict[str, str] = {}
    for aws, together in session.by_aws(roles):
        account, caller = aws.identity()
        accounts.setdefault(account, together[0].label)
        place = f"arn:{caller.split(':')[1]}:cloudwatch:{aws.region}:{account}"
        groups = aws.autoscaling.groups([role.group_name for role in together], whole=True)
        behind = _behind(aws, groups)
        for role in together:
            one = _seen(aws, session.resolve(role, *KEYS), groups.get(role.group_name), place, warn)
            found[role.label] = one._replace(behind=tuple(behind.get(role.group_name, ())))
    if len(accounts) > 1:
        told = ", ".join(f"{label} in {account}" for account, label in accounts.items())
        raise UsageError(f"a dashboard shows one account: {told}", hint="name one role to see its part alone")
    for note in _lacking(list(found.values())):
        warn(note)
    return [found[role.label] for role in roles]


def _lacking(found: Sequence[Seen]) -> Iterator[str]:
    """What their parts will not show: groups that are not there, and capacity that CloudWatch does not measure."""
    if absent := [one.role for one in found if one.group is None]:
        does, shows = ("does", f"{absent[0].label} shows") if len(absent) == 1 else ("do", "their parts show")
        yield f"{_several([role.group_name for role in absent])} {does} not exist: {shows} nothing yet"
    blind: dict[str, list[str]] = {}
    for one in found:
        if one.group and (missing := _missing(one.group)):
            how = "not measured" if len(missing) == len(CAPACITY) else f"measured without {', '.join(missing)}"
            blind.setdefault(how, []).append(one.role.group_name)
    for how, names in blind.items():
        yield (
            f"capacity of {_several(names)} is {how}: "
            f"add metrics: [{', '.join(CAPACITY)}] to udo.yml, then 'udo update'"
        )


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"{', '.join(names[:_FEW])}{more}"


def _seen(aws: Aws, role: Role, group: AutoScalingGroup | None, place: str, warn: Callable[[str], None]) -> Seen:
    return Seen(
        role,
        aws.region or "",
        place,
        group,
        wanted_alarms(role, topics_of(place)),
        classic=tuple(group.raw.get("LoadBalancerNames") or ()) if group else (),
        markers=observe_markers(aws, role, warn, exists=group is not None),
    )


def _missing(group: AutoScalingGroup) -> list[str]:
    measured = {one["Metric"] for one in group.raw.get("EnabledMetrics") or ()}
    return [one for one in CAPACITY if one not in measured]


def _behind(aws: Aws, groups: Mapping[str, AutoScalingGroup]) -> dict[str, list[tuple[str, str]]]:
    """The target groups of groups with their load balancers, by group; AWS is asked where there are any."""
    wanted = {name: list(_target_groups(group)) for name, group in groups.items()}
    if not any(wanted.values()):
        return {}
    # Source: API_DescribeTargetGroups: those that are named come in pages of 400 at most.
    rows = aws.read(Read("elbv2", "DescribeTargetGroups", {"PageSize": 400}, _PATH)) or []
    balancers = dict(rows)
    return {
        name: [
            (arn.rpartition(":")[2], balancer.partition(":loadbalancer/")[2])
            for arn in arns
            for balancer in sorted(balancers.get(arn) or ())
        ]
        for name, arns in wanted.items()
    }


def _target_groups(group: AutoScalingGroup) -> Iterator[str]:
    sources = (one.get("Identifier", "") for one in group.raw.get("TrafficSources") or ())
    arns = [*(group.raw.get("TargetGroupARNs") or ()), *(one for one in sources if ":elasticloadbalancing:" in one)]
    yield from sorted({one for one in arns if ":targetgroup/" in one})
