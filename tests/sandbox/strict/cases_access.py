"""IAM's policies: one case for each rule, named like it."""

from __future__ import annotations

import json
from typing import Any

from account import ROLE, Account, accepted, holds, refused

ARN = "arn:aws:{}:us-west-2:123456789012:{}"
WHO = "User: arn:aws:iam::123456789012:user/operator is not authorized to perform:"


def _allow(*actions: str, on: str = "*", when: Any = None) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **({"Condition": when} if when else {})}


def _role(aws: Account, name: str, *principals: Any) -> str:
    rows = [{"Effect": "Allow", "Principal": one, "Action": "sts:AssumeRole"} for one in principals]
    document = json.dumps({"Version": "2012-10-17", "Statement": rows})
    return str(aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def users_may_do_what_their_policies_say(aws: Account) -> None:
    aws.group(size=1)
    resource = ARN.format("autoscaling", "autoScalingGroup:*:autoScalingGroupName/web")
    own = aws.user(
        _allow("autoscaling:Update*", on=resource), _allow("ec2:*"), {**_allow("ec2:DeleteVpc"), "Effect": "Deny"}
    )
    accepted(own.update, MaxSize=5)
    accepted(own.ec2.describe_vpcs)
    accepted(own.sts.get_caller_identity)
    refused(own.autoscaling.describe_auto_scaling_groups, "AccessDenied")
    refused(own.autoscaling.set_desired_capacity, "AccessDenied", AutoScalingGroupName="web", DesiredCapacity=1)
    refused(own.ec2.delete_vpc, "UnauthorizedOperation", "with an explicit deny", VpcId="vpc-0123456789abcdef0")


def denials_tell_who_what_and_why(aws: Account) -> None:
    own = aws.user(_allow("sns:*"))
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    for call, code, action, resource, params in (
        (own.autoscaling.describe_auto_scaling_groups, "AccessDenied", "autoscaling:DescribeAutoScalingGroups", "", {}),
        (own.ec2.describe_vpcs, "UnauthorizedOperation", "ec2:DescribeVpcs", "", {}),
        (
            own.codedeploy.get_deployment_group, "AccessDeniedException", "codedeploy:GetDeploymentGroup",
            ARN.format("codedeploy", "deploymentgroup:shop/prod"), names,
        ),
        (
            own.ssm.get_parameter, "AccessDeniedException", "ssm:GetParameter",
            ARN.format("ssm", "parameter/a/b"), {"Name": "/a/b"},
        ),
        (own.s3.list_objects_v2, "AccessDenied", "s3:ListBucket", '"arn:aws:s3:::bundles"', {"Bucket": "bundles"}),
    ):  # fmt: skip
        on = f" on resource: {resource}" if resource else ""
        why = f"because no identity-based policy allows the {action} action"
        refused(call, code, f"{WHO} {action}{on} {why}", **params)


def conditions_ask_the_request(aws: Account) -> None:
    aws.group(size=1, Tags=[{"Key": "team", "Value": "shop"}])
    when = {"StringEquals": {"aws:ResourceTag/team": "shop"}, "NumericLessThan": {"autoscaling:MaxSize": "5"}}
    own = aws.user(_allow("autoscaling:UpdateAutoScalingGroup", when=when))
    accepted(own.update, MaxSize=4)
    refused(own.update, "AccessDenied", MaxSize=5)
    aws.group("other", size=1)
    refused(own.update, "AccessDenied", name="other", MaxSize=4)


def templates_are_launched_by_who_names_them(aws: Account) -> None:
    aws.group(size=1)
    template = aws.template("new")
    own = aws.user(_allow("autoscaling:*"))
    launch = {"LaunchTemplateId": template, "Version": "1"}
    words = f"You are not authorized to use launch template: {template}"
    holds(refused(own.update, "AccessDenied", LaunchTemplate=launch) == words)
    able = aws.user(_allow("autoscaling:*", "ec2:RunInstances", "ec2:CreateTags"), name="able")
    accepted(able.update, LaunchTemplate=launch)


def roles_are_passed_by_permission(aws: Account) -> None:
    aws.codedeploy.create_application(applicationName="till")
    names = {"applicationName": "till", "deploymentGroupName": "prod", "serviceRoleArn": ROLE}
    when = {"StringEquals": {"iam:PassedToService": "codedeploy.amazonaws.com"}}
    own = aws.user(_allow("codedeploy:*"))
    refused(
        own.codedeploy.create_deployment_group, "AccessDeniedException", f"iam:PassRole on resource: {ROLE}", **names
    )
    able = aws.user(_allow("codedeploy:*"), _allow("iam:PassRole", on=ROLE, when=when), name="able")
    accepted(able.codedeploy.create_deployment_group, **names)


def deployments_read_their_configuration(aws: Account) -> None:
    aws.deployable(size=1)
    own = aws.user(_allow("codedeploy:CreateDeployment", "codedeploy:RegisterApplicationRevision"))
    refused(own.deploy, "AccessDeniedException", "codedeploy:GetDeploymentConfig on resource:")


def tags_of_new_things_need_a_permission(aws: Account) -> None:
    own = aws.user(_allow("ssm:PutParameter"))
    words = {"Name": "/a", "Value": "1", "Type": "String"}
    accepted(own.ssm.put_parameter, **words)
    tags = [{"Key": "team", "Value": "shop"}]
    refused(
        own.ssm.put_parameter, "AccessDeniedException", "ssm:AddTagsToResource", **{**words, "Name": "/b"}, Tags=tags
    )


def roles_are_assumed_by_whom_they_trust(aws: Account) -> None:
    mine = _role(aws, "mine", {"AWS": "arn:aws:iam::123456789012:user/operator"})
    other = _role(aws, "other", {"Service": "ec2.amazonaws.com"})
    own = aws.user(_allow("sts:AssumeRole"))
    accepted(own.sts.assume_role, RoleArn=mine, RoleSessionName="night")
    refused(own.sts.assume_role, "AccessDenied", other, RoleArn=other, RoleSessionName="night")
    refused(own.sts.assume_role, "AccessDenied", RoleArn=f"{other}s", RoleSessionName="night")


def all_stacks_are_described_by_who_may_list_them(aws: Account) -> None:
    own = aws.user(_allow("cloudformation:DescribeStacks"))
    refused(own.cloudformation.describe_stacks, "AccessDenied", "cloudformation:ListStacks")
    able = aws.user(_allow("cloudformation:DescribeStacks", "cloudformation:ListStacks"), name="able")
    accepted(able.cloudformation.describe_stacks)


def sessions_end(aws: Account) -> None:
    mine = _role(aws, "mine", {"AWS": "123456789012"})
    own = aws.user(_allow("sts:AssumeRole"))
    told = own.sts.assume_role(RoleArn=mine, RoleSessionName="night", DurationSeconds=900)
    session = aws.signed(told["Credentials"])
    accepted(session.sts.get_caller_identity)
    bare = {**told["Credentials"], "SessionToken": None}
    refused(aws.signed(bare).sts.get_caller_identity, "InvalidClientTokenId")
    aws.step(901)
    refused(session.sts.get_caller_identity, "ExpiredToken")


def missing_objects_are_hidden(aws: Account) -> None:
    aws.s3.create_bucket(Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    own = aws.user(_allow("s3:GetObject"))
    words = f'{WHO} s3:ListBucket on resource: "arn:aws:s3:::bundles"'
    refused(own.s3.get_object, "AccessDenied", words, Bucket="bundles", Key="absent")
    refused(own.s3.head_object, "403", Bucket="bundles", Key="absent")
    able = aws.user(_allow("s3:GetObject", "s3:ListBucket"), name="able")
    refused(able.s3.get_object, "NoSuchKey", Bucket="bundles", Key="absent")


def composite_alarms_need_all_resources(aws: Account) -> None:
    own = aws.user(_allow("cloudwatch:*", on=ARN.format("cloudwatch", "alarm:*")))
    accepted(own.cloudwatch.describe_alarms)
    refused(own.cloudwatch.describe_alarms, "AccessDenied", AlarmTypes=["CompositeAlarm"])
    refused(own.cloudwatch.put_composite_alarm, "AccessDenied", AlarmName="all", AlarmRule="TRUE")
    able = aws.user(_allow("cloudwatch:*"), name="able")
    accepted(able.cloudwatch.put_composite_alarm, AlarmName="all", AlarmRule="TRUE")


def session_documents_are_checked(aws: Account) -> None:
    (member,) = aws.managed(1)
    instance, document = (
        ARN.format("ec2", f"instance/{member}"),
        ARN.format("ssm", "document/SSM-SessionManagerRunShell"),
    )
    plain = aws.user(_allow("ssm:StartSession", on=instance), name="plain")
    accepted(plain.ssm.start_session, Target=member)
    forward = {"DocumentName": "AWS-StartSSHSession", "Target": member}
    refused(plain.ssm.start_session, "AccessDeniedException", "::document/AWS-StartSSHSession", **forward)
    check = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
    strict = _allow("ssm:StartSession", on=instance, when=check)
    refused(aws.user(strict).ssm.start_session, "AccessDeniedException", Target=member)
    able = aws.user(strict, _allow("ssm:StartSession", on=document), name="able")
    accepted(able.ssm.start_session, Target=member)


def sessions_are_of_who_started_them(aws: Account) -> None:
    (member,) = aws.managed(1)
    mine = {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}}
    may = (_allow("ssm:StartSession"), _allow("ssm:TerminateSession", when=mine))
    one, two = aws.user(*may), aws.user(*may, name="second")
    session = accepted(one.ssm.start_session, Target=member)["SessionId"]
    holds(session.startswith("operator-"), session)
    refused(two.ssm.terminate_session, "AccessDeniedException", f"session/{session}", SessionId=session)
    accepted(one.ssm.terminate_session, SessionId=session)
