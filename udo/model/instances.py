"""Instances and the network they live in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from udo.frozen import frozen


@frozen
class Instance:
    """An EC2 instance; addresses are None where it has none; `launched_at` is RFC 3339 UTC."""

    instance_id: str
    state: str
    instance_type: str = ""
    image_id: str = ""
    availability_zone: str = ""
    private_address: str | None = None
    public_address: str | None = None
    ipv6_address: str | None = None
    launched_at: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@frozen
class SecurityGroup:
    """A security group of a VPC."""

    group_id: str
    name: str
    vpc_id: str = ""


@frozen
class Subnet:
    """A subnet of a VPC; `ipv6_cidrs` are its IPv6 blocks, `free` how many addresses are left, where AWS says it."""

    subnet_id: str
    vpc_id: str
    cidr: str
    ipv6_cidrs: tuple[str, ...] = ()
    availability_zone: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    free: int | None = None
