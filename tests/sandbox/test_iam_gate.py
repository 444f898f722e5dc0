"""`udo sandbox start --iam` in process: users may do what their policies say, and AWS's words tell them what not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from whole import rows

Clients = Callable[..., Any]
HERE = "us-west-2:123456789012"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
GROUP = "arn:aws:autoscaling:us-west-2:123456789012:autoScalingGroup"


def refused(call: Callable[..., Any], **params: Any) -> tuple[int, str, str]:
    """Status, code and words of an error."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


WHO = "User: arn:aws:iam::123456789012:user/operator is not authorized to perform:"


def test_each_service_denies_in_its_own_words(seeded: Callable[..., Any], as_user: Callable[..., Clients]) -> None:
    seeded()
    own = as_user()
    for service, operation, params, status, code, words in (
        (
            "autoscaling",
            "describe_auto_scaling_groups",
            {},
            403,
            "AccessDenied",
            f"{WHO} autoscaling:DescribeAutoScalingGroups because no identity-based policy allows the "
            "autoscaling:DescribeAutoScalingGroups action",
        ),
        (
            "ec2",
            "describe_instances",
            {},
            403,
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {WHO} ec2:DescribeInstances because no identity-based "
            "policy allows the ec2:DescribeInstances action",
        ),
        (
            "ssm",
            "put_parameter",
            {"Name": "/udo/x", "Value": "1", "Type": "String"},
            400,
            "AccessDeniedException",
            f"{WHO} ssm:PutParameter on resource: arn:aws:ssm:us-west-2:123456789012:parameter/udo/x because no "
            "identity-based policy allows the ssm:PutParameter action",
        ),
        (
            "codedeploy",
            "get_deployment_group",
            {"applicationName": "shop", "deploymentGroupName": "prod"},
            400,
            "AccessDeniedException",
            f"{WHO} codedeploy:GetDeploymentGroup on resource: "
            "arn:aws:codedeploy:us-west-2:123456789012:deploymentgroup:shop/prod because no identity-based policy "
            "allows the codedeploy:GetDeploymentGroup action",
        ),
        (
            "cloudwatch",
            "describe_alarms",
            {},
            403,
            "AccessDenied",
            f"{WHO} cloudwatch:DescribeAlarms on resource: arn:aws:cloudwatch:us-west-2:123456789012:alarm:* because "
            "no identity-based policy allows the cloudwatch:DescribeAlarms action",
        ),
        (
            "elbv2",
            "describe_load_balancers",
            {},
            403,
            "AccessDenied",
            f"{WHO} elasticloadbalancing:DescribeLoadBalancers because no identity-based policy allows the "
            "elasticloadbalancing:DescribeLoadBalancers action",
        ),
        (
            "s3",
            "list_objects_v2",
            {"Bucket": "bundles"},
            403,
            "AccessDenied",
            f'{WHO} s3:ListBucket on resource: "arn:aws:s3:::bundles" because no identity-based policy allows the '
            "s3:ListBucket action",
        ),
        (
            "iam",
            "list_users",
            {},
            403,
            "AccessDenied",
            f"{WHO} iam:ListUsers because no identity-based policy allows the iam:ListUsers action",
        ),
    ):
        assert refused(getattr(own(service), operation), **params) == (status, code, words)


def test_what_changes_a_group_is_allowed_by_the_group_and_denied_with_its_arn(
    seeded: Callable[..., Any], world: Any, as_user: Callable[..., Clients]
) -> None:
    seeded()
    resource = f"{GROUP}:*:autoScalingGroupName/prod-worker"
    own = as_user({"Effect": "Allow", "Action": "autoscaling:set*", "Resource": resource})("autoscaling")
    own.set_desired_capacity(AutoScalingGroupName="prod-worker", DesiredCapacity=1)
    groups = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp"])
    arn = groups["AutoScalingGroups"][0]["AutoScalingGroupARN"]
    told = refused(own.set_desired_capacity, AutoScalingGroupName="prod-webapp", DesiredCapacity=1)
    assert f"autoscaling:SetDesiredCapacity on resource: {arn} because no identity-based policy allows" in told[2]
    told = refused(own.set_desired_capacity, AutoScalingGroupName="absent", DesiredCapacity=1)
    assert f"on resource: {GROUP}:*:autoScalingGroupName/absent because" in told[2]


def test_an_explicit_deny_wins_and_is_told(seeded: Callable[..., Any], as_user: Callable[..., Clients]) -> None:
    seeded()
    deny = {"Effect": "Deny", "Action": "autoscaling:DeleteAutoScalingGroup", "Resource": "*"}
    own = as_user(ALL, deny)("autoscaling")
    assert own.describe_auto_scaling_groups()["AutoScalingGroups"]
    told = refused(own.delete_auto_scaling_group, AutoScalingGroupName="prod-webapp", ForceDelete=True)
    assert told[:2] == (403, "AccessDenied")
    assert told[2].endswith("autoScalingGroupName/prod-webapp with an explicit deny in an identity-based policy")


def test_who_one_is_needs_no_permission(world: Any, as_user: Callable[..., Clients]) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    told = as_user(deny)("sts").get_caller_identity()
    assert told["Arn"] == "arn:aws:iam::123456789012:user/operator"
    assert told["Account"] == "123456789012"


def test_nothing_is_denied_unless_the_world_goes_by_policies(
    seeded: Callable[..., Any], world: Any, as_user: Callable[..., Clients]
) -> None:
    seeded()
    own = as_user()
    world.goes_by_policies = False
    assert own("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]


def test_a_verb_without_a_permission_ends_with_6_and_names_action_resource_and_who(
    seeded: Callable[..., Any], udo: Callable[..., Any], user: Callable[..., dict[str, str]]
) -> None:
    seeded()
    keys = user({"Effect": "Allow", "Action": ["autoscaling:Describe*", "ec2:Describe*"], "Resource": "*"})
    assert udo("instances", "prod", "webapp", env=keys).exit == 0
    done = udo("scale", "prod", "webapp", "4", "--yes", env=keys)
    assert done.exit == 6
    assert "autoscaling:UpdateAutoScalingGroup on resource: arn:aws:autoscaling:us-west-2:123456789012:" in done.stderr
    assert "user/operator is not authorized" in done.stderr
    assert done.stderr.rstrip().endswith("the IAM action autoscaling:UpdateAutoScalingGroup is missing")


def test_a_kind_of_resources_without_conditions_is_allowed_by_name(
    seeded: Callable[..., Any], as_user: Callable[..., Clients]
) -> None:
    seeded()
    resource = f"{GROUP.replace('autoScalingGroup', 'launchConfiguration')}:*:launchConfigurationName/prod-webapp-v*"
    own = as_user({"Effect": "Allow", "Action": "autoscaling:DeleteLaunchConfiguration", "Resource": resource})
    told = refused(own("autoscaling").delete_launch_configuration, LaunchConfigurationName="prod-webapp-v1")
    assert told[1] == "ResourceInUse"
    told = refused(own("autoscaling").delete_launch_configuration, LaunchConfigurationName="prod-webapp2-v1")
    assert told[1] == "AccessDenied"


_ASKED = [
    ("lambda", "get_function", {"FunctionName": "f"}, "lambda:GetFunction"),
    ("sqs", "list_queues", {}, "sqs:ListQueues"),
    ("sns", "get_topic_attributes", {"TopicArn": f"arn:aws:sns:{HERE}:t"}, "sns:GetTopicAttributes on"),
    ("elb", "delete_load_balancer", {"LoadBalancerName": "lb"}, ":DeleteLoadBalancer on resource: arn:aws:elastic"),
    ("cloudformation", "delete_stack", {"StackName": "s"}, f"on resource: arn:aws:cloudformation:{HERE}"),
    ("cloudwatch", "get_dashboard", {"DashboardName": "d"}, "arn:aws:cloudwatch::123456789012:dashboard/d"),
    ("ec2", "run_instances", {"MinCount": 1, "MaxCount": 1}, "ec2:RunInstances on resource: arn:aws:ec2"),
    ("codedeploy", "stop_deployment", {"deploymentId": "d-1"}, "codedeploy:StopDeployment because no"),
    ("ssm", "cancel_command", {"CommandId": "a" * 36}, f"on resource: arn:aws:ssm:{HERE}:*"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "operation", "params", "words"), rows(_ASKED, [one for one in _ASKED if one[0] in ("lambda", "ec2")])
)
def test_services_of_every_protocol_are_asked_for_their_action(
    world: Any, as_user: Callable[..., Clients], service: str, operation: str, params: Any, words: str
) -> None:
    told = refused(getattr(as_user()(service), operation), **params)
    assert "is not authorized to perform" in told[2]
    assert words in told[2]
