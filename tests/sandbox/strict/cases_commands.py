"""Run Command: one case for each rule, named like it."""

from __future__ import annotations

import time
from typing import Any

from account import Account, Broken, accepted, holds, refused

SHELL = "AWS-RunShellScript"
GROUP = "tag:aws:autoscaling:groupName"


def _until(condition: Any, what: str) -> None:
    until = time.monotonic() + 20
    while not condition():
        if time.monotonic() > until:
            raise Broken(what)
        time.sleep(0.005)


def commands_go_to_whom_they_name(aws: Account) -> None:
    members = aws.managed(3)
    aws.group("other", size=1)
    command = aws.send(members[:2])
    holds(len(aws.statuses(command)) == 2, "it went to others")
    target = {"Key": GROUP, "Values": ["web", "none"]}
    answer = aws.ssm.send_command(
        DocumentName=SHELL,
        Targets=[target, {"Key": "InstanceIds", "Values": members[1:]}],
        Parameters={"commands": ["true"]},
    )["Command"]
    holds((answer["Status"], answer["TargetCount"], answer["InstanceIds"]) == ("Pending", 0, []), f"{answer}")
    found = aws.settled(answer["CommandId"])
    holds((found["TargetCount"], found["Targets"][0]) == (2, target), f"{found}")


def commands_fit_their_shapes(aws: Account) -> None:
    ids = aws.managed(1)
    for wrong in (
        {"Comment": "x" * 101},
        {"MaxConcurrency": "0"},
        {"MaxConcurrency": "101%"},
        {"MaxErrors": "-1"},
        {"MaxErrors": "a few"},
        {"OutputS3BucketName": "x" * 64},
        {"TimeoutSeconds": 2592001},
    ):
        refused(aws.send, "ValidationException", ids=ids, wait=False, **wrong)
    refused(aws.send, "ValidationException", ids=["web"], wait=False)
    refused(aws.ssm.list_commands, "ValidationException", CommandId="x" * 37)
    accepted(aws.send, ids=ids, wait=False, MaxConcurrency="100%", MaxErrors="0", Comment="x" * 100)


def at_most_fifty_instances_are_named(aws: Account) -> None:
    ids = [f"i-{number:017x}" for number in range(51)]
    refused(aws.send, "ThrottlingException", ids=ids, wait=False)


def commands_have_instances_or_targets(aws: Account) -> None:
    members = aws.managed(1)
    one = {"Key": "tag:Name", "Values": ["x"]}
    refused(aws.send, "ValidationException", ids=members, wait=False, Targets=[one])
    refused(aws.send, "ValidationException", ids=[], wait=False)
    refused(aws.send, "ValidationException", "less than or equal to 5", ids=[], wait=False, Targets=[one] * 6)
    many = {"Key": "tag:Name", "Values": [f"{number}" for number in range(51)]}
    refused(aws.send, "ValidationException", "less than or equal to 50", ids=[], wait=False, Targets=[many])


def instances_are_named_once(aws: Account) -> None:
    members = aws.managed(1)
    refused(aws.send, "DuplicateInstanceId", ids=members * 2, wait=False)


def named_instances_are_registered(aws: Account) -> None:
    members = aws.managed(2)
    bare = aws.group("bare", size=1)
    for wrong in (bare[0], "i-0123456789abcdef0"):
        refused(aws.send, "InvalidInstanceId", f"[[{wrong}]]", ids=[members[0], wrong], wait=False)
    aws.delay(console=30)
    late = aws.group("late", size=1, LaunchConfigurationName="web")
    refused(aws.send, "InvalidInstanceId", ids=late, wait=False)
    aws.step(30)
    accepted(aws.send, ids=late)
    aws.agent_fault("ssm-unregistered", instance_id=members[1])
    refused(aws.send, "InvalidInstanceId", members[1], ids=members, wait=False)
    aws.ec2.terminate_instances(InstanceIds=members[:1])
    refused(aws.send, "InvalidInstanceId", members[0], ids=members[:1], wait=False)


def commands_run_documents(aws: Account) -> None:
    members = aws.managed(1)
    refused(aws.send, "InvalidDocument", ids=members, wait=False, DocumentName="Nothing")
    refused(aws.send, "InvalidDocumentVersion", ids=members, wait=False, DocumentVersion="7")


def parameters_are_those_of_the_document(aws: Account) -> None:
    ids = aws.managed(1)
    for wrong in (
        {"commands": []},
        {"command": ["true"]},
        {"executionTimeout": ["0"]},
        {"executionTimeout": ["172801"]},
        {"executionTimeout": ["soon"]},
        {"workingDirectory": ["/", "/tmp"]},
    ):
        refused(aws.send, "InvalidParameters", ids=ids, wait=False, given=wrong)


def commands_fit_into_a_document(aws: Account) -> None:
    ids = aws.managed(1)
    refused(
        aws.ssm.send_command,
        "MaxDocumentSizeExceeded",
        InstanceIds=ids,
        DocumentName=SHELL,
        Parameters={"commands": ["#" * 1023] * 65},
    )


def short_execution_timeouts_are_an_hour(aws: Account) -> None:
    members = aws.managed(1)
    told = aws.ssm.send_command(
        InstanceIds=members,
        DocumentName=SHELL,
        TimeoutSeconds=30,
        Parameters={"commands": ["true"], "executionTimeout": ["4"]},
    )["Command"]
    holds((told["ExpiresAfter"] - told["RequestedDateTime"]).seconds == 3630, f"{told}")
    command = aws.send(members, "sleep 30", wait=False, given={"executionTimeout": ["5"]})
    _until(lambda: aws.statuses(command) == ["InProgress"], "it does not begin")
    aws.step(6)
    found = aws.settled(command)
    holds((found["Status"], found["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut"), f"{found}")
    holds(aws.invoked(command, members[0])["ResponseCode"] == 137)


def only_the_last_exit_status_counts(aws: Account) -> None:
    members = aws.managed(1)
    script = ["echo $SSM_COMMAND_ID; pwd", "false", "exit 7", "echo never"]
    found = aws.invoked(aws.send(members, *script), members[0])
    holds((found["Status"], found["ResponseCode"]) == ("Failed", 7), f"{found}")
    holds(found["StandardErrorContent"] == "failed to run commands: exit status 7", f"{found}")
    lines = found["StandardOutputContent"].splitlines()
    holds(lines[0] == found["CommandId"] and lines[1].endswith(members[0]) and len(lines) == 2, f"{lines}")
    found = aws.invoked(aws.send(members, "false", "true"), members[0])
    holds((found["Status"], found["StandardErrorContent"]) == ("Success", ""), f"{found}")
    for code, status in ((137, "ExecutionTimedOut"), (168, "Success"), (169, "Failed")):
        found = aws.invoked(aws.send(members, f"exit {code}"), members[0])
        holds((found["StatusDetails"], found["ResponseCode"]) == (status, code), f"{found}")
    found = aws.invoked(aws.send(members, "true", given={"workingDirectory": ["/no/where"]}), members[0])
    holds("chdir /no/where: no such file or directory" in found["StandardErrorContent"], f"{found}")


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


def commands_reach_one_instance_first(aws: Account) -> None:
    members = aws.managed(4)
    command = aws.send(members, "until [ -e go ]; do sleep 0.01; done; pwd", wait=False, MaxConcurrency="2")
    waves = []
    # The file that a script waits for lies in its instance's folder, which its process is in.
    for _ in range(3):
        _until(lambda: "InProgress" in aws.statuses(command), "nothing runs")
        found = aws.ssm.list_command_invocations(CommandId=command)["CommandInvocations"]
        running = [one["InstanceId"] for one in found if one["Status"] == "InProgress"]
        waves.append(len(running))
        aws.send(running, "touch go")
        _until(
            lambda gone=running: all(aws.invoked(command, one)["Status"] == "Success" for one in gone),
            "it does not end",
        )
    holds(waves == [1, 2, 1], f"{waves}")
    holds(aws.settled(command)["StatusDetails"] == "Success")


def commands_stop_after_too_many_errors(aws: Account) -> None:
    members = aws.managed(5)
    command = aws.send(members, "exit 1", MaxConcurrency="1", MaxErrors="1")
    found = aws.settled(command)
    holds(sorted(aws.statuses(command)) == ["Failed"] * 2 + ["Terminated"] * 3, f"{aws.statuses(command)}")
    counts = found["StatusDetails"], found["ErrorCount"], found["CompletedCount"]
    holds(counts == ("Failed", 2, 5), f"{counts}")
    found = aws.settled(aws.send(members, "exit 1", MaxConcurrency="1", MaxErrors="40%"))
    holds(found["ErrorCount"] == 3, f"{found}")


def commands_add_up_their_invocations(aws: Account) -> None:
    members = aws.managed(3)
    command = aws.send(members, f"[ $AWS_SSM_INSTANCE_ID != {members[0]} ]", MaxErrors="100%")
    found = aws.settled(command)
    holds((found["Status"], found["StatusDetails"], found["ErrorCount"]) == ("Failed", "Incomplete", 1), f"{found}")
    for status in ("Undeliverable", "InvalidPlatform", "AccessDenied"):
        aws.agent_fault("command", instance_id=members[0], status=status)
        command = aws.send(members)
        holds(aws.settled(command)["StatusDetails"] == "Success", "one that was not delivered fails it")
        found = aws.invoked(command, members[0])
        holds((found["Status"], found["StatusDetails"], found["ResponseCode"]) == ("Failed", status, -1), f"{found}")
        holds(aws.settled(aws.send(members[:1]))["Status"] == "Failed", "all that were not delivered do not fail it")
        aws.no_agent_faults()
    command = aws.send([], Targets=[{"Key": "tag:Name", "Values": ["nothing"]}])
    found = aws.settled(command)
    holds((found["Status"], found["StatusDetails"]) == ("Success", "NoInstancesInTag"), f"{found}")


def lost_agents_delay_commands(aws: Account) -> None:
    members = aws.managed(3)
    aws.agent_fault("ssm-lost", instance_id=members[0])
    aws.step(60)
    told = accepted(aws.ssm.describe_instance_information, MaxResults=50)["InstanceInformationList"]
    pings = {one["InstanceId"]: (one["PingStatus"], one["LastPingDateTime"]) for one in told}
    holds([pings[one][0] for one in members] == ["ConnectionLost", "Online", "Online"], f"{pings}")
    holds((pings[members[1]][1] - pings[members[0]][1]).seconds == 60, f"{pings}")
    command = aws.send(members, wait=False)
    _until(lambda: sorted(aws.statuses(command)) == ["Delayed", "Success", "Success"], f"{aws.statuses(command)}")
    aws.no_agent_faults()
    holds(aws.settled(command)["StatusDetails"] == "Success")
    aws.agent_fault("ssm-lost", instance_id=members[1])
    command = aws.send(members[1:2], wait=False)
    aws.ec2.terminate_instances(InstanceIds=members[1:2])
    holds(aws.settled(command)["Status"] == "Failed" and aws.statuses(command) == ["Undeliverable"])


def commands_that_nobody_answers_expire(aws: Account) -> None:
    members = aws.managed(2)
    waits = {"given": {"executionTimeout": ["60"]}, "TimeoutSeconds": 30, "wait": False}
    ran = aws.send(members[:1], "true", **waits)
    _until(lambda: aws.statuses(ran) != ["Pending"], "it does not begin")
    aws.agent_fault("ssm-lost")
    # One that was heard of before its agent was lost is no example.
    command = aws.send(members, **waits)
    aws.step(89)
    holds(aws.statuses(command) == ["Delayed"] * 2, f"{aws.statuses(command)}")
    aws.step(1)
    found = aws.settled(command)
    holds((found["Status"], found["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut"), f"{found}")
    holds((found["DeliveryTimedOutCount"], found["ErrorCount"]) == (2, 0), f"{found}")


def commands_are_cancelled(aws: Account) -> None:
    members = aws.managed(3)
    command = aws.send(members, "sleep 30 & wait", wait=False, MaxConcurrency="1")
    cancel = aws.ssm.cancel_command
    _until(lambda: "InProgress" in aws.statuses(command), "it does not begin")
    refused(cancel, "InvalidCommandId", CommandId="0" * 36)
    accepted(cancel, CommandId=command)
    found = aws.settled(command)
    holds(
        (found["Status"], found["StatusDetails"], found["CompletedCount"]) == ("Cancelled", "Cancelled", 3), f"{found}"
    )
    holds(aws.statuses(command) == ["Canceled"] * 3, f"{aws.statuses(command)}")
    codes = sorted(aws.invoked(command, one)["ResponseCode"] for one in members)
    holds(codes == [-1, -1, 137], f"{codes}")
    accepted(cancel, CommandId=command)


def commands_refer_to_parameters(aws: Account) -> None:
    members = aws.managed(1)
    for name, value, kind in (
        ("/shop/greeting", "hello $((1 + 1)) '", "String"),
        ("lines", "echo a,echo b", "StringList"),
        ("/shop/secret", "x", "SecureString"),
    ):
        aws.ssm.put_parameter(Name=name, Value=value, Type=kind)
    script = [
        "echo '{{ ssm:/shop/greeting }}'",
        "{{ssm:lines}}",
        "echo '{{.State}} {{ name }}'",
        "cat <<'X'\n{{ssm:/shop/greeting:1}}\nX",
    ]
    found = aws.invoked(aws.send(members, script[0] + "'", *script[1:]), members[0])
    said = "hello $((1 + 1)) \na\nb\n{{.State}} {{ name }}\nhello $((1 + 1)) '\n"
    holds(found["StandardOutputContent"] == said, f"{found}")
    for wrong in (
        "echo {{ssm:none}}",
        "echo {{ssm:lines}}",
        "echo {{ssm:/shop/secret}}",
        "echo {{ssm:/shop/greeting:7}}",
    ):
        found = aws.invoked(aws.send(members, wrong), members[0])
        told = found["Status"], found["ResponseCode"], found["StandardOutputContent"]
        holds(told == ("Failed", 1, ""), f"{told}")


def agents_run_five_commands_at_once(aws: Account) -> None:
    members = aws.managed(2)
    script = "sleep 60"
    commands = [aws.send(members[:1], script, wait=False) for _ in range(6)]
    _until(lambda: [aws.statuses(one) for one in commands] == [["InProgress"]] * 6, "they do not begin")
    begun = [bool(aws.invoked(one, members[0])["ExecutionStartDateTime"]) for one in commands]
    holds(begun == [True] * 5 + [False], f"{begun}")
    found = aws.invoked(aws.send(members[1:], "ls"), members[1])
    holds(found["Status"] == "Success", "it holds up the others")
    for one in commands[:5]:
        aws.ssm.cancel_command(CommandId=one)
    _until(lambda: aws.invoked(commands[5], members[0])["ExecutionStartDateTime"], "the last one never begins")
    aws.ssm.cancel_command(CommandId=commands[5])
    holds(aws.settled(commands[5])["Status"] == "Cancelled")


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
