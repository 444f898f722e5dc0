"""Runs a function once: its package in a folder that ends with it, its handler in a process that may do no more."""

from __future__ import annotations

import functools
import importlib.util
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from moto.moto_api._internal import mock_random

from udo.sandbox.agent import confine
from udo.sandbox.daemon import MARK
from udo.sandbox.strict.awslambda import bootstrap
from udo.sandbox.strict.awslambda.state import Function

# Source: docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html (init phase); gettingstarted-limits.html (6 MB).
_LOADING = 10.0
MOST_ANSWER = 6_291_556
_MOST_LOG = 4096
_LOADED, _ENDED = b"loaded\n", b"ended\n"
# Source: docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: what the runtime brings along, and nothing else.
_BROUGHT = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
_TASK, _RUNTIME = "/var/task", "/var/runtime"
_SHOWN = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu")
_OF_ETC = ("ssl", "ca-certificates", "resolv.conf", "hosts", "nsswitch.conf", "passwd", "group", "localtime")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `answer` is the JSON of what the handler gave, or of its error; `log` the end of what it said.

    It `is_late` where who called waits no longer.
    """

    answer: bytes
    error: str = ""
    log: bytes = b""
    is_late: bool = False


def run(
    function: Function, event: Any, environment: Mapping[str, str], *, confined: bool = True, within: float = 900.0
) -> Outcome:
    """Runs a function on an event, for `within` seconds at most, which is how long who called waits.

    Raises: NotImplementedError where this machine cannot run it, or not safely.
    """
    if not str(function.settings.get("Runtime")).startswith("python"):
        raise NotImplementedError(f"a function of {function.settings.get('Runtime')}: the sandbox runs Python")
    if confined and way().why:
        raise NotImplementedError(
            f"{way().why}, which functions are confined with; '--run-hooks-unconfined' runs them without"
        )
    number, seconds = str(mock_random.uuid4()), float(function.settings["Timeout"])
    told = {"event": event, "request_id": number, "arn": function.arn, "seconds": seconds}
    with tempfile.TemporaryDirectory(prefix="udo-function-") as name, tempfile.TemporaryFile() as log:
        folder = Path(name)
        with zipfile.ZipFile(io.BytesIO(function.code)) as package:
            package.extractall(folder / "task")
        (folder / "tmp").mkdir()
        began = time.monotonic()
        said, code = _lived(folder, json.dumps(told).encode(), environment, log, min(seconds, within), confined)
        outcome = _outcome(said, code, number, seconds)
        is_late = code is None and within < seconds
        return Outcome(outcome.answer, outcome.error, _told(log, number, function, time.monotonic() - began), is_late)


@functools.cache
def way() -> confine.Way:
    """How functions are confined on this machine, found out by trying."""
    return confine.way()


def _lived(
    folder: Path, told: bytes, environment: Mapping[str, str], log: IO[bytes], seconds: float, confined: bool
) -> tuple[bytes, int | None]:
    """What a process said through its pipe, and its exit code, None where its time was up."""
    ours, theirs = os.pipe()
    with tempfile.TemporaryFile() as given, os.fdopen(ours, "rb", buffering=0) as heard:
        given.write(told)
        given.seek(0)
        mark = {MARK: os.environ[MARK]} if MARK in os.environ else {}
        try:
            process = subprocess.Popen(
                _confined(folder, theirs) if confined else _plain(folder, theirs),
                stdin=given,
                stdout=log,
                stderr=log,
                cwd=folder / "task",
                env={**environment, **mark},
                pass_fds=(theirs,),
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        try:
            said, is_over = _heard(heard, seconds)
            # It has told all it has to tell, or will tell nothing more.
            return said, process.wait(_LOADING) if is_over else None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _heard(pipe: IO[bytes], seconds: float) -> tuple[bytes, bool]:
    """What came through a pipe, and whether its other end closed in time; loading and telling have their own."""
    said, until, phase = b"", time.monotonic() + _LOADING, "loads"
    while len(said) <= 2 * MOST_ANSWER:
        left = until - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return said, False
        chunk = os.read(pipe.fileno(), 65_536)
        if not chunk:
            return said, True
        said += chunk
        if phase != "tells" and said.startswith((_ENDED, _LOADED + _ENDED)):
            phase, until = "tells", time.monotonic() + _LOADING
        elif phase == "loads" and said.startswith(_LOADED):
            phase, until = "runs", time.monotonic() + seconds
    return said, True


def _outcome(said: bytes, code: int | None, number: str, seconds: float) -> Outcome:
    """Source: docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html; troubleshooting-invocation.html."""
    try:
        told = json.loads(said.removeprefix(_LOADED).removeprefix(_ENDED) or b"{}")
    except ValueError:
        told = {}
    if "answer" in told:
        answer = told["answer"].encode()
        if len(answer) <= MOST_ANSWER:
            return Outcome(answer)
        why = f"Response payload size exceeded maximum allowed payload size ({MOST_ANSWER} bytes)."
        return _failed("Function.ResponseSizeTooLarge", why)
    if "error" in told:
        return Outcome(json.dumps(told["error"]).encode(), "Unhandled")
    if code is None:
        return _failed("Sandbox.Timedout", f"RequestId: {number} Error: Task timed out after {seconds:.2f} seconds")
    how = f"exit status {code}" if code > 0 else f"signal: {signal.Signals(-code).name}" if code else ""
    why = f"Runtime exited with error: {how}" if how else "Runtime exited without providing a reason"
    return _failed("Runtime.ExitError", f"RequestId: {number} Error: {why}")


def _failed(kind: str, message: str) -> Outcome:
    return Outcome(json.dumps({"errorType": kind, "errorMessage": message}).encode(), "Unhandled")


def _told(log: IO[bytes], number: str, function: Function, seconds: float) -> bytes:
    """The end of what a run said, between Lambda's own lines."""
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - _MOST_LOG))
    told = log.read()
    end = b"" if not told or told.endswith(b"\n") else b"\n"
    memory, took = function.settings["MemorySize"], f"{seconds * 1000:.2f} ms"
    report = f"REPORT RequestId: {number}\tDuration: {took}\tMemory Size: {memory} MB\n"
    start = f"START RequestId: {number} Version: $LATEST\n"
    return (start.encode() + told + end + f"END RequestId: {number}\n{report}".encode())[-_MOST_LOG:]


def _confined(folder: Path, pipe: int) -> list[str]:
    """The words that start Python where it sees its package, the system's programs and a /tmp of its own, no more."""
    python, shown = confine.python()
    own = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--die-with-parent", "--hostname", "localhost")
    # It reaches the sandbox by the network of this machine; root keeps none of its powers.
    first = ("--cap-drop", "ALL") if way().real_root else ("--unshare-user", "--uid", "0", "--gid", "0")
    words = ["bwrap", *first, *own, "--proc", "/proc", "--dev", "/dev"]
    for top in (Path("/", name) for name in _SHOWN):
        words += (
            ["--symlink", str(top.readlink()), str(top)] if top.is_symlink() else ["--ro-bind-try", str(top), str(top)]
        )
    for name in _OF_ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for place in brought():
        words += ["--ro-bind", str(place), f"{_RUNTIME}/{place.name}"]
    words += ["--ro-bind", str(folder / "task"), _TASK, "--bind", str(folder / "tmp"), "/tmp"]  # noqa: S108
    return [*words, *shown, "--remount-ro", "/", "--chdir", _TASK, "--", python, *_python(pipe, _TASK, _RUNTIME)]


def _plain(folder: Path, pipe: int) -> list[str]:
    (folder / "runtime").mkdir()
    for place in brought():
        (folder / "runtime" / place.name).symlink_to(place)
    python = str(getattr(sys, "_base_executable", sys.executable))
    return [python, *_python(pipe, str(folder / "task"), str(folder / "runtime"))]


def _python(pipe: int, task: str, runtime: str) -> list[str]:
    source = Path(bootstrap.__file__).read_text(encoding="utf-8")
    return ["-ISu", "-c", source, str(pipe), task, runtime]


@functools.cache
def brought() -> tuple[Path, ...]:
    """The libraries that the runtime brings along, as this Python has them."""
    found = [importlib.util.find_spec(name) for name in _BROUGHT]
    origins = [Path(one.origin) for one in found if one is not None and one.origin]
    return tuple(origin.parent if origin.name == "__init__.py" else origin for origin in origins)
