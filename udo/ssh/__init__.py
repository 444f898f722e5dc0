"""Runs one command on many hosts over ssh, by paramiko or through `ssh`, and yields what happens."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from udo.change.events import Event, exit_status
from udo.errors import UsageError
from udo.ssh.client_config import client_config, client_words
from udo.ssh.copy.spec import Copy
from udo.ssh.gone import Terminated
from udo.ssh.login import login, login_argv
from udo.ssh.target import KNOWN_HOSTS, HostKeys, Options, Push, Target

__all__ = [
    "KNOWN_HOSTS",
    "Copy",
    "HostKeys",
    "Options",
    "Target",
    "client_config",
    "client_words",
    "exit_status",
    "fan_out",
    "login",
    "login_argv",
]


def fan_out(
    targets: Sequence[Target],
    command: str,
    options: Options,
    console_keys: Callable[[str], str | None],
    terminated: Terminated = lambda _: (),
    push: Push = lambda _instance_id, _user, _key: None,
) -> Iterator[Event]:
    """Yields HostBegan, Line and HostDone events as they happen, HostDone exactly once per target; Idle in pauses.

    `console_keys` gives the console output of an instance id, and is asked (from several threads at once) only for
    hosts that no pin and no known_hosts line knows; a UdoError of it is part of the reason why a host is refused.
    `terminated` gives those of some instance ids that are no more: hosts that were lost and are among them end as gone.
    `push` tells hosts by `instance_connect` of the key that they are to let in, from several threads at once.
    Closing the generator closes every connection at once. Raises: UsageError when a key file cannot be used, or
    the command is nothing that a host could be sent.
    """
    _check(command)
    _load_paramiko()
    from udo.ssh import engine
    from udo.ssh.pins import pins

    return engine.events(targets, command, options, console_keys, terminated, pins(), push)


def _check(command: str) -> None:
    # A server would take the NUL for the end of the command, and run half of it.
    if "\0" not in command:
        with suppress(UnicodeEncodeError):
            command.encode("utf-8", "surrogateescape")
            return
    raise UsageError("the command holds a NUL or half a character", hint="send such bytes by --script")


def _load_paramiko() -> None:
    # paramiko takes `invoke` for one rule of ssh_config, which is not used here, and does without it where it is
    # missing; it is two fifths of the time that paramiko takes to load.
    if "invoke" in sys.modules:
        return
    sys.modules["invoke"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("paramiko")
    finally:
        del sys.modules["invoke"]
