"""Policies hold what the table of actions says of their verbs, in forms that AWS's reference allows, and no more."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from policies import FULL, actions, allowed, is_of, keys, listed, types
from whole import some

from udo.actions import OF_GROUPS, WRITES
from udo.iam.place import Place, partition
from udo.iam.resources import GROUP_TAG, is_known
from udo.permissions import permissions
from udo.sandbox.clock import Clock

Udo = Callable[..., Any]
GOLDEN = Path(__file__).parents[1] / "golden" / "iam"
REWRITTEN = bool(os.environ.get("UDO_GOLDEN"))
VERBS = sorted(OF_GROUPS)
# What is on * although AWS knows resources, each with a source in udo/iam/resources.py or in the reference.
WIDE = {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:PutCompositeAlarm"}


@pytest.fixture
def full(seeded: Callable[..., Any], world: Any) -> Any:
    """The world of a role that uses everything; sessions of roles end by the clock of the machine."""
    world.clock = Clock.by_hand(time.time())
    seeded(FULL)
    world.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=TRUST)
    return world


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)


def document(udo: Udo, *words: str) -> Any:
    done = udo("iam", *words)
    assert done.exit == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("verb", some(VERBS, "create", "deploy", "ssh", "status", "updatelc"))
def test_a_policy_holds_each_action_of_its_verb_and_no_other(verb: str, full: Any, udo: Udo) -> None:
    done = udo("iam", "prod", "webapp", "--verb", verb, "-o", "json").json["data"]
    assert actions(done["policy"]) == permissions(verb)
    assert (done["unused"], done["missing"]) == ([], [])


def test_each_resource_has_a_form_that_aws_allows_for_its_action(full: Any, udo: Udo) -> None:
    found = list(allowed(document(udo)))
    for action, resource, _ in found:
        forms = types(action)
        if resource == "*":
            assert not forms or action in WIDE, action
        else:
            assert any(is_of(resource, one["arn"].replace("${Partition}", "aws")) for one in forms.values()), action
    for action in {one for one, resource, _ in found if resource != "*"}:
        for one in types(action).values():
            there = [resource for name, resource, _ in found if name == action]
            assert not one["needed"] or any(is_of(arn, one["arn"]) for arn in there), (action, one["key"])


def test_each_condition_has_a_key_that_aws_knows_for_its_actions(full: Any, udo: Udo) -> None:
    for one in document(udo, "--deny-force-delete")["Statement"]:
        for named in one.get("Condition", {}).values():
            for key in named:
                head = key.partition("/")[0]
                for action in listed(one["Action"]):
                    assert {head, key} & keys(action), (action, key)


def test_every_action_of_the_table_has_its_resources_in_the_table() -> None:
    every = {action for verb in OF_GROUPS for action in permissions(verb)}
    assert [action for action in sorted(every) if not is_known(action)] == []


def test_groups_are_named_exactly(full: Any, udo: Udo) -> None:
    for action, resource, _ in allowed(document(udo, "prod", "webapp")):
        for neighbour in ("prod-webapp2", "prod-webapp2-busy", "shop/prod-webapp2"):
            # All there is of a kind is another matter, and told.
            if not resource.endswith(("/*", ":*")) and resource != "*":
                name = resource.rpartition(":")[2]
                assert not fnmatchcase(neighbour, name.rpartition("autoScalingGroupName/")[2]), (action, resource)
                assert not fnmatchcase(neighbour, name.rpartition("launchConfigurationName/")[2]), (action, resource)


def test_members_are_known_by_the_tag_of_their_group(full: Any, udo: Udo) -> None:
    policy = document(udo, "prod", "--verb", "ssh,cp,inventory")
    for one in policy["Statement"]:
        if any(":instance/" in resource for resource in listed(one["Resource"])):
            (named,) = one["Condition"]["StringEquals"].items()
            assert named[0].endswith(f"esourceTag/{GROUP_TAG}")
            assert named[1] == ["prod-webapp", "prod-webapp2"]


def test_roles_are_passed_to_the_service_that_works_with_them_alone(full: Any, udo: Udo) -> None:
    passed = {
        resource.rpartition("/")[2]: json.loads(condition)["StringEquals"]["iam:PassedToService"]
        for action, resource, condition in allowed(document(udo, "prod", "webapp"))
        if action == "iam:PassRole"
    }
    assert passed == {
        "shop-instance": "ec2.amazonaws.com",
        "codedeploy": "codedeploy.amazonaws.com",
        "hooks": "autoscaling.amazonaws.com",
    }


def test_what_is_merged_allows_what_its_parts_do_and_nothing_else(full: Any, udo: Udo) -> None:
    labels = [("prod", "webapp"), ("prod", "webapp2")]
    verbs = ["deploy", "ssh", "status", "updatelc", "alarms"]
    parts = {one for label in labels for verb in verbs for one in allowed(document(udo, *label, "--verb", verb))}
    whole = set(allowed(document(udo, "prod", "--verb", ",".join(verbs))))

    def covered(one: tuple[str, str, str], others: set[tuple[str, str, str]]) -> bool:
        action, resource, condition = one
        names = [json.loads(condition or "null")]
        return any(
            other[0] == action and fnmatchcase(resource, other[1]) and _wider(json.loads(other[2]), names[0])
            for other in others
        )

    assert [one for one in parts if not covered(one, whole)] == []
    assert {(action, resource) for action, resource, _ in whole} <= {(action, arn) for action, arn, _ in parts}
    statements = document(udo, "prod", "--verb", ",".join(verbs))["Statement"]
    scopes = [json.dumps([one["Resource"], one.get("Condition")]) for one in statements]
    assert len(scopes) == len(set(scopes))


def _wider(one: Any, other: Any) -> bool:
    """Whether a condition lets through what another one does."""
    if one is None or other is None:
        return one == other
    return all(
        set(listed(other.get(operator, {}).get(key, []))) <= set(listed(values)) and key in other.get(operator, {})
        for operator, named in one.items()
        for key, values in named.items()
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("all", ("prod", "webapp")),
        ("ci", ("stage", "--verb", "deploy,ssh", "--deny-force-delete")),
        ("read-only", ("--read-only",)),
        ("trust", ("--github-oidc", "example/shop:environment:prod")),
    ],
)
def test_the_policies_of_the_example(
    name: str, words: tuple[str, ...], seeded: Callable[..., Any], world: Any, udo: Udo
) -> None:
    seeded()
    done = udo("iam", *words)
    assert done.exit == 0, done.stderr
    template = _template_of(world)
    told = done.stdout.replace(template, "lt-0123456789abcdef0") if template else done.stdout
    path = GOLDEN / f"{name}.json"
    if REWRITTEN:
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


def _template_of(world: Any) -> str:
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp"])
    return str(found["AutoScalingGroups"][0].get("LaunchTemplate", {}).get("LaunchTemplateId", ""))


def test_iam_takes_what_is_printed(full: Any, udo: Udo) -> None:
    iam = full.client("iam")
    for number, verb in enumerate(["deploy", "updatelc", "create", "ssh", "status"]):
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=udo("iam", "prod", "--verb", verb).stdout)
    trust = udo("iam", "--github-oidc", "example/shop").stdout
    iam.create_role(RoleName="ci", AssumeRolePolicyDocument=trust)


def test_read_only_is_what_verbs_need_that_change_nothing(full: Any, udo: Udo) -> None:
    policy = document(udo, "--read-only")
    assert actions(policy) == {
        action for verb in OF_GROUPS if verb not in WRITES for action in permissions(verb) if action != "s3:GetObject"
    }
    changing = {"Put", "Create", "Delete", "Update", "Start", "Stop", "Send", "Set", "Attach", "Detach", "PassRole"}
    assert not [one for one in actions(policy) if one.partition(":")[2].startswith(tuple(changing))]


def test_the_partition_is_that_of_the_region() -> None:
    session = botocore.session.Session()
    for name in session.get_available_partitions():
        for region in session.get_available_regions("autoscaling", name):
            assert partition(region) == name
    china = Place("cn-north-1", "123456789012")
    assert china.arn("ec2", "instance/*") == "arn:aws-cn:ec2:cn-north-1:123456789012:instance/*"
    assert china.services("ec2") == ("ec2.amazonaws.com", "ec2.amazonaws.com.cn")
    assert china.services("codedeploy")[1] == "codedeploy.cn-north-1.amazonaws.com.cn"
    assert Place("us-gov-west-1", "1").s3("b/*") == "arn:aws-us-gov:s3:::b/*"
