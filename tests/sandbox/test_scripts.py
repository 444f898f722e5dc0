"""Many scripts at once: real processes watched by one thread, within what this machine can take."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from udo.sandbox import scripts
from udo.sandbox.scripts import Job, Scripts


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)
    return found


def test_scripts_that_there_is_no_room_for_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scripts, "MOST_AT_ONCE", 2)
    ended: list[Job] = []
    running, made = Scripts(), threading.Event()
    words = [
        "/bin/sh",
        "-c",
        f"echo x >> {tmp_path}/begun; until [ -e {tmp_path}/go ]; do sleep 0.01; done; echo {'o' * 50}",
    ]

    def done(job: Job) -> None:
        ended.append(job)
        if len(ended) == 5:
            made.set()

    for _ in range(5):
        running.begin(Job(words, tmp_path, os.environ, seconds=60, keeps=20, done=done))
    until(lambda: (tmp_path / "begun").exists() and len((tmp_path / "begun").read_text().split()) == 2)
    time.sleep(0.05)
    assert len((tmp_path / "begun").read_text().split()) == 2
    (tmp_path / "go").touch()
    assert made.wait(20)
    assert {bytes(job.out) for job in ended} == {b"o" * 20}
    running.end_all()
    assert not [one for one in threading.enumerate() if one.name == scripts.THREAD]


def test_a_script_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    for words, environment, why in (
        (["/bin/none"], {}, "fork/exec /bin/none: no such file or directory"),
        (["/bin/true"], {"A": "\0"}, "fork/exec /bin/true: embedded null byte"),
    ):
        ended: list[Job] = []
        Scripts().begin(Job(words, tmp_path, environment, 60, 0, ended.append))
        until(lambda ended=ended: ended)
        assert (ended[0].why, ended[0].code) == (why, None)


def test_what_waits_is_cancelled_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scripts, "MOST_AT_ONCE", 1)
    running, ended = Scripts(), []
    jobs = [Job(["/bin/sleep", "60"], tmp_path, os.environ, 60, 0, ended.append) for _ in range(2)]
    for job in jobs:
        running.begin(job)
    running.end(jobs[1])
    until(lambda: ended == jobs[1:])
    running.end_all()
    assert ended == jobs[::-1]
    assert all(job.ended_early for job in jobs)
