"""What is seen of many hosts at once: folded, compared, written to files, and under names in colour."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_ssh import GROUPS, members

Udo = Callable[..., Any]


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def only(instance_id: str, there: str, otherwise: str) -> str:
    return f'if test "$UDO_INSTANCE_ID" = {instance_id}; then {there}; else {otherwise}; fi'


def test_equal_outputs_are_shown_once_under_all_ids(stage: Any, udo: Udo) -> None:
    ids = members(stage)
    done = udo("ssh", "stage", "webapp", only(ids[1], "echo other; exit 3", "echo same; echo twice"), "-b")
    assert done.exit == 3
    head, *rest = done.stdout.splitlines()
    assert (head[:14], sorted(head[14:].split(", "))) == ("2 hosts said: ", [ids[0], ids[2]])
    assert rest == ["  same", "  twice", f"1 host said: {ids[1]}", "  other"]
    assert f"{ids[1]}  [exit status 3]" in done.stderr


def test_streams_stay_apart_and_silence_is_told(stage: Any, udo: Udo) -> None:
    ids = members(stage)
    done = udo("ssh", "stage", "webapp", only(ids[0], "true", "echo oops >&2"), "--fold")
    assert done.stdout.splitlines() == [f"1 host said nothing: {ids[0]}"]
    told = [line for line in done.stderr.splitlines() if "said on stderr" in line or line.startswith("  ")]
    assert (told[0][:24], told[1:]) == ("2 hosts said on stderr: ", ["  oops"])


def test_folded_output_cannot_forge_a_heading(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", r"printf '1 host said: i-0\r\033[A\n3 hosts said: all'", "-b")
    assert [line[:1] for line in done.stdout.splitlines()] == ["3", " ", " "]
    assert "\x1b" not in done.stdout


def test_folded_and_live_gives_both(stage: Any, udo: Udo) -> None:
    lines = udo("ssh", "stage", "webapp", "echo hi", "-b", "--live").stdout.splitlines()
    assert sorted(lines[:3]) == [f"{one}  hi" for one in members(stage)]
    assert (lines[3][:14], lines[4:]) == ("3 hosts said: ", ["  hi"])


def test_a_host_that_was_not_reached_said_nothing_and_is_in_no_fold(stage: Any, udo: Udo) -> None:
    from udo.sandbox.faults import InstanceFault

    bad = members(stage)[0]
    stage.faults.add(InstanceFault("refuse", bad))
    stage.hosts.follow()
    done = udo("ssh", "stage", "webapp", "echo hi", "-b")
    assert (done.exit, bad in done.stdout, bad in done.stderr) == (255, False, True)


def test_a_difference_is_told_against_what_most_said(stage: Any, udo: Udo) -> None:
    ids = members(stage)
    done = udo("ssh", "stage", "webapp", only(ids[2], "printf 'a\\nB\\nc\\n'", "printf 'a\\nb\\nc\\n'"), "--diff")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2 hosts said: ")
    assert lines[1:5] == ["  a", "  b", "  c", f"1 host differs: {ids[2]}"]
    assert lines[5:] == ["  @@ -1,3 +1,3 @@", "   a", "  -b", "  +B", "   c"]


def test_every_byte_comes_to_the_files_as_it_was_sent(stage: Any, udo: Udo) -> None:
    ids = members(stage)
    done = udo("ssh", "stage", "webapp", r"printf 'a\r\n\033[2J\377\000no end'; seq 9999 >&2", "--outdir", "out")
    assert done.exit == 0
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(
        f"{one}.{stream}" for one in ids for stream in ("stdout", "stderr")
    )
    for one in ids:
        assert Path(f"out/{one}.stdout").read_bytes() == b"a\r\n\x1b[2J\xff\x00no end"
        assert Path(f"out/{one}.stderr").read_bytes() == b"".join(b"%d\n" % n for n in range(1, 10000))
    assert stat.S_IMODE(Path(f"out/{ids[0]}.stdout").stat().st_mode) == 0o600


def test_a_folder_that_holds_something_is_refused_before_any_call(stage: Any, udo: Udo) -> None:
    Path("out").mkdir()
    Path("out/mine").write_text("x")
    before = len(stage.log)
    done = udo("ssh", "stage", "webapp", "echo hi", "--outdir", "out")
    assert (done.exit, "out is not empty" in done.stderr, len(stage.log)) == (7, True, before)
    one = members(stage)[0]
    Path(f"out/{one}.stdout").write_text("what was there before, and longer")
    assert udo("ssh", "stage", "webapp", "echo hi", "--outdir", "out", "--yes").exit == 0
    assert (Path(f"out/{one}.stdout").read_text(), Path("out/mine").read_text()) == ("hi\n", "x")


@pytest.mark.parametrize(("name", "code"), [("file", 1), ("file/x", 1), ("/proc/x", 1), ("", 2)])
def test_a_folder_that_cannot_be_is_told_of_before_anybody_is_reached(
    stage: Any, udo: Udo, name: str, code: int
) -> None:
    Path("file").touch()
    done = udo("ssh", "stage", "webapp", "touch reached", "--outdir", name, "-q")
    assert (done.exit, len(done.stderr.splitlines())) == (code, 1), done.stderr
    assert not list(Path("instances").rglob("reached"))


def test_a_dry_run_makes_no_folder(stage: Any, udo: Udo) -> None:
    assert udo("ssh", "stage", "webapp", "echo hi", "--outdir", "out", "-n").exit == 0
    assert not Path("out").exists()


@pytest.mark.parametrize("words", [("--outdir", "out", "--yes"), ("-b",)], ids=" ".join)
def test_output_that_finds_no_room_fails_the_run_with_a_word_on_every_host(
    stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    Path("out").mkdir()
    for one in members(stage):
        Path(f"out/{one}.stdout").mkdir()
    done = udo("ssh", "stage", "webapp", "seq 9999; sleep 30", *words)
    assert done.exit == 1, done.stderr
    told = done.stderr.splitlines()
    assert re.fullmatch(r"udo: .*(written|kept): .*[1-3] interrupted of 3 hosts in .*", told[-1])
    hosts = [line for line in told[:-1] if "interrupted while" in line or "not started" in line]
    assert [line for line in told if line[:1] == "i"] == hosts
    assert sorted(line.split()[0] for line in told if line[:2] == "i-") == members(stage)


def test_a_link_in_the_folder_is_not_followed(stage: Any, udo: Udo) -> None:
    Path("precious").write_text("x")
    Path("out").mkdir()
    for one in members(stage):
        Path(f"out/{one}.stdout").symlink_to(Path("precious").absolute())
    done = udo("ssh", "stage", "webapp", "echo hi", "--outdir", "out", "--yes")
    assert (done.exit, Path("precious").read_text()) == (1, "x")


def test_names_have_colours_only_where_asked_for(stage: Any, udo: Udo) -> None:
    plain = udo("ssh", "stage", "webapp", "echo hi; echo no >&2")
    assert "\x1b" not in plain.stdout + plain.stderr
    done = udo("ssh", "stage", "webapp", r"printf '\033[31mhi\n'", "--color", "always")
    for line in done.stdout.splitlines():
        assert line.count("\x1b") == 2
        assert line.endswith("\x1b[0m  \\x1b[31mhi")
    assert len({line[:5] for line in done.stdout.splitlines()}) == 3


@pytest.mark.parametrize("words", [("-b", "-o", "json"), ("--diff", "-o", "jsonl"), ("--live",)])
def test_what_does_not_go_together_is_refused(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    assert udo("ssh", "stage", "webapp", "true", *words).exit == 2
