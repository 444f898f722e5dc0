"""AWS's public images: those that its parameters in Parameter Store name can be described and launched."""

from __future__ import annotations

import datetime
import re
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ssm.models import ParameterDict

from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import replaces, rule

AMAZON = "137112412989"
_IMAGE = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_check_loading_status: Any = ParameterDict._check_loading_status


@replaces(ParameterDict, "_check_loading_status")
def check_loading_status(parameters: Any, key: str) -> None:
    """Loads AWS's own parameters at the first look at one of them, and the images that they name."""
    before = set(parameters.keys())
    _check_loading_status(parameters, key)
    for name in parameters.keys() - before:
        held = dict.__getitem__(parameters, name)
        if held and _IMAGE.fullmatch(str(held[-1].value)):
            public_images_exist(parameters.account_id, parameters.region_name, held[-1])


@rule("ec2", "DescribeImages", moto="has none where it does not load the thousands of its own")
def public_images_exist(account: str, region: str, parameter: Any) -> None:
    """An image that one of AWS's public parameters names exists, and is Amazon's.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html.
    """
    modified = parameter.last_modified_date
    when = modified if isinstance(modified, datetime.datetime) else moment.at(float(modified))
    kind = parameter.name.removeprefix("/aws/service/").removesuffix("/image_id").rpartition("/")[2]
    register(
        ec2_backends[account][region],
        parameter.value,
        name=f"{kind}-{when:%Y%m%d}",
        architecture="arm64" if "arm64" in parameter.name else "x86_64",
        created=when,
    )


def register(
    backend: Any, image: str, *, name: str, architecture: str, created: datetime.datetime, owner: str | None = None
) -> None:
    """Makes an image of somebody else's, Amazon's for None, where its id is not there yet."""
    if image in backend.amis:
        return
    backend.amis[image] = Ami(
        backend,
        image,
        name=name,
        description=f"{name}, in the sandbox",
        owner_id=owner or AMAZON,
        owner_alias=None if owner else "amazon",
        public=True,
        virtualization_type="hvm",
        architecture=architecture,
        creation_date=created,
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        hypervisor="xen",
        region_name=f"{backend.region_name}a",
    )
