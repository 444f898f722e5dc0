"""Writes an OpenSSH client configuration that knows hosts by their instance ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from udo.errors import UdoError
from udo.ssh.config_file import sources
from udo.ssh.pins import Pins, pins
from udo.ssh.resolving import written
from udo.ssh.target import KNOWN_HOSTS, Target

_ONE_FILE = ("certificatefile", "identityagent", "identityfile")


def client_config(targets: Sequence[Target]) -> str:
    """One `Host` block per target; a host that is pinned is known by its pin, any other by the files of the target.

    What the target's own configuration says of the way to it stands in its block, since a tool that is given this file
    reads no other. Raises: UdoError when there is no folder for pins; UsageError when that configuration is unreadable.
    """
    held, found = pins(), written(targets)
    blocks = ["\n".join(_block(target, more, held)) + "\n" for target, more in found]
    jumping = [target.config for target, more in found if target.jump or "proxyjump" in dict(more)]
    # ssh reads this same file on its way to the host in between, whose name and key may stand in the other one.
    known = [path for config in dict.fromkeys(jumping) for path, _ in sources(config)]
    between = ["Host * !i-*\n" + "".join(f'  Include "{path}"\n' for path in dict.fromkeys(known))] if known else []
    return "\n".join([*blocks, *between])


def quoted(path: str | Path) -> str:
    """A path as a value of ssh_config, which splits it at blanks and expands % in it.

    Raises: UdoError for one that cannot stand there.
    """
    if set(str(path)) & set('"\n\r'):
        raise UdoError(f"{str(path)!r} cannot stand in a configuration of OpenSSH", hint="give the file another name")
    return '"' + str(path).replace("%", "%%") + '"'


def _block(target: Target, more: Sequence[tuple[str, str]], held: Pins) -> Iterator[str]:
    yield f"Host {target.instance_id}"
    yield f"  HostName {dict(more).get('hostname', target.address)}"
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
    # The first value of a keyword counts, and a key that is named is the only one.
    skipped = {"hostname", "proxyjump" if target.jump else "", "identityfile" if target.key else ""}
    for name, value in more:
        if name not in skipped:
            # ssh -G writes a path with blanks without the quotes that it needs to be read.
            yield f'  {name} "{value}"' if name in _ONE_FILE and " " in value else f"  {name} {value}"


def _trusting(files: Sequence[str | Path]) -> Iterator[str]:
    yield f"  UserKnownHostsFile {' '.join(map(quoted, files)) or '/dev/null'}"
    yield "  GlobalKnownHostsFile /dev/null"
    yield "  UpdateHostKeys no"
