"""What brings traffic to a group: which sources it has, which udo.yml means, and whether AWS would attach them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.plan import Read
from udo.errors import Absent, AwsError, Refused
from udo.groups.settings import says, wanted_traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.change.conditions import Reading
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup

TRAFFIC = ("elbs", "target_groups", "traffic_sources")
_STAYING = "TrafficSources[?State != 'Removing' && State != 'Removed']"
# Source: botocore elb and elbv2, errors of these operations.
_MISSING = ("TargetGroupNotFound", "LoadBalancerNotFound", "AccessPointNotFound")
_NOTHING = "nothing was changed"


def traffic_read(group_name: str, path: str) -> Read:
    """Of the traffic sources of a group that stay."""
    return Read("autoscaling", "DescribeTrafficSources", {"AutoScalingGroupName": group_name}, f"{_STAYING} | {path}")


def observe_traffic(
    reading: Reading, role: Role, group: AutoScalingGroup
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The traffic sources of the group, by identifier with their type, and the ARNs of the target groups of udo.yml, by
    name; both empty where udo.yml says nothing of any. What is to be attached exists and fits the group.

    Raises: Absent, Refused; another UdoError.
    """
    if not says(role, *TRAFFIC):
        return {}, {}
    there: dict[str, str] = dict(reading(traffic_read(group.name, "[].[Identifier, Type]")) or [])
    arns = target_group_arns(reading, role)
    missing = {one: kind for one, kind in wanted_traffic(role, arns).items() if one not in there}
    check_traffic(reading, role, missing, group.subnets)
    return there, arns


def target_group_arns(reading: Reading, role: Role) -> dict[str, str]:
    """The ARNs of the target groups that udo.yml gives by name.

    Raises: Absent where one does not exist; another UdoError.
    """
    said = (role.get("target_groups") or ()) if says(role, "target_groups") else ()
    names = [one for one in said if ":" not in one]
    return dict(_described(reading, role, "elbv2", "target_groups", "Names", names)) if names else {}


def check_traffic(reading: Reading, role: Role, sources: Mapping[str, str], subnets: Iterable[str]) -> None:
    """Accepts sources that exist and, where they are target groups, have instances for targets and are in the VPC of
    these subnets. Those of VPC Lattice AWS looks up itself.

    Raises: Absent, Refused; another UdoError.
    """
    classic = [one for one, kind in sources.items() if kind == "elb"]
    if classic:
        _described(reading, role, "elb", "elbs", "LoadBalancerNames", classic)
    arns = [one for one, kind in sources.items() if kind == "elbv2"]
    if not arns:
        return
    first = next(iter(subnets), None)
    home = reading(Read("ec2", "DescribeSubnets", {"SubnetIds": [first]}, "Subnets[0].VpcId")) if first else None
    rows = _described(reading, role, "elbv2", "target_groups", "TargetGroupArns", arns, "VpcId, TargetType")
    for _, arn, vpc, kind in rows:
        place = f"target group {arn.split('/')[1]} of {role.label} ({_where(role, 'target_groups')})"
        if kind not in (None, "instance"):
            raise Refused(f"{place} takes {kind} targets, no instances", hint=_NOTHING)
        if home and vpc not in (None, home):
            raise Refused(f"{place} is in {vpc}, {role.group_name} lives in {home}", hint=_NOTHING)


def _described(
    reading: Reading, role: Role, service: str, key: str, member: str, names: list[str], more: str = ""
) -> list[list[str]]:
    """A row each of these. Raises: Absent for the first that does not exist; another UdoError."""
    classic = service == "elb"
    operation, rows = (
        ("DescribeLoadBalancers", "LoadBalancerDescriptions") if classic else ("DescribeTargetGroups", "TargetGroups")
    )
    columns = "LoadBalancerName" if classic else "TargetGroupName, TargetGroupArn"
    path = f"{rows}[].[{columns}{f', {more}' if more else ''}]"
    try:
        found: list[list[str]] = reading(Read(service, operation, {member: names}, path)) or []
    except AwsError as error:
        if error.aws_code not in _MISSING:
            raise
        if len(names) > 1:
            # AWS does not say which.
            return [row for one in names for row in _described(reading, role, service, key, member, [one], more)]
        noun = "classic load balancer" if classic else "target group"
        place = f"{noun} {names[0]} of {role.label} ({_where(role, key)})"
        raise Absent(f"{place} does not exist", hint=_NOTHING) from error
    return found


def _where(role: Role, key: str) -> str:
    return role.where(key if says(role, key) else "traffic_sources")
