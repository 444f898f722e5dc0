"""Files of an instance over SFTP: its folder is the root, and nothing outside of it is reached."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer
from paramiko.sftp import CMD_VERSION, SFTP_OK, SFTP_PERMISSION_DENIED

_VERSION = 3
_SAME = os.O_RDONLY | os.O_WRONLY | os.O_RDWR


class _Outside(Exception):
    """A path leads out of the folder."""


def _answered(work: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what the system refuses into SFTP's codes."""

    @wraps(work)
    def answer(*given: Any) -> Any:
        try:
            done = work(*given)
        except _Outside:
            return SFTP_PERMISSION_DENIED
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)
        return SFTP_OK if done is None else done

    return answer


class Server(SFTPServer):
    """paramiko's server of SFTP, which tells a client that has ended that all is well: OpenSSH's scp asks for that."""

    def _send_server_version(self) -> int:
        """Agrees on the version, and says what OpenSSH's server says of what it can do.

        Source: OpenSSH's PROTOCOL, section 4. paramiko renames so too, and tells nobody.
        """
        given: Any = self
        _kind, said = given._read_packet()
        told = paramiko.Message()
        told.add_int(_VERSION)
        told.add(b"posix-rename@openssh.com", b"1")
        given._send_packet(CMD_VERSION, told)
        return int.from_bytes(said[:4])

    def start_subsystem(self, name: str, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        super().start_subsystem(name, transport, channel)
        with suppress(OSError, EOFError, paramiko.SSHException):
            channel.send_exit_status(0)


class Files(paramiko.SFTPServerInterface):
    """What paramiko asks of a server of files; `server.files` is the folder."""

    def __init__(self, server: Any, *given: Any, **words: Any) -> None:
        super().__init__(server, *given, **words)
        self._root = Path(os.path.realpath(server.files))

    def _place(self, path: str, *, follow: bool = True) -> Path:
        """Where a path leads: below the folder, unless it begins with the folder, as commands of the instance have it.

        Raises: _Outside.
        """
        named = Path(os.path.normpath("/" + path.lstrip("/")))
        place = named if named.is_relative_to(self._root) else self._root / named.relative_to("/")
        parent = Path(os.path.realpath(place if follow or place == self._root else place.parent))
        if not parent.is_relative_to(self._root):
            raise _Outside
        return place

    def canonicalize(self, path: str) -> str:
        """A path as the commands of the instance have it."""
        try:
            return str(self._place(path))
        except _Outside:
            return path

    @_answered
    def list_folder(self, path: str) -> list[SFTPAttributes]:
        place = self._place(path)
        return [SFTPAttributes.from_stat(one.stat(follow_symlinks=False), one.name) for one in os.scandir(place)]

    @_answered
    def stat(self, path: str) -> SFTPAttributes:
        return SFTPAttributes.from_stat(self._place(path).stat())

    @_answered
    def lstat(self, path: str) -> SFTPAttributes:
        return SFTPAttributes.from_stat(self._place(path, follow=False).lstat())

    @_answered
    def open(self, path: str, flags: int, attr: SFTPAttributes) -> Any:
        mode = 0o666 if attr.st_mode is None else attr.st_mode & 0o7777
        opened = os.open(self._place(path), flags | os.O_CLOEXEC, mode)
        kind = {os.O_RDONLY: "rb", os.O_WRONLY: "wb"}.get(flags & _SAME, "r+b")
        handle: Any = _File(flags)
        handle.readfile = handle.writefile = os.fdopen(opened, "ab" if flags & os.O_APPEND and kind != "rb" else kind)
        return handle

    @_answered
    def remove(self, path: str) -> None:
        self._place(path, follow=False).unlink()

    @_answered
    def rename(self, oldpath: str, newpath: str) -> None:
        new = self._place(newpath, follow=False)
        if os.path.lexists(new):
            raise FileExistsError(17, "exists", str(new))
        self._place(oldpath, follow=False).rename(new)

    @_answered
    def posix_rename(self, oldpath: str, newpath: str) -> None:
        self._place(oldpath, follow=False).replace(self._place(newpath, follow=False))

    @_answered
    def mkdir(self, path: str, attr: SFTPAttributes) -> None:
        self._place(path, follow=False).mkdir(0o777 if attr.st_mode is None else attr.st_mode & 0o7777)

    @_answered
    def rmdir(self, path: str) -> None:
        self._place(path, follow=False).rmdir()

    @_answered
    def chattr(self, path: str, attr: SFTPAttributes) -> None:
        _set(self._place(path), attr)

    @_answered
    def readlink(self, path: str) -> str:
        return str(self._place(path, follow=False).readlink())

    @_answered
    def symlink(self, target_path: str, path: str) -> None:
        place = self._place(path, follow=False)
        # A link that leads out would let the commands of the instance out as well.
        if not Path(os.path.realpath(place.parent / target_path)).is_relative_to(self._root):
            raise _Outside
        place.symlink_to(target_path)


class _File(SFTPHandle):
    """An open file."""

    readfile: Any

    @_answered
    def stat(self) -> SFTPAttributes:
        return SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))

    @_answered
    def chattr(self, attr: SFTPAttributes) -> None:
        _set(self.readfile.fileno(), attr)


def _set(place: Path | int, attr: SFTPAttributes) -> None:
    """Changes size, mode and times; the owner stays whoever runs the sandbox."""
    if attr.st_size is not None:
        os.truncate(place, attr.st_size)
    if attr.st_mode is not None:
        os.chmod(place, attr.st_mode & 0o7777)  # noqa: PTH101 - a descriptor, too
    if attr.st_atime is not None and attr.st_mtime is not None:
        os.utime(place, (attr.st_atime, attr.st_mtime))
