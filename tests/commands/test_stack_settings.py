"""What udo.yml says of stacks, as its verbs keep to it: bucket, freeze windows, outputs, templates that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stack_worlds import CONFIG, QUEUES, REVIEW, lint_once, stack, write

from udo.stacks.template import MOST_SENT

Udo = Callable[..., Any]
LONG = f"{QUEUES}# {'x' * MOST_SENT}\n"
# Always, so that no clock has to be set.
FROZEN = '  stage:\n    freeze: [{when: "00:00 - 24:00", zone: UTC}]\n    roles: {webapp: {ami: ami-12345678}}\n'
ROLE = """\
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: shop
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}]
"""
STAGE = "  stage: {roles: {webapp: {ami: ami-12345678}}}\n"


@pytest.fixture(autouse=True)
def _lint_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lint_once(monkeypatch)


def test_a_long_template_goes_through_the_bucket_and_is_put_there_once(world: Any, udo: Udo) -> None:
    world.client("s3").create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    write(f"stack_bucket: templates\n{CONFIG}", LONG)
    planned = udo("stack", "plan", "queues")
    assert planned.exit == 0, planned.stderr
    made = udo("stack", "create", "queues", "--yes")
    assert made.exit == 0, made.stderr
    assert stack(world, "queues")["StackStatus"] == "CREATE_COMPLETE"
    assert [one.operation for one in world.log].count("PutObject") == 1
    assert len(world.client("s3").list_objects_v2(Bucket="templates")["Contents"]) == 1


def test_a_long_template_without_a_bucket_is_refused_before_anything_is_made(world: Any, udo: Udo) -> None:
    write(CONFIG, LONG)
    done = udo("stack", "create", "queues", "--yes")
    assert done.exit == 2
    assert "CloudFormation is sent 51,200 at most: name a bucket for it, with stack_bucket in udo.yml" in done.stderr
    assert world.client("cloudformation").describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
def test_a_window_of_its_cluster_holds_up_a_stack(world: Any, udo: Udo, verb: str) -> None:
    write()
    if verb != "create":
        assert udo("stack", "create", "queues", "--yes").exit == 0
    write(CONFIG.replace(STAGE, FROZEN), QUEUES.replace('"0"', '"5"'))
    before = world.client("cloudformation").describe_stacks()["Stacks"]
    done = udo("stack", verb, "queues", "--yes")
    assert done.exit == 7, done.stderr
    assert "--override-freeze --reason TEXT" in done.stderr
    assert world.client("cloudformation").describe_stacks()["Stacks"] == before
    assert udo("stack", verb, "queues", "--yes", "--override-freeze", "--reason", "now").exit == 0


def test_a_stack_that_takes_an_output_of_another_is_made_with_it(world: Any, udo: Udo) -> None:
    text = CONFIG.replace('{Branch: "${param:branch}"}', '{Branch: "${cfn:queues.Name}"}')
    write(text, QUEUES.replace("Outputs:\n", "Outputs:\n  Name: {Value: from-queues}\n"))
    early = udo("stack", "create", "review", "--param", "branch=cart")
    assert early.exit == 2
    assert "no stack queues: its outputs are there once it is made" in early.stderr
    assert udo("stack", "create", "queues", "--yes").exit == 0
    done = udo("stack", "create", "review", "--param", "branch=cart", "--yes")
    assert done.exit == 0, done.stderr
    (given,) = stack(world, "shop-review-cart")["Parameters"]
    assert (given["ParameterKey"], given["ParameterValue"]) == ("Branch", "from-queues")


def test_what_does_not_fit_the_template_is_told_with_its_place_and_nothing_is_made(world: Any, udo: Udo) -> None:
    write(CONFIG.replace("{Branch: ", "{Brnch: "))
    done = udo("stack", "create", "review", "--param", "branch=cart")
    assert done.exit == 2
    assert "template review.yml has no parameter 'Brnch': did you mean 'Branch'?" in done.stderr
    assert world.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_capability_that_is_not_granted_is_refused_before_anything_is_made(world: Any, udo: Udo) -> None:
    write()
    Path("review.yml").write_text(REVIEW.replace("Resources:\n", f"Resources:\n{ROLE}"))
    done = udo("stack", "create", "review", "--param", "branch=cart", "--yes")
    assert done.exit == 7, done.stderr
    assert "stack review needs CAPABILITY_NAMED_IAM for its resource Role (review.yml:5)" in done.stderr
    assert world.client("cloudformation").describe_stacks()["Stacks"] == []
