"""The subnets that udo.yml means for a group: by id, by CIDR block, or by tags, all in one VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Absent, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.instances import Subnet

# What is said of subnets; a role is resolved for all of these first.
KEYS = ("subnets", "subnets_cidr", "subnets_tags", "vpc", "availability_zones")
NAMING = KEYS[:3]
_NOTHING = "nothing was changed"


def observe_subnets(aws: Aws, role: Role, home: Sequence[str] = ()) -> tuple[Subnet, ...]:
    """The subnets that udo.yml means for the role, in the order in which it names them; none where it names none.

    `home` are those that its group has now: without `vpc` theirs is the VPC that is meant.

    Raises: Absent, Refused; ConfigError; another UdoError.
    """
    if not names_subnets(role):
        return ()
    ids, blocks, tags = (role.get(key) or () for key in NAMING)
    return meant_subnets(role, aws.named.subnets([*ids, *home[:1]], blocks, [tags] if tags else ()), home)


def by_id(role: Role, subnets: Iterable[Subnet]) -> Role:
    """The role as if udo.yml named these subnets by id."""
    return role.saying({"subnets": [one.subnet_id for one in subnets], "subnets_cidr": [], "subnets_tags": {}})


def names_subnets(role: Role) -> bool:
    """Whether udo.yml names subnets for the role, however it does."""
    return any(role.says(key) and role.get(key) for key in NAMING)


def meant_subnets(role: Role, found: Iterable[Subnet], home: Sequence[str] = ()) -> tuple[Subnet, ...]:
    """Those of all that were found which are meant; see `observe_subnets`.

    Raises: Absent where one does not exist; Refused where they are not all in one VPC, or not in the zones of udo.yml.
    """
    found = list(found)
    vpc = role.get("vpc")
    lives = next((one.vpc_id for one in found if one.subnet_id in home), None)
    named = (one for key, name, fits in _named(role, found) for one in _inside(role, key, name, fits, vpc or lives))
    meant = tuple({one.subnet_id: one for one in named}.values())
    vpcs = sorted({one.vpc_id for one in meant})
    if len(vpcs) > 1:
        raise Refused(
            f"the subnets of {role.label} are in {' and '.join(vpcs)}", hint=f"{_NOTHING}; set vpc to choose one"
        )
    if lives and lives not in vpcs:
        told = f"the subnets of {role.label} ({_where(role)}) are in {vpcs[0]}, {role.group_name} lives in {lives}"
        raise Refused(told, hint=f"{_NOTHING}; a group moves to another VPC only by being made anew")
    _in_zones(role, meant)
    return meant


def tag_words(tags: Mapping[str, str]) -> str:
    """Tags in one line."""
    return ", ".join(f"{name}={value}" for name, value in tags.items())


def _named(role: Role, found: Sequence[Subnet]) -> Iterator[tuple[str, str, list[Subnet]]]:
    """Key, name and those that answer to it, for each name."""
    for name in role.get("subnets") or ():
        yield "subnets", f"subnet {name}", [one for one in found if one.subnet_id == name]
    for block in role.get("subnets_cidr") or ():
        yield "subnets_cidr", f"subnet {block}", [one for one in found if block in (one.cidr, *one.ipv6_cidrs)]
    if tags := role.get("subnets_tags"):
        fits = [one for one in found if tags.items() <= one.tags.items()]
        yield (
            "subnets_tags",
            f"subnet with {tag_words(tags)}",
            sorted(fits, key=lambda one: (one.availability_zone, one.subnet_id)),
        )


def _inside(role: Role, key: str, name: str, fits: list[Subnet], vpc: str | None) -> list[Subnet]:
    """Those in the VPC that is meant. Raises: Absent, Refused."""
    place = f"{name} of {role.label} ({role.where(key)})"
    if not fits:
        raise Absent(f"{place} does not exist", hint=_NOTHING)
    inside = [one for one in fits if vpc in (None, one.vpc_id)]
    # By its id it is meant wherever it is.
    if not inside and not (key == "subnets" and not role.get("vpc")):
        there = " and ".join(sorted({one.vpc_id for one in fits}))
        raise Refused(f"{place} is in {there}, not in {vpc}", hint=_NOTHING)
    inside = inside or fits
    if len({one.vpc_id for one in inside}) > 1:
        there = " and ".join(sorted({one.vpc_id for one in inside}))
        raise Refused(f"{place} is in {there}", hint=f"{_NOTHING}; set vpc to choose one")
    return inside


def _in_zones(role: Role, meant: Iterable[Subnet]) -> None:
    """Accepts subnets in the zones that udo.yml has, where it has any. Raises: Refused.

    Source: API_CreateAutoScalingGroup, VPCZoneIdentifier: with AvailabilityZones the subnets must be in these.
    """
    zones = role.get("availability_zones") or ()
    for one in meant:
        if zones and one.availability_zone not in zones:
            told = f"subnet {one.subnet_id} of {role.label} ({_where(role)}) is in {one.availability_zone}"
            wanted = f"{', '.join(zones)} ({role.where('availability_zones')})"
            raise Refused(f"{told}, not in {wanted}", hint=f"{_NOTHING}; leave availability_zones out")


def _where(role: Role) -> str:
    return next(role.where(key) for key in NAMING if role.get(key))
