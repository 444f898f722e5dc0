"""The journal: private, one whole line per step whoever else writes, and never a reason to fail."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from udo.change.journal import Journal, entries
from udo.files import state_folder, write_private

ABOUT = {"run": "20261120T131501Z-abcdef", "operator": "arn:aws:iam::123456789012:user/ada", "account": "123456789012"}


def _journal(warnings: list[str]) -> Journal:
    return Journal(ABOUT, warnings.append)


def _lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (state_folder() / "journal.jsonl").read_text().splitlines()]


def test_a_line_says_when_who_what_and_how_it_ended() -> None:
    warnings: list[str] = []
    journal = _journal(warnings)
    journal.record("swap it in", "done")
    journal.record("wait", "deadline", "still InProgress\nafter 60 s")
    first, second = _lines()
    assert list(first) == ["time", "run", "operator", "account", "step", "outcome"]
    assert first["time"].endswith("Z")
    assert (first["step"], first["outcome"]) == ("swap it in", "done")
    assert second["note"] == "still InProgress\nafter 60 s"
    assert warnings == []


def test_journal_and_folder_are_private_whatever_the_umask() -> None:
    before = os.umask(0)
    try:
        _journal([]).record("one", "done")
    finally:
        os.umask(before)
    path = state_folder() / "journal.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_journal_is_only_ever_appended_to() -> None:
    _journal([]).record("one", "done")
    before = (state_folder() / "journal.jsonl").read_bytes()
    _journal([]).record("two", "done")
    assert (state_folder() / "journal.jsonl").read_bytes().startswith(before)


WRITER = """
import sys
from udo.change.journal import Journal, entries
journal = Journal({"run": sys.argv[1]}, lambda text: sys.exit(text))
for number in range(40):
    journal.record(f"{number} " + "x" * 5000, "done")
"""


@pytest.mark.whole
def test_lines_of_many_writers_stay_whole() -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, f"run-{number}"]) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    lines = _lines()
    assert len(lines) == 160
    for number in range(4):
        own = [line["step"].split()[0] for line in lines if line["run"] == f"run-{number}"]
        assert own == [str(step) for step in range(40)]


def test_a_torn_line_does_not_take_the_next_one_with_it() -> None:
    _journal([]).record("one", "done")
    path = state_folder() / "journal.jsonl"
    with path.open("ab") as file:
        file.write(b'{"time": "2026')
    _journal([]).record("two", "done")
    warnings: list[str] = []
    assert [entry.step for entry in entries(warnings.append)] == ["one", "two"]
    assert warnings == ["left out what cannot be read in the journal: 1 line"]


def test_a_line_that_the_system_takes_in_parts_is_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    journal = _journal([])
    journal.record("one", "done")
    journal.record("two", "done")
    assert [line["step"] for line in _lines()] == ["one", "two"]


@pytest.mark.parametrize("trouble", ["a folder", "a link", "full"])
def test_a_journal_that_cannot_be_written_warns_once_and_goes_on(trouble: str, tmp_path: Path) -> None:
    path = state_folder() / "journal.jsonl"
    if trouble == "a folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/full" if trouble == "full" else tmp_path / "elsewhere")
    warnings: list[str] = []
    journal = _journal(warnings)
    journal.record("one", "done")
    journal.record("two", "done")
    assert len(warnings) == 1
    assert "continuing without it" in warnings[0]
    assert not (tmp_path / "elsewhere").exists()


def test_a_state_folder_that_cannot_be_made_warns_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    warnings: list[str] = []
    journal = _journal(warnings)
    journal.record("one", "done")
    journal.record("two", "done")
    assert len(warnings) == 1


def test_a_private_file_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_private(path, "one")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("one", 0o600)
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "two \udcff")
    assert path.read_text() == "one"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "home"] == ["kept"]


def test_what_was_recorded_is_read_back_in_order() -> None:
    warnings: list[str] = []
    journal = _journal(warnings)
    journal.record("one", "done")
    journal.record("two", "lost", "no answer")
    read = entries(warnings.append)
    assert [(entry.step, entry.outcome, entry.note) for entry in read] == [
        ("one", "done", ""),
        ("two", "lost", "no answer"),
    ]
    assert {entry.operator for entry in read} == {ABOUT["operator"]}
    assert warnings == []


def test_no_journal_is_an_empty_one() -> None:
    warnings: list[str] = []
    assert entries(warnings.append) == []
    assert warnings == []


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"time": "yesterday", "run": "r", "target": "t", "step": "s", "outcome": "done"}',
        b'{"time": "2026-01-05T09:00:00Z", "run": 7, "target": "t", "step": "s", "outcome": "done"}',
        b"[" * 100_000,
    ],
)
def test_broken_lines_are_left_out_and_said_once(line: bytes) -> None:
    warnings: list[str] = []
    _journal(warnings).record("one", "done")
    path = state_folder() / "journal.jsonl"
    path.write_bytes(line + b"\n\n" + path.read_bytes() + line)
    assert [entry.step for entry in entries(warnings.append)] == ["one"]
    assert warnings == ["left out what cannot be read in the journal: 2 lines"]


def test_what_a_later_version_adds_to_a_line_is_no_obstacle() -> None:
    warnings: list[str] = []
    path = state_folder() / "journal.jsonl"
    row = {"time": "2026-01-05T09:00:00Z", "run": "r", "target": "t", "step": "s", "outcome": "done", "more": [1]}
    path.write_text(json.dumps(row) + "\n")
    assert [entry.run for entry in entries(warnings.append)] == ["r"]
    assert warnings == []


def test_a_journal_that_cannot_be_read_is_one_warning() -> None:
    warnings: list[str] = []
    (state_folder() / "journal.jsonl").symlink_to("elsewhere")
    assert entries(warnings.append) == []
    assert len(warnings) == 1


def test_a_journal_that_another_process_holds_is_gone_on_without_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udo.change.journal._PATIENCE", 0.2)
    warnings: list[str] = []
    _journal(warnings).record("one", "done")
    with (state_folder() / "journal.jsonl").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        journal = _journal(warnings)
        journal.record("two", "done")
        journal.record("three", "done")
        assert [entry.step for entry in entries(warnings.append)] == ["one"]
    journal.record("four", "done")
    assert warnings == ["the journal cannot be written (another process holds it); continuing without it"]
    assert [entry.step for entry in entries(warnings.append)] == ["one", "four"]
