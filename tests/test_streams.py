"""The streams of a process of its own: what cannot be written, and what is not there at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from whole import rows, some

CONFIG = "region: us-west-2\nclusters: {prod: {roles: {web: {ami: ami-12345678}}}}\n"


def run(words: str, streams: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command line in a shell, which puts the streams where they are to go."""
    line = f"exec {sys.executable} -m udo {words} {streams}"
    return subprocess.run(
        ["bash", "-c", line], check=False, capture_output=True, text=True, env={**os.environ, **(env or {})}
    )


FAILING = [("check", 0), ("nosuch", 2), ("check -c nosuch.yml", 2)]
WRITING = ["check", "check -o json", "plan --exit-code -o json", "status"]


@pytest.mark.parametrize("streams", ["2>/dev/full", "2> >(exec <&-; sleep 0.2)", "2>&-"])
@pytest.mark.parametrize(("words", "code"), rows(FAILING, FAILING[:1]))
def test_a_stderr_that_cannot_be_written_changes_no_exit_code(words: str, code: int, streams: str) -> None:
    Path("udo.yml").write_text(CONFIG)
    assert run(words, streams).returncode == code


def test_what_failed_keeps_its_exit_code_where_the_disk_is_full() -> None:
    Path("udo.yml").write_text(CONFIG)
    without = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "")
    done = run("status -o json", ">/dev/full", without)
    assert (done.returncode, "cannot be written" in done.stderr) == (6, True), done.stderr


@pytest.mark.parametrize("streams", [">/dev/full", ">&-"])
@pytest.mark.parametrize("words", some(WRITING, *WRITING[:2]))
def test_what_succeeded_fails_where_its_output_cannot_be_written(
    served_world: Any, seeded: Any, words: str, streams: str
) -> None:
    seeded()
    done = run(words, streams)
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(("words", "code"), [("check", 1), ("nosuch", 2), ("check -c nosuch.yml", 2)])
def test_without_any_stream_the_exit_code_tells(words: str, code: int) -> None:
    Path("udo.yml").write_text(CONFIG)
    assert run(words, ">&- 2>&-").returncode == code


@pytest.mark.whole
def test_the_log_of_debug_that_cannot_be_written_breaks_off_no_change(
    served_world: Any, world: Any, seeded: Any
) -> None:
    seeded()
    line = f"ulimit -f 0; exec {sys.executable} -m udo updatelc prod '*' --yes --debug --set instance_type=t3.large"
    done = subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "the journal cannot be written (File too large)" in done.stderr
    assert world.client("ssm").describe_parameters()["Parameters"] == []


def test_a_current_folder_that_was_deleted_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # Python itself does not start there where this names a folder by a relative path.
    monkeypatch.delenv("PYTHONPATH", raising=False)
    done = subprocess.run(
        ["bash", "-c", f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -P -m udo status"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "udo: the current folder was deleted: go to another one\n")
