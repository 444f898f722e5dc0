"""How CloudFormation is given a template: in the request, from S3, or through a bucket under its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from udo.aws import Aws
from udo.config import load
from udo.config.stack import Stack
from udo.errors import Absent, PermissionDenied, Refused, UsageError
from udo.stacks.source import Source, observe_source, template_url
from udo.stacks.template import template_of

SMALL = "Resources: {Jobs: {Type: AWS::SQS::Queue}}\n"
LONG = SMALL + "# " + "x" * 51_200 + "\n"
SHA256 = hashlib.sha256(LONG.encode()).hexdigest()
URL = f"https://templates.s3.us-west-2.amazonaws.com/udo-templates/{SHA256}"


def stack(folder: Path, text: str = LONG, more: str = "stack_bucket: templates\n") -> Stack:
    (folder / "t.yml").write_text(text)
    roles = "clusters: {stage: {roles: {webapp: {}}}}\n"
    (folder / "udo.yml").write_text(f"{more}stacks: {{jobs: {{template: t.yml}}}}\n{roles}")
    return load(folder / "udo.yml", {}).stacks["jobs"].order()


def reached(world: Any) -> Aws:
    return Aws(region="us-west-2", prepare=world.attach)


def source(world: Any, found: Stack) -> Source:
    return observe_source(reached(world), found, template_of(found))


def bucket(world: Any, region: str = "us-west-2", name: str = "templates") -> None:
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    world.client("s3", region).create_bucket(Bucket=name, **where)


def test_a_short_template_is_sent_as_it_is(world: Any, tmp_path: Path) -> None:
    at_most = SMALL + "#" * (51_200 - len(SMALL))
    assert source(world, stack(tmp_path, at_most)) == Source({"TemplateBody": at_most})
    with pytest.raises(Absent, match=r"there is no bucket templates \(udo.yml:1\)"):
        source(world, stack(tmp_path, f"{at_most}#"))


def test_a_long_one_goes_through_the_bucket_under_its_hash_and_once(world: Any, tmp_path: Path) -> None:
    bucket(world)
    aws, found = reached(world), stack(tmp_path)
    first = source(world, found)
    assert first.params == {"TemplateURL": URL}
    (call,) = first.uploads
    assert call.says == f"upload t.yml, 51,246 bytes, as s3://templates/udo-templates/{SHA256}"
    aws.check(call.service, call.operation, call.params)
    aws.call(call.service, call.operation, call.params)
    assert [aws.read(pair.read) for pair in call.proof] == [pair.value for pair in call.proof] == [SHA256]
    stored = world.client("s3").get_object(Bucket="templates", Key=f"udo-templates/{SHA256}")
    assert stored["Body"].read().decode() == LONG
    again = source(world, found)
    assert (again.params, again.uploads) == (first.params, ())
    assert again.note == f"t.yml, uploaded before: s3://templates/udo-templates/{SHA256} is reused"


def test_what_somebody_else_has_put_there_is_not_taken(world: Any, tmp_path: Path) -> None:
    bucket(world)
    world.client("s3").put_object(Bucket="templates", Key=f"udo-templates/{SHA256}", Body=b"other")
    with pytest.raises(Refused, match="is there, and Udo has not put it there"):
        source(world, stack(tmp_path))


def test_a_long_one_wants_a_bucket_in_udo_yml(world: Any, tmp_path: Path) -> None:
    told = "template t.yml has 51,246 bytes, and CloudFormation is sent 51,200 at most: name a bucket for it, with"
    with pytest.raises(UsageError, match=told):
        source(world, stack(tmp_path, more=""))


def test_a_bucket_of_another_region_is_named_by_its_own(world: Any, tmp_path: Path) -> None:
    bucket(world, "eu-west-1")
    assert source(world, stack(tmp_path)).params["TemplateURL"].startswith("https://templates.s3.eu-west-1.amazonaws")


def test_a_bucket_of_another_account_is_refused(world: Any, tmp_path: Path) -> None:
    bucket(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Aws, "identity", lambda _self: ("210987654321", "arn:aws:iam::210987654321:user/x"))
        with pytest.raises(PermissionDenied, match=r"bucket templates \(udo.yml:1\) is not of account 210987654321"):
            source(world, stack(tmp_path))


@pytest.mark.parametrize(
    ("said", "region", "url"),
    [
        ("s3://shop/a/b c.yml", "eu-west-1", "https://shop.s3.eu-west-1.amazonaws.com/a/b%20c.yml"),
        ("s3://shop.test/a.yml", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/shop.test/a.yml"),
        ("s3://shop/a.yml", "cn-north-1", "https://shop.s3.cn-north-1.amazonaws.com.cn/a.yml"),
        ("https://s3.amazonaws.com/shop/a.yml", "eu-west-1", "https://s3.amazonaws.com/shop/a.yml"),
    ],
)
def test_a_url_is_as_cloudformation_takes_it(said: str, region: str, url: str) -> None:
    assert template_url(said, region) == url
