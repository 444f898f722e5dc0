"""Connects to one host with paramiko: dials, checks the host key, logs in."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import cast

import paramiko
from paramiko.common import MSG_CHANNEL_CLOSE, MSG_CHANNEL_REQUEST, cMSG_GLOBAL_REQUEST
from paramiko.packet import Packetizer

from udo.frozen import frozen
from udo.ssh.host_key import HostKey
from udo.ssh.limit import Limit, Signal
from udo.ssh.outcome import Failed
from udo.ssh.wire import Wire, Wires

# Bytes a host may send ahead of us: bounds the memory of a flood, and is enough for 12 MB/s over 40 ms.
_WINDOW = 1 << 19
# Seconds for paramiko's thread to notice that it was hung up; only an agent that asks its owner takes longer.
_LAST_WORDS = 5.0
_WEAK = ("cbc", "3des", "sha1", "md5")

Check = Callable[[HostKey], None]


class Packets(Packetizer):
    """paramiko's packets, but it keeps how the command ended, and whether the server is alive, without a timer."""

    exit_signal = ""
    is_mute = False

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.closed_by_host = threading.Event()
        self._wire = wire
        self._heard = self._asked = 0.0

    def watch(self, keepalive: float) -> bool:
        """Whether the server is alive; one that has said nothing for half of `keepalive` seconds is asked to.

        Only for a server that is logged in to.
        """
        now, half = time.monotonic(), keepalive / 2
        if self._asked > self._heard:
            self.is_mute = now - self._asked >= half
        elif now - self._heard >= half:
            self._asked = now
            if self._wire.is_writable:
                self._ask()
        return not self.is_mute

    def start_handshake(self, timeout: float) -> None:
        """Does nothing: the whole way to the login has one limit, kept by `Signal`."""

    def read_message(self) -> tuple[int, paramiko.Message]:
        """The next message; of an `exit-signal`, which paramiko drops, the signal's name (without SIG) is kept.

        Source: RFC 4254, section 6.10.
        """
        kind, message = super().read_message()
        self._heard = time.monotonic()
        if kind == MSG_CHANNEL_CLOSE:
            self.closed_by_host.set()
        if kind == MSG_CHANNEL_REQUEST:
            message.get_int()
            if message.get_text() == "exit-signal":
                message.get_boolean()
                self.exit_signal = message.get_text()
            message.rewind()
        return kind, message

    def _ask(self) -> None:
        question = paramiko.Message()
        question.add_byte(cMSG_GLOBAL_REQUEST)
        question.add_string("keepalive@openssh.com")
        question.add_boolean(True)
        self.send_message(question)


@frozen
class Connection:
    """A connection that is logged in."""

    transport: paramiko.Transport
    packets: Packets
    wire: Wire

    def signal(self, limit: Limit, keepalive: float | None = None) -> Signal:
        """An event to wait for no longer than `limit`, nor than the server gives signs of life (None: needs none)."""
        watch = partial(self.packets.watch, keepalive) if keepalive else None
        return Signal(self.transport, self.wire, limit, watch)


@contextmanager
def connected(
    address: tuple[str, int], wires: Wires, limit: Limit, algorithms: Sequence[str], check: Check
) -> Iterator[Connection]:
    """A connection on which `check` has accepted the host key, not logged in yet; closed at the end, its thread gone.

    `algorithms` are the host key algorithms to ask for first. Raises: Failed, Stopped.
    """
    wire = _dial(address, wires, limit)
    try:
        transport = paramiko.Transport(wire, default_window_size=_WINDOW, packetizer_class=Packets)
        connection = Connection(transport, cast(Packets, transport.packetizer), wire)
        try:
            _exchange_keys(connection, limit, algorithms)
            check(_shown(transport))
            yield connection
        finally:
            transport.close()
            wire.close()
            transport.join(_LAST_WORDS)
    finally:
        wires.release(wire)


def log_in(connection: Connection, user: str, keys: Sequence[paramiko.PKey], limit: Limit) -> None:
    """Logs in with the first key that the server takes. Raises: Failed."""
    transport = connection.transport
    for key in keys:
        done = connection.signal(limit)
        try:
            transport.auth_publickey(user, key, done)
        except paramiko.SSHException as error:
            raise _failure(connection, "login", limit, error) from error
        done.wait()
        if transport.is_authenticated():
            return
        rejected = transport.get_exception()
        if not transport.is_active():
            raise _failure(connection, "login", limit, rejected)
    tried = f"{len(keys)} keys tried" if len(keys) > 1 else "1 key tried" if keys else "there is no key to try"
    raise Failed("refused", f"login as {user} refused ({tried})")


def _dial(address: tuple[str, int], wires: Wires, limit: Limit) -> Wire:
    words = f"{address[0]} port {address[1]}"
    reason = "no address"
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Failed("unreachable", f"{words}: {error.strerror or error}") from error
    for family, kind, protocol, _, place in found:
        wire = None
        try:
            wire = wires.new(family, kind, protocol)
            wire.dial(place, limit.left)
            return wire
        except OSError as error:
            reason = error.strerror or str(error)
            if wire:
                wires.release(wire)
            limit.check(f"{words}: no answer")
    raise Failed("unreachable", f"{words}: {reason.lower()}")


def _exchange_keys(connection: Connection, limit: Limit, algorithms: Sequence[str]) -> None:
    transport = connection.transport
    # paramiko's own limits for the greeting would otherwise end it before ours, or after.
    transport.banner_timeout = limit.left or 1e9
    options = transport.get_security_options()
    options.ciphers, options.digests = _strong(options.ciphers, "gcm"), _strong(options.digests, "etm")
    # Another kind of key is still taken, to say which one the host has: nobody logs in on it.
    options.key_types = tuple(sorted(options.key_types, key=lambda name: name not in algorithms))
    done = connection.signal(limit)
    transport.start_client(done)
    done.wait()
    if not transport.is_active():
        error = transport.get_exception()
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer) and "no acceptable" in str(error):
            raise Failed("refused", f"key exchange failed: {error}", disagreed=True)
        raise _failure(connection, "key exchange" if transport.remote_version else "greeting", limit, error)


@lru_cache
def _strong(names: tuple[str, ...], first: str) -> tuple[str, ...]:
    return tuple(sorted((n for n in names if not any(weak in n for weak in _WEAK)), key=lambda name: first not in name))


def _shown(transport: paramiko.Transport) -> HostKey:
    key = transport.get_remote_server_key()
    return HostKey(key.get_name(), key.asbytes())


def _failure(connection: Connection, stage: str, limit: Limit, error: Exception | None) -> Failed:
    if limit.over:
        return Failed("timeout", f"no {stage} {limit.words}")
    if isinstance(error, EOFError | OSError) or error is None or not connection.transport.remote_version:
        return Failed("unreachable", f"no {stage}: the connection was closed")
    if isinstance(error, paramiko.AuthenticationException):
        return Failed("refused", f"{stage} refused: {error}")
    return Failed("refused", f"{stage} failed: {error}")
