"""The ssh side of the sandbox's instances: a listener and a host key each, born and gone with them."""

from __future__ import annotations

import errno
import io
import logging
import selectors
import shutil
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from udo.errors import UdoError
from udo.sandbox import places, sshd
from udo.sandbox.shell import COMMAND_THREAD, Place
from udo.sandbox.strict.instance_connect.keys import pushed
from udo.sandbox.threads import outlast

if TYPE_CHECKING:
    from udo.sandbox.world import World

log = logging.getLogger("udo.sandbox")
PORTS = (2222, 22222, 12222, 0)
_LETTING_GO = 3.0
_TRIED_AGAIN = 30.0


def new_key() -> tuple[paramiko.Ed25519Key, str]:
    """A fresh ed25519 key, and its private half as OpenSSH keeps it in a file."""
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return paramiko.Ed25519Key(file_obj=io.StringIO(private)), private


@dataclass
class _Host:
    """A running instance's listener and what hangs on it."""

    instance: Any
    listener: socket.socket | None = None
    transports: list[paramiko.Transport] = field(default_factory=list)
    held: list[socket.socket] = field(default_factory=list)
    # When its listener is tried again after it failed, as time.monotonic() has it.
    again: float = 0.0


class Hosts:
    """An ssh server for every running instance of a world, all in this process.

    Raises: UdoError where no port is free in the world's block of addresses.
    """

    def __init__(self, world: World, folder: Path, user_key: paramiko.PKey) -> None:
        self._world = world
        self.folder = folder
        self._user_key = user_key
        self._keys: dict[str, paramiko.Ed25519Key] = {}
        self._hosts: dict[str, _Host] = {}
        self._over = False
        self.port = _free_port(str(world.block.network[2]))
        self._selector = selectors.DefaultSelector()
        self._stop, stopped = socket.socketpair()
        self._selector.register(stopped, selectors.EVENT_READ, None)
        self._stopped = stopped
        self._thread = threading.Thread(target=self._accepting, name="udo-sandbox-ssh", daemon=True)
        self._thread.start()

    def key(self, instance_id: str) -> paramiko.Ed25519Key:
        """The host key an instance was born with."""
        with self._world.lock:
            if instance_id not in self._keys:
                self._keys[instance_id] = new_key()[0]
            return self._keys[instance_id]

    def follow(self) -> None:
        """Opens a server for every instance that runs now, and closes those of all others."""
        with self._world.lock:
            if self._over:
                return
            running = {one.id: one for one in self._world.instances() if one._state.name == "running"}
            self._world.agents.follow(set(running))
            for gone in self._hosts.keys() - running.keys():
                self._close(self._hosts.pop(gone))
            for instance_id, instance in running.items():
                host = self._hosts.setdefault(instance_id, _Host(instance))
                if self._world.faults.instance(instance_id) == "refuse":
                    self._unlisten(host)
                elif host.listener is None and time.monotonic() >= host.again:
                    self._listen(host)

    def close(self) -> None:
        """Ends every server, connection, command and thread, and removes the instances' folders."""
        self._stop.send(b"x")
        self._thread.join()
        with self._world.lock:
            # A request that is still answered opens no listener that nobody would close.
            self._over = True
            hosts = list(self._hosts.values())
            self._hosts.clear()
        for host in hosts:
            self._close(host)
        outlast(COMMAND_THREAD)
        self._selector.close()
        self._stop.close()
        self._stopped.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listen(self, host: _Host) -> None:
        address = host.instance.private_ip
        try:
            host.listener = _listener(address, self.port)
        except OSError as error:
            # One instance that nobody can log in to is no reason why nobody could use the others.
            log.warning("no ssh for %s at %s:%s: %s", host.instance.id, address, self.port, error)
            host.again = time.monotonic() + _TRIED_AGAIN
            return
        host.listener.setblocking(False)
        self._selector.register(host.listener, selectors.EVENT_READ, host)

    def _unlisten(self, host: _Host) -> None:
        if host.listener is not None:
            self._selector.unregister(host.listener)
            host.listener.close()
            host.listener = None

    def _close(self, host: _Host) -> None:
        self._unlisten(host)
        for held in host.held:
            held.close()
        for transport in host.transports:
            transport.close()

    def _accepting(self) -> None:
        while True:
            for ready, _events in self._selector.select():
                if ready.data is None:
                    return
                self._accept(ready.data, ready.fileobj)

    def _accept(self, host: _Host, listener: Any) -> None:
        # A listener may be closed by another thread at any moment; whatever goes wrong, the others are served on.
        try:
            connection, _peer = listener.accept()
        except (OSError, ValueError):
            return
        try:
            self._world.advance()
            self._arrived(host, connection)
        except Exception:
            log.exception("no ssh for %s", host.instance.id)
            connection.close()

    def _arrived(self, host: _Host, connection: socket.socket) -> None:
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host.transports[:] = [one for one in host.transports if one.is_active()]
        instance_id = host.instance.id
        fault = self._world.faults.instance(instance_id)
        if fault == "refuse" or instance_id not in self._hosts:
            # With no time to linger the client is reset, which is the nearest thing to a refusal after accept().
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif fault == "hang":
            host.held.append(connection)
        else:
            host_key = new_key()[0] if fault == "other-key" else self.key(instance_id)
            asks = (self._place(host), self._fault_of(instance_id), partial(pushed.lets_in, instance_id))
            served = sshd.serve(connection, host_key, self._user_key, *asks)
            host.transports.append(served)

    def _fault_of(self, instance_id: str) -> Any:
        return lambda: self._world.faults.instance(instance_id)

    def _place(self, host: _Host) -> Any:
        return lambda user: self.place(host.instance, user)

    def place(self, instance: Any, user: str = "ec2-user") -> Place:
        """Where commands of an instance run: its own folder, as its user's home, on a machine of its own name."""
        return places.place(self._world, self.folder, instance, user)


def _listener(address: str, port: int) -> socket.socket:
    """A listening socket.

    A sandbox that was killed lets go of the guard of its addresses a moment before it lets go of the last of them.

    Raises: OSError.
    """
    until = time.monotonic() + _LETTING_GO
    while True:
        try:
            return socket.create_server((address, port), backlog=128)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _free_port(address: str) -> int:
    for port in PORTS:
        with suppress(OSError), socket.create_server((address, port)) as tried:
            return int(tried.getsockname()[1])
    raise UdoError(f"no port for ssh is free on {address}")
