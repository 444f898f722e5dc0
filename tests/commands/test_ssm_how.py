"""`udo ssh` through Systems Manager: what is sent, in which order, what is refused, and how it ends early."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ssm_worlds
from ssm_worlds import agent_fault, params
from test_ssh import asked, members

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]


@pytest.fixture
def stage(world: Any, seeded: Any) -> Any:
    """A cluster whose instances have agents, and answer no ssh."""
    seeded(ssm_worlds.GROUPS)
    ssm_worlds.let_work(world)
    return world


@pytest.fixture
def many(world: Any, seeded: Any) -> Any:
    """The same with 103 members."""
    seeded(ssm_worlds.GROUPS.replace("desired: 3", "desired: 103"))
    ssm_worlds.let_work(world)
    return world


def outcomes(done: Any) -> dict[str, int]:
    totals = done.json["data"]["totals"]
    return {name: count for name, count in totals.items() if count and name not in ("seconds", "hosts")}


def _change(old: str, new: str) -> None:
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace(old, new))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--env", "A=b"), "--env does not go through Systems Manager: whoever may read commands in AWS"),
        (("--idle-timeout", "5"), "--idle-timeout does not go"),
        (("--connect-timeout", "5"), "--connect-timeout does not go through Systems Manager: nothing is connected to"),
        (("--host-keys", "accept-new"), "--host-keys does not go"),
        (("--retry", "2"), "--retry does not go"),
        (("--stdin",), "--stdin does not go through Systems Manager: a command there reads nothing from here"),
        (("--tty",), "--tty does not go"),
        (("--timeout", "4"), "a limit of 4 s does not go through Systems Manager: it takes 5 s to 48 h"),
        (("--timeout", "49h"), "it takes 5 s to 48 h"),
        (("-l", "a b"), "'a b' is not a user name"),
    ],
)
def test_what_systems_manager_cannot_keep_is_refused_before_any_call(
    stage: Any, udo: Udo, words: tuple[str, ...], told: str
) -> None:
    before = len(stage.log)
    done = udo("ssh", "stage", "webapp", "true", *words)
    assert (done.exit, told in done.stderr, len(stage.log)) == (2, True, before), done.stderr


@pytest.mark.parametrize("key", ["jump: bastion", "idle_timeout: 5s", "timeout: 3s"])
def test_what_udo_yml_promises_and_it_cannot_keep_is_refused_with_its_place(stage: Any, udo: Udo, key: str) -> None:
    _change("ssh: {", f"ssh: {{{key}, ")
    done = udo("ssh", "stage", "webapp", "true")
    assert (done.exit, "does not go through Systems Manager" in done.stderr) == (2, True), done.stderr
    assert udo("ssh", "stage", "webapp", "true", "--via", "paramiko", "-n").exit == 0


def test_a_command_that_is_too_long_or_holds_a_nul_is_refused(stage: Any, udo: Udo, tmp_path: Path) -> None:
    script = tmp_path / "long.sh"
    script.write_text("#" * 60_000)
    done = udo("ssh", "stage", "webapp", "--script", str(script))
    assert (done.exit, "bytes long, and Systems Manager takes 60,000" in done.stderr) == (2, True)
    assert udo("ssh", "stage", "webapp", "a\0b").exit == 2
    assert asked(stage, "DescribeAutoScalingGroups") == 0


def test_somebody_has_to_be_named_unless_it_is_root(stage: Any, udo: Udo) -> None:
    _change("user: ec2-user, ", "")
    done = udo("ssh", "stage", "webapp", "true")
    assert (done.exit, "who is to run it on stage webapp?" in done.stderr) == (2, True)
    assert udo("ssh", "stage", "webapp", "true", "--sudo").exit == 0
    assert udo("ssh", "stage", "webapp", "true", "-l", "deploy").exit == 0


def test_ids_go_in_fifties_which_share_the_fanout(many: Any, udo: Udo) -> None:
    agent_fault("command", status="Undeliverable")
    done = udo("ssh", "stage", "webapp", "true", "--fanout", "7", "-o", "json")
    sent = params(many, "SendCommand")
    assert [len(one["InstanceIds"]) for one in sent] == [50, 50, 3]
    assert [one["MaxConcurrency"] for one in sent] == ["3", "2", "2"]
    assert sorted(id for one in sent for id in one["InstanceIds"]) == members(many)
    assert {(one["MaxErrors"], one["DocumentName"]) for one in sent} == {("100%", "AWS-RunShellScript")}
    assert all("Targets" not in one for one in sent)
    # A command whose own status is a success, since no error counts there.
    assert (done.exit, outcomes(done)) == (255, {"unreachable": 103})


def test_fewer_hosts_at_a_time_than_commands_go_in_turns(many: Any, udo: Udo) -> None:
    agent_fault("command", status="Undeliverable")
    udo("ssh", "stage", "webapp", "true", "--fanout", "2")
    assert [one["MaxConcurrency"] for one in params(many, "SendCommand")] == ["1", "1", "1"]
    names = [one.operation for one in many.log if one.operation in ("SendCommand", "ListCommandInvocations")]
    assert names[:3] == ["SendCommand", "SendCommand", "ListCommandInvocations"]


def test_canaries_and_batches_are_commands_of_their_own(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "true", "--canary", "1", "--batch", "1", "--pause", "30", "-o", "json")
    sent = params(stage, "SendCommand")
    assert ([len(one["InstanceIds"]) for one in sent], done.exit) == ([1, 1, 1], 0)
    assert done.json["data"]["totals"]["seconds"] > 60


def test_where_a_canary_fails_no_other_is_started(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "exit 3", "--canary", "1", "-o", "json")
    assert (done.exit, outcomes(done), asked(stage, "SendCommand")) == (3, {"failed": 1, "not started": 2}, 1)
    reasons = {row["reason"] for row in done.json["data"]["hosts"] if row["outcome"] == "not started"}
    assert reasons == {"not started: a canary failed"}


def test_of_a_canary_that_is_gone_another_takes_the_place(stage: Any, udo: Udo) -> None:
    (first,) = [row["instance_id"] for row in udo("instances", "stage", "webapp", "-o", "json").json["data"]][:1]
    ssm_worlds.after_the_look(stage, lambda: stage.client("ec2").terminate_instances(InstanceIds=[first]))
    done = udo("ssh", "stage", "webapp", "true", "--canary", "1", "-o", "json")
    assert (done.exit, outcomes(done)) == (0, {"ok": 2, "gone": 1})
    assert [len(one["InstanceIds"]) for one in params(stage, "SendCommand")] == [1, 1, 1]


def test_failures_are_counted_over_all_commands_and_those_that_wait_are_cancelled(many: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "exit 1", "--fanout", "3", "--max-failures", "4", "-o", "json")
    found = outcomes(done)
    assert done.exit == 1
    assert found["failed"] >= 4
    # One that had just begun when it was cancelled is told as that.
    assert found["failed"] + found["not started"] + found.get("interrupted", 0) == 103
    assert {one["MaxErrors"] for one in params(many, "SendCommand")} == {"3"}
    assert found["failed"] < 12, "those under way came to their end, and nobody else began"
    assert {"exit status ", "not started:"} <= {row["reason"][:12] for row in done.json["data"]["hosts"]}
    assert 1 <= asked(many, "CancelCommand") <= 3


def test_the_deadline_cancels_and_ends_with_124(stage: Any, udo: Udo) -> None:
    quick = members(stage)[0]
    command = f'echo up; [ "$UDO_INSTANCE_ID" = {quick} ] || sleep 60'
    done = udo("ssh", "stage", "webapp", command, "--deadline", "90", "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert done.exit == 124
    others = {(row["outcome"], row["reason"], row["stdout"]) for one, row in rows.items() if one != quick}
    late = ("timeout", "no end of the command within the deadline of 90 s", "up\n")
    assert late in others
    assert others <= {late, ("not started", "not started: the deadline passed", "")}
    assert params(stage, "CancelCommand")[0].get("InstanceIds") is None


def test_ctrl_c_cancels_the_command_and_says_what_each_host_had_reached(stage: Any, udo: Udo) -> None:
    ids = [row["instance_id"] for row in udo("instances", "stage", "webapp", "-o", "json").json["data"]]
    command = f'[ "$UDO_INSTANCE_ID" = {ids[0]} ] && exit 0; echo up; sleep 60'
    ssm_worlds.once_running(stage, ids[1], lambda: threading.Thread(target=_interrupt_soon, daemon=True).start())
    done = udo("ssh", "stage", "webapp", command, "--fanout", "1", "-o", "json")
    assert done.exit == 130
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert [rows[one]["outcome"] for one in ids] == ["ok", "interrupted", "not started"]
    assert rows[ids[1]]["stdout"] == "up\n"
    assert done.json["error"]["message"].startswith("interrupted: 1 ok, 1 not started, 1 interrupted of 3 hosts in ")
    assert len(params(stage, "CancelCommand")) == 1
    (command_id,) = {one["CommandId"] for one in params(stage, "CancelCommand")}
    found = stage.client("ssm").list_commands(CommandId=command_id)["Commands"][0]
    assert found["Status"] == "Cancelled"


def _interrupt_soon() -> None:
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("action", "reached"),
    [
        ("ssm:DescribeInstanceInformation", None),
        ("ssm:SendCommand", None),
        ("ssm:ListCommandInvocations", {"dropped"}),
        ("ssm:GetCommandInvocation", {"dropped", "ok"}),
    ],
)
def test_an_action_that_is_denied_is_named(stage: Any, udo: Udo, action: str, reached: set[str] | None) -> None:
    stage.faults.add(Fault("deny", action, times=None))
    done = udo("ssh", "stage", "webapp", "seq 2000", "-o", "json")
    assert (done.exit, f"the IAM action {action} is missing" in done.json["error"]["hint"]) == (6, True)
    rows = (done.json["data"] or {}).get("hosts") if reached else None
    assert {row["outcome"] for row in rows or ()} <= (reached or set())
    assert asked(stage, "CancelCommand") == (1 if reached else 0)
    # Once for all hosts that it leaves in doubt.
    told = udo("ssh", "stage", "webapp", "seq 2000").stderr
    assert told.count("User: ") == 1, told


def test_a_cancel_that_is_denied_is_told_with_what_does_it(stage: Any, udo: Udo) -> None:
    stage.faults.add(Fault("deny", "CancelCommand", times=None))
    done = udo("ssh", "stage", "webapp", "sleep 60", "--deadline", "30")
    assert done.exit == 124
    assert "the command continues in AWS; 'aws ssm cancel-command --command-id " in done.stderr


def test_a_throttled_command_is_sent_again(stage: Any, udo: Udo) -> None:
    stage.faults.add(Fault("throttle", "SendCommand", times=2))
    done = udo("ssh", "stage", "webapp", "echo x >> ran; wc -l < ran", "-o", "json")
    assert (done.exit, asked(stage, "SendCommand")) == (0, 3)
    assert {row["stdout"].strip() for row in done.json["data"]["hosts"]} == {"1"}


def _somebody_elses(world: Any, command: str) -> str:
    """A command of another run, on the same instances and at the same time."""
    sent = world.client("ssm").send_command(
        InstanceIds=members(world),
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": [command]},
        Comment="udo:20261129T120000Z-aaaaaa 1",
    )
    return str(sent["Command"]["CommandId"])


def test_a_command_whose_answer_was_lost_is_found_again_and_somebody_elses_is_not(stage: Any, udo: Udo) -> None:
    stage.faults.add(Fault("drop", "SendCommand", after=True))
    stage.faults.add(Fault("hook", "SendCommand", hook=lambda _: _somebody_elses(stage, "echo theirs; exit 9")))
    done = udo("ssh", "stage", "webapp", "echo x >> ran; wc -l < ran", "-o", "json")
    assert (done.exit, asked(stage, "SendCommand"), asked(stage, "ListCommands")) == (0, 1, 1), done.stdout
    assert {row["stdout"].strip() for row in done.json["data"]["hosts"]} == {"1"}


def test_a_command_of_which_nobody_knows_is_not_sent_again(stage: Any, udo: Udo) -> None:
    stage.faults.add(Fault("drop", "SendCommand"))
    stage.faults.add(Fault("hook", "SendCommand", hook=lambda _: _somebody_elses(stage, "exit 9")))
    done = udo("ssh", "stage", "webapp", "true", "-o", "json")
    assert (done.exit, outcomes(done), asked(stage, "SendCommand")) == (255, {"dropped": 3}, 1)
    assert not [row for row in done.json["data"]["hosts"] if ".;" in row["reason"]]
    assert {"it is unknown whether the command was sent" in row["reason"] for row in done.json["data"]["hosts"]} == {
        True
    }


def test_where_the_lost_command_may_not_be_looked_for_that_is_told(stage: Any, udo: Udo) -> None:
    stage.faults.add(Fault("drop", "SendCommand", after=True))
    stage.faults.add(Fault("deny", "ListCommands", times=None))
    done = udo("ssh", "stage", "webapp", "true", "-o", "json")
    assert (done.exit, outcomes(done)) == (255, {"dropped": 3})


def test_json_lines_fold_and_diff_are_those_of_ssh(stage: Any, udo: Udo, tmp_path: Path) -> None:
    ids = members(stage)
    command = f'echo same; [ "$UDO_INSTANCE_ID" != {ids[0]} ] || echo other'
    events = [json.loads(line) for line in udo("ssh", "stage", "webapp", command, "-o", "jsonl").stdout.splitlines()]
    mine = [one["event"] for one in events if one["instance_id"] == ids[0]]
    assert mine == ["began", "line", "line", "done"]
    folded = udo("ssh", "stage", "webapp", command, "--fold").stdout
    assert folded.count("same") == 2
    assert "+other" in udo("ssh", "stage", "webapp", command, "--diff").stdout.replace("+ ", "+")
    udo("ssh", "stage", "webapp", command, "--outdir", str(tmp_path / "out"))
    said = sorted((tmp_path / "out" / f"{one}.stdout").read_text() for one in ids)
    assert said == ["same\n", "same\n", "same\nother\n"]


def test_the_history_tells_of_it_and_the_dry_run_sends_nothing(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "uptime", "-n")
    assert (done.exit, asked(stage, "SendCommand")) == (0, 0)
    assert "run uptime on 3 instances of stage webapp through Systems Manager" in done.stdout
    udo("ssh", "stage", "webapp", "exit 2")
    runs = [one for one in udo("history", "-o", "json").json["data"] if one["run"]]
    assert [one["outcome"] for one in runs] == ["failed"]
    assert udo("ssh", "stage", "webapp", "true", "--only-failed", "-o", "json").json["data"]["totals"]["hosts"] == 3
