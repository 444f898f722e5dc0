"""Starts programs on behalf of the agent from within its confinement; its text is all that is handed in there."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

MOST = 1 << 20


def opened(
    words: list[str], environment: dict[str, str], folder: str, out: int, errors: int
) -> subprocess.Popen[bytes]:
    """Starts a program in a process group of its own; what the system cannot run for want of a first line is sh's.

    Raises: OSError.
    """
    for tried in (words, ["sh", *words]):
        try:
            return subprocess.Popen(
                tried,
                executable="/bin/sh" if tried[0] == "sh" else None,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                process_group=0,
                umask=0o022,
                bufsize=0,
            )
        except OSError as error:
            if error.errno != errno.ENOEXEC or tried is not words:
                raise
    raise AssertionError


def serve(control: socket.socket) -> None:
    """Does what is asked until whoever asks has gone: `run` with two descriptors for the outputs, and `end`."""
    running: dict[int, subprocess.Popen[bytes]] = {}
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asked: list[Any] = [control, wake]
    while True:
        ready = select.select(asked, [], [])[0]
        if wake in ready:
            os.read(wake, 4096)
            for number, process in list(running.items()):
                if process.poll() is not None:
                    _tell(control, {"id": number, "code": running.pop(number).returncode})
        if control in ready:
            data, outputs, _flags, _address = socket.recv_fds(control, MOST, 2)
            if not data:
                return
            _answer(control, json.loads(data), outputs, running)


def _answer(
    control: socket.socket, asked: dict[str, Any], outputs: list[int], running: dict[int, subprocess.Popen[bytes]]
) -> None:
    number = asked["id"]
    if "run" not in asked:
        process = running.get(number)
        if process is not None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGTERM)
        return
    try:
        running[number] = opened(asked["run"], asked["environment"], asked["folder"], *outputs)
        _tell(control, {"id": number, "started": True})
    except OSError as error:
        _tell(control, {"id": number, "errno": error.errno})
    for output in outputs:
        os.close(output)


def _tell(control: socket.socket, told: dict[str, Any]) -> None:
    control.send(json.dumps(told).encode())


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
