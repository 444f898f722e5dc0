"""How `udo ssh` goes through its hosts, and the command line that arrives there."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ssh import GROUPS, members
from whole import examples

from udo.errors import UsageError
from udo.fanout.how import remote, share

Udo = Callable[..., Any]


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def ran(made: Any) -> bytes:
    return subprocess.run(["sh", "-c", made.command], input=made.stdin, capture_output=True, check=True).stdout


def outcomes(done: Any) -> list[str]:
    return sorted(row["outcome"] for row in done.json["data"]["hosts"])


@pytest.mark.parametrize(
    ("text", "total", "hosts"),
    [("3", 10, 3), ("25%", 10, 2), ("25%", 3, 1), ("100%", 7, 7), ("1%", 1, 1), ("50%", 300, 150), (None, 5, None)],
)
def test_a_share_is_counted_of_all_hosts_and_is_at_least_one(text: str | None, total: int, hosts: int | None) -> None:
    assert share(text, total) == hosts


@settings(max_examples=examples(25), deadline=None)
@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1, max_size=40),
)
def test_values_and_words_arrive_as_they_are(value: str, word: str) -> None:
    made = remote((), ("printf", "%s|%s", word, ""), None, {"A": value}, sudo=False)
    assert ran(made) == f"{word}|".encode()
    shown = remote(('printf %s "$A"; cat',), (), None, {"A": value}, sudo=False)
    assert ran(shown) == value.encode()


def test_sudo_never_asks_and_comes_before_the_variables_which_no_command_line_holds() -> None:
    made = remote(("id; id",), (), None, {"A": "b c", "B": "x"}, sudo=True)
    words = shlex.split(made.command)
    assert (words[:5], words[6:]) == (["sudo", "-n", "--", "sh", "-c"], ["sh", "id; id"])
    assert "b c" not in made.command
    assert made.stdin == b"export A='b c'\nexport B=x\n"
    assert remote(("id; id",), (), None, {}, sudo=True).command == "sudo -n -- sh -c 'id; id'"
    assert remote(("id; id",), (), None, {}, sudo=False).command == "id; id"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("echo", ["sh", "/dev/fd/3"]),
        ("#!", ["sh", "/dev/fd/3"]),
        ("#!/bin/bash -e", ["/bin/bash", "-e", "/dev/fd/3"]),
        ("#!/usr/bin/env bash", ["/usr/bin/env", "bash", "/dev/fd/3"]),
        ("#!/usr/bin/env python3", ["/usr/bin/env", "python3", "-"]),
        ("#!/usr/bin/fish", ["/usr/bin/fish", "/dev/fd/3"]),
        ("#!/bin/tcsh -f", ["/bin/tcsh", "-f", "/dev/fd/3"]),
        ("#!/usr/bin/perl -w", ["/usr/bin/perl", "-w", "-"]),
        ('#!/bin/odd "quote', ["/bin/odd", '"quote', "-"]),
    ],
)
def test_a_script_is_read_by_what_its_first_line_names(tmp_path: Path, first: str, words: list[str]) -> None:
    script = tmp_path / "script"
    script.write_text(f"{first}\nexit 3\n")
    made = remote((), ("a b",), script, {}, sudo=False)
    assert shlex.split(made.command)[-len(words) - 1 :] == [*words, "a b"]
    assert made.stdin == script.read_bytes()


@pytest.mark.parametrize("first", ["", "#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env python3"])
@pytest.mark.parametrize("env", [{}, {"A": "x'y\nz"}])
def test_a_command_in_a_script_cannot_read_the_rest_of_it_away(tmp_path: Path, first: str, env: dict[str, str]) -> None:
    lines = ["cat", 'echo "$1.$A"'] if "python" not in first else ["import sys, os", "print(sys.stdin.read(), end='')"]
    lines += ["print(f\"{sys.argv[1]}.{os.environ.get('A', '')}\")"] if "python" in first else []
    script = tmp_path / "script"
    script.write_text("\n".join([first, *lines]))
    assert ran(remote((), ("a b",), script, env, sudo=False)).decode() == f"a b.{env.get('A', '')}\n"


@pytest.mark.parametrize("words", [("uptime",), ()])
def test_a_script_stands_alone_and_must_be_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        remote(words, (), tmp_path / "none", {}, sudo=False)


def test_a_script_runs_with_its_words_and_variables_and_its_status_counts(stage: Any, udo: Udo) -> None:
    Path("job.sh").write_text('#!/bin/sh\necho "$1, $WHO"\nexit 4\n')
    done = udo("ssh", "stage", "webapp", "--script", "job.sh", "--env", "WHO=x y", "-o", "json", "--", "one two")
    assert done.exit == 4
    assert {row["stdout"] for row in done.json["data"]["hosts"]} == {"one two, x y\n"}


@pytest.mark.parametrize("words", [("--env", "PASS=canary-7"), ("--env=PASS=canary-7",)])
def test_the_value_of_a_variable_is_not_written_down(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    # What hosts say of it is theirs, and kept for --last.
    done = udo("ssh", "stage", "webapp", 'echo "$PASS" | tr a-z A-Z', *words, "-q", "--debug")
    assert {row.split()[1] for row in done.stdout.splitlines()} == {"CANARY-7"}
    written = [path.read_text() for path in Path(os.environ["XDG_STATE_HOME"]).rglob("*") if path.is_file()]
    assert "PASS=****" in "".join(written)
    assert "canary-7" not in "".join(written)


def test_a_dry_run_names_the_script(stage: Any, udo: Udo) -> None:
    Path("job.sh").write_text("true\n")
    done = udo("ssh", "stage", "webapp", "--script", "job.sh", "-n", "--", "a b")
    assert "run job.sh 'a b' on 3 instances of stage webapp" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("true", "-l", ""),
        ("true", "--timeout", "9999999999"),
        ("true", "--env", "A"),
        ("true", "--env", "A-B=1"),
        ("true", "--env", "=1"),
        ("true", "--batch", "0"),
        ("true", "--batch", "101%"),
        ("true", "--max-failures", "0"),
        ("true", "--script", "job.sh"),
        ("--script", "none.sh"),
        ("--sudo",),
        ("--stdin",),
        ("--tty",),
        ("true", "--retry", "11"),
        ("true", "--pause", "5"),
        ("--stdin", "--script", "job.sh"),
        ("--tty", "--script", "job.sh"),
        ("true", "--tty", "--stdin"),
        ("true", "--tty", "--env", "A=b"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_call(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    Path("job.sh").write_text("true\n")
    before = len(stage.log)
    assert udo("ssh", "stage", "webapp", *words).exit == 2
    assert len(stage.log) == before


def test_where_a_canary_fails_the_others_are_not_started(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "touch reached; exit 9", "--canary", "1", "-o", "json")
    assert (done.exit, outcomes(done)) == (9, ["failed", "not started", "not started"])
    assert len(list(Path().rglob("reached"))) == 1
    assert "1 failed, 2 not started of 3 hosts in " in done.json["error"]["message"]


def test_a_host_that_is_not_reached_is_dialled_again_and_each_time_is_told(
    stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from udo.sandbox.faults import InstanceFault

    monkeypatch.setattr("udo.ssh.again._FIRST", 0.01)
    bad = members(stage)[0]
    stage.faults.add(InstanceFault("refuse", bad))
    done = udo("ssh", "stage", "webapp", "true", "--retry", "2")
    lines = [line for line in done.stderr.splitlines() if line.startswith(bad)]
    assert [line.rpartition("; ")[2] for line in lines[:-1]] == ["again in 0.0 s, 1 of 2]", "again in 0.0 s, 2 of 2]"]
    assert "(3 attempts)]" in lines[-1]
    assert (done.exit, "2 ok, 1 unreachable of 3 hosts" in done.stderr) == (255, True)


def test_the_status_is_that_of_those_that_ran(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "exit 2", "--batch", "34%", "--max-failures", "50%", "-o", "json")
    assert (done.exit, outcomes(done)) == (2, ["failed", "not started", "not started"])
    again = udo("ssh", "stage", "webapp", "true", "--only-failed", "-o", "json")
    assert sorted(row["instance_id"] for row in again.json["data"]["hosts"]) == members(stage)


@pytest.mark.parametrize("limits", [("--canary", "1"), ("--batch", "1", "--max-failures", "1")])
def test_a_host_that_is_terminated_under_its_command_is_no_failure(
    stage: Any, udo: Udo, limits: tuple[str, ...]
) -> None:
    def end() -> None:
        while not (up := list(Path("instances").glob("*/up"))):
            time.sleep(0.02)
        stage.client("ec2").terminate_instances(InstanceIds=[up[0].parent.name])
        stage.hosts.follow()

    killer = threading.Thread(target=end, daemon=True)
    killer.start()
    command = "mkdir ../first 2>/dev/null || exit 0; touch up; sleep 60"
    done = udo("ssh", "stage", "webapp", command, *limits, "-o", "json")
    killer.join(10)
    assert (done.exit, outcomes(done)) == (0, ["gone", "ok", "ok"])


def test_the_deadline_ends_all_with_124_and_says_what_each_had_reached(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "echo up; sleep 20", "--fanout", "2", "--deadline", "2", "-o", "json")
    assert (done.exit, done.json["error"]["code"]) == (124, "deadline")
    assert outcomes(done) == ["not started", "timeout", "timeout"]
    assert "2 timed out, 1 not started of 3 hosts in " in done.json["error"]["message"]


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
def test_a_limit_of_many_years_is_none(stage: Any, udo: Udo, via: str) -> None:
    names = ("--connect-timeout", "--timeout", "--idle-timeout", "--deadline")
    limits = [word for name in names for word in (name, "999999999h")]
    done = udo("ssh", "stage", "webapp", "sleep 0.2", "--fanout", "2", *limits, "--via", via)
    assert done.exit == 0, done.stderr


def test_udo_yml_may_say_how_long_a_host_may_be_silent(stage: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace("ssh: {", "ssh: {idle_timeout: 1s, "))
    done = udo("ssh", "stage", "webapp", "sleep 20", "-o", "json")
    assert (done.exit, outcomes(done)) == (255, ["timeout"] * 3)
    assert done.json["data"]["hosts"][0]["reason"] == "nothing was said for 1 s"


@pytest.mark.whole
def test_no_configuration_of_openssh_is_followed_where_none_is_wanted(stage: Any, udo: Udo) -> None:
    text = Path("udo.yml").read_text()
    Path("conf").write_text("ProxyCommand false\n")
    for name, code in (("conf", 255), ("none", 0), ("missing", 2)):
        Path("udo.yml").write_text(text.replace("ssh: {", f"ssh: {{config: {name}, "))
        for via in ("paramiko", "openssh"):
            done = udo("ssh", "stage", "webapp", "true", "--newest", "1", "--via", via)
            assert done.exit == code, (name, via, done.stderr)
