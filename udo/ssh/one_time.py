"""A key that lives in this process alone, for hosts that are told of it just before they are connected to."""

from __future__ import annotations

import io
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from udo.ssh.target import Push, Target

# Source: draft-ietf-sshm-ssh-agent, "Message Numbers".
_FAILURE, _ASKS, _IDENTITIES, _SIGN, _SIGNATURE = 5, 11, 12, 13, 14
_MOST = 1 << 18


class OneTimeKey:
    """An ed25519 key of this run, made when it is first needed."""

    def __init__(self, push: Push) -> None:
        self._push = push
        self._lock = threading.Lock()

    @cached_property
    def _made(self) -> paramiko.Ed25519Key:
        how = (Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        text = Ed25519PrivateKey.generate().private_bytes(*how).decode()
        return paramiko.Ed25519Key(file_obj=io.StringIO(text))

    @property
    def key(self) -> paramiko.Ed25519Key:
        """The key itself."""
        with self._lock:
            return self._made

    def push(self, target: Target) -> None:
        """Tells a host of it, where it is one that is to be told. Raises: UdoError."""
        if target.instance_connect:
            public = f"{self.key.get_name()} {self.key.get_base64()} udo"
            self._push(target.instance_id, target.user, public)

    @contextmanager
    def served(self) -> Iterator[Path]:
        """The socket of an agent that holds this key and nothing else, for `ssh`; gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="udo-agent-") as folder, socket.socket(socket.AF_UNIX) as listener:
            place = Path(folder) / "agent"
            listener.bind(str(place))
            listener.listen(64)
            thread = threading.Thread(target=self._listen, args=(listener,), daemon=True)
            thread.start()
            try:
                yield place
            finally:
                # Wakes whoever waits there; closing alone would not.
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _listen(self, listener: socket.socket) -> None:
        callers: list[socket.socket] = []
        threads: list[threading.Thread] = []
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                callers.append(caller)
                threads.append(threading.Thread(target=self._answer, args=(caller,), daemon=True))
                threads[-1].start()
        for caller in callers:
            with suppress(OSError):
                caller.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def _answer(self, caller: socket.socket) -> None:
        with caller, suppress(OSError, EOFError, struct.error), caller.makefile("rwb") as stream:
            while head := stream.read(4):
                (size,) = struct.unpack(">I", head)
                if not 0 < size <= _MOST:
                    return
                answer = self._answered(stream.read(size))
                stream.write(struct.pack(">I", len(answer)) + answer)
                stream.flush()

    def _answered(self, asked: bytes) -> bytes:
        blob, message = self.key.asbytes(), paramiko.Message(asked[1:])
        if asked[0] == _ASKS:
            return bytes([_IDENTITIES]) + struct.pack(">I", 1) + _string(blob) + _string(b"udo")
        if asked[0] == _SIGN and message.get_string() == blob:
            return bytes([_SIGNATURE]) + _string(_signature(self.key, message.get_string()))
        return bytes([_FAILURE])


def _signature(key: paramiko.Ed25519Key, data: bytes) -> bytes:
    signed = key.sign_ssh_data(data)
    return signed if isinstance(signed, bytes) else signed.asbytes()


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
