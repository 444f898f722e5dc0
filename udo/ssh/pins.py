"""Keeps the host keys pinned to instance ids: one private known_hosts file per instance."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from udo import files
from udo.errors import UdoError
from udo.frozen import frozen
from udo.ssh import known_hosts
from udo.ssh.host_key import HostKey

# Seconds for which another run is waited for: one that pins takes milliseconds.
_PATIENCE = 5.0
_INSTANCE_ID = re.compile(r"(i|mi)-[0-9a-f]{8,17}")


@frozen
class Pins:
    """The pins in one folder; a pin once made is never replaced by Udo."""

    folder: Path

    def path(self, instance_id: str) -> Path:
        """The known_hosts file of an instance, in which the instance id stands as the host name.

        Raises: UdoError when it is not an instance id, which could lead out of the folder.
        """
        if not _INSTANCE_ID.fullmatch(instance_id):
            raise UdoError(f"{instance_id!r} is not an instance id")
        return self.folder / instance_id

    def keys(self, instance_id: str) -> tuple[HostKey, ...]:
        """The keys pinned to an instance, none where it has no pin.

        Raises: UdoError when the pin is there but cannot be read; it must not count as missing.
        """
        path = self.path(instance_id)
        try:
            is_there = path.lstat().st_size > 0
        except FileNotFoundError:
            return ()
        keys = known_hosts.read([str(path)]).known([instance_id]).keys
        if is_there and not keys:
            raise UdoError(f"the pinned host key in {path} cannot be read", hint="look at it, then delete it")
        return keys

    def pin(self, instance_id: str, keys: Sequence[HostKey]) -> tuple[HostKey, ...]:
        """Pins keys to an instance and returns what is pinned now: where another was quicker, that one's keys stay.

        Raises: UdoError when the pin cannot be written.
        """
        path = self.path(instance_id)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self.folder / ".lock"):
                before = self.keys(instance_id)
                if not before:
                    files.write_private(path, "".join(f"{instance_id} {key.text}\n" for key in keys))
        except OSError as error:
            raise UdoError(f"the host key of {instance_id} cannot be pinned in {path}: {error.strerror}") from error
        return before or tuple(keys)


def pins() -> Pins:
    """The operator's own pins. Raises: UdoError when there is no folder for them."""
    try:
        return Pins(files.state_folder() / "pins")
    except OSError as error:
        raise UdoError(f"no folder for pinned host keys: {error}", hint="set XDG_STATE_HOME") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        files.lock(handle, fcntl.LOCK_EX, _PATIENCE)
        yield
    finally:
        os.close(handle)
