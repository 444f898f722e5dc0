"""Writes for other programs how hosts are reached: an OpenSSH client configuration, or words of a command line."""

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
    found = written(targets)
    pinned, notes = _pinned([target for target, _ in found], console_keys)
    blocks = [
        "\n".join(_block(target, more, pinned[target.instance_id])) + "\n"
        for target, more in found
        if target.instance_id in pinned
    ]
    jumping = [target.config for target, more in found if target.jump or "proxyjump" in dict(more)]
    # ssh reads this same file on its way to the host in between, whose name and key may stand in the other one.
    known_files = [path for config in dict.fromkeys(jumping) for path, _ in sources(config)]
    included = [f'  Include "{path}"\n' for path in dict.fromkeys(known_files)]
    return "\n".join([*blocks, *(["Host * !i-*\n" + "".join(included)] if included else [])]), notes


def client_words(targets: Sequence[Target], console_keys: ConsoleKeys) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """By instance id the words for ssh, scp and sftp beside address, port, user and key, and lines as `client_config`.

    They read the target's own configuration themselves. Raises: as `client_config` does.
    """
    pinned, notes = _pinned([target for target, _ in written(targets)], console_keys)
    words = {}
    for target in targets:
        if target.instance_id in pinned:
            settings = _settings(target, pinned[target.instance_id])
            options = [word for name, value in settings for word in ("-o", f"{name}={value}")]
            words[target.instance_id] = (*(["-F", target.config] if target.config else []), *options)
    return words, notes


def _pinned(targets: Sequence[Target], console_keys: ConsoleKeys) -> tuple[dict[str, Path | None], list[str]]:
    """By instance id the pin of each target, None where it has none; those that ssh will not log in to are noted."""
    held, notes = pins(), []
    found: dict[str, Path | None] = {}
    for target, known in zip(targets, _known(targets, console_keys), strict=True):
        if isinstance(known, Refused):
            notes.append(f"{target.instance_id} is left out: {known}")
            continue
        if known.missing:
            hint = "ssh will ask about it; 'udo ssh --host-keys accept-new' pins it"
            notes.append(f"the host key of {target.instance_id} is unknown: {known.missing}: {hint}")
        is_pinned = any(key in known.keys for key in held.keys(target.instance_id))
        found[target.instance_id] = held.path(target.instance_id) if is_pinned else None
    return found, notes


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
    yield from (f"  {name} {value}" for name, value in _settings(target, pin))
    # The first value of a keyword counts, and a key that is named is the only one.
    skipped = {"hostname", "proxyjump" if target.jump else "", "identityfile" if target.key else ""}
    for name, value in more:
        if name not in skipped:
            # ssh -G writes a path with blanks without the quotes that it needs to be read.
            yield f'  {name} "{value}"' if name in _ONE_FILE and " " in value else f"  {name} {value}"


def _settings(target: Target, pin: Path | None) -> Iterator[tuple[str, str]]:
    if target.key:
        yield "IdentitiesOnly", "yes"
    if target.jump:
        yield "ProxyJump", target.jump
    if pin:
        yield "HostKeyAlias", target.instance_id
        yield from _trusting([pin])
        yield "StrictHostKeyChecking", "yes"
    elif target.known_hosts != KNOWN_HOSTS:
        yield from _trusting(target.known_hosts)
    yield "ForwardAgent", "no"
    yield "ForwardX11", "no"


def _trusting(files: Sequence[str | Path]) -> Iterator[tuple[str, str]]:
    yield "UserKnownHostsFile", " ".join(map(quoted, files)) or "/dev/null"
    yield "GlobalKnownHostsFile", "/dev/null"
    yield "UpdateHostKeys", "no"
