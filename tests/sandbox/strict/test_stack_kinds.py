"""Each kind of resource is made, changed in place and removed through the sandbox's own services."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stacks import Stacks

from udo.sandbox.strict.cloudformation.kinds import KINDS

_ALLOWED = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
POLICY = {"Version": "2012-10-17", "Statement": [_ALLOWED]}
_TRUSTED = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
TRUST = {"Version": "2012-10-17", "Statement": [_TRUSTED]}
ZONES = {"Fn::GetAZs": ""}


def _metric(threshold: Any) -> dict[str, Any]:
    return {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Statistic": "Maximum",
        "Period": "60",
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def _open(port: int) -> dict[str, Any]:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "10.0.0.0/8"}
    return {"GroupDescription": "web", "SecurityGroupIngress": [rule]}


def _alarm(world: Any, name: str) -> Any:
    return [one["Threshold"] for one in world.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]]


def _template(world: Any, template_id: str) -> Any:
    told = world.client("ec2").describe_launch_templates(Filters=[])["LaunchTemplates"]
    return [one["LatestVersionNumber"] for one in told if one["LaunchTemplateId"] == template_id]


def _role(world: Any, name: str) -> Any:
    told = world.client("iam").list_roles()["Roles"]
    found = [one["RoleName"] for one in told if one["RoleName"] == name]
    return [world.client("iam").list_role_policies(RoleName=one)["PolicyNames"] for one in found]


def _ports(world: Any, group_id: str) -> Any:
    told = world.client("ec2").describe_security_groups()["SecurityGroups"]
    return [[rule["FromPort"] for rule in one["IpPermissions"]] for one in told if one["GroupId"] == group_id]


def _bucket(world: Any, name: str) -> Any:
    s3 = world.client("s3")
    there = [one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"] == name]
    return [s3.get_bucket_versioning(Bucket=one).get("Status") for one in there]


def _log_group(world: Any, name: str) -> Any:
    told = world.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return [one.get("retentionInDays") for one in told]


def _topic(world: Any, arn: str) -> Any:
    sns = world.client("sns")
    there = [one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"] == arn]
    return [sns.get_topic_attributes(TopicArn=one)["Attributes"].get("DisplayName") for one in there]


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[[Any, str], Any], list[Any], list[Any]]] = {
    "AWS::CloudWatch::Alarm": (_metric("5"), _metric(7), _alarm, [5.0], [7.0]),
    "AWS::EC2::LaunchTemplate": (
        {"LaunchTemplateData": {"InstanceType": "t3.small", "EbsOptimized": "true"}},
        {"LaunchTemplateData": {"InstanceType": "t3.large"}},
        _template,
        [1],
        [2],
    ),
    "AWS::IAM::Role": (
        {"AssumeRolePolicyDocument": TRUST},
        {"AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "read", "PolicyDocument": POLICY}]},
        _role,
        [[]],
        [["read"]],
    ),
    "AWS::EC2::SecurityGroup": (_open(80), _open(443), _ports, [[80]], [[443]]),
    "AWS::S3::Bucket": ({}, {"VersioningConfiguration": {"Status": "Enabled"}}, _bucket, [None], ["Enabled"]),
    "AWS::Logs::LogGroup": ({"RetentionInDays": 7}, {"RetentionInDays": "14"}, _log_group, [7], [14]),
    "AWS::SNS::Topic": ({"DisplayName": "a"}, {"DisplayName": "b"}, _topic, ["a"], ["b"]),
}


@pytest.fixture
def stacks(world: Any) -> Stacks:
    return Stacks(world)


@pytest.mark.parametrize("kind", CASES)
def test_a_kind_is_made_changed_in_place_and_removed(stacks: Stacks, kind: str) -> None:
    first, second, look, made, changed = CASES[kind]
    leave = {"Capabilities": ["CAPABILITY_IAM"]}
    stack = stacks.create({"One": {"Type": kind, "Properties": first}}, **leave)
    assert stacks.status() == "CREATE_COMPLETE", stacks.events()
    physical = stacks.ids()["One"]
    assert look(stacks.world, physical) == made
    stacks.update({"One": {"Type": kind, "Properties": second}}, **leave)
    assert stacks.status() == "UPDATE_COMPLETE", stacks.events()
    assert stacks.ids()["One"] == physical
    assert look(stacks.world, physical) == changed
    stacks.delete()
    assert stacks.status(stack) == "DELETE_COMPLETE", stacks.events(stack)
    assert look(stacks.world, physical) == []


@pytest.mark.parametrize("kind", sorted(one for one, known in KINDS.items() if known.exists and one in CASES))
def test_a_name_in_use_is_found_before_anything_is_made(stacks: Stacks, kind: str) -> None:
    properties = {**CASES[kind][0], KINDS[kind].name: "shop-taken"}
    leave = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    stacks.create({"One": {"Type": kind, "Properties": properties}}, **leave)
    assert stacks.status() == "CREATE_COMPLETE", stacks.events()
    stacks.create({"One": {"Type": kind, "Properties": properties}}, "other", **leave)
    assert stacks.status("other") == "ROLLBACK_COMPLETE"
    told = stacks.api.describe_events(StackName="other", Filters={"FailedEvents": True})["OperationEvents"]
    reasons = [one["ValidationStatusReason"] for one in told if one["EventType"] == "VALIDATION_ERROR"]
    assert reasons == [f"Resource of type '{kind}' with identifier 'shop-taken' already exists."]
    stacks.create({"One": {"Type": kind, "Properties": properties}}, "third", DisableValidation=True, **leave)
    assert "already exists" in next(reason for _, status, reason in stacks.events("third") if status == "CREATE_FAILED")


def test_a_group_is_made_with_its_template_profile_and_tags(stacks: Stacks) -> None:
    image = stacks.world.client("ec2").register_image(Name="one", Architecture="x86_64")["ImageId"]

    def resources(size: int) -> dict[str, Any]:
        data = {
            "ImageId": image,
            "InstanceType": "t3.small",
            "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["Profile", "Arn"]}},
        }
        template = {
            "LaunchTemplateId": {"Ref": "Template"},
            "Version": {"Fn::GetAtt": ["Template", "LatestVersionNumber"]},
        }
        tags = [{"Key": "role", "Value": "web", "PropagateAtLaunch": "true"}]
        group = {"MinSize": "1", "MaxSize": "5", "DesiredCapacity": size, "AvailabilityZones": ZONES, "Tags": tags}
        return {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
            "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
            "Template": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}},
            "Group": {
                "Type": "AWS::AutoScaling::AutoScalingGroup",
                "Properties": {**group, "LaunchTemplate": template},
            },
        }

    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Group", "AutoScalingGroupARN"]}}}
    stack = stacks.create(resources(2), outputs=outputs, Capabilities=["CAPABILITY_IAM"])
    assert stacks.status() == "CREATE_COMPLETE", stacks.events()
    autoscaling = stacks.world.client("autoscaling")
    group = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert (group["AutoScalingGroupName"], len(group["Instances"])) == (stacks.ids()["Group"], 2)
    assert stacks.outputs()["Arn"] == group["AutoScalingGroupARN"]
    tags = {one["Key"]: one["Value"] for one in group["Tags"]}
    assert tags.items() >= {"role": "web", "aws:cloudformation:stack-name": "shop"}.items()
    before = {one["InstanceId"] for one in group["Instances"]}
    stacks.update(resources(3), outputs=outputs, Capabilities=["CAPABILITY_IAM"])
    group = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert len(group["Instances"]) == 3
    assert before < {one["InstanceId"] for one in group["Instances"]}
    stacks.delete()
    assert stacks.status(stack) == "DELETE_COMPLETE", stacks.events(stack)
    assert autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert stacks.world.client("iam").list_instance_profiles()["InstanceProfiles"] == []


def test_a_bucket_that_is_not_empty_is_not_deleted(stacks: Stacks) -> None:
    stacks.create({"Files": {"Type": "AWS::S3::Bucket"}, "Jobs": {"Type": "AWS::SQS::Queue"}})
    bucket = stacks.ids()["Files"]
    assert bucket.startswith("shop-files-")
    stacks.world.client("s3").put_object(Bucket=bucket, Key="a", Body=b"x")
    jobs = '{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}'
    stacks.api.create_change_set(StackName="shop", ChangeSetName="less", ChangeSetType="UPDATE", TemplateBody=jobs)
    stacks.world.clock.step(60)
    told = stacks.api.describe_events(StackName="shop", ChangeSetName="less")["OperationEvents"]
    warned = next(one for one in told if one["EventType"] == "VALIDATION_ERROR")
    assert (warned["ValidationFailureMode"], warned["ValidationName"]) == ("WARN", "BUCKET_EMPTINESS_VALIDATION")
    assert stacks.api.describe_change_set(StackName="shop", ChangeSetName="less")["ExecutionStatus"] == "AVAILABLE"
    stacks.delete()
    assert stacks.status() == "DELETE_FAILED"
    reason = next(reason for name, status, reason in stacks.events() if (name, status) == ("Files", "DELETE_FAILED"))
    assert "The bucket you tried to delete is not empty (Service: S3, Status Code: 409" in reason


def test_what_a_kind_would_leave_out_is_an_error_that_names_it(stacks: Stacks) -> None:
    website = {"WebsiteConfiguration": {"IndexDocument": "index.html"}}
    stacks.create({"Files": {"Type": "AWS::S3::Bucket", "Properties": website}})
    reasons = [reason for _, status, reason in stacks.events() if status == "CREATE_FAILED"]
    assert reasons == ["the sandbox does not know WebsiteConfiguration of AWS::S3::Bucket"]


def test_the_page_names_every_kind_there_is() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")
    part = page.partition("\n## Stacks\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(AWS::\w+::\w+)`", part)) == set(KINDS)
