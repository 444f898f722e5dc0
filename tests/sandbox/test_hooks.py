"""What the sandbox does for moto at less cost is what moto does."""

from __future__ import annotations

import weakref
from typing import Any

import pytest
from moto.ec2.exceptions import InvalidFilter

from udo.sandbox import hooks


@pytest.mark.parametrize(
    "filters",
    [
        {"instance-type": ["m7g.large", "t3.small", "m5.large"]},
        {"instance-type": ["t3.small", "t9.small"]},
        {"instance-type": ["t9.small"]},
        {"instance-type": ["t3.sm*", "m5.large"]},
        {"instance-type": ["t3.small", "m7g.large"], "processor-info.supported-architecture": ["arm64"]},
        {"processor-info.supported-architecture": ["arm64"]},
    ],
    ids=str,
)
def test_types_are_found_by_name_as_moto_finds_them(world: Any, filters: dict[str, list[str]]) -> None:
    from moto.ec2.models.instance_types import InstanceTypeBackend

    ours: Any = InstanceTypeBackend.describe_instance_types
    backend = InstanceTypeBackend()
    found = [one["InstanceType"] for one in ours(backend, None, filters)]
    assert found == [one["InstanceType"] for one in ours.__wrapped__(backend, None, filters)]


def test_a_filter_that_aws_does_not_have_is_refused_beside_a_name_too(world: Any) -> None:
    from moto.ec2.models.instance_types import InstanceTypeBackend

    with pytest.raises(InvalidFilter):
        InstanceTypeBackend().describe_instance_types(None, {"instance-type": ["t3.small"], "colour": ["red"]})


def test_what_is_deleted_is_not_kept_for_a_dashboard(world: Any, aws: Any) -> None:
    from moto.ec2.models import ec2_backends

    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    known = weakref.ref(ec2_backends[world.account]["us-west-2"].vpcs[vpc])
    assert known() is not None
    assert type(known()).instances_tracked == []
    ec2.delete_vpc(VpcId=vpc)


def test_files_of_objects_that_were_overwritten_are_closed_with_the_world(world: Any, aws: Any) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="shop", Key="a", Body=b"1")
    s3.put_object(Bucket="shop", Key="a", Body=b"2")
    from moto.s3.models import FakeKey

    keys = list(FakeKey.instances_tracked)
    assert len(keys) >= 2
    world.reset()
    assert all(key.disposed for key in keys)
    assert FakeKey.instances_tracked == []


def test_what_services_hold_of_an_account_is_made_once(world: Any) -> None:
    from moto.ec2.models import ec2_backends

    assert (type(ec2_backends), "__getitem__") in hooks.replaced
    assert ec2_backends[world.account] is ec2_backends[world.account]
    assert ec2_backends in type(ec2_backends)._instances
