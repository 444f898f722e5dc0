"""Writes an OpenSSH client configuration that knows hosts by their instance ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from udo.errors import UdoError
from udo.ssh.pins import Pins, pins
from udo.ssh.target import KNOWN_HOSTS, Target


def client_config(targets: Sequence[Target]) -> str:
    """One `Host` block per target; a host that is pinned is known by its pin, any other by the files of the target.

    Raises: UdoError when there is no folder for pins.
    """
    held = pins()
    return "\n".join("\n".join(_block(target, held)) + "\n" for target in targets)


def quoted(path: str | Path) -> str:
    """A path as a value of ssh_config, which splits it at blanks and expands % in it.

    Raises: UdoError for one that cannot stand there.
    """
    if set(str(path)) & set('"\n\r'):
        raise UdoError(f"{str(path)!r} cannot stand in a configuration of OpenSSH", hint="give the file another name")
    return '"' + str(path).replace("%", "%%") + '"'


def _block(target: Target, held: Pins) -> Iterator[str]:
    yield f"Host {target.instance_id}"
    yield f"  HostName {target.address}"
    if "port" not in target.unset:
        yield f"  Port {target.port}"
    if "user" not in target.unset:
        yield f"  User {target.user}"
    if target.key:
        yield f"  IdentityFile {quoted(target.key)}"
        yield "  IdentitiesOnly yes"
    if target.jump:
        yield f"  ProxyJump {target.jump}"
    if held.keys(target.instance_id):
        yield f"  HostKeyAlias {target.instance_id}"
        yield from _trusting([held.path(target.instance_id)])
        yield "  StrictHostKeyChecking yes"
    elif target.known_hosts != KNOWN_HOSTS:
        yield from _trusting(target.known_hosts)
    yield "  ForwardAgent no"
    yield "  ForwardX11 no"


def _trusting(files: Sequence[str | Path]) -> Iterator[str]:
    yield f"  UserKnownHostsFile {' '.join(map(quoted, files)) or '/dev/null'}"
    yield "  GlobalKnownHostsFile /dev/null"
    yield "  UpdateHostKeys no"
