"""`udo ssh` through Systems Manager: what a host may do to whoever runs a command on it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import ssm_worlds
from test_ssh import asked, members

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]

_SEQUENCE = "".join(f"{n}\n" for n in range(1, 401))
# By name: the command, how the host ends, its status, the exit code, and all that it says on stdout and stderr.
BEHAVIOURS: dict[str, tuple[str, str, int | None, int, str, str]] = {
    "is well": ("echo hi", "ok", 0, 0, "hi\n", ""),
    "says nothing": ("true", "ok", 0, 0, "", ""),
    "fails": ("echo out; echo err >&2; exit 3", "failed", 3, 3, "out\n", "err\n"),
    "fails with the status of ssh": ("exit 255", "failed", 255, 255, "", ""),
    "does not know the command": ("exec no-such-program 2>&1", "failed", 127, 127, "", ""),
    "is killed": ("kill -KILL $$", "failed", 137, 137, "", ""),
    "ends itself by a signal": ("echo x; kill -TERM $$", "failed", 143, 143, "x\n", ""),
    "ends with what restarts it": ("echo x; exit 194", "failed", 194, 194, "x\n", ""),
    "ends with what the agent calls a success": ("exit 168", "failed", 168, 168, "", ""),
    "ends with what the agent calls a last step": ("echo x >&2; exit 169", "failed", 169, 169, "", "x\n"),
    "is silent in mid-command": ("printf half; sleep 60", "timeout", None, 255, "half", ""),
    "says a byte now and then": ("for c in a b c; do printf $c; sleep 0.02; done", "ok", 0, 0, "abc", ""),
    "says no newline": ("printf end; printf err >&2", "ok", 0, 0, "end", "err"),
    "says what is no text": (r"printf '\377\376x\n'", "ok", 0, 0, "\ufffd\ufffdx\n", ""),
    "says NULs": (r"printf 'a\000b\n'", "ok", 0, 0, "a\0b\n", ""),
    "steers the terminal": (r"printf 'a\033[2J\rb\n'", "ok", 0, 0, "a\x1b[2J\rb\n", ""),
    "says what the agent puts between streams": (
        "printf 'a\\n----------ERROR-------\\nb'; echo c >&2",
        "ok",
        0,
        0,
        "a\n----------ERROR-------\nb",
        "c\n",
    ),
    "says much": ("seq 400; seq 400 >&2; exit 1", "failed", 1, 1, _SEQUENCE, _SEQUENCE),
    "closes its output first": ("exec >&- 2>&-; sleep 0.05; exit 7", "failed", 7, 7, "", ""),
    "asks for input": ("cat; read x || echo none", "ok", 0, 0, "none\n", ""),
    "leaves a program behind that holds its output": ("echo x; sleep 60 & exit 0", "timeout", None, 255, "x\n", ""),
    "leaves a program behind that does not": ("sleep 60 >/dev/null 2>&1 & echo x", "ok", 0, 0, "x\n", ""),
    "is told what AWS would fill in": ("echo '{{ssm:x}} {{{y}}}'", "ok", 0, 0, "{{ssm:x}} {{{y}}}\n", ""),
}


@pytest.fixture
def stage(world: Any, seeded: Any) -> Any:
    """A cluster whose instances have agents, and answer no ssh."""
    seeded(ssm_worlds.GROUPS)
    ssm_worlds.let_work(world)
    return world


@pytest.mark.parametrize("kind", BEHAVIOURS)
def test_a_host_ends_as_over_ssh_whatever_it_does(stage: Any, udo: Udo, kind: str) -> None:
    command, outcome, status, code, stdout, stderr = BEHAVIOURS[kind]
    bad = members(stage)[0]
    # The clock of the world runs on from poll to poll: a limit comes soon.
    limit = ("--timeout", "60") if outcome == "timeout" else ()
    done = udo("ssh", "stage", "webapp", f'[ "$UDO_INSTANCE_ID" = {bad} ] || exit 0\n{command}', *limit, "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    row = rows.pop(bad)
    told = "no-such-program" if "no-such" in command else ""
    assert (row["outcome"], row["status"], done.exit) == (outcome, status, code), row
    assert (row["stdout"], row["truncated"]) == (stdout, False) if not told else told in row["stdout"]
    assert row["stderr"] == stderr
    assert {one["outcome"] for one in rows.values()} == {"ok"}


def _fault(kind: str, **more: Any) -> Callable[[Any, str], None]:
    return lambda _world, bad: ssm_worlds.agent_fault(kind, instance_id=bad, **more)


TROUBLES: dict[str, tuple[Callable[[Any, str], None], str, int, str]] = {
    "never registered": (_fault("ssm-unregistered"), "unreachable", 255, "no agent has registered"),
    "lost": (_fault("ssm-lost"), "unreachable", 255, "its agent was lost: last heard of at 2"),
    "undeliverable": (_fault("command", status="Undeliverable"), "unreachable", 255, "could not deliver the command"),
    "no Linux": (_fault("command", status="InvalidPlatform"), "refused", 255, "does not run shell scripts"),
    "without the right": (_fault("command", status="AccessDenied"), "refused", 255, "may not run the command"),
    "lost after the look": (
        lambda world, bad: ssm_worlds.after_the_look(
            world, lambda: ssm_worlds.agent_fault("ssm-lost", instance_id=bad)
        ),
        "unreachable",
        255,
        "its agent was lost: last heard of at 2",
    ),
    "deregistered after the look": (
        lambda world, bad: ssm_worlds.after_the_look(
            world, lambda: ssm_worlds.agent_fault("ssm-unregistered", instance_id=bad)
        ),
        "unreachable",
        255,
        "no agent has registered",
    ),
    "terminated after the look": (
        lambda world, bad: ssm_worlds.after_the_look(
            world, lambda: world.client("ec2").terminate_instances(InstanceIds=[bad])
        ),
        "gone",
        0,
        "terminated meanwhile",
    ),
    "slow": (_fault("ssm-slow", seconds=40.0), "ok", 0, ""),
}


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_host_in_trouble_is_named_and_the_others_finish(stage: Any, udo: Udo, kind: str) -> None:
    cause, outcome, code, reason = TROUBLES[kind]
    bad = members(stage)[1]
    cause(stage, bad)
    done = udo("ssh", "stage", "webapp", "echo hi", "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert (rows[bad]["outcome"], done.exit) == (outcome, code), rows[bad]
    assert reason in rows[bad]["reason"]
    assert {row["stdout"] for one, row in rows.items() if one != bad} == {"hi\n"}
    # A command whose status is a success is none where it did not reach a host.
    assert done.json["ok"] is (code == 0)


def test_an_agent_that_is_lost_under_its_command_is_told_of_and_the_command_cancelled(stage: Any, udo: Udo) -> None:
    bad = members(stage)[0]
    ssm_worlds.once_running(stage, bad, lambda: ssm_worlds.agent_fault("ssm-lost", instance_id=bad))
    done = udo("ssh", "stage", "webapp", f'[ "$UDO_INSTANCE_ID" != {bad} ] || sleep 60', "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert (done.exit, rows[bad]["outcome"]) == (255, "dropped")
    assert rows[bad]["reason"].startswith("its agent was lost: last heard of at 2")
    assert ssm_worlds.params(stage, "CancelCommand")[0]["InstanceIds"] == [bad]
    # It may have been the first, in whose place AWS lets nobody else begin.
    assert [row["outcome"] for one, row in rows.items() if one != bad] == ["ok", "ok"]


def test_one_that_began_just_as_it_was_taken_out_of_its_command_is_no_success(stage: Any, udo: Udo) -> None:
    # The first, in whose place AWS lets nobody else begin.
    (bad, *_) = [row["instance_id"] for row in udo("instances", "stage", "webapp", "-o", "json").json["data"]]
    ssm_worlds.once_running(stage, bad, lambda: stage.client("ec2").terminate_instances(InstanceIds=[bad]))
    ssm_worlds.begin_while_cancelled(stage)
    done = udo("ssh", "stage", "webapp", f'[ "$UDO_INSTANCE_ID" != {bad} ] || sleep 60', "-o", "json")
    rows = {row["outcome"]: row["reason"] for row in done.json["data"]["hosts"]}
    assert (done.exit, rows.keys() - {"ok"}) == (255, {"gone", "dropped"})
    assert rows["dropped"] == "it was cancelled just as it began"


def test_a_host_terminated_under_its_command_is_gone(stage: Any, udo: Udo) -> None:
    bad = members(stage)[0]
    ssm_worlds.once_running(stage, bad, lambda: stage.client("ec2").terminate_instances(InstanceIds=[bad]))
    done = udo("ssh", "stage", "webapp", f'[ "$UDO_INSTANCE_ID" != {bad} ] || sleep 60', "-o", "json")
    rows = {row["instance_id"]: row for row in done.json["data"]["hosts"]}
    assert (done.exit, rows[bad]["outcome"]) == (0, "gone"), rows


def test_where_nobody_is_online_nothing_is_sent(stage: Any, udo: Udo) -> None:
    ssm_worlds.agent_fault("ssm-unregistered")
    done = udo("ssh", "stage", "webapp", "true", "-o", "json")
    assert (done.exit, done.json["data"]["totals"]["unreachable"], asked(stage, "SendCommand")) == (255, 3, 0)


def test_the_command_runs_as_the_user_in_their_home_and_as_root_with_sudo_alone(stage: Any, udo: Udo) -> None:
    def said(*options: str) -> set[str]:
        done = udo("ssh", "stage", "webapp", 'echo $USER; [ "$PWD" = "$HOME" ] && echo at home', *options, "-o", "json")
        return {row["stdout"] for row in done.json["data"]["hosts"]}

    assert said() == {"ec2-user\nat home\n"}
    assert said("-l", "deploy") == {"deploy\nat home\n"}
    assert said("--sudo") == {"root\nat home\n"}


def test_a_script_arrives_with_its_words_and_its_status_counts(stage: Any, udo: Udo, tmp_path: Any) -> None:
    script = tmp_path / "collect.sh"
    script.write_text('#!/bin/bash\nprintf "%s|" "$@" "${BASH_VERSION:+bash}"\nexit 4\n')
    done = udo("ssh", "stage", "webapp", "--script", str(script), "-o", "json", "--", "a b", "c'd", "{{e}}")
    assert {row["stdout"] for row in done.json["data"]["hosts"]} == {"a b|c'd|{{e}}|bash|"}
    assert done.exit == 4


@pytest.mark.parametrize("is_told", [True, False])
def test_a_command_that_aws_does_not_begin_is_told_from_one_that_somebody_cancelled(
    stage: Any, udo: Udo, is_told: bool
) -> None:
    _fault("command", status="RateExceeded")(stage, "")
    if not is_told:
        stage.faults.add(Fault("deny", "ListCommands", times=None))
    done = udo("ssh", "stage", "webapp", "true", "-o", "json")
    rows = done.json["data"]["hosts"]
    told = ("refused", "too many hosts of the account wait") if is_told else ("dropped", "somebody cancelled")
    assert (done.exit, {(row["outcome"], told[1] in row["reason"]) for row in rows}) == (255, {(told[0], True)})
    assert asked(stage, "ListCommands") == 1
