"""The keys of the front door: their digests in one file of this user's alone, read again whenever it changes."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo import files
from udo.errors import Absent, Conflict, UdoError, UsageError
from udo.frozen import frozen
from udo.serve.scopes import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# 256 bits; the beginning tells a scanner of secrets, and a person, what it is.
_BEGINNING, _BYTES = "udo_", 32
_LONGEST = 1 << 20
_PATIENCE = 5.0


@frozen
class Key:
    """One key: the SHA-256 of what opens, in hex; times in seconds since 1970, `expires` None for never."""

    name: str
    digest: str
    scope: Scope
    made: float
    expires: float | None = None

    def is_expired(self, now: float) -> bool:
        """Whether its time is over."""
        return self.expires is not None and now >= self.expires


def file() -> Path:
    """Where keys are kept. Raises: OSError."""
    folder = files.state_folder() / "serve"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "keys.json"


class Keys:
    """The keys of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """Every key there is now, by name; the file is read only where it has changed.

        Raises: UdoError for a file that is damaged, or that others can read.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._keys = None, ()
            return ()
        except OSError as error:
            raise UdoError(f"{self._path}: {error.strerror}") from error
        seen = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if seen != self._seen:
            self._keys, self._seen = _read(self._path), seen
        return self._keys

    def opened(self, secret: str) -> Key | None:
        """The key that this opens, expired or not; as long for a wrong one as for a right one. Raises: UdoError."""
        digest = _digest(secret)
        found = None
        for key in self.all():
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def add(self, name: str, scope: Scope, expires: float | None) -> str:
        """Makes a key; gives what opens, which is kept nowhere.

        Raises: UsageError for the name; Conflict where there is one of it; UdoError.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a key", hint="letters, digits, '.', '_' and '-', at most 64")
        with self._changing() as keys:
            if name in keys:
                raise Conflict(f"there is a key '{name}'", hint=f"udo serve key rotate {name}, or revoke it first")
            secret = _secret()
            keys[name] = Key(name, _digest(secret), scope, time.time(), expires)
        return secret

    def rotate(self, name: str, expires: float | None) -> str:
        """Puts another secret in the place of a key's; `expires` None leaves its time. Raises: Absent; UdoError."""
        with self._changing() as keys:
            old = _named(keys, name)
            secret = _secret()
            keys[name] = Key(name, _digest(secret), old.scope, time.time(), expires or old.expires)
        return secret

    def revoke(self, name: str) -> Key:
        """Deletes a key. Raises: Absent; UdoError."""
        with self._changing() as keys:
            old = _named(keys, name)
            del keys[name]
        return old

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Key]]:
        """The keys by name, written back afterwards; nobody else changes them meanwhile."""
        try:
            handle = os.open(
                self._path.with_name(".keys.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            try:
                files.lock(handle, fcntl.LOCK_EX, _PATIENCE)
                keys = {key.name: key for key in self.all()}
                yield keys
                rows = [_row(keys[name]) for name in sorted(keys)]
                files.write_private(self._path, json.dumps({"keys": rows}, indent=2) + "\n")
            finally:
                os.close(handle)
        except OSError as error:
            raise UdoError(f"{self._path}: {error.strerror or error}") from error


def _secret() -> str:
    return _BEGINNING + secrets.token_urlsafe(_BYTES)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def _named(keys: dict[str, Key], name: str) -> Key:
    if name not in keys:
        raise Absent(f"no key '{name}'", hint="udo serve key list")
    return keys[name]


def _row(key: Key) -> dict[str, Any]:
    return {
        "name": key.name,
        "sha256": key.digest,
        "allow": list(key.scope.allow),
        "stacks": list(key.scope.stacks),
        "made": key.made,
        "expires": key.expires,
    }


def _read(path: Path) -> tuple[Key, ...]:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:  # noqa: PTH123
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
                raise UdoError(f"{path} is not this user's alone", hint=f"look at it, then: chmod 600 {path}")
            rows = json.loads(opened.read(_LONGEST))["keys"]
        return tuple(_key(row) for row in rows)
    except OSError as error:
        raise UdoError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UdoError(f"{path} is damaged", hint="move it away and make the keys anew") from error


def _key(row: Any) -> Key:
    scope = Scope(tuple(map(str, row["allow"])), tuple(map(str, row["stacks"])))
    expires = row["expires"]
    return Key(
        str(row["name"]), str(row["sha256"]), scope, float(row["made"]), None if expires is None else float(expires)
    )
