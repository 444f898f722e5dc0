"""The target groups that a new group is registered with: that they exist, in its VPC, and take instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from udo.change.plan import Read
from udo.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udo.aws import Aws
    from udo.config import Role

_PATH = "TargetGroups[].[TargetGroupName, TargetGroupArn, VpcId, TargetType]"


class _TargetGroup(NamedTuple):
    """A target group; `kind` is what its targets are."""

    name: str
    arn: str
    vpc: str | None
    kind: str | None


def observe_target_groups(aws: Aws, role: Role, vpc: str) -> Mapping[str, str]:
    """The ARNs of the target groups that udo.yml says, by the names it has them under; `vpc` is that of the group.

    Raises: Refused for one that does not exist, is in another VPC, or does not take instances; another UdoError.
    """
    wanted = dict(_wanted(role))
    if not wanted:
        return {}
    rows = aws.read(Read("elbv2", "DescribeTargetGroups", {"PageSize": 400}, _PATH)) or []
    known = [_TargetGroup(*row) for row in rows]
    found = {}
    for name, key in wanted.items():
        one = next((one for one in known if name in (one.name, one.arn)), None)
        if told := _wrong(one, vpc):
            hint = f"see {role.where(key)}; nothing was changed"
            raise Refused(f"target group {name} of {role.label} {told}", hint=hint)
        found[name] = one.arn if one else ""
    return found


def _wanted(role: Role) -> Iterator[tuple[str, str]]:
    """What udo.yml calls target groups, each with its key."""
    for name in role.get("target_groups") or ():
        yield name, "target_groups"
    for one in role.get("traffic_sources") or ():
        if ":targetgroup/" in one["Identifier"] and ":vpc-lattice:" not in one["Identifier"]:
            yield one["Identifier"], "traffic_sources"


def _wrong(one: _TargetGroup | None, vpc: str) -> str:
    """Why a group cannot be registered with it; empty where it can."""
    if one is None:
        return "does not exist"
    # Source: docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html: of target type instance.
    if one.kind not in (None, "instance"):
        return f"takes {one.kind} targets, and members of a group are instances"
    return f"is in {one.vpc}, and the group in {vpc}" if vpc and one.vpc and one.vpc != vpc else ""
