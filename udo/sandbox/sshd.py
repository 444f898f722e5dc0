"""One ssh connection to an instance of the sandbox: any user with the sandbox's key, real commands."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
from paramiko.channel import Channel
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_REQUEST,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from udo.sandbox import sftp, shell
from udo.sandbox.shell import Place, Terminal

log = logging.getLogger("udo.sandbox.ssh")
# paramiko tells of every client that hangs up; none of that is news here.
log.setLevel(logging.CRITICAL)


def serve(
    connection: socket.socket,
    host_key: paramiko.PKey,
    user_key: paramiko.PKey,
    place: Callable[[str], Place],
    fault: Callable[[], str | None],
    lets_in: Callable[[str, bytes], bool],
) -> paramiko.Transport:
    """Speaks ssh on an accepted connection, in threads of its own, until either side ends it.

    `place` tells where a user's commands run, `fault` how the instance misbehaves at the moment,
    `lets_in` whether a user has been sent a key for the moment.
    """
    transport = paramiko.Transport(connection)
    transport.set_log_channel(log.name)
    transport.add_server_key(host_key)
    server = _Server(transport, user_key, place, fault, lets_in)
    # A client that is told of the end of a command before it is told that the command began takes it for a failure.
    inside: Any = transport
    inside._channel_handler_table = {**inside._channel_handler_table, MSG_CHANNEL_REQUEST: server.asked}
    transport.start_server(event=threading.Event(), server=server)
    return transport


class _Server(paramiko.ServerInterface):
    """What paramiko asks of a server."""

    def __init__(
        self,
        transport: paramiko.Transport,
        user_key: paramiko.PKey,
        place: Callable[[str], Place],
        fault: Callable[[], str | None],
        lets_in: Callable[[str, bytes], bool],
    ) -> None:
        self._transport = transport
        self._user_key = user_key
        self._place = place
        self._fault = fault
        self._lets_in = lets_in
        self._terminals: dict[int, Terminal] = {}
        self._waiting: list[Callable[[], None]] = []
        # Where the files are that SFTP serves.
        self.files = Path()

    def asked(self, channel: Channel, message: paramiko.Message) -> None:
        """Lets paramiko answer a request on a channel, and only then starts what it asked for."""
        Channel._handle_request(channel, message)  # type: ignore[attr-defined]
        while self._waiting:
            self._waiting.pop()()

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = (key == self._user_key and self._fault() != "no-login") or self._lets_in(username, key.asbytes())
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(
        self,
        channel: Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        self._terminals[channel.chanid] = Terminal(term.decode("ascii", "replace"), width, height)
        return True

    def check_channel_window_change_request(
        self, channel: Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        if terminal := self._terminals.get(channel.chanid):
            terminal.resize(width, height)
        return True

    def check_channel_shell_request(self, channel: Channel) -> bool:
        return self._begin(channel, None)

    def check_channel_exec_request(self, channel: Channel, command: bytes) -> bool:
        return self._begin(channel, command.decode("utf-8", "surrogateescape"))

    def check_channel_subsystem_request(self, channel: Channel, name: str) -> bool:
        if name != "sftp":
            return False
        fault = self._fault()
        if fault == "drop":
            self._waiting.append(self._transport.close)
        elif fault != "hang-command":
            self.files = self._place(self._transport.get_username() or "").folder
            handler = sftp.Server(channel, name, self, sftp.Files)
            handler.name = shell.COMMAND_THREAD
            self._waiting.append(handler.start)
        return True

    def _begin(self, channel: Channel, command: str | None) -> bool:
        if self._fault() == "drop":
            self._waiting.append(self._transport.close)
            return True
        place = self._place(self._transport.get_username() or "")
        given: Any = (channel, place, command, self._terminals.get(channel.chanid), self._frozen)
        thread = threading.Thread(target=shell.run, args=given, name=shell.COMMAND_THREAD, daemon=True)
        self._waiting.append(thread.start)
        return True

    def _frozen(self) -> bool:
        return self._fault() == "hang-command"
