"""Starts programs on behalf of the agent from within its confinement; its text is all that is handed in there."""

from __future__ import annotations

import errno
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

MOST = 1 << 20
# Seconds between two counts of what runs: a storm of new processes gets no further than it can in so long.
_COUNT = 0.25


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


def serve(control: socket.socket, most_processes: int) -> None:
    """Does what is asked until whoever asks has gone: `run` with two descriptors for the outputs, and `end`.

    Where more processes and threads run than may, all of them are ended: no limit of the system's holds for root.
    """
    running: dict[int, tuple[subprocess.Popen[bytes], int]] = {}
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asked: list[Any] = [control, wake]
    while True:
        ready = select.select(asked, [], [], _COUNT)[0]
        if _count() > most_processes:
            _end_all(running, most_processes)
        if wake in ready:
            os.read(wake, 4096)
            for number, (process, errors) in list(running.items()):
                if process.poll() is not None:
                    del running[number]
                    os.close(errors)
                    _tell(control, {"id": number, "code": process.returncode})
        if control in ready:
            data, outputs, _flags, _address = socket.recv_fds(control, MOST, 2)
            if not data:
                return
            _answer(control, json.loads(data), outputs, running)


def limit(most_bytes: int, most_processes: int) -> None:
    """Bounds what is started from here on: the size of a file, and what a user other than root may have running."""
    wanted = {resource.RLIMIT_FSIZE: most_bytes, resource.RLIMIT_NPROC: most_processes, resource.RLIMIT_CORE: 0}
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def _count() -> int:
    """How many processes and threads there are."""
    count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would cost each instance more than all the rest
        if name.isdigit():
            with suppress(OSError):
                # One entry a thread, beside the two that every folder has.
                count += max(1, os.stat(f"/proc/{name}/task").st_nlink - 2)  # noqa: PTH116
    return count


def _end_all(running: dict[int, tuple[subprocess.Popen[bytes], int]], most: int) -> None:
    for _, errors in running.values():
        os.set_blocking(errors, False)
        with suppress(OSError):
            os.write(errors, f"udo sandbox: more than {most} processes run on the instance: all are ended\n".encode())
    with suppress(OSError):
        os.kill(-1, signal.SIGKILL)


def _answer(
    control: socket.socket,
    asked: dict[str, Any],
    outputs: list[int],
    running: dict[int, tuple[subprocess.Popen[bytes], int]],
) -> None:
    number = asked["id"]
    if "run" not in asked:
        if number in running:
            with suppress(OSError):
                os.killpg(running[number][0].pid, signal.SIGTERM)
        return
    out, errors = outputs
    try:
        process = opened(asked["run"], asked["environment"], asked["folder"], out, errors)
    except OSError as error:
        os.close(errors)
        _tell(control, {"id": number, "errno": error.errno})
    else:
        # Kept while it runs, to say there why it was ended.
        running[number] = process, errors
        _tell(control, {"id": number, "started": True})
    os.close(out)


def _tell(control: socket.socket, told: dict[str, Any]) -> None:
    control.send(json.dumps(told).encode())


if __name__ == "__main__":
    limit(int(sys.argv[1]), int(sys.argv[2]))
    serve(socket.socket(fileno=int(sys.argv[3])), int(sys.argv[2]))
