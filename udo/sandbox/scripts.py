"""Runs many scripts at once as real processes, all of them watched by one thread."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

log = logging.getLogger("udo.sandbox")
THREAD = "udo-sandbox-scripts"
# How many run at once on this machine, whatever is asked for; the others wait.
MOST_AT_ONCE = 512
_CHUNK = 65_536
# Seconds between two looks at a process that does not tell when it ends.
_GLANCE = 0.02


@dataclass(eq=False)
class Job:
    """A script: the words to start, where, with which environment; how long it may run, what is kept of its outputs.

    `done` is called with how it ended: `code` as Popen has it, None where it could not be started (`why` says why).
    """

    words: list[str]
    folder: Path
    environment: Mapping[str, str]
    seconds: float
    keeps: int
    done: Callable[[Job], None]
    code: int | None = None
    why: str = ""
    ended_early: bool = False
    out: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    began: float = 0.0
    lasted: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    left: int = 3
    stop: bool = False
    # Whether its process must be looked at, as nobody tells when it has ended.
    is_looked_at: bool = False


class Scripts:
    """The scripts of a world; its thread is there while there is something to watch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._running: list[Job] = []
        # There while there is something to watch.
        self._thread: threading.Thread | None = None
        self._selector: selectors.BaseSelector
        self._wakes = self._woken = -1

    def begin(self, job: Job) -> None:
        """Starts a job, now or as soon as there is room for it."""
        with self._lock:
            self._waiting.append(job)
            if self._thread is None:
                self._open()
            self._wake()

    def end(self, job: Job) -> None:
        """Ends a job and all its processes, soon."""
        job.stop = True
        with self._lock:
            self._wake()

    def end_all(self) -> None:
        """Ends every job, and waits until all of them have."""
        with self._lock:
            thread = self._thread
            for job in [*self._waiting, *self._running]:
                job.stop = True
            self._wake()
        if thread is not None and thread is not threading.current_thread():
            thread.join(10)

    def _open(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wakes, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wakes, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._watch, name=THREAD, daemon=True)
        self._thread.start()

    def _close(self) -> None:
        self._thread = None
        self._selector.close()
        os.close(self._wakes)
        os.close(self._woken)

    def _wake(self) -> None:
        # A full pipe wakes it as well.
        if self._thread is not None:
            with suppress(BlockingIOError):
                os.write(self._woken, b"x")

    def _watch(self) -> None:
        while True:
            with self._lock:
                if not self._running and not self._waiting:
                    self._close()
                    return
            try:
                self._look()
            except Exception:
                # Without this thread no script of any instance would run any more.
                log.exception("the scripts cannot be watched")
                time.sleep(_GLANCE)

    def _look(self) -> None:
        self._start_some()
        for key, _events in self._selector.select(self._patience()):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(self._wakes, _CHUNK)
            else:
                _take(self._selector, key)
        for job in [one for one in self._running if _is_over(one)]:
            self._finish(job)

    def _start_some(self) -> None:
        with self._lock:
            stopped = [one for one in self._waiting if one.stop]
            for job in stopped:
                self._waiting.remove(job)
                job.ended_early = True
            room = min(len(self._waiting), MOST_AT_ONCE - len(self._running))
            begun = [self._waiting.popleft() for _ in range(room)]
            self._running += begun
        for job in stopped + [one for one in begun if not self._started(one)]:
            with self._lock:
                if job in self._running:
                    self._running.remove(job)
            _tell(job)

    def _started(self, job: Job) -> bool:
        job.began = time.monotonic()
        try:
            job.process = subprocess.Popen(
                job.words,
                cwd=job.folder,
                env=dict(job.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            where = "chdir" if error.filename == job.folder else "fork/exec"
            job.why = f"{where} {error.filename or job.words[0]}: {os.strerror(error.errno or 0).lower()}"
            return False
        except ValueError as error:
            job.why = f"fork/exec {job.words[0]}: {error}"
            return False
        process = job.process
        assert process.stdout is not None
        assert process.stderr is not None
        for source, kept in ((process.stdout, job.out), (process.stderr, job.errors)):
            self._selector.register(source, selectors.EVENT_READ, (job, kept))
        try:
            self._selector.register(os.pidfd_open(process.pid), selectors.EVENT_READ, (job, None))
        except OSError:
            # Some containers forbid it, and there may be too many files.
            job.is_looked_at = True
        return True

    def _patience(self) -> float | None:
        now = time.monotonic()
        if any(one.is_looked_at for one in self._running):
            return _GLANCE
        # At most an hour: the system takes no number as large as a timeout may be.
        return min((max(0.0, one.began + one.seconds - now) for one in self._running), default=3600.0)

    def _finish(self, job: Job) -> None:
        process = job.process
        assert process is not None
        job.ended_early = job.left > 0
        # Until its leader is waited for, nobody else can get the number of the process group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for key in [one for one in list(self._selector.get_map().values()) if one.data and one.data[0] is job]:
            _close(self._selector, key)
        job.code = process.wait()
        job.lasted = time.monotonic() - job.began
        with self._lock:
            self._running.remove(job)
        _tell(job)


def _tell(job: Job) -> None:
    try:
        job.done(job)
    except Exception:
        log.exception("nobody heard of the end of a script")


def _is_over(job: Job) -> bool:
    if job.is_looked_at and job.left == 1 and job.process is not None:
        # Its leader is not waited for yet.
        ended = os.waitid(os.P_PID, job.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        job.left -= ended is not None
    # One whose processes keep its outputs open is not over, as an agent sees it.
    return not job.left or job.stop or time.monotonic() >= job.began + job.seconds


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    job, kept = key.data
    if kept is None:
        _close(selector, key)
        return
    source: IO[bytes] = key.fileobj  # type: ignore[assignment]
    chunk = source.read(_CHUNK)
    if not chunk:
        _close(selector, key)
    elif len(kept) < job.keeps:
        kept += chunk[: job.keeps - len(kept)]


def _close(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    selector.unregister(key.fileobj)
    if isinstance(key.fileobj, int):
        os.close(key.fileobj)
    else:
        key.fileobj.close()  # type: ignore[attr-defined]
    key.data[0].left -= 1
