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
    refused(aws.ssm.get_command_invocation, "ValidationException", CommandId="x" * 36, InstanceId="web")
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
    command = aws.send(members, "sleep 90", wait=False, given={"executionTimeout": ["60"]})
    _until(lambda: aws.statuses(command) == ["InProgress"], "it does not begin")
    aws.step(60)
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
