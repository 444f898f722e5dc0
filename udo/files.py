"""The folders Udo keeps its own files in, and the ways it writes a file: whole, or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from udo.errors import UdoError

# Seconds between two looks at a lock that another process holds.
_GLANCE = 0.01


def state_folder() -> Path:
    """Udo's state folder, made 0700 where it is missing (`$XDG_STATE_HOME/udo`, or `~/.local/state/udo`).

    Raises: OSError.
    """
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(home) / "udo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def cache_folder() -> Path:
    """Udo's folder for what can be made anew, made 0700 where it is missing (`$XDG_CACHE_HOME/udo`, or `~/.cache/udo`).

    Raises: OSError.
    """
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "udo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def current_folder() -> Path:
    """The folder the command was given in. Raises: UdoError where it is no more."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UdoError("the current folder was deleted", hint="go to another one") from error


def lock(handle: int, how: int, patience: float) -> None:
    """Locks an open file (`how` as flock takes it), waiting so many seconds for whoever holds it.

    Raises: BlockingIOError where another process holds it on.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise BlockingIOError(None, "another process holds it") from None
        time.sleep(_GLANCE)


def write_private(path: Path, text: str) -> None:
    """Replaces `path` by a 0600 file that holds `text`, at once or not at all.

    Raises: OSError.
    """
    write_whole(path, text.encode(), 0o600)


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Replaces `path` by a file that holds `content`, at once or not at all.

    Raises: OSError.
    """
    import tempfile

    if path.exists() and not path.is_file():
        # A device, a pipe: whoever names it means what is behind it, and nobody wants it replaced.
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Makes a file that holds `content` where there is none, not even a dangling link.

    Raises: OSError; FileExistsError where there is one.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
