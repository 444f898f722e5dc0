"""What people and scripts read: one JSON document whatever happens, aligned tables, nothing that steers a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from udo.change.events import Line, Notice, Progress, StepBegan, StepDone
from udo.change.plan import Call, Difference, Plan
from udo.errors import Conflict, UdoError
from udo.files import state_folder
from udo.output import Output
from udo.output.clean import neutral, width
from udo.output.hosts import Kept
from udo.output.text import plan_lines
from udo.result import Column, Result

GOOD = "clusters: {prod: {roles: {web: {ami: ami-12345678}}}}\n"


def _bash(line: str) -> subprocess.CompletedProcess[str]:
    words = f'udo() {{ "{sys.executable}" -m udo "$@"; }}\n{line}'
    return subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "words", "exit_code", "code"),
    [
        (GOOD, ["check"], 0, None),
        (GOOD, ["chekc"], 2, "usage"),
        (GOOD, ["check", "--no-such-option"], 2, "usage"),
        (GOOD, ["status", "nowhere"], 2, "usage"),
        (GOOD, ["instances"], 2, "usage"),
        (GOOD, [], 2, "usage"),
        ("clusters: {prod: {roles: {web: {amii: 1}}}}\n", ["check"], 2, "config"),
        ("clusters: [\n", ["status"], 2, "config"),
        (None, ["status"], 2, "usage"),
        (GOOD, ["--color", "purple", "check"], 2, "usage"),
    ],
)
@pytest.mark.parametrize("where", ["before", "after", "joined", "variable"])
def test_json_is_one_document_with_the_same_keys_whatever_happens(
    udo: Callable[..., Any], where: str, text: str | None, words: list[str], exit_code: int, code: str | None
) -> None:
    if text:
        Path("udo.yml").write_text(text)
    told = {
        "before": lambda: udo("-o", "json", *words),
        "after": lambda: udo(*words, "--output", "json"),
        "joined": lambda: udo(*words, "-ojson"),
        "variable": lambda: udo(*words, env={"UDO_OUTPUT": "json"}),
    }[where]()
    assert told.exit == exit_code
    document = told.json
    assert list(document) == ["udo", "command", "ok", "exit", "data", "error"]
    assert (document["udo"], document["ok"], document["exit"]) == (1, exit_code == 0, exit_code)
    if code is None:
        assert document["error"] is None
        return
    keys = ["code", "message", "hint"] + (["errors"] if code == "config" else [])
    assert (document["error"]["code"], list(document["error"])) == (code, keys)
    for mistake in document["error"].get("errors", ()):
        assert list(mistake) == ["file", "line", "column", "message"]


def test_the_command_line_wins_over_the_variable(udo: Callable[..., Any]) -> None:
    Path("udo.yml").write_text(GOOD)
    assert "mistakes" in udo("check", "-o", "text", env={"UDO_OUTPUT": "json"}).stdout
    assert udo("-o", "text", "check", "-o", "json").json["ok"]


def test_a_format_behind_the_dashes_is_of_the_remote_command(udo: Callable[..., Any]) -> None:
    told = udo("ssh", "prod", "web", "--frob", "--", "kubectl", "get", "pods", "-o", "json")
    assert (told.exit, told.stdout, told.stderr.startswith("udo: ")) == (2, "", True)


@pytest.mark.parametrize(("said", "truncated"), [((b"abc",), False), ((b"a", b"b"), False), ((b"abcd",), True)])
def test_what_just_fits_is_not_said_to_be_cut(said: tuple[bytes, ...], truncated: bool) -> None:
    kept = Kept(4)
    for line in said:
        kept.add(Line("i-1", "stdout", line))
    text = "".join(f"{line.decode()}\n" for line in said)
    assert kept.row() == {"stdout": text[:4], "stderr": "", "truncated": truncated}


def test_a_format_no_verb_has_is_refused(udo: Callable[..., Any]) -> None:
    told = udo("check", "-o", "xml")
    assert (told.exit, told.stdout) == (2, "")
    assert "text, json" in told.stderr


def test_what_is_no_json_leaves_no_half_document(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TypeError):
        Output(form="json", quiet=False, verbose=False).show(Result({"a": 1, "b": object()}), "x")
    assert capsys.readouterr().out == ""


def test_a_result_that_is_an_error_says_so_in_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result([1], text="one", exit=3, error=("partial", "two failed", "look"), notes=("three",))
    Output(form="text", quiet=False, verbose=False).show(result, "x")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("one\n", "udo: two failed: look\nthree\n")
    Output(form="json", quiet=False, verbose=False).show(result, "x")
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["exit"], document["data"]) == (False, 3, [1])
    assert document["error"] == {"code": "partial", "message": "two failed", "hint": "look"}


def test_pending_changes_are_not_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    Output(form="json", quiet=False, verbose=False).show(Result([], exit=5), "plan")
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_an_error_keeps_the_data_of_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    error = Conflict("moved", hint="look")
    error.data = {"steps": ["one"]}
    Output(form="json", quiet=False, verbose=False).fail(error, "updatelc")
    document = json.loads(capsys.readouterr().out)
    assert (document["data"], document["exit"], document["command"]) == ({"steps": ["one"]}, 4, "updatelc")


def test_quiet_leaves_errors_and_data(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(form="text", quiet=True, verbose=False)
    for event in (StepBegan("one", 1, 2), Progress("half"), StepDone("one", 9.0), Notice("nice")):
        output.emit(event)
    output.emit(Notice("odd", "warning"))
    output.say("warning: odd too")
    output.show(Result([], text="data", notes=("note",)), "x")
    output.fail(UdoError("bad"), "x")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("data\n", "udo: bad\n")


def test_the_same_progress_is_told_once_and_again_when_a_minute_has_passed(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(form="text", quiet=False, verbose=False)
    for text, waited in (("Created", 0), ("Created", 30), ("Created", 65), ("Created", 120), ("Created", 130)):
        output.emit(Progress(text, waited=waited))
    output.emit(Progress("InProgress", waited=131))
    # Another wait begins.
    output.emit(Progress("InProgress", waited=0.1))
    told = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert told == ["Created", "Created  (65 s)", "Created  (130 s)", "InProgress", "InProgress"]


def test_a_terminal_sees_how_long_it_has_waited(capsys: pytest.CaptureFixture[str]) -> None:
    Output(form="text", quiet=False, verbose=False, color="always").emit(Progress("Created", waited=7.2))
    assert capsys.readouterr().err.endswith("Created  (7 s)")


COLUMNS = (Column("name", "NAME"), Column("count", "COUNT", "right"))


def test_a_plan_is_shown_with_its_differences_and_its_steps() -> None:
    call = Call("swap it in", "autoscaling", "UpdateAutoScalingGroup", {})
    plan = Plan("updatelc", "prod web", (call,), differences=(Difference("image_id", "ami-1", "ami-2"),))
    assert list(plan_lines(plan)) == ["  ~ image_id  ami-1 -> ami-2", "", "  1. swap it in"]


PLANNED = (
    "prod web\n  ~ ami  a -> b\n  + key  c\n  - price  d\n      @@ line 1 @@\n      -x\n      +y\n       z\n\n  1. swap"
)


@pytest.mark.parametrize("choice", ["always", "never"])
def test_what_comes_goes_and_changes_has_a_colour_of_its_own_where_there_are_colours(
    capsys: pytest.CaptureFixture[str], choice: str
) -> None:
    Output(form="text", quiet=False, verbose=False, color=choice).show(Result([], text=PLANNED, is_plan=True), "plan")
    coloured = {"  ~ ami  a -> b": 33, "  + key  c": 32, "  - price  d": 31, "      -x": 31, "      +y": 32}
    wanted = [
        f"\x1b[{coloured[line]}m{line}\x1b[0m" if line in coloured and choice == "always" else line
        for line in PLANNED.split("\n")
    ]
    assert capsys.readouterr().out.splitlines() == wanted


def test_text_that_is_no_plan_has_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    Output(form="text", quiet=False, verbose=False, color="always").show(Result([], text="roles:\n  - web"), "config")
    assert capsys.readouterr().out == "roles:\n  - web\n"


STEERING = [chr(number) for number in range(0x20) if number not in (0x09, 0x0A)]
STEERING += [chr(number) for number in range(0x7F, 0xA0)]
# Invisible, or reordering what stands beside them. Arabic number signs and the like are of the same category
# in Unicode (Cf), but they are seen.
STEERING += [chr(number) for number in range(0x2000, 0x2070) if unicodedata.category(chr(number)) in ("Cf", "Zl", "Zp")]
STEERING += [*"\u00ad\u061c\u180e\ufeff\ufff9\ufffa\ufffb\U000e0001\U000e0041\U000e007f"]
# What is no text at all, and could not be written.
STEERING += ["\ud800", "\udcff", "\udfff"]


def test_no_control_or_format_character_comes_through() -> None:
    passed = [hex(ord(sign)) for sign in STEERING if sign in neutral(f"a{sign}b")]
    assert passed == []


@pytest.mark.parametrize(
    ("attack", "shown"),
    [
        ("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b]8;;http://evil\x1b\\x", "\\x1b]8;;http://evil\\x1b\\x"),
        ("\x1bP$q\x9c", "\\x1bP$q\\x9c"),
        ("50 %\r100 %", "50 %\\x0d100 %"),
        ("secret\x08\x08", "secret\\x08\\x08"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_what_steers_a_terminal_is_shown_instead(attack: str, shown: str) -> None:
    assert neutral(attack) == shown


@pytest.mark.parametrize("text", ["plain", "tab\tand\nline", "żółć 日本 🙂", "Ω≈ç"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert neutral(text) == text


def test_width_counts_cells() -> None:
    assert [width(text) for text in ("abc", "日本", "e\u0301")] == [3, 4, 1]


def test_every_way_out_neutralises(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(form="text", quiet=False, verbose=True)
    evil = "\x1b[31m"
    output.say(evil)
    output.plan(Plan(evil, evil, (Call(evil, "s", "o", {}),), differences=(Difference(evil, evil, evil),)))
    for event in (StepBegan(evil, 1, 1), Progress(evil), StepDone(evil, 2.0, evil), Notice(evil, "debug")):
        output.emit(event)
    rows = [{"name": evil, "count": evil}]
    output.show(Result(rows, COLUMNS, rows, notes=(evil,), error=("failed", evil, evil)), "x")
    output.show(Result(rows, text=evil), "x")
    output.fail(Conflict(evil, hint=evil), "x")
    Output(form="json", quiet=False, verbose=False).fail(Conflict(evil, hint=evil), evil)
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err


@pytest.mark.parametrize("line", ["udo --help", "udo check -o json", "udo check", "udo chek -o json"])
def test_a_closed_pipe_ends_it_silently(line: str) -> None:
    Path("udo.yml").write_text(GOOD)
    ended = _bash(f"{{ sleep 0.1; {line}; echo $? >&2; }} | true")
    assert ended.stderr == "141\n"


@pytest.mark.parametrize("buffered", ["", "PYTHONUNBUFFERED=1 "])
@pytest.mark.parametrize(("line", "code"), [("udo --version", 1), ("udo check", 1), ("udo -o json", 2)])
def test_a_full_disk_is_told_in_one_line(line: str, code: int, buffered: str) -> None:
    Path("udo.yml").write_text(GOOD)
    ended = _bash(f"unset PYTHONUNBUFFERED; {buffered}{line} >/dev/full")
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr == "udo: the output cannot be written: No space left on device\n"


def test_text_that_the_terminal_cannot_show_is_escaped() -> None:
    Path("日本.yml").write_text(GOOD)
    ended = _bash("PYTHONIOENCODING=ascii udo -c 日本.yml check")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\\u65e5\\u672c.yml" in ended.stdout


def test_a_word_that_is_no_text_is_no_crash() -> None:
    ended = _bash("udo status $'prod\\xff' web")
    assert ended.returncode == 2
    assert "bug" not in ended.stderr


def test_a_closed_output_is_no_crash_and_a_failure_like_a_full_disk() -> None:
    ended = _bash("udo --version >&-")
    assert (ended.returncode, ended.stderr) == (1, "udo: the output cannot be written: Bad file descriptor\n")


def test_colours_are_only_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = (Column("state", "STATE"),)
    result = Result([], columns, [{"state": "InService"}, {"state": "gone"}])
    Output(form="text", quiet=False, verbose=False).show(result, "x")
    assert "\x1b" not in capsys.readouterr().out
    Output(form="text", quiet=False, verbose=False, color="always").show(result, "x")
    assert "\x1b[32mInService" in capsys.readouterr().out
    Output(form="text", quiet=False, verbose=False, color="never").show(result, "x")
    assert "\x1b" not in capsys.readouterr().out
    Output(form="json", quiet=False, verbose=False, color="always").show(result, "x")
    assert "\x1b" not in capsys.readouterr().out


def test_a_table_in_colour_still_neutralises_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result([], (Column("a", "A"),), [{"a": "\x1b]0;evil\x07"}])
    Output(form="text", quiet=False, verbose=False, color="always").show(result, "x")
    shown = capsys.readouterr().out
    assert "\\x1b]0;evil\\x07" in shown


def test_progress_rewrites_one_line_on_a_terminal_and_is_plain_lines_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for color in ("always", "never"):
        output = Output(form="text", quiet=False, verbose=False, color=color)
        output.emit(Progress("1 done of 2", 0.5))
        output.emit(Progress("1 done of 2", 0.5))
        output.say("after")
        told = capsys.readouterr().err
        if color == "always":
            assert "##########" in told
            assert told.endswith("\r\x1b[2Kafter\n")
        else:
            assert told == "      1 done of 2\nafter\n"


def test_the_debug_log_names_calls_and_never_their_parameters(world: Any, udo: Any) -> None:
    from launch_worlds import configuration_world, write_config

    configuration_world(world)
    write_config()
    assert udo("--debug", "updatelc", "prod", "webapp").exit == 0
    (log,) = state_folder().glob("debug-*.log")
    text = log.read_text()
    assert "autoscaling:CreateLaunchConfiguration" in text
    assert "UserData" not in text
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_step_line_wider_than_a_terminal_has_the_names_of_bundles_cut() -> None:
    from udo.change.events import StepBegan
    from udo.output.steps import Steps

    name = "0123456789ab" + "c" * 52
    steps = Steps(verbose=False)
    assert steps.line(StepBegan(f"upload {name}.zip", 1, 2)) == "[1/2] upload 0123456789ab.zip"
    assert steps.line(StepBegan(f"deploy s3://b/{'x' * 40}/{name}.zip (eTag {'d' * 32})", 2, 2)) == (
        f"[2/2] deploy s3://b/{'x' * 40}/0123456789ab.zip (eTag {'d' * 12})"
    )
    assert steps.line(StepBegan(f"deploy {name}.zip", 0, 0)).endswith(f"{name}.zip"), "there is room"
