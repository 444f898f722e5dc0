"""What a request needs beside its own action, and what conditions may ask of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from whole import some

Clients = Callable[[str], Any]
HERE = "us-west-2:123456789012"
TEMPLATE = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "shop"}}
SIZES = {"MinSize": 0, "MaxSize": 0, "AvailabilityZones": ["us-west-2a"]}


def allow(*actions: str, on: str | list[str] = "*", when: dict[str, Any] | None = None) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **({"Condition": when} if when else {})}


def deny(action: str, on: str = "*", when: dict[str, Any] | None = None) -> dict[str, Any]:
    """A statement that takes an action away."""
    return allow(action, on=on, when=when) | {"Effect": "Deny"}


def told(call: Callable[..., Any], **params: Any) -> str:
    """The code and the words of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


@pytest.fixture
def template(seeded: Callable[..., Any], world: Any) -> str:
    """A template with an instance profile, its tags on instances."""
    seeded()
    iam = world.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="shop-host", AssumeRolePolicyDocument=document)
    iam.create_instance_profile(InstanceProfileName="shop")
    iam.add_role_to_instance_profile(InstanceProfileName="shop", RoleName="shop-host")
    image = world.client("ec2").describe_images(Owners=["self", "amazon"])["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "shop"}]}]
    made = world.client("ec2").create_launch_template(
        LaunchTemplateName="shop", LaunchTemplateData={**TEMPLATE, "ImageId": image, "TagSpecifications": tags}
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


_TAKEN = [
    deny("ec2:RunInstances"),
    deny("ec2:RunInstances", on=f"arn:aws:ec2:{HERE}:volume/*"),
    deny("ec2:RunInstances", when={"StringEquals": {"ec2:InstanceType": "t3.micro"}}),
    deny("ec2:RunInstances", when={"StringEquals": {"aws:RequestTag/team": "shop"}}),
    deny("ec2:CreateTags", when={"StringEquals": {"ec2:CreateAction": "RunInstances"}}),
    deny("iam:PassRole", on="arn:aws:iam::123456789012:role/shop-host"),
    deny("iam:PassRole", when={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
]


@pytest.mark.parametrize("taken", some(_TAKEN, _TAKEN[0], _TAKEN[-1]))
def test_who_gives_a_group_a_template_must_be_allowed_to_launch_it(
    template: str, as_user: Callable[..., Clients], taken: Any
) -> None:
    own = as_user(allow("*"), taken)("autoscaling")
    launch = {"LaunchTemplateId": template, "Version": "1"}
    wanted = f"AccessDenied: You are not authorized to use launch template: {template}"
    assert told(own.create_auto_scaling_group, AutoScalingGroupName="new", LaunchTemplate=launch, **SIZES) == wanted
    mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateName": "shop", "Version": "$Latest"}}}
    where = {"AutoScalingGroupName": "prod-webapp"}
    assert told(own.update_auto_scaling_group, MixedInstancesPolicy=mixed, **where).endswith("launch template: shop")
    wish = {"LaunchTemplate": launch}
    assert told(own.start_instance_refresh, DesiredConfiguration=wish, **where) == wanted
    own.update_auto_scaling_group(MaxSize=7, **where)


def test_a_template_may_be_the_only_one(template: str, as_user: Callable[..., Clients], world: Any) -> None:
    named = f"arn:aws:ec2:{HERE}:launch-template/{template}"
    when = {"ArnLike": {"ec2:LaunchTemplate": named}, "Bool": {"ec2:IsLaunchTemplateResource": "true"}}
    own = as_user(allow("autoscaling:*", "ec2:CreateTags", "iam:PassRole"), allow("ec2:RunInstances", when=when))
    launch = {"LaunchTemplateId": template, "Version": "1"}
    own("autoscaling").create_auto_scaling_group(AutoScalingGroupName="new", LaunchTemplate=launch, **SIZES)
    data = {"ImageId": world.client("ec2").describe_images(Owners=["self", "amazon"])["Images"][0]["ImageId"]}
    world.client("ec2").create_launch_template(LaunchTemplateName="other", LaunchTemplateData=data)
    other = {"LaunchTemplateName": "other"}
    refusal = told(own("autoscaling").update_auto_scaling_group, AutoScalingGroupName="new", LaunchTemplate=other)
    assert refusal == "AccessDenied: You are not authorized to use launch template: other"


def test_a_launch_configuration_with_a_profile_passes_its_role(template: str, as_user: Callable[..., Clients]) -> None:
    own = as_user(allow("autoscaling:*"))("autoscaling")
    words = {"LaunchConfigurationName": "one", "ImageId": TEMPLATE["ImageId"], "InstanceType": "t3.micro"}
    refusal = told(own.create_launch_configuration, IamInstanceProfile="shop", **words)
    assert "not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/shop-host" in refusal


def test_a_deployment_group_passes_its_role_and_a_deployment_reads_its_configuration(
    seeded: Callable[..., Any], as_user: Callable[..., Clients], world: Any
) -> None:
    seeded()
    world.client("codedeploy").create_application(applicationName="till")
    role = "arn:aws:iam::123456789012:role/deployer"
    named = {"applicationName": "till", "deploymentGroupName": "prod"}
    own = as_user(
        allow("codedeploy:Create*"), allow("iam:PassRole", when={"StringEquals": {"iam:PassedToService": "ec2.aws"}})
    )("codedeploy")
    assert f"iam:PassRole on resource: {role} because" in told(
        own.create_deployment_group, serviceRoleArn=role, **named
    )
    world.client("codedeploy").create_deployment_group(serviceRoleArn=role, **named)
    revision = {"revisionType": "GitHub", "gitHubLocation": {"repository": "a/b", "commitId": "1" * 40}}
    refusal = told(own.create_deployment, revision=revision, **named)
    configuration = f"arn:aws:codedeploy:{HERE}:deploymentconfig:CodeDeployDefault.OneAtATime"
    assert f"AccessDeniedException: User: {WHO} is not authorized to perform: codedeploy:GetDep" in refusal
    assert f"codedeploy:GetDeploymentConfig on resource: {configuration} because" in refusal


WHO = "arn:aws:iam::123456789012:user/operator"


def test_tags_of_what_is_made_are_put_by_a_permission_of_their_own(
    seeded: Callable[..., Any], as_user: Callable[..., Clients]
) -> None:
    seeded()
    own = as_user(allow("cloudwatch:PutMetricAlarm", "ssm:PutParameter", "ec2:CreateLaunchTemplate"))
    alarm = {
        "AlarmName": "high", "Namespace": "a", "MetricName": "m", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    own("cloudwatch").put_metric_alarm(**alarm)
    tags = [{"Key": "team", "Value": "shop"}]
    refusal = told(own("cloudwatch").put_metric_alarm, Tags=tags, **alarm)
    assert f"cloudwatch:TagResource on resource: arn:aws:cloudwatch:{HERE}:alarm:high because" in refusal
    refusal = told(own("ssm").put_parameter, Name="/a/b", Value="1", Type="String", Tags=tags)
    assert f"ssm:AddTagsToResource on resource: arn:aws:ssm:{HERE}:parameter/a/b because" in refusal
    specification = [{"ResourceType": "launch-template", "Tags": tags}]
    data = {"InstanceType": "t3.micro"}
    refusal = told(
        own("ec2").create_launch_template,
        LaunchTemplateName="t", LaunchTemplateData=data, TagSpecifications=specification,
    )  # fmt: skip
    assert f"ec2:CreateTags on resource: arn:aws:ec2:{HERE}:launch-template/* because" in refusal


def test_ec2_tells_in_code_what_it_denied(seeded: Callable[..., Any], as_user: Callable[..., Clients]) -> None:
    import zlib

    seeded()
    refusal = told(as_user()("ec2").create_launch_template, LaunchTemplateName="t", LaunchTemplateData={"ImageId": "a"})
    plain, encoded = refusal.split(". Encoded authorization failure message: ")
    assert plain.endswith("because no identity-based policy allows the ec2:CreateLaunchTemplate action")
    decoded = json.loads(zlib.decompress(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
    assert decoded["context"]["action"] == "ec2:CreateLaunchTemplate"


@pytest.mark.parametrize(
    ("statement", "service", "operation", "params", "allowed"),
    [
        (
            allow("autoscaling:*", when={"StringEquals": {"aws:ResourceTag/team": "shop"}}),
            "autoscaling", "suspend_processes", {"AutoScalingGroupName": "prod-webapp"}, True,
        ),
        (
            allow("autoscaling:*", when={"StringEquals": {"autoscaling:ResourceTag/Team": "till"}}),
            "autoscaling", "suspend_processes", {"AutoScalingGroupName": "prod-webapp"}, False,
        ),
        (
            allow("autoscaling:*", when={"ForAllValues:StringLike": {"aws:TagKeys": "udo:*"}}),
            "autoscaling", "create_or_update_tags",
            {"Tags": [{"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": "cluster",
                       "Value": "x", "PropagateAtLaunch": False}]}, False,
        ),
        (
            allow("autoscaling:*", when={"ForAllValues:StringLike": {"aws:TagKeys": "udo:*"}}),
            "autoscaling", "create_or_update_tags",
            {"Tags": [{"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": "udo:x",
                       "Value": "x", "PropagateAtLaunch": False}]}, True,
        ),
        (
            allow("autoscaling:*", when={"NumericLessThanEquals": {"autoscaling:MaxSize": "5"}}),
            "autoscaling", "update_auto_scaling_group", {"AutoScalingGroupName": "prod-webapp", "MaxSize": 6}, False,
        ),
        (
            allow("autoscaling:*", when={"Bool": {"autoscaling:ForceDelete": "false"}}),
            "autoscaling", "delete_auto_scaling_group",
            {"AutoScalingGroupName": "prod-webapp", "ForceDelete": True}, False,
        ),
        (
            allow("autoscaling:*", when={"StringEquals": {"ec2:Region": "us-west-2"}}),
            "autoscaling", "suspend_processes", {"AutoScalingGroupName": "prod-webapp"}, False,
        ),
        (
            allow("ssm:*", when={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
            "ssm", "get_parameters", {"Names": ["/a"]}, False,
        ),
        (
            allow("ssm:*", when={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "Bool": {"aws:SecureTransport": True}}),
            "ssm", "get_parameters", {"Names": ["/a"]}, True,
        ),
        (
            allow("ssm:*", when={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/oper*"}}),
            "ssm", "get_parameters", {"Names": ["/a"]}, True,
        ),
        (
            allow("ssm:PutParameter", when={"StringEquals": {"ssm:Overwrite": "false"}}),
            "ssm", "put_parameter", {"Name": "/a", "Value": "1", "Type": "String", "Overwrite": True}, False,
        ),
        (
            allow("ssm:*", on=f"arn:aws:ssm:{HERE}:parameter/home/${{aws:username}}/*"),
            "ssm", "get_parameters", {"Names": ["/home/operator/a"]}, True,
        ),
        (
            allow("ssm:GetParameters", on=f"arn:aws:ssm:{HERE}:parameter/a"),
            "ssm", "get_parameters", {"Names": ["/a", "/b"]}, False,
        ),
        (
            allow("ec2:Describe*", when={"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}),
            "ec2", "describe_instances", {}, True,
        ),
        (
            allow("autoscaling:Describe*", on=f"arn:aws:autoscaling:{HERE}:autoScalingGroup:*"),
            "autoscaling", "describe_auto_scaling_groups", {}, False,
        ),
        (
            allow("cloudwatch:DescribeAlarms", on=f"arn:aws:cloudwatch:{HERE}:alarm:prod-*"),
            "cloudwatch", "describe_alarms", {"AlarmNames": ["prod-high"]}, True,
        ),
        (
            allow("cloudwatch:DescribeAlarms", on=f"arn:aws:cloudwatch:{HERE}:alarm:*"),
            "cloudwatch", "describe_alarms", {"AlarmTypes": ["CompositeAlarm"]}, False,
        ),
    ],
)  # fmt: skip
def test_conditions_and_resources_decide(
    seeded: Callable[..., Any],
    world: Any,
    as_user: Callable[..., Clients],
    statement: Any,
    service: str,
    operation: str,
    params: Any,
    allowed: bool,
) -> None:
    seeded()
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": "team", "Value": "shop"}
    world.client("autoscaling").create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])
    call = getattr(as_user(statement)(service), operation)
    if allowed:
        call(**params)
    else:
        assert "is not authorized to perform" in told(call, **params)
