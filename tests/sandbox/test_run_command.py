"""Run Command in the sandbox: real processes, in the folders that ssh leads to, which end when they are told to."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from udo.sandbox import scripts
from udo.sandbox.clock import Clock
from udo.sandbox.control import Control
from udo.sandbox.strict.ssm import command as command_module
from udo.sandbox.strict.ssm.command import ENDED

CONFIG = """
region: us-west-2
ami: ami-0123456789abcdef0
iam_profile: shop
clusters:
  prod:
    roles:
      webapp: {scale_policy: {min_size: 3, max_size: 9, desired: 3}}
"""


# How who is online is asked for.
ONLINE = {"Filters": [{"Key": "PingStatus", "Values": ["Online"]}]}


class Fleet:
    """The members of prod webapp, and commands to them."""

    def __init__(self, world: Any) -> None:
        self.world, self.ssm = world, world.client("ssm")
        self.ids = [one.id for one in world.instances()]

    def send(self, *commands: str, ids: list[str] | None = None, **more: Any) -> str:
        words = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": list(commands)}, "MaxErrors": "100%"}
        return str(self.ssm.send_command(InstanceIds=ids or self.ids, **(words | more))["Command"]["CommandId"])

    def command(self, command: str) -> dict[str, Any]:
        return dict(self.ssm.list_commands(CommandId=command)["Commands"][0])

    def invocation(self, command: str, place: int = 0) -> dict[str, Any]:
        return dict(self.ssm.get_command_invocation(CommandId=command, InstanceId=self.ids[place]))

    def ended(self, command: str) -> dict[str, Any]:
        until(lambda: self.command(command)["Status"] not in ("Pending", "InProgress", "Cancelling"))
        return self.command(command)


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)
    return found


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except OSError:
        return False


def pids(file: Path) -> list[int]:
    """Those that a script has written down, once both are there."""
    return until(lambda: len(words := file.read_text().split()) == 2 and [int(word) for word in words])


@pytest.fixture
def fleet(world: Any, seeded: Callable[..., Any]) -> Fleet:
    seeded(CONFIG)
    return Fleet(world)


def test_commands_run_where_ssh_does_and_as_whoever_they_name(
    world: Any, ssh: Any, seeded: Callable[..., Any], tmp_path: Path
) -> None:
    seeded(CONFIG)
    fleet = Fleet(world)
    place = world.hosts.place(next(world.instances())).folder
    command = fleet.send(
        'pwd; hostname; echo "$HOME,$USER"',
        'runuser -u shop -- sh -c \'echo "$USER,$LOGNAME,$HOME" "$@"\' sh "a  b" \'$c\'',
        "runuser -l shop -c 'pwd; echo \"$USER\"'",
        "runuser shop -c 'exit 3'",
        ids=fleet.ids[:1],
    )
    assert fleet.ended(command)["StatusDetails"] == "Failed"
    found = fleet.invocation(command)
    assert found["StandardOutputContent"].splitlines() == [
        str(place),
        fleet.ssm.describe_instance_information()["InstanceInformationList"][0]["ComputerName"],
        ",",
        f"shop,shop,{place} a  b $c",
        str(place),
        "shop",
    ]
    assert found["ResponseCode"] == 3
    assert not list(place.parent.glob(".ssm/*")), "its script is left"


def test_a_working_directory_is_the_instances_own_or_this_machines(world: Any, fleet: Fleet, tmp_path: Path) -> None:
    one = fleet.ids[:1]
    fleet.ended(fleet.send("mkdir -p srv/shop", ids=one))
    for asked, ending in (("/srv/shop", f"{one[0]}/srv/shop"), (str(tmp_path), str(tmp_path)), ("srv", one[0])):
        given = {"commands": ["pwd"], "workingDirectory": [asked]}
        command = fleet.send(ids=one, Parameters=given)
        fleet.ended(command)
        assert fleet.invocation(command)["StandardOutputContent"].strip().endswith(ending)


def test_a_sandbox_may_lie_in_any_folder(
    world: Any, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.ssm_agents, "_own", tmp_path / 'it\'s $HOME; "here"')
    command = fleet.send("cd; runuser -u shop -- sh -c 'cd && pwd'", ids=fleet.ids[:1])
    assert fleet.ended(command)["Status"] == "Success"
    place = tmp_path / 'it\'s $HOME; "here"' / "instances" / fleet.ids[0]
    assert fleet.invocation(command)["StandardOutputContent"] == f"{place}\n"


@pytest.mark.parametrize("way", ["cancel", "time out", "terminate", "reset", "close"])
def test_no_process_of_a_command_that_is_ended_stays(
    world: Any, fleet: Fleet, tmp_path: Path, seeded: Callable[..., Any], way: str
) -> None:
    file = tmp_path / "pids"
    file.touch()
    given = {"commands": [f"sleep 60 & echo $$ $! > {file}; wait"], "executionTimeout": ["30"]}
    command = fleet.send(ids=fleet.ids[:1], Parameters=given)
    fleet.command(command)
    left = pids(file)
    assert all(map(is_alive, left))
    match way:
        case "cancel":
            fleet.ssm.cancel_command(CommandId=command)
        case "time out":
            world.clock.step(30)
        case "terminate":
            world.client("ec2").terminate_instances(InstanceIds=fleet.ids[:1])
        case "reset":
            world.reset()
        case "close":
            world.ssm_agents.close()
    world.advance()
    until(lambda: not any(map(is_alive, left)))


def test_what_a_script_leaves_behind_ends_with_it(fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "pids"
    command = fleet.send(f"sleep 60 > /dev/null 2>&1 & echo $$ $! > {file}", ids=fleet.ids[:1])
    assert fleet.ended(command)["Status"] == "Success"
    until(lambda: not any(map(is_alive, pids(file))))


def test_commands_go_on_in_the_background_though_nobody_asks(world: Any, fleet: Fleet, tmp_path: Path) -> None:
    world.ssm_agents.background = True
    try:
        fleet.send(f"echo $AWS_SSM_INSTANCE_ID >> {tmp_path}/ran", MaxConcurrency="1")
        until(lambda: (tmp_path / "ran").exists() and len((tmp_path / "ran").read_text().split()) == 3)
    finally:
        world.ssm_agents.background = False


@pytest.mark.parametrize("status", ["Undeliverable", "InvalidPlatform", "AccessDenied"])
def test_faults_end_invocations_as_nothing_else_does(world: Any, fleet: Fleet, status: str) -> None:
    control = Control(world, None)  # type: ignore[arg-type]
    control.answer("fault", {"kind": "command", "status": status, "instance_id": fleet.ids[0]})
    command = fleet.send("true")
    assert fleet.ended(command)["StatusDetails"] == "Success"
    assert (fleet.invocation(command)["Status"], fleet.invocation(command)["StatusDetails"]) == ("Failed", status)
    assert control.answer("faults", {})[1]["faults"][0]["counted"] == 1


def test_an_invocation_that_failed_so_many_times_runs_again(world: Any, fleet: Fleet) -> None:
    control = Control(world, None)  # type: ignore[arg-type]
    control.answer("fault", {"kind": "command", "status": "Undeliverable", "times": 1})
    ends = [fleet.ended(fleet.send("true", ids=fleet.ids[:1]))["Status"] for _ in range(2)]
    assert ends == ["Failed", "Success"]


def test_too_many_that_fail_before_they_begin_stop_a_command(fleet: Fleet) -> None:
    command = fleet.send("echo {{ssm:nothing}}", MaxErrors="1")
    assert fleet.ended(command)["StatusDetails"] == "Failed"
    found = fleet.ssm.list_command_invocations(CommandId=command)["CommandInvocations"]
    assert [one["StatusDetails"] for one in found] == ["Failed", "Failed", "Terminated"]


def test_a_command_that_exceeds_the_account_runs_nowhere(world: Any, fleet: Fleet, tmp_path: Path) -> None:
    control = Control(world, None)  # type: ignore[arg-type]
    control.answer("fault", {"kind": "command", "status": "RateExceeded"})
    found = fleet.ended(fleet.send(f"touch {tmp_path}/ran"))
    assert (found["Status"], found["StatusDetails"], found["CompletedCount"]) == ("Failed", "RateExceeded", 3)
    assert not (tmp_path / "ran").exists()


def test_slow_agents_take_commands_up_later(world: Any, fleet: Fleet) -> None:
    control = Control(world, None)  # type: ignore[arg-type]
    control.answer("fault", {"kind": "ssm-slow", "instance_id": fleet.ids[0]})
    command = fleet.send("true")
    until(lambda: fleet.invocation(command)["Status"] == "InProgress")
    assert fleet.invocation(command)["ExecutionStartDateTime"] == ""
    world.clock.step(30)
    assert fleet.ended(command)["Status"] == "Success"


def test_agents_that_are_lost_while_they_run_tell_when_they_are_back(world: Any, fleet: Fleet, tmp_path: Path) -> None:
    control = Control(world, None)  # type: ignore[arg-type]
    control.answer("fault", {"kind": "ssm-lost", "instance_id": fleet.ids[0], "after": True})
    assert len(fleet.ssm.describe_instance_information(**ONLINE)["InstanceInformationList"]) == 3
    command = fleet.send(f"touch {tmp_path}/ran; echo done", ids=fleet.ids[:2])
    fleet.command(command)
    until((tmp_path / "ran").exists)
    assert len(fleet.ssm.describe_instance_information(**ONLINE)["InstanceInformationList"]) == 2
    found = fleet.invocation(command)
    assert (found["StatusDetails"], found["StandardOutputContent"]) == ("InProgress", "")
    assert [one["counted"] for one in control.answer("faults", {})[1]["faults"]] == [1]
    control.answer("clear", {})
    assert fleet.ended(command)["Status"] == "Success"
    assert fleet.invocation(command)["StandardOutputContent"] == "done\n"


def test_an_instance_that_asks_for_a_reboot_runs_its_script_once_more(world: Any, fleet: Fleet) -> None:
    command = fleet.send("echo run; [ -e before ] && exit 0; touch before; exit 194", ids=fleet.ids[:1])
    until(lambda: world.clock.step(1) or fleet.command(command)["Status"] == "Success")
    found = fleet.invocation(command)
    begun, ended = (found[f"Execution{name}DateTime"] for name in ("Start", "End"))
    assert (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).seconds >= 60
    assert fleet.invocation(command)["StandardOutputContent"] == "run\nrun\n"


def test_what_runs_on_an_instance_that_is_stopped_is_never_heard_of(world: Any, fleet: Fleet, tmp_path: Path) -> None:
    world.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp")
    file = tmp_path / "pids"
    file.touch()
    command = fleet.send(f"sleep 60 & echo $$ $! > {file}; wait", ids=fleet.ids[:1])
    fleet.command(command)
    left = pids(file)
    ec2 = world.client("ec2")
    ec2.stop_instances(InstanceIds=fleet.ids[:1])
    world.advance()
    until(lambda: not any(map(is_alive, left)))
    ec2.start_instances(InstanceIds=fleet.ids[:1])
    assert fleet.invocation(command)["Status"] == "InProgress"
    world.clock.step(7200)
    assert fleet.invocation(command)["StatusDetails"] == "DeliveryTimedOut"


def test_scripts_end_where_the_system_does_not_tell_of_it(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_given: Any) -> int:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "pidfd_open", forbidden)
    command = fleet.send("exec >&- 2>&-; sleep 0.1; exit 3", ids=fleet.ids[:1])
    fleet.ended(command)
    assert fleet.invocation(command)["ResponseCode"] == 3


def test_a_script_that_cannot_be_written_fails(world: Any, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: Any, **_more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    command = fleet.send("true", ids=fleet.ids[:1])
    assert fleet.ended(command)["Status"] == "Failed"
    assert "failed to create script file" in fleet.invocation(command)["StandardErrorContent"]


def test_commands_that_ended_long_ago_are_forgotten(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_module, "MOST_INVOCATIONS", 7)
    sent = [fleet.send("true") for _ in range(2)]
    for one in sent:
        fleet.ended(one)
    sent.append(fleet.send("true"))
    listed = fleet.ssm.list_commands()["Commands"]
    assert [one["CommandId"] for one in listed] == sent[:0:-1]


def test_a_fast_clock_makes_no_script_late(world: Any, fleet: Fleet) -> None:
    world.clock = Clock(speed=3600.0, start=world.clock.now())
    given = {"commands": ["sleep 0.3"], "executionTimeout": ["60"]}
    sent = fleet.send(TimeoutSeconds=30, Parameters=given, MaxConcurrency="1")
    found = fleet.ended(sent)
    assert found["StatusDetails"] == "Success"
    assert world.clock.now() > found["ExpiresAfter"].timestamp()
    Control(world, None).answer("fault", {"kind": "ssm-lost"})  # type: ignore[arg-type]
    assert fleet.ended(fleet.send(TimeoutSeconds=30, Parameters=given))["StatusDetails"] == "DeliveryTimedOut"


@pytest.mark.parametrize(
    ("kind", "code", "sent"),
    [("deny", "AccessDeniedException", 0), ("throttle", "ThrottlingException", 0), ("fail", "InternalFailure", 1)],
)
def test_a_command_is_refused_or_its_answer_lost(
    world: Any, fleet: Fleet, aws: Callable[..., Any], kind: str, code: str, sent: int
) -> None:
    control = Control(world, None)  # type: ignore[arg-type]
    control.answer("fault", {"kind": kind, "operation": "ssm:SendCommand", **({"after": True} if sent else {})})
    fleet.ssm = aws("ssm")
    with pytest.raises(ClientError) as refused:
        fleet.send("true")
    assert refused.value.response["Error"]["Code"] == code
    assert len(fleet.ssm.list_commands()["Commands"]) == sent


@pytest.mark.whole
def test_whatever_many_operators_do_at_once_every_command_ends(
    world: Any, fleet: Fleet, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    world.ssm_agents.background = True
    operators = [threading.Thread(target=operate, args=(fleet, seed, tmp_path / "pids")) for seed in range(4)]
    for one in operators:
        one.start()
    for one in operators:
        one.join()
    Control(world, None).answer("clear", {})  # type: ignore[arg-type]
    world.ssm_agents.background = False
    world.clock.step(7200)
    listed = fleet.ssm.get_paginator("list_commands").paginate()
    until(lambda: all(one["Status"] in ENDED for page in listed for one in page["Commands"]))
    assert [one for one in caplog.records if one.name == "udo.sandbox"] == []
    left = [int(word) for word in (tmp_path / "pids").read_text().split()]
    until(lambda: not any(map(is_alive, left)))
    until(lambda: not [one for one in threading.enumerate() if one.name == scripts.THREAD])


def operate(fleet: Fleet, seed: int, file: Path) -> None:
    """Sends and cancels commands, loses agents and instances, for a while."""
    control = Control(fleet.world, None)  # type: ignore[arg-type]
    chance, end, sent = random.Random(seed), time.monotonic() + 5, [""]
    scripts = ("true", "false", f"sleep 60 & echo $$ $! >> {file}; wait", "yes | head -c 99999")
    while time.monotonic() < end:
        match chance.randrange(8):
            case 0 | 1 | 2:
                ids, most = chance.sample(fleet.ids, 2), chance.choice(["1", "50"])
                with suppress(ClientError):
                    sent.append(fleet.send(chance.choice(scripts), ids=ids, MaxConcurrency=most))
            case 3 if sent[-1]:
                fleet.ssm.cancel_command(CommandId=chance.choice(sent[1:]))
            case 4:
                fleet.ssm.list_command_invocations(Details=True)
            case 5:
                fleet.world.clock.step(1)
            case 6:
                lost = {"kind": "ssm-lost", "instance_id": chance.choice(fleet.ids)}
                control.answer(*chance.choice([("fault", lost), ("clear", {}), ("clear", {})]))
            case 7 if chance.random() < 0.02:
                fleet.world.client("ec2").terminate_instances(InstanceIds=[chance.choice(fleet.ids)])
