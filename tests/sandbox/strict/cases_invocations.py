"""What is told of commands, invocations and managed instances: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused

SHELL = "AWS-RunShellScript"


def outputs_are_cut(aws: Account) -> None:
    members = aws.managed(1)
    command = aws.send(members, "head -c 25000 /dev/zero | tr '\\0' o; head -c 9000 /dev/zero | tr '\\0' e >&2")
    found = aws.invoked(command, members[0])
    out, errors = found["StandardOutputContent"], found["StandardErrorContent"]
    holds((len(out), out[-20:], len(errors)) == (24_000, "--output truncated--", 8_000), f"{len(out)} {len(errors)}")
    asked = {"CommandId": command, "InstanceId": members[0], "PluginName": "aws:runNothing"}
    refused(aws.ssm.get_command_invocation, "InvalidPluginName", **asked)


def outputs_are_stored_whole(aws: Account) -> None:
    members = aws.managed(1)
    aws.s3.create_bucket(Bucket="outputs", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    bucket = {"OutputS3BucketName": "outputs", "OutputS3KeyPrefix": "runs"}
    command = aws.send(members, "head -c 100000 /dev/zero | tr '\\0' o", **bucket)
    key = f"runs/{command}/{members[0]}/awsrunShellScript/0.awsrunShellScript/stdout"
    keys = [one["Key"] for one in aws.s3.list_objects_v2(Bucket="outputs").get("Contents", [])]
    holds(keys == [key], f"{keys}")
    holds(aws.s3.get_object(Bucket="outputs", Key=key)["Body"].read() == b"o" * 100_000, "not whole")
    holds(aws.invoked(command, members[0])["StandardOutputUrl"].endswith(f"/outputs/{key}"))
    accepted(aws.send, ids=members, OutputS3BucketName="nowhere")


def invocations_come_later(aws: Account) -> None:
    members = aws.managed(1)
    aws.delay(invocation=1)
    command = aws.send(members, wait=False)
    asked = {"CommandId": command, "InstanceId": members[0]}
    refused(aws.ssm.get_command_invocation, "InvocationDoesNotExist", **asked)
    holds(aws.statuses(command) == [], "they exist")
    aws.step(1)
    aws.settled(command)
    accepted(aws.ssm.get_command_invocation, **asked)


def invocations_are_listed_in_pages(aws: Account) -> None:
    members = aws.managed(3)
    command = aws.send(
        members, "echo out; echo wrong >&2; head -c 3000 /dev/zero | tr '\\0' o; false", MaxErrors="100%"
    )
    listed = aws.ssm.list_command_invocations
    refused(listed, "ValidationException", MaxResults=51)
    refused(listed, "InvalidCommandId", CommandId="0" * 36)
    stage = [{"key": "ExecutionStage", "value": "Complete"}]
    refused(listed, "InvalidFilterKey", Filters=stage)
    first = accepted(listed, CommandId=command, MaxResults=2)
    holds(
        len(first["CommandInvocations"]) <= 2
        and first["NextToken"]
        and not first["CommandInvocations"][0]["CommandPlugins"]
    )
    pages = aws.ssm.get_paginator("list_command_invocations").paginate(
        CommandId=command,
        Details=True,
        Filters=[{"key": "Status", "value": "Failed"}],
        PaginationConfig={"PageSize": 2},
    )
    found = [one for page in pages for one in page["CommandInvocations"]]
    holds(sorted(one["InstanceId"] for one in found) == sorted(members), "some are lost")
    plugin = found[0]["CommandPlugins"][0]
    holds(
        (plugin["Name"], plugin["ResponseCode"], plugin["Status"]) == ("aws:runShellScript", 1, "Failed"), f"{plugin}"
    )
    told = plugin["Output"]
    holds(
        len(told) == 2500
        and told.startswith("out\nooo")
        and "\n---Output truncated---\n----------ERROR-------\nwrong\n" in told,
        told,
    )


def commands_are_listed_newest_first(aws: Account) -> None:
    members = aws.managed(1)
    commands = []
    for script in ("true", "false", "true"):
        commands.append(aws.send(members, script))
        aws.step(60)
    listed = aws.ssm.list_commands
    holds([one["CommandId"] for one in listed()["Commands"]] == commands[::-1], "not the newest first")
    for key, value, wanted in (
        ("Status", "Failed", commands[1:2]),
        ("InvokedAfter", "2026-01-05T09:01:00Z", commands[:0:-1]),
        ("InvokedBefore", "2026-01-05T09:01:00Z", commands[:1]),
        ("ExecutionStage", "Executing", []),
        ("DocumentName", SHELL, commands[::-1]),
    ):
        found = [one["CommandId"] for one in listed(Filters=[{"key": key, "value": value}])["Commands"]]
        holds(found == wanted, f"{key}={value}: {found}")
    first = listed(MaxResults=2)
    holds("NextToken" in first and len(first["Commands"]) <= 2, "no pages")
    refused(listed, "InvalidNextToken", NextToken="x")


def filters_of_instances_are_known(aws: Account) -> None:
    members = aws.managed(2)
    described = aws.ssm.describe_instance_information

    def by(**filters: list[str]) -> list[dict[str, Any]]:
        return [{"Key": key.replace("_", ":"), "Values": values} for key, values in filters.items()]

    for code, filters in (
        ("InvalidInstanceInformationFilterValue", by(Mood=["good"])),
        ("InvalidInstanceId", by(InstanceIds=["web"])),
        ("ValidationException", by(InstanceIds=[f"i-{number:017x}" for number in range(101)])),
        ("ValidationException", by(PingStatus=["Online"], tag_Name=["web"])),
    ):
        refused(described, code, Filters=filters)
    legacy = [{"key": "PingStatus", "valueSet": ["Online"]}]
    refused(described, "ValidationException", Filters=by(PingStatus=["Online"]), InstanceInformationFilterList=legacy)
    aws.agent_fault("ssm-lost", instance_id=members[0])
    for filters, wanted in (
        (by(InstanceIds=[*members, "i-0123456789abcdef0"]), members),
        (by(PingStatus=["Online"]), members[1:]),
        (by(PingStatus=["ConnectionLost"], InstanceIds=members), members[:1]),
        (by(SourceIds=members[:1], SourceTypes=["AWS::EC2::Instance"]), members[:1]),
        (by(AssociationStatus=["Success"]), []),
        ([{"Key": "tag-key", "Values": ["aws:autoscaling:groupName"]}], members),
    ):
        found = [one["InstanceId"] for one in accepted(described, Filters=filters)["InstanceInformationList"]]
        holds(sorted(found) == sorted(wanted), f"{filters}: {found}")
