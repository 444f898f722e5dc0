"""What a program says as it ends is heard, however late it is looked for."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import pytest

from udo.ssh import Options
from udo.ssh.limit import Limit
from udo.ssh.openssh import Feed, Log, _talk
from udo.ssh.preamble import Preamble


@pytest.mark.whole
def test_what_is_said_last_is_heard_however_late_it_is_looked_for() -> None:
    limit, lost, done = Limit(time.monotonic() + 60, "within 60 s"), [], threading.Event()

    def heard(number: int) -> None:
        # Every second it is looked whether the program is still there: these end around that.
        words = ["sh", "-c", f"sleep {0.9 + number / 300}; echo last"]
        said: list[bytes] = []
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with subprocess.Popen(words, **pipes, bufsize=0) as process:
            preamble = Preamble(lambda _, data: said.append(data))
            preamble.end()
            _talk(process, Log(Path("none")), preamble, Feed(b"", None), Options(), limit, limit)
        if b"".join(said) != b"last\n":
            lost.append(number)

    def busy() -> None:
        while not done.is_set():
            sum(range(200))

    others = [threading.Thread(target=busy) for _ in range(3)]
    talks = [threading.Thread(target=heard, args=(number,)) for number in range(120)]
    for thread in (*others, *talks):
        thread.start()
    for thread in talks:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    assert lost == []
