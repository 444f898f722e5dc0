"""Writes an OpenSSH client configuration that knows hosts by their instance ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from udo.errors import Refused, UdoError
from udo.ssh import known_hosts
from udo.ssh.config_file import sources
from udo.ssh.pins import pins
from udo.ssh.resolving import written
from udo.ssh.target import KNOWN_HOSTS, Target
from udo.ssh.trust import ConsoleKeys, Knowledge, knowledge

_AT_ONCE = 16
_ONE_FILE = ("certificatefile", "identityagent", "identityfile")


def client_config(targets: Sequence[Target], console_keys: ConsoleKeys) -> tuple[str, list[str]]:
    """One `Host` block per target, and a line for each that ssh will not log in to by it.

    A host is known by its pin, which is made of the console's keys where nothing else knows it (`console_keys` as for
    `fan_out`), any other by the files of the target. What the target's own configuration says of the way to it stands
    in its block, since a tool that is given this file reads no other. Raises: UdoError when there is no folder for
    pins, or a pin cannot be read; UsageError when that configuration is unreadable.
    """
    held, found = pins(), written(targets)
    notes: list[str] = []
    blocks = []
    for (target, more), known in zip(found, _known([target for target, _ in found], console_keys), strict=True):
        if isinstance(known, Refused):
            notes.append(f"{target.instance_id} is left out: {known}")
            continue
        if known.missing:
            hint = "ssh will ask about it; 'udo ssh --host-keys accept-new' pins it"
            notes.append(f"the host key of {target.instance_id} is unknown: {known.missing}: {hint}")
        pinned = any(key in known.keys for key in held.keys(target.instance_id))
        blocks.append("\n".join(_block(target, more, held.path(target.instance_id) if pinned else None)) + "\n")
    jumping = [target.config for target, more in found if target.jump or "proxyjump" in dict(more)]
    # ssh reads this same file on its way to the host in between, whose name and key may stand in the other one.
    known_files = [path for config in dict.fromkeys(jumping) for path, _ in sources(config)]
    included = [f'  Include "{path}"\n' for path in dict.fromkeys(known_files)]
    return "\n".join([*blocks, *(["Host * !i-*\n" + "".join(included)] if included else [])]), notes


def _known(targets: Sequence[Target], console_keys: ConsoleKeys) -> list[Knowledge | Refused]:
    """What is known of each, many consoles asked at once; Refused where the sources contradict each other."""
    from concurrent.futures import ThreadPoolExecutor

    held, lines = pins(), {files: known_hosts.read(files) for files in {tuple(t.known_hosts) for t in targets}}

    def one(target: Target) -> Knowledge | Refused:
        try:
            return knowledge(target, pins=held, known_hosts=lines[tuple(target.known_hosts)], console_keys=console_keys)
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, targets))


def quoted(path: str | Path) -> str:
    """A path as a value of ssh_config, which splits it at blanks and expands % in it.

    Raises: UdoError for one that cannot stand there.
    """
    if set(str(path)) & set('"\n\r'):
        raise UdoError(f"{str(path)!r} is not allowed in a configuration of OpenSSH", hint="give the file another name")
    return '"' + str(path).replace("%", "%%") + '"'


def _block(target: Target, more: Sequence[tuple[str, str]], pin: Path | None) -> Iterator[str]:
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
    if pin:
        yield f"  HostKeyAlias {target.instance_id}"
        yield from _trusting([pin])
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
