"""What each check of `udo doctor` finds in a world that is spoiled for it, and what it lets pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import doctor_worlds as w


@dataclass(frozen=True)
class Case:
    """A world that is spoiled: `level`, `what` and `remedy` of what is found, or none of it where it passes.

    `denied` are actions that the caller may not do. `config` are texts of the seeded udo.yml and what stands in their
    place, `later` is done to the file once the world is there. `{id}` stands for what `spoil` gives, `{one}` and
    `{two}` for the members before, `{image}` for what they run, `{subnet}` for where the first subnet is, `{since}` and
    `{why}` for what the world makes up.
    """

    check: str
    spoil: Any = None
    level: str = ""
    what: str = ""
    remedy: str = ""
    config: tuple[tuple[str, str], ...] = ()
    later: tuple[tuple[str, str], ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    denied: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.check}: {self.what[:40] or 'passes'}"


AS_CONFIGURATION = (("scale_policy:", "launch: {as: configuration}\nscale_policy:"),)
ONE_SUBNET = (("[10.1.1.0/28, 10.1.2.0/28]", "[10.1.1.0/28]"),)
NO_TOKENS = (("metadata_options: {HttpTokens: required}\n", ""),)
_AGE = "2026-01-05T"
LOCK = "prod-web is locked {how} (user/somebody on elsewhere since {{since}})"
UPDATELC, UPDATE, REFRESH = "udo updatelc prod web", "udo update prod web", "udo refresh prod web"


def _delete_configuration(world: Any) -> None:
    from moto.autoscaling.models import autoscaling_backends

    # AWS keeps one that is in use; some were deleted before it did.
    autoscaling_backends[world.account]["us-west-2"].launch_configurations.pop("prod-web-v1")


def _warm(world: Any) -> None:
    w.asg(world).put_warm_pool(AutoScalingGroupName=w.GROUP, MinSize=1)
    world.clock.step(600)
    w.version(world)


LAUNCH_CASES = (
    Case(
        "credentials",
        later=(("region: us-west-2", 'region: us-west-2\naccount: "999999999999"'),),
        level="fails",
        what="these credentials are of account 123456789012, prod web is in 999999999999",
        remedy="set aws_profile or assume_role, or use --profile",
    ),
    Case(
        "credentials",
        env={"AWS_SESSION_TOKEN": "token", "AWS_CREDENTIAL_EXPIRATION": "+1830"},
        level="warning",
        what="they expire in 30m, and a deployment may take 1h",
        remedy="renew them first",
    ),
    Case("credentials", env={"AWS_SESSION_TOKEN": "token", "AWS_CREDENTIAL_EXPIRATION": "+7200"}),
    Case(
        "clock",
        lambda world: setattr(world, "ahead", 490.0),
        "fails",
        "this machine's clock is 8m behind AWS's: requests are refused",
        "set it by NTP: timedatectl set-ntp true",
    ),
    Case(
        "clock",
        lambda world: setattr(world, "ahead", -90.0),
        "warning",
        "this machine's clock is 1m ahead of AWS's",
        "set it by NTP: timedatectl set-ntp true",
    ),
    Case("clock", lambda world: setattr(world, "ahead", 30.0)),
    Case(
        "permissions",
        level="warning",
        what="standby lacks autoscaling:EnterStandby",
        remedy="'udo iam prod web --verb standby' prints the policy",
        denied=("autoscaling:EnterStandby",),
    ),
    Case(
        "permissions",
        level="warning",
        what="cp, ssh lack ec2-instance-connect:SendSSHPublicKey",
        remedy="'udo iam prod web --verb cp,ssh' prints the policy",
        denied=("ec2-instance-connect:SendSSHPublicKey",),
    ),
    Case("permissions", denied=("s3:DeleteBucket",)),
    Case(
        "launch template",
        w.template_gone,
        "fails",
        "launch template prod-web version 2 was deleted, so prod-web cannot launch",
        "use 'udo updatelc prod web', or 'udo rollback prod web' where an older version is left",
    ),
    Case(
        "launch configuration",
        level="warning",
        what="launches from launch configuration prod-web-v1: AWS adds nothing to launch configurations, and new "
        "accounts cannot make them",
        remedy=f"{UPDATELC} --to-template",
        config=AS_CONFIGURATION,
    ),
    Case(
        "launch configuration",
        _delete_configuration,
        "fails",
        "launch configuration prod-web-v1 is gone: nobody is launched",
        UPDATELC,
        config=AS_CONFIGURATION,
    ),
    Case(
        "image",
        lambda world: w.ec2(world).deregister_image(ImageId=w.image(world)),
        "fails",
        "image {image} does not exist, or is not shared with this account: launches fail",
        f"set ami (udo.yml:4), then {UPDATELC}",
    ),
    Case(
        "image",
        w.deprecated,
        "warning",
        "image {image} is deprecated since 2026-01-06: its owner may remove it",
        f"set ami (udo.yml:4), then {UPDATELC}",
    ),
    Case(
        "image",
        partial(w.deprecate, days=29),
        "warning",
        "image {image} will be deprecated on 2026-02-03: its owner may remove it",
        f"set ami (udo.yml:4), then {UPDATELC}",
    ),
    Case("image", partial(w.deprecate, days=31)),
    Case(
        "key pair",
        lambda world: w.ec2(world).delete_key_pair(KeyName="shop"),
        "fails",
        "key pair shop does not exist: launches fail",
        f"set keypair_name (udo.yml:6), then {UPDATELC}",
    ),
    Case(
        "security group",
        w.security_group_gone,
        "fails",
        "security group sg-0a1b2c3d4e5f60718 does not exist: launches fail",
        f"set security_groups (udo.yml:8), then {UPDATELC}",
    ),
    Case(
        "instance profile",
        w.profile_gone,
        "fails",
        "instance profile shop-instance does not exist: launches fail",
        f"set iam_profile (udo.yml:7), then {UPDATELC}",
    ),
    Case(
        "instance profile",
        w.profile_without_role,
        "fails",
        "instance profile shop-instance has no role: its instances have no credentials",
        "aws iam add-role-to-instance-profile --instance-profile-name shop-instance --role-name ROLE",
    ),
    Case(
        "metadata",
        level="warning",
        what="IMDSv1 is allowed in what it launches: metadata and credentials without a token",
        remedy=f"set metadata_options.HttpTokens: required (udo.yml:16), then {UPDATELC}",
        config=NO_TOKENS,
    ),
    Case(
        "metadata",
        lambda world: w.version(world, MetadataOptions={"HttpTokens": "required"}),
        "warning",
        "IMDSv1 is allowed on {one}, {two}, launched from something else",
        REFRESH,
        config=NO_TOKENS,
    ),
    Case(
        "outdated members",
        w.version,
        "warning",
        "2 of 2 members differ from launch template prod-web version 2",
        REFRESH,
    ),
    Case(
        "warm pool",
        _warm,
        "warning",
        "2 of 2 instances in the warm pool differ from launch template prod-web version 2",
        REFRESH,
    ),
    Case(
        "zones",
        level="warning",
        what="all members are in us-west-2a: where that zone fails, so does the role",
        remedy=f"set subnets_cidr (udo.yml:10), then {UPDATE}",
        config=ONE_SUBNET,
    ),
)
