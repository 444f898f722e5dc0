"""What users with a printed policy may not: touch the neighbour of their group, or reach AWS without their role."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import SHA, begin, end
from policies import FULL
from whole import rows, some

from udo.actions import OF_GROUPS, operations

Udo = Callable[..., Any]
TWO = ("prod", "webapp2")
SHOP = """
app_name: shop
region: us-west-2
account: "123456789012"
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
deploy: {application: shop, github: {repo: example/shop}}
scale_policy: {min_size: 0, max_size: 4, desired: 2}
tags: {team: payments}
clusters:
  prod:
    roles:
      webapp: {deployment_group: prod-webapp}
      webapp2: {deployment_group: prod-webapp2}
"""
WRITES: list[tuple[str, tuple[str, ...]]] = [
    ("updatelc", (*TWO, "--set", "instance_type=t3.large")),
    ("scale", (*TWO, "3", "--no-wait")),
    ("suspend", (*TWO, "AZRebalance")),
    ("sleep", (*TWO, "--yes")),
    ("standby", (*TWO, "MEMBER")),
    ("detach", (*TWO, "MEMBER")),
    ("refresh", (*TWO, "--yes")),
    ("update", TWO),
    ("deploy", (*TWO, SHA, "--again", "--no-wait")),
    ("destroy", (*TWO, "--confirm", "prod-webapp2")),
    ("lock", TWO),
]


@pytest.fixture
def shop(seeded: Any, world: Any) -> Any:
    """Two groups that are called almost alike, both deployed to."""
    seeded(SHOP)
    for name in ("prod-webapp", "prod-webapp2"):
        begin(world, group=name)
        end(world)
    world.client("autoscaling").delete_tags(
        Tags=[{"ResourceId": "prod-webapp2", "ResourceType": "auto-scaling-group", "Key": "team"}]
    )
    return world


def state(world: Any) -> Any:
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp2"])
    (group,) = found["AutoScalingGroups"]
    made = world.client("codedeploy").list_deployments(applicationName="shop", deploymentGroupName="prod-webapp2")
    return group, sorted(made["deployments"])


@pytest.mark.parametrize(("verb", "words"), rows(WRITES, [WRITES[0], WRITES[8]]))
def test_a_neighbour_is_denied_and_stays_as_it_is(
    verb: str, words: tuple[str, ...], shop: Any, udo: Udo, user: Callable[..., Any]
) -> None:
    policy = json.loads(udo("iam", "prod", "webapp", "--verb", verb).stdout)
    before = state(shop)
    if verb == "refresh":
        assert udo("updatelc", *TWO, "--set", "instance_type=t3.large").exit == 0
        before = state(shop)
    member = before[0]["Instances"][0]["InstanceId"]
    done = udo(verb, *(member if word == "MEMBER" else word for word in words), env=user(*policy["Statement"]))
    assert done.exit == 6, done.stderr
    assert "prod-webapp2" in done.stderr
    assert state(shop) == before


LINES: dict[str, tuple[str, ...]] = {
    "attach": ("prod", "webapp", "i-0123456789abcdef0"),
    "check": ("--online",),
    "cloudinit": ("prod", "webapp"),
    "cp": ("prod", "webapp", "file", ":there"),
    "deploy": ("prod", "webapp", SHA),
    "destroy": ("prod", "webapp", "--confirm", "prod-webapp"),
    "detach": ("prod", "webapp", "i-0123456789abcdef0"),
    "iam": (),
    "resume": ("prod", "webapp"),
    "scale": ("prod", "webapp", "2"),
    "sleep": ("prod", "webapp", "--yes"),
    "ssh": ("prod", "webapp", "true"),
    "standby": ("prod", "webapp", "i-0123456789abcdef0"),
    "suspend": ("prod", "webapp", "AZRebalance"),
    "refresh": ("prod", "webapp", "--yes"),
}
# `apply` reaches AWS as the plan says, and `init` reads no udo.yml.
ASKING = sorted(verb for verb in OF_GROUPS if operations(verb) and verb not in ("apply", "init"))


@pytest.mark.parametrize("verb", some(ASKING, "status", "deploy"))
def test_without_its_role_no_verb_reaches_aws(
    verb: str, seeded: Any, world: Any, udo: Udo, user: Callable[..., Any]
) -> None:
    # Of the boot script nothing else is asked for.
    seeded(FULL.replace("ami: ssm:", "packages: ['${ssm:/shop/package}']\nami: ssm:") if verb == "cloudinit" else FULL)
    world.log.clear()
    words = LINES.get(verb, ("prod", "webapp"))
    if verb == "cp":
        words = (*words[:2], __file__, words[3])
    done = udo(verb, *words, env=user())
    assert done.exit in (0, 6), done.stdout + done.stderr
    # What goes on with warnings names it in each.
    assert "sts:AssumeRole" in done.stdout + done.stderr
    assert {one.name for one in world.log} == {"sts:AssumeRole"}
