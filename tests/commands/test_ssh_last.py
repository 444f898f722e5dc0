"""`udo ssh --last`: the last run again, from what was kept of it here."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import until
from test_ssh import GROUPS, members

Udo = Callable[..., Any]
# Every byte on stdout, a line without an end on stderr.
COMMAND = r'printf "\377\000\033[31m\r\na b\n\nlast"; printf "one\ntwo" >&2; exit 3'


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def folder() -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "udo" / "outputs"


def kept() -> list[str]:
    """The runs that are kept, in the order in which they began."""
    return sorted(path.name for path in folder().iterdir())


def set_keep(role: str, number: int) -> None:
    text = Path("udo.yml").read_text()
    Path("udo.yml").write_text(text.replace(f"      {role}: {{", f"      {role}: {{ssh: {{keep: {number}}}, "))


def test_a_run_is_told_again_as_it_was_and_nobody_is_asked_for_it(stage: Any, udo: Udo) -> None:
    first = udo("ssh", "stage", "webapp", COMMAND, "-o", "json").json["data"]
    before = len(stage.log)
    again = udo("ssh", "stage", "webapp", "--last", "-o", "json")
    assert (again.exit, len(stage.log)) == (0, before)
    told = again.json["data"]
    assert (told["run"], told["complete"], told["says"][:4]) == (first["run"], True, "run ")
    assert told["hosts"] == first["hosts"]
    assert {**told["totals"], "seconds": 0} == {**first["totals"], "seconds": 0}


def test_it_is_shown_by_host_folded_or_in_files_byte_for_byte(stage: Any, udo: Udo) -> None:
    udo("ssh", "stage", "webapp", COMMAND, "--outdir", "first")
    by_host = udo("ssh", "stage", "webapp", "--last", "--outdir", "again")
    names = [line.split()[0] for line in by_host.stdout.splitlines() if line.startswith("i-")]
    assert len(names) == 12
    assert [names[at : at + 4] for at in (0, 4, 8)] == [[one] * 4 for one in names[::4]]
    assert "ago on stage webapp: run 'printf" in by_host.stderr
    assert "3 failed of 3 hosts in " in by_host.stderr
    assert {path.name: path.read_bytes() for path in Path("again").iterdir()} == {
        path.name: path.read_bytes() for path in Path("first").iterdir()
    }
    folded = udo("ssh", "--last", "--fold")
    assert "3 hosts said: " in folded.stdout
    assert "3 hosts said on stderr: " in folded.stderr


def test_the_last_run_is_that_of_the_roles_that_are_named_or_of_any(stage: Any, udo: Udo) -> None:
    udo("ssh", "stage", "*", "echo both")
    udo("ssh", "stage", "webapp", "echo one")
    shown = udo("ssh", "stage", "worker", "--last")
    assert [line.split() for line in shown.stdout.splitlines()] == [
        [one, "both"] for one in sorted(members(stage, "stage-worker"), key=shown.stdout.index)
    ]
    assert sorted(udo("ssh", "stage", "webapp,worker", "--last").stdout.split()[::2]) == members(stage)
    assert udo("ssh", "--last").stdout.split()[1::2] == ["one"] * 3


@pytest.mark.parametrize(
    "words",
    [
        ("stage", "webapp", "uptime"),
        ("stage", "webapp", "--", "uptime"),
        ("stage", "webapp", "--retry", "2"),
        ("stage", "webapp", "--newest", "1"),
        ("stage", "webapp", "--sudo"),
        ("stage", "webapp", "--choose"),
        ("uptime",),
        ("-l", "me"),
        ("--fold", "-o", "json"),
    ],
)
def test_what_would_make_another_run_is_refused(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    udo("ssh", "stage", "webapp", "true")
    assert udo("ssh", "--last", *words).exit == 2


def test_where_nothing_is_kept_it_is_said_why(stage: Any, udo: Udo) -> None:
    none = udo("ssh", "stage", "webapp", "--last")
    assert (none.exit, "no output of 'udo ssh' on stage webapp is kept" in none.stderr) == (1, True)
    udo("ssh", "stage", "webapp", "true", "-n")
    assert udo("ssh", "--last").exit == 1
    set_keep("webapp", 0)
    assert "ssh.keep is 0 in udo.yml" in udo("ssh", "stage", "webapp", "--last").stderr


def test_of_a_role_that_keeps_none_nothing_is_kept_and_nothing_stays(stage: Any, udo: Udo) -> None:
    udo("ssh", "stage", "webapp,worker", "echo secret-$((40+2))")
    udo("ssh", "stage", "worker", "echo other")
    set_keep("webapp", 0)
    assert udo("ssh", "stage", "webapp,worker", "echo secret-$((40+2))").exit == 0
    files = [path.read_bytes() for path in folder().iterdir()]
    assert not [one for one in members(stage) if one.encode() in b"".join(files)]
    assert sorted(text.count(b"secret-42") for text in files) == [0, 2]


def test_the_files_are_private_and_as_many_as_udo_yml_says(stage: Any, udo: Udo) -> None:
    set_keep("worker", 2)
    runs = [udo("ssh", "stage", "worker", "echo hi", "-o", "json").json["data"]["run"] for _ in range(4)]
    assert kept() == sorted(runs[-2:])
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder().iterdir()} == {0o600}


def test_all_of_them_together_are_no_larger_than_a_bound(stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udo.fanout.outputs._ALL", 100_000)
    runs = [udo("ssh", "stage", "worker", "seq 7000", "-o", "json").json["data"]["run"] for _ in range(3)]
    assert kept() == runs[-1:]


def test_what_is_too_much_of_a_host_is_cut_and_said(stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udo.fanout.outputs._STREAM", 1000)
    udo("ssh", "stage", "webapp", f'test "$UDO_INSTANCE_ID" != {members(stage)[0]} || seq 9000')
    done = udo("ssh", "--last")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {line[0] for line in lines} == {members(stage)[0]}
    assert [line[1] for line in lines[:3]] == ["1", "2", "3"]
    assert len(done.stdout) < 10_000
    assert done.stderr.count("[the rest of what it said was not kept]") == 1
    rows = udo("ssh", "--last", "-o", "json").json["data"]["hosts"]
    assert {row["instance_id"]: row["truncated"] for row in rows} == {
        one: one == members(stage)[0] for one in members(stage)
    }


def test_where_one_stream_is_cut_the_other_is_kept(stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udo.fanout.outputs._STREAM", 60_000)
    monkeypatch.setattr("udo.fanout.outputs._HELD", 100)
    udo("ssh", "stage", "worker", "seq 20000; sleep 0.2; seq 9000 >&2")
    (one, _) = udo("ssh", "--last", "-o", "json").json["data"]["hosts"]
    assert (len(one["stdout"]), one["stderr"]) == (60_000, "".join(f"{number}\n" for number in range(1, 9001)))


def test_of_a_run_that_says_too_much_as_a_whole_the_rest_is_left_out(
    stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("udo.fanout.outputs._RUN", 1000)
    udo("ssh", "stage", "webapp", "seq 900", "--fanout", "1")
    rows = udo("ssh", "--last", "-o", "json").json["data"]["hosts"]
    assert sum(len(row["stdout"]) for row in rows) == 1000
    assert {row["truncated"] for row in rows} == {True}


def test_where_it_cannot_be_kept_it_is_said_once_and_all_continues(stage: Any, udo: Udo) -> None:
    folder().parent.mkdir(parents=True)
    folder().touch()
    done = udo("ssh", "stage", "webapp", "echo hi")
    assert (done.exit, done.stdout.count("hi")) == (0, 3)
    assert done.stderr.count("warning: what hosts say cannot be kept for --last: ") == 1


def test_where_there_is_no_room_for_all_of_it_nothing_is_kept(stage: Any, udo: Udo) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        done = udo("ssh", "stage", "webapp", "seq 9000")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (done.exit, done.stdout.count("  9000\n")) == (0, 3)
    assert done.stderr.count("warning: what hosts say cannot be kept for --last: File too large") == 1
    assert kept() == []


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.whole
def test_a_file_that_is_cut_off_anywhere_tells_what_it_has(stage: Any, udo: Udo, fraction: float) -> None:
    udo("ssh", "stage", "webapp", "seq 500; exit 3")
    path = folder() / kept()[0]
    os.truncate(path, int(path.stat().st_size * fraction))
    done = udo("ssh", "--last", "-o", "json")
    if not fraction:
        assert done.exit == 1
        return
    assert (done.exit, done.json["data"]["complete"]) == (0, False)
    for row in done.json["data"]["hosts"]:
        assert "".join(f"{number}\n" for number in range(1, 501)).startswith(row["stdout"])
        assert (row["outcome"], row["reason"]) in (("failed", "exit status 3"), ("interrupted", "the run was killed"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        os.urandom(3000),
        b'{"format": "udo-outputs 1", "hosts": [{"group": "x"}]}\n',
        b'{"format": "udo-outputs 1", "run": 1, "hosts": [], "says": 2}\n',
        b"[]\n",
    ],
    ids=["empty", "noise", "half", "other", "list"],
)
@pytest.mark.whole
def test_what_is_no_run_is_passed_over(stage: Any, udo: Udo, content: bytes) -> None:
    udo("ssh", "stage", "webapp", "echo hi")
    (folder() / "20991231T000000Z-000000").write_bytes(content)
    (folder() / "20991231T000000Z-000001").mkdir()
    (folder() / "20991231T000000Z-000002").symlink_to("/dev/zero")
    (folder() / "notes").write_bytes(content)
    done = udo("ssh", "--last")
    assert (done.exit, done.stdout.count("  hi\n")) == (0, 3)
    assert udo("ssh", "stage", "webapp", "true").exit == 0
    assert (folder() / "notes").exists()


@pytest.mark.parametrize(
    "line",
    [b"0 0 -9\n", b"0 7 3\nabc", b"9 0 3\nabc", b"0 0\n", b"{}\n", b'{"outcome": "ok"}\n', b"x\n", b"0 0 9999999\na"],
)
@pytest.mark.whole
def test_a_line_that_makes_no_sense_ends_what_is_told(stage: Any, udo: Udo, line: bytes) -> None:
    udo("ssh", "stage", "worker", "echo hi")
    path = folder() / kept()[0]
    head, _, _ = path.read_bytes().partition(b"\n")
    path.write_bytes(head + b"\n" + line)
    done = udo("ssh", "--last")
    assert (done.exit, done.stdout.count("hi")) == (0, 0)
    assert "2 interrupted of 2 hosts" in done.stderr


@pytest.mark.whole
def test_a_run_that_goes_on_and_one_that_was_killed_tell_what_they_have(
    stage: Any, udo: Udo, served_world: Any
) -> None:
    set_keep("webapp", 1)
    doomed, *others = members(stage)
    command = f'seq 9000; test "$UDO_INSTANCE_ID" != {doomed} || exec sleep 60'
    argv = [sys.executable, "-m", "udo", "ssh", "stage", "webapp", command]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            until(lambda: folder().exists() and _ended() == 2, "two hosts never end")
            running = udo("ssh", "stage", "webapp", "--last", "-o", "json").json["data"]
            [first] = kept()
            # As many as are kept end meanwhile: what goes on is not deleted.
            assert udo("ssh", "stage", "webapp", "true").exit == 0
            [second] = set(kept()) - {first}
        finally:
            run.send_signal(signal.SIGKILL)
    assert {row["instance_id"]: row["reason"] for row in running["hosts"]} == {
        doomed: "has not ended yet",
        **dict.fromkeys(others, ""),
    }
    (folder() / second).unlink()
    killed = udo("ssh", "--last")
    assert f"{doomed}  [the run was killed]" in killed.stderr
    assert "2 ok, 1 interrupted of 3 hosts in 0.0 s; it was killed" in killed.stderr
    assert killed.stdout.count("  9000\n") >= 2
    assert udo("ssh", "stage", "webapp", "true").exit == 0
    assert len(kept()) == 1


def _ended() -> int:
    return sum(path.read_bytes().count(b'"outcome": "ok"') for path in folder().iterdir())
