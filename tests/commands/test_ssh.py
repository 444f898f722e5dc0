"""`udo ssh` on the instances of a group in the sandbox: who is reached, what is seen, how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Udo = Callable[..., Any]

GROUPS = """
region: us-west-2
ami: ami-0123456789abcdef0
instance_type: t3.small
clusters:
  stage:
    roles:
      webapp: {scale_policy: {min_size: 3, max_size: 6, desired: 3}}
      worker: {scale_policy: {min_size: 2, max_size: 6, desired: 2}}
      idle: {scale_policy: {min_size: 0, max_size: 6, desired: 0}}
"""


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def members(world: Any, group: str = "stage-webapp") -> list[str]:
    return sorted(
        one.id
        for one in world.instances()
        if {tag["key"]: tag["value"] for tag in one.get_tags()}["aws:autoscaling:groupName"] == group
        and one._state.name == "running"
    )


def asked(world: Any, operation: str) -> int:
    return sum(request.operation == operation for request in world.log)


def test_every_instance_runs_the_command_and_says_who_it_is(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "echo $UDO_INSTANCE_ID")
    assert done.exit == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [f"{one}  {one}" for one in members(stage)]
    assert "3 ok of 3 hosts in " in done.stderr
    assert asked(stage, "DescribeInstances") == 1
    # Nothing in AWS is changed: no lock.
    assert asked(stage, "PutParameter") == 0


def test_remote_stderr_goes_to_stderr_under_the_same_name(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage.webapp", "echo out; echo err >&2")
    assert sorted(done.stdout.splitlines()) == [f"{one}  out" for one in members(stage)]
    assert [f"{one}  err" for one in members(stage)] == sorted(x for x in done.stderr.splitlines() if x[:2] == "i-")


def test_the_exit_code_is_the_highest_of_the_hosts_which_are_named(stage: Any, udo: Udo) -> None:
    last = members(stage)[-1]
    done = udo("ssh", "stage", "webapp", f'test "$UDO_INSTANCE_ID" != {last} || exit 7')
    assert done.exit == 7
    assert f"{last}  [exit status 7]" in done.stderr.splitlines()
    assert "udo: 2 ok, 1 failed of 3 hosts in " in done.stderr
    assert [row["outcome"] for row in udo("history", "-o", "json").json["data"] if row["run"]] == ["failed"]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("printf '%s.' a 'b c'",), "a.b c."),
        (("--", "printf", "%s.", "a", "b c", "-n", "$HOME"), "a.b c.-n.$HOME."),
        (("--", "printf '%s.' x"), None),
    ],
)
def test_the_command_is_one_word_or_what_stands_after_the_dashes(
    stage: Any, udo: Udo, words: tuple[str, ...], command: str | None
) -> None:
    done = udo("-o", "json", "ssh", "stage", "webapp", *words)
    said = {row["stdout"] for row in done.json["data"]["hosts"]}
    assert said == ({command} if command else {""})
    assert done.exit == (0 if command else 127)


@pytest.mark.parametrize(
    "words",
    [
        ("ls", "x"),
        ("ls", "--all"),
        ("grep", "-n", "x"),
        ("ls", "--", "x"),
        ("",),
        ("uptime", "--fanout", "0"),
        ("uptime", "--timeout", "soon"),
        ("-l", "-oProxyCommand=x", "uptime"),
        ("ls", "-l", "/var/log"),
        ("-o", "json"),
    ],
)
def test_what_is_not_one_command_is_refused_before_any_call(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    before = len(stage.log)
    assert udo("ssh", "stage", "webapp", *words).exit == 2
    assert len(stage.log) == before


def test_an_option_that_is_not_ours_says_how_to_pass_it_on(stage: Any, udo: Udo) -> None:
    assert "quote the command, or put it after --" in udo("ssh", "stage", "webapp", "ls", "--all").stderr


def test_an_empty_group_makes_no_ec2_call(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "idle", "uptime")
    assert (done.exit, done.stderr.strip()) == (1, "udo: group stage-idle is empty")
    assert asked(stage, "DescribeInstances") == 0


def test_a_group_that_does_not_exist_is_named(stage: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(Path("udo.yml").read_text() + "      ghost: {}\n")
    done = udo("ssh", "stage", "ghost", "uptime")
    assert (done.exit, done.stderr.strip()) == (1, "udo: group stage-ghost of stage ghost does not exist")


def test_an_instance_that_vanished_is_gone_and_no_failure(stage: Any, udo: Udo, aws: Any) -> None:
    from udo.sandbox.faults import Fault

    gone = members(stage)[0]
    ends = Fault(
        "hook",
        "DescribeAutoScalingGroups",
        after=True,
        hook=lambda _: aws("ec2").terminate_instances(InstanceIds=[gone]),
    )
    stage.faults.add(ends)
    done = udo("ssh", "stage", "webapp", "echo hi", "-o", "json")
    outcomes = {row["instance_id"]: row["outcome"] for row in done.json["data"]["hosts"]}
    assert outcomes.pop(gone) == "gone"
    assert set(outcomes.values()) == {"ok"}
    assert done.exit == 0


def test_only_members_in_service_are_reached(stage: Any, udo: Udo, aws: Any) -> None:
    ids = members(stage)
    aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName="stage-webapp", MinSize=0)
    standby = {"AutoScalingGroupName": "stage-webapp", "ShouldDecrementDesiredCapacity": True}
    aws("autoscaling").enter_standby(InstanceIds=ids[:1], **standby)
    rows = udo("ssh", "stage", "webapp", "true", "-o", "json").json["data"]["hosts"]
    assert sorted(row["instance_id"] for row in rows) == ids[1:]
    aws("autoscaling").enter_standby(InstanceIds=ids[1:], **standby)
    done = udo("ssh", "stage", "webapp", "true")
    assert done.exit == 1
    assert done.stderr.strip() == "udo: group stage-webapp has no instance in service (3 Standby)"


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        ("refuse", "unreachable", "connection refused"),
        ("hang", "timeout", "no greeting within 1 s"),
        ("hang-command", "timeout", "no end of the command within 2 s"),
        ("drop", "dropped", "the connection broke"),
        ("other-key", "refused", "printed on its console"),
    ],
)
def test_a_host_in_trouble_is_named_and_the_others_finish(
    stage: Any, udo: Udo, fault: str, outcome: str, reason: str
) -> None:
    from udo.sandbox.faults import InstanceFault

    bad = members(stage)[1]
    stage.faults.add(InstanceFault(fault, bad))
    stage.hosts.follow()
    limits = ("--connect-timeout", "1", "--timeout", "2")
    done = udo("ssh", "stage", "webapp", "echo hi", *limits, "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    totals = done.json["data"]["totals"]
    assert {word: count for word, count in totals.items() if count and word != "seconds"} == {
        "hosts": 3,
        "ok": 2,
        outcome: 1,
    }
    assert done.exit == 255
    assert rows[bad]["outcome"] == outcome
    assert reason in rows[bad]["reason"]
    assert {row["stdout"] for one, row in rows.items() if one != bad} == {"hi\n"}


def test_json_has_a_row_a_host_with_what_it_said(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "printf out; echo err >&2; exit 3", "-o", "json")
    document = done.json
    assert (document["command"], document["ok"], document["exit"], done.exit) == ("ssh", False, 3, 3)
    assert document["error"]["code"] == "failed"
    first = document["data"]["hosts"][0]
    seconds, address = first.pop("seconds"), first.pop("address")
    assert 0 < seconds < 60
    assert address.startswith("127.")
    assert first == {
        "cluster": "stage",
        "role": "webapp",
        "instance_id": first["instance_id"],
        "outcome": "failed",
        "status": 3,
        "reason": "exit status 3",
        "stdout": "out",
        "stderr": "err\n",
        "truncated": False,
    }
    assert sorted(row["instance_id"] for row in document["data"]["hosts"]) == members(stage)


def test_json_keeps_so_much_of_each_stream_and_says_where_something_is_missing(stage: Any, udo: Udo) -> None:
    rows = udo("ssh", "stage", "webapp", "seq 9; echo 1 >&2", "-o", "json", "--max-output", "4").json["data"]["hosts"]
    assert [(row["stdout"], row["stderr"], row["truncated"]) for row in rows] == [("1\n2\n", "1\n", True)] * 3


def test_jsonl_streams_an_event_a_line(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", r"printf 'a\n\377'", "-o", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    one = [event for event in events if event["instance_id"] == members(stage)[0]]
    assert [event["event"] for event in one] == ["began", "line", "line", "done"]
    assert (one[1]["text"], one[1]["partial"]) == ("a", False)
    assert (one[2]["base64"], one[2]["partial"]) == ("/w==", True)
    assert one[3]["outcome"] == "ok"


def test_what_a_host_says_cannot_move_the_cursor_nor_forge_a_name(stage: Any, udo: Udo) -> None:
    ids = members(stage)
    done = udo("ssh", "stage", "webapp", rf"printf '\033[2J\033]0;x\007\r{ids[0]}  all is well\nend\r\n'")
    assert not set(done.stdout) & set(map(chr, [*range(10), *range(11, 32), 127]))
    assert all(line[:19] in ids and line[19:21] == "  " for line in done.stdout.splitlines())
    assert f"{ids[1]}  end" in done.stdout.splitlines()


def test_quiet_leaves_what_hosts_say_and_the_error(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "echo out; exit 3", "-q")
    assert sorted(done.stdout.splitlines()) == [f"{one}  out" for one in members(stage)]
    assert [line[:5] for line in done.stderr.splitlines()] == ["udo: "]


def test_without_a_command_ssh_logs_in_to_one_member_with_its_pinned_key(
    stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Path("programs")
    programs.mkdir()
    real = shutil.which("ssh")
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {real} -F none "$@" "touch logged-in-as-$UDO_WHO; exit 4"\n')
    (programs / "ssh").chmod(0o700)
    monkeypatch.setenv("PATH", str(programs.absolute()), prepend=":")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    done = udo("ssh", "stage", "webapp", env={"UDO_WHO": "someone"})
    assert done.exit == 4, done.stderr
    marks = list(Path("instances").glob("i-*/logged-in-as-someone"))
    assert [mark.parent.name in members(stage) for mark in marks] == [True]
    assert (Path.home() / "state" / "udo" / "pins" / marks[0].parent.name).exists()


@pytest.mark.parametrize("count", [2, 3])
def test_a_login_is_on_a_member_that_can_be_reached(stage: Any, udo: Udo, aws: Any, count: int) -> None:
    from udo.sandbox.faults import Fault

    gone = [row["instance_id"] for row in udo("instances", "stage", "webapp", "-o", "json").json["data"]][:count]
    fault = Fault(
        "hook",
        "DescribeAutoScalingGroups",
        after=True,
        hook=lambda _: aws("ec2").terminate_instances(InstanceIds=gone),
    )
    stage.faults.add(fault)
    done = udo("ssh", "stage", "webapp", "-n")
    if count == 3:
        assert (done.exit, done.stderr.count("terminated since the group listed it")) == (1, 3)
    else:
        chosen = done.stdout.split("log in to ")[1].split()[0]
        assert (done.exit, chosen in gone) == (0, False)


def test_a_login_without_a_terminal_is_a_usage_error(stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        done = udo("ssh", "stage", "webapp")
    assert (done.exit, list(Path("instances").glob("*/*"))) == (2, [])
    assert "there is no terminal for one: give a command" in done.stderr


def test_an_instance_that_is_shutting_down_is_gone_and_not_dialled(stage: Any, udo: Udo) -> None:
    from udo.sandbox.faults import Fault
    from udo.sandbox.strict import delays

    # Until its group has noticed, and ends it for good.
    delays.health_check = 60.0
    going = members(stage)[0]
    (instance,) = (one for one in stage.instances() if one.id == going)

    def shut_down(_: Any) -> None:
        instance._state.name, instance._state.code = "shutting-down", 32

    stage.faults.add(Fault("hook", "DescribeAutoScalingGroups", after=True, hook=shut_down))
    done = udo("ssh", "stage", "webapp", "echo hi", "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert (done.exit, rows[going]["outcome"]) == (0, "gone"), done.stdout
    assert rows[going]["reason"] == "terminated since the group listed it"


def test_a_dry_run_of_a_login_does_not_log_in(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "-n")
    assert (done.exit, "log in to i-" in done.stdout) == (0, True)


def test_ctrl_c_closes_everything_at_once_and_says_what_each_host_had_reached(
    stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = members(stage)
    command = f'test "$UDO_INSTANCE_ID" = {ids[0]} && exit 0; echo up; sleep 20'
    threading.Thread(target=_interrupt_soon, daemon=True).start()
    start = time.monotonic()
    done = udo("ssh", "stage", "webapp", command, "-o", "json")
    assert time.monotonic() - start < 10
    assert done.exit == 130
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert set(rows) == set(ids)
    assert rows[ids[0]]["outcome"] == "ok"
    assert {rows[one]["outcome"] for one in ids[1:]} == {"interrupted"}
    assert {rows[one]["stdout"] for one in ids[1:]} == {"up\n"}
    assert done.json["error"]["message"].startswith("interrupted: 1 ok, 2 interrupted of 3 hosts in ")


def _interrupt_soon() -> None:
    time.sleep(2)
    os.kill(os.getpid(), signal.SIGINT)


def test_lists_and_a_star_stand_for_roles(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp,worker", "echo $UDO_ROLE", "-o", "json")
    assert sorted(row["stdout"].strip() for row in done.json["data"]["hosts"]) == ["webapp"] * 3 + ["worker"] * 2
    assert len(udo("ssh", "stage", "*", "true", "-o", "json").json["data"]["hosts"]) == 5


def test_a_dry_run_says_what_it_would_do_and_does_not(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "touch here", "-n")
    assert done.exit == 0
    assert "run 'touch here' on 3 instances of stage webapp" in done.stdout
    assert "ok" not in done.stderr
    assert udo("ssh", "stage", "webapp", "true", "-n", "-o", "json").json["data"]["dry_run"] is True


def test_the_ssh_program_carries_it_where_that_is_asked_for(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "echo $UDO_INSTANCE_ID", "--via", "openssh", "-v")
    assert (done.exit, sorted(done.stdout.splitlines())) == (0, [f"{one}  {one}" for one in members(stage)])
    assert "3 of 3 hosts go through ssh: asked for" in done.stderr
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace("ssh: {", "ssh: {via: openssh, "))
    assert "go through ssh" in udo("ssh", "stage", "webapp", "true", "-v").stderr
    told = udo("ssh", "stage", "webapp", "true", "-v", "--via", "paramiko").stderr
    assert ("go through ssh" in told, "3 of 3 hosts go through paramiko" in told) == (False, True)


def test_a_jump_of_udo_yml_is_taken(stage: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace("ssh: {", "ssh: {jump: localhost:1, "))
    done = udo("ssh", "stage", "webapp", "uptime", "-v")
    assert (done.exit, "by way of localhost:1" in done.stderr) == (255, True)
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace("localhost:1", '"-oProxyCommand=x"'))
    assert udo("ssh", "stage", "webapp", "uptime").exit == 2


def test_the_user_and_the_limits_of_the_command_line_beat_udo_yml(stage: Any, udo: Udo) -> None:
    text = Path("udo.yml").read_text().replace("ssh: {", "ssh: {timeout: 1s, ")
    Path("udo.yml").write_text(text)
    done = udo("ssh", "stage", "webapp", "sleep 1.2; echo $USER", "-l", "deploy", "--timeout", "20", "-o", "json")
    assert {row["stdout"] for row in done.json["data"]["hosts"]} == {"deploy\n"}
    assert udo("ssh", "stage", "webapp", "sleep 1.2").exit == 255


def test_the_journal_holds_the_command_and_none_of_the_output(stage: Any, udo: Udo) -> None:
    assert udo("ssh", "stage", "webapp", "echo canary-$((40+2))").stdout.count("canary-42") == 3
    journal = next(Path.home().rglob("journal.jsonl")).read_text()
    assert "on 3 instances of stage webapp" in journal
    assert "canary-42" not in journal


def test_an_instance_terminated_under_the_command_is_gone_and_no_failure(stage: Any, udo: Udo) -> None:
    doomed = members(stage)[0]

    def end() -> None:
        time.sleep(1)
        stage.client("ec2").terminate_instances(InstanceIds=[doomed])
        stage.hosts.follow()

    threading.Thread(target=end, daemon=True).start()
    done = udo("ssh", "stage", "webapp", f'test "$UDO_INSTANCE_ID" != {doomed} || sleep 20', "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert (done.exit, rows[doomed]["outcome"]) == (0, "gone")
    assert rows[doomed]["reason"].startswith("terminated meanwhile (the connection broke")
    assert {row["outcome"] for one, row in rows.items() if one != doomed} == {"ok"}
    assert asked(stage, "DescribeInstances") == 2
