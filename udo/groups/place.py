"""Where a new group lives: the subnets that udo.yml means, or zones of the default VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Refused, UsageError
from udo.groups.subnets import NAMING, by_id, observe_subnets

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Role


def observe_place(aws: Aws, role: Role) -> tuple[Role, str]:
    """The role as if udo.yml named its subnets by id, and the id of the VPC in which its new group lives; empty where
    that is the default one, and there is none.

    Raises: UsageError where udo.yml does not say where; Refused where AWS has it otherwise; another UdoError.
    """
    if found := observe_subnets(aws, role):
        return by_id(role, found), found[0].vpc_id
    if not role.get("availability_zones"):
        raise UsageError(
            f"{role.label} does not say where its group lives ({role.mark})",
            hint=f"set {', '.join(NAMING[:-1])} or {NAMING[-1]}; or availability_zones, for the default VPC",
        )
    default, meant = aws.named.default_vpc(), role.get("vpc")
    if meant and meant != default:
        told = f"{role.label} is to live in {meant} ({role.where('vpc')}), and availability_zones mean the default VPC"
        raise Refused(told, hint=f"set {', '.join(NAMING[:-1])} or {NAMING[-1]}; nothing was changed")
    return role, default
