"""The network of the sandbox: the VPCs, subnets and security groups a configuration names, with its ids and CIDRs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from udo.sandbox.images import wanted_id

if TYPE_CHECKING:
    from udo.config import Role
    from udo.sandbox.world import World

# Subnets known by id only are given blocks here, where no VPC of a configuration is likely to be.
_SPARE = IPv4Network("100.64.0.0/10")


class Network:
    """What has been built of one region's network."""

    def __init__(self, world: World, region: str) -> None:
        self._ec2 = world.client("ec2", region)
        self._region = region
        self._vpcs: dict[str | None, str] = {}
        self._blocks: dict[str, list[IPv4Network]] = {}
        self._subnets: dict[tuple[str, str], str] = {}
        self._groups: dict[tuple[str, str], str] = {}
        self._spare = _SPARE.subnets(new_prefix=20)
        # moto makes the default VPC when it is first asked for anything: it must not get an id of the file.
        self._ec2.describe_vpcs()

    def subnets(self, role: Role) -> list[str]:
        """The ids of the role's subnets, made where they are not there yet; empty where it names none."""
        blocks = [IPv4Network(block) for block in role.get("subnets_cidr") or () if ":" not in block]
        named, tags = role.get("subnets") or (), role.get("subnets_tags")
        if not (blocks or named or tags):
            return []
        zones = _zones(role, self._region)
        vpc = self._vpc(role.get("vpc"), next(iter(blocks), None))
        made = [self._subnet(vpc, str(block), block, None, zone) for block, zone in zip(blocks, zones, strict=False)]
        made += [
            self._subnet(vpc, name, self._unused(vpc), name, zone) for name, zone in zip(named, zones, strict=False)
        ]
        return [*made, *self._tagged(vpc, role, tags)] if tags else made

    def default_subnets(self) -> list[str]:
        """The ids of the region's default subnets."""
        found = self._ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        return [subnet["SubnetId"] for subnet in found]

    def vpc_of(self, subnet: str) -> str:
        """The id of the VPC a subnet is in."""
        return str(self._ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"])

    def zones(self, role: Role) -> list[str]:
        """The availability zones of a role."""
        given = role.get("availability_zones")
        return list(given) if given else [f"{self._region}a", f"{self._region}b"]

    def security_groups(self, role: Role) -> list[str]:
        """The ids of the role's security groups, made where they are not there yet: names where its group lives, ids in
        the VPC that it says.
        """
        return [self._security_group(role, name) for name in role.get("security_groups") or ()]

    def in_default_vpc(self, role: Role) -> bool:
        """Whether the role's group lives in the default VPC."""
        return not (role.get("subnets_cidr") or role.get("subnets") or role.get("subnets_tags"))

    def _security_group(self, role: Role, name: str) -> str:
        by_id = name.startswith("sg-")
        vpc = "" if self.in_default_vpc(role) else self._vpc(role.get("vpc"), None)
        if by_id and (self._vpcs or role.get("vpc")):
            vpc = self._vpc(role.get("vpc"), None)
        key = ("" if by_id else vpc, name)
        if key not in self._groups:
            self._groups[key] = self._default_group(vpc) if name == "default" else self._made(name, vpc, by_id=by_id)
        return self._groups[key]

    def _made(self, name: str, vpc: str, *, by_id: bool) -> str:
        with wanted_id("moto.ec2.models.security_groups", "random_security_group_id", name if by_id else None):
            made = self._ec2.create_security_group(
                GroupName=name.replace("sg-", "group-") if by_id else name,
                Description="Of the sandbox",
                **({"VpcId": vpc} if vpc else {}),
            )
        return str(made["GroupId"])

    def _default_group(self, vpc: str) -> str:
        """The id of the group that a VPC has from the beginning, the default one where none is named."""
        if not vpc:
            (found,) = self._ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
            vpc = found["VpcId"]
        words = [{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": [vpc]}]
        return str(self._ec2.describe_security_groups(Filters=words)["SecurityGroups"][0]["GroupId"])

    def _vpc(self, name: str | None, block: IPv4Network | None) -> str:
        if name not in self._vpcs:
            cidr = _widened(block or IPv4Network("10.0.0.0/16"))
            with wanted_id("moto.ec2.models.vpcs", "random_vpc_id", name):
                made = self._ec2.create_vpc(CidrBlock=str(cidr))["Vpc"]["VpcId"]
            self._vpcs[name] = made
            self._blocks[made] = [cidr]
        return self._vpcs[name]

    def _subnet(self, vpc: str, key: str, block: IPv4Network, name: str | None, zone: str) -> str:
        if (vpc, key) not in self._subnets:
            self._widen(vpc, block)
            with wanted_id("moto.ec2.models.subnets", "random_subnet_id", name):
                made = self._ec2.create_subnet(VpcId=vpc, CidrBlock=str(block), AvailabilityZone=zone)
            self._subnets[vpc, key] = made["Subnet"]["SubnetId"]
        return self._subnets[vpc, key]

    def _tagged(self, vpc: str, role: Role, tags: Mapping[str, str]) -> list[str]:
        """The ids of subnets with these tags, one in each zone of the role."""
        listed = [{"Key": name, "Value": value} for name, value in tags.items()]
        made = []
        for zone in self.zones(role):
            # A key with a slash is a block.
            key = f"{sorted(tags.items())} {zone}".replace("/", " ")
            if (vpc, key) not in self._subnets:
                self._ec2.create_tags(Resources=[self._subnet(vpc, key, self._unused(vpc), None, zone)], Tags=listed)
            made.append(self._subnets[vpc, key])
        return made

    def _widen(self, vpc: str, block: IPv4Network) -> None:
        if not any(block.subnet_of(known) for known in self._blocks[vpc]):
            cidr = _widened(block)
            self._ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=str(cidr))
            self._blocks[vpc].append(cidr)

    def _unused(self, vpc: str) -> IPv4Network:
        taken = [IPv4Network(key) for owner, key in self._subnets if owner == vpc and "/" in key]
        return next(block for block in self._spare if not any(block.overlaps(other) for other in taken))


def _zones(role: Role, region: str) -> Iterator[str]:
    given = role.get("availability_zones") or [f"{region}a", f"{region}b"]
    while True:
        yield from given


def _widened(block: IPv4Network) -> IPv4Network:
    """Source: API_CreateVpc: a VPC's block is between /28 and /16."""
    return block.supernet(new_prefix=16) if block.prefixlen > 16 else block
