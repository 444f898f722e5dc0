"""The security groups that udo.yml names, by id or by name, as those of one VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup


def names_by_id(aws: Aws, role: Role, group: AutoScalingGroup, live: Mapping[str, Any]) -> Role:
    """The role with its security groups by the ids they have where its group lives, but for names that are live.

    Raises: Refused for one that is not there; another UdoError.
    """
    said = role.get("security_groups") or []
    names = [name for name in said if not name.startswith("sg-")]
    if not names or {*names} <= {*live.get("SecurityGroups", ())}:
        return role
    subnets = aws.named.subnets(group.subnets[:1])
    vpc = subnets[0].vpc_id if subnets else aws.named.default_vpc()
    return role.saying({"security_groups": observe_security_groups(aws, role, vpc)})


def observe_security_groups(aws: Aws, role: Role, vpc: str) -> list[str]:
    """The ids of the role's security groups in this VPC, in the order of udo.yml.

    Raises: Refused for one that is not there, or is one of another VPC; another UdoError.
    """
    said = role.get("security_groups") or []
    ids = [name for name in said if name.startswith("sg-")]
    known = aws.named.security_groups(ids, [name for name in said if name not in ids]) if said else ()
    found = []
    for name in said:
        fitting = [one for one in known if name in (one.group_id, one.name)]
        inside = [one for one in fitting if vpc in ("", one.vpc_id)]
        if len(inside) != 1:
            where = " and ".join(sorted(one.vpc_id for one in fitting))
            told = f"is in {where}, and the group in {vpc or 'no VPC that is known'}" if fitting else "does not exist"
            hint = f"see {role.where('security_groups')}; nothing was changed"
            raise Refused(f"security group {name} of {role.label} {told}", hint=hint)
        found.append(inside[0].group_id)
    return list(dict.fromkeys(found))
