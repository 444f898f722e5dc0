"""What launch data names must exist: images, key pairs, security groups, instance profiles."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from moto.core.utils import get_service_model

from udo.sandbox.strict.autoscaling.launch_reference import template_references, template_version
from udo.sandbox.strict.rules import Refusal, Request, refuses, rule

_IMAGE = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})")
# Letters, generation, and what is special of it: m, 8 and gd.
_FAMILY = re.compile(r"([a-z]+)(\d+)([a-z]*(?:-[a-z0-9]+)?)")
_TAKING_LAUNCH_DATA = ("CreateAutoScalingGroup", "StartInstanceRefresh", "UpdateAutoScalingGroup")
_FORMED = "You must use a valid fully-formed launch template."


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any image")
def configurations_name_known_images(request: Request) -> None:
    """A launch configuration names an image that exists: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-ami.html.
    """
    image = request.params.get("ImageId")
    if image and (why := missing_image(request.backend("ec2"), image)):
        raise Refusal("ValidationError", f"AMI {image} is invalid: {why}")


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any instance type")
def configurations_name_known_instance_types(request: Request) -> None:
    """A launch configuration names an instance type of a size that exists: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html; botocore ec2 shape
    InstanceType.
    """
    kind = request.params.get("InstanceType")
    if kind and not _type_exists(kind):
        raise Refusal("ValidationError", f"Invalid instance type: {kind}")


def _type_exists(kind: str) -> bool:
    """Whether AWS has a type: botocore knows it, or its family is the next generation of one that botocore knows.

    Families come faster than releases of botocore; letters and sizes do not.
    """
    family, _, size = kind.partition(".")
    families, newest, sizes = _types()
    if size not in sizes:
        return False
    parts = _FAMILY.fullmatch(family)
    return family in families or (parts is not None and int(parts[2]) <= newest.get(parts[1], -1) + 1)


@functools.cache
def _types() -> tuple[frozenset[str], dict[str, int], frozenset[str]]:
    """The families that botocore knows, the newest generation for each of their letters, and all sizes."""
    known: Any = get_service_model("ec2").shape_for("InstanceType")
    families = frozenset(kind.partition(".")[0] for kind in known.enum)
    newest: dict[str, int] = {}
    for parts in filter(None, map(_FAMILY.fullmatch, families)):
        newest[parts[1]] = max(newest.get(parts[1], 0), int(parts[2]))
    return families, newest, frozenset(kind.partition(".")[2] for kind in known.enum)


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any key pair")
def configurations_name_known_key_pairs(request: Request) -> None:
    """A launch configuration names a key pair that exists: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html (`The key pair <..> does not
    exist`).
    """
    name = request.params.get("KeyName")
    if name and name not in request.backend("ec2").key_pairs:
        raise Refusal("ValidationError", f"The key pair '{name}' does not exist")


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts them, and crashes when the group launches")
def configurations_name_known_security_groups(request: Request) -> None:
    """A launch configuration names security groups that exist, by id or by name in the default VPC: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html (`The security group <..>
    does not exist`); github.com/hashicorp/terraform issue 3600 (`No default VPC for this user`).
    """
    ec2 = request.backend("ec2")
    default = next((vpc.id for vpc in ec2.vpcs.values() if str(vpc.is_default).lower() == "true"), None)
    for name in request.params.get("SecurityGroups") or []:
        if ec2.get_security_group_from_id(name) is not None:
            continue
        if default is None and not name.startswith("sg-"):
            raise Refusal("ValidationError", "No default VPC for this user")
        if ec2.get_security_group_from_name(name, default) is None:
            raise Refusal("ValidationError", f"The security group '{name}' does not exist")


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any instance profile")
def configurations_name_known_instance_profiles(request: Request) -> None:
    """A launch configuration names an instance profile that exists, by name or ARN: ValidationError.

    Source: github.com/hashicorp/terraform issues (`Invalid IamInstanceProfile`), seen while a new profile spreads.
    """
    profile = request.params.get("IamInstanceProfile")
    if profile and not _profile_exists(request, profile):
        raise Refusal("ValidationError", f"Invalid IamInstanceProfile: {profile}")


def _profile_exists(request: Request, profile: str) -> bool:
    from moto.iam.models import iam_backends

    known = iam_backends[request.account]["aws"].instance_profiles.values()
    return any(profile in (one.name, one.arn) for one in known)


@refuses("autoscaling", *_TAKING_LAUNCH_DATA, moto="accepts any image, key and group")
def templates_name_what_exists(request: Request) -> None:
    """A group is put on a launch template only if its image, type, key pair, instance profile and security groups
    exist: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html.
    """
    for reference in template_references(request.params):
        data = template_version(request.backend("ec2"), reference).data
        if why := _missing(request, data):
            raise Refusal("ValidationError", f"{_FORMED} {why}")


@refuses("autoscaling", *_TAKING_LAUNCH_DATA, moto="accepts any type")
def overrides_name_known_types(request: Request) -> None:
    """An override of a mixed instances policy names an instance type that exists: ValidationError.

    Source: botocore autoscaling shape LaunchTemplateOverrides, member InstanceType.
    """
    for override in _overrides(request.params):
        if (kind := override.get("InstanceType")) and not _type_exists(kind):
            raise Refusal("ValidationError", f"{_FORMED} Invalid value '{kind}' for InstanceType.")


@refuses("autoscaling", *_TAKING_LAUNCH_DATA, moto="accepts any image")
def overrides_name_known_images(request: Request) -> None:
    """An override of a mixed instances policy names an image by its id, and one that exists: ValidationError.

    Source: botocore autoscaling shape LaunchTemplateOverrides, member ImageId (pattern `^ami-[a-z0-9]{1,17}$`).
    """
    for override in _overrides(request.params):
        image = override.get("ImageId")
        if image and not re.fullmatch(r"ami-[a-z0-9]{1,17}", image):
            told = "failed to satisfy constraint: Member must satisfy regular expression pattern: ^ami-[a-z0-9]{1,17}$"
            raise Refusal("ValidationError", f"1 validation error detected: Value '{image}' at 'imageId' {told}")
        if image and (why := missing_image(request.backend("ec2"), image)):
            raise Refusal("ValidationError", f"{_FORMED} {why}")


@refuses("autoscaling", *_TAKING_LAUNCH_DATA, moto="accepts both places")
def security_groups_have_one_place(request: Request) -> None:
    """A launch template with network interfaces names its security groups there, not beside them: ValidationError.

    Source: botocore ec2 RequestLaunchTemplateData, member SecurityGroupIds.
    """
    for reference in template_references(request.params):
        data = template_version(request.backend("ec2"), reference).data
        if data.get("NetworkInterfaces") and (data.get("SecurityGroupIds") or data.get("SecurityGroups")):
            raise Refusal(
                "ValidationError",
                f"{_FORMED} Network interfaces and an instance-level security groups may not be specified on the same "
                "request",
            )


def _overrides(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    policy = (params.get("DesiredConfiguration") or params).get("MixedInstancesPolicy") or {}
    found: list[dict[str, Any]] = (policy.get("LaunchTemplate") or {}).get("Overrides") or []
    return found


def _missing(request: Request, data: Mapping[str, Any]) -> str | None:
    ec2 = request.backend("ec2")
    if why := missing_image(ec2, data.get("ImageId") or ""):
        return why
    if (kind := data.get("InstanceType")) and not _type_exists(kind):
        return f"Invalid value '{kind}' for InstanceType."
    profile = data.get("IamInstanceProfile") or {}
    if (named := profile.get("Name") or profile.get("Arn")) and not _profile_exists(request, named):
        return f"Value ({named}) for parameter iamInstanceProfile is invalid. Invalid IAM Instance Profile"
    key = data.get("KeyName")
    if key and key not in ec2.key_pairs:
        return f"The key pair '{key}' does not exist"
    interfaces = data.get("NetworkInterfaces") or []
    groups = [*(data.get("SecurityGroupIds") or []), *(data.get("SecurityGroups") or [])]
    for name in [*groups, *(group for one in interfaces for group in one.get("Groups") or [])]:
        if ec2.get_security_group_by_name_or_id(name) is None:
            return f"The security group '{name}' does not exist"
    return None


def missing_image(ec2: Any, image: str) -> str | None:
    """Why EC2 does not know an image, or None where it does."""
    found = images_are_looked_up_at_launch(ec2, image)
    if found is None:
        return f"The parameter {image} could not be resolved"
    if not _IMAGE.fullmatch(found):
        return f'Invalid id: "{found}" (expecting "ami-...")'
    return None if found in ec2.amis else f"The image id '[{found}]' does not exist"


@rule("ec2", "CreateLaunchTemplateVersion", moto="launches an instance whose image is the text itself")
def images_are_looked_up_at_launch(ec2: Any, image: str) -> str | None:
    """An ImageId resolve:ssm:<parameter>[:<version>] stands for what Parameter Store holds when an instance launches.

    Source: botocore ec2 RequestLaunchTemplateData, member ImageId.
    """
    if not image.startswith("resolve:ssm:"):
        return image
    from moto.ssm.models import ssm_backends

    name = image.removeprefix("resolve:ssm:")
    found = ssm_backends[ec2.account_id][ec2.region_name].get_parameter(name)
    return found.value if found else None
