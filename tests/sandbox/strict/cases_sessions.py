"""Session Manager and EC2 Instance Connect: one case for each rule, named like it."""

from __future__ import annotations

import base64
from typing import Any

from account import Account, accepted, holds, refused


def _key(kind: str = "ssh-ed25519") -> str:
    parts = (kind.encode(), bytes(32))
    return f"{kind} {base64.b64encode(b''.join(len(one).to_bytes(4, 'big') + one for one in parts)).decode()}"


def _push(aws: Account, instance_id: str, **more: Any) -> Any:
    words = {"InstanceId": instance_id, "InstanceOSUser": "ec2-user", "SSHPublicKey": _key()} | more
    return aws.elsewhere("ec2-instance-connect", "us-west-2").send_ssh_public_key(**words)


def keys_are_of_two_kinds(aws: Account) -> None:
    members = aws.group(size=1)
    for wrong in (
        {"InstanceOSUser": "two words"},
        {"InstanceOSUser": "-x"},
        {"SSHPublicKey": _key("ssh-dss") + " " * 20},
        {"SSHPublicKey": "ssh-ed25519 " + "A" * 80},
        {"SSHPublicKey": _key() + "x" * 4096},
        {"InstanceId": "i-0123456789ABCDEF0"},
    ):
        refused(_push, "InvalidArgsException", aws=aws, instance_id=members[0], **wrong)
    accepted(_push, aws=aws, instance_id=members[0], SSHPublicKey=_key() + " me@here\n")


def keys_let_a_user_in_for_a_minute(aws: Account) -> None:
    members = aws.group(size=2)
    refused(_push, "EC2InstanceNotFoundException", aws=aws, instance_id="i-0123456789abcdef0")
    refused(_push, "EC2InstanceNotFoundException", aws=aws, instance_id=members[0], AvailabilityZone="us-west-2c")
    told = accepted(_push, aws=aws, instance_id=members[0], AvailabilityZone="us-west-2a")
    holds(told["Success"] and len(told["RequestId"]) == 36, f"{told}")
    aws.ec2.terminate_instances(InstanceIds=members[:1])
    refused(_push, "EC2InstanceStateInvalidException", aws=aws, instance_id=members[0])


def sessions_need_an_agent(aws: Account) -> None:
    members = aws.managed(2)
    start = aws.ssm.start_session
    told = accepted(start, Target=members[0], Reason="looking")
    holds(told["SessionId"] in told["StreamUrl"] and told["StreamUrl"].startswith("wss://"), f"{told}")
    holds(told["TokenValue"] != start(Target=members[0])["TokenValue"], "one token for all")
    refused(start, "InvalidDocument", Target=members[0], DocumentName="AWS-RunShellScript")
    accepted(start, Target=members[0], DocumentName="AWS-StartSSHSession", Parameters={"portNumber": ["22"]})
    bare = aws.group("bare", size=1)
    aws.agent_fault("ssm-lost", instance_id=members[1])
    for target in (members[1], bare[0], "i-0123456789abcdef0"):
        refused(start, "TargetNotConnected", f"{target} is not connected", Target=target)


def sessions_are_resumed(aws: Account) -> None:
    session = accepted(aws.ssm.start_session, Target=aws.managed(1)[0])
    again = accepted(aws.ssm.resume_session, SessionId=session["SessionId"])
    holds(again["SessionId"] == session["SessionId"] and again["TokenValue"] != session["TokenValue"], f"{again}")
    aws.ssm.terminate_session(SessionId=session["SessionId"])
    refused(aws.ssm.resume_session, "DoesNotExistException", SessionId=session["SessionId"])


def sessions_are_terminated(aws: Account) -> None:
    session = accepted(aws.ssm.start_session, Target=aws.managed(1)[0])["SessionId"]
    aws.step(60)
    for _ in range(2):
        holds(accepted(aws.ssm.terminate_session, SessionId=session)["SessionId"] == session)
        aws.step(60)
    (ended,) = aws.ssm.describe_sessions(State="History")["Sessions"]
    holds((ended["EndDate"] - ended["StartDate"]).seconds == 60, f"{ended}")


def sessions_are_active_or_history(aws: Account) -> None:
    members = aws.managed(3)
    sessions = [accepted(aws.ssm.start_session, Target=one)["SessionId"] for one in members]
    aws.ssm.terminate_session(SessionId=sessions[0])
    described = aws.ssm.describe_sessions
    active = described(State="Active")["Sessions"]
    holds([one["SessionId"] for one in active] == sessions[:0:-1], f"{active}")
    holds([one["Status"] for one in described(State="History")["Sessions"]] == ["Terminated"])
    by_target = [{"key": "Target", "value": members[1]}]
    holds([one["SessionId"] for one in described(State="Active", Filters=by_target)["Sessions"]] == sessions[1:2])
    holds(described(State="Active", MaxResults=1)["NextToken"], "no pages")


def connections_are_those_of_agents(aws: Account) -> None:
    members = aws.managed(2)
    aws.agent_fault("ssm-unregistered", instance_id=members[1])
    told = [accepted(aws.ssm.get_connection_status, Target=one)["Status"] for one in (*members, "i-0123456789abcdef0")]
    holds(told == ["connected", "notconnected", "notconnected"], f"{told}")
