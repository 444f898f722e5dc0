"""Logs in to one host interactively, through the OpenSSH program with our trust in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from udo import files
from udo.errors import Refused, UdoError, UsageError
from udo.plan import Event, HostBegan, HostDone, Notice
from udo.ssh import known_hosts, trust
from udo.ssh.client_config import quoted
from udo.ssh.pins import pins
from udo.ssh.target import KNOWN_HOSTS, LONGEST, Options, Target


def login(target: Target, options: Options, console_keys: trust.ConsoleKeys) -> Iterator[Event]:
    """Yields that the login has begun and, once the person has left, how it ended; ssh has the terminal meanwhile.

    Raises: UsageError without a terminal; Refused, UdoError.
    """
    if not sys.stdin.isatty():
        raise UsageError("without CMD it is a login, and there is no terminal for one", hint="give a command")
    with tempfile.TemporaryDirectory(prefix="udo-ssh-") as folder:
        argv = login_argv(target, options, console_keys, Path(folder))
        yield Notice(f"logging in to {target.instance_id} at {target.address}")
        yield HostBegan(target.instance_id)
        start = time.monotonic()
        try:
            status = subprocess.run(argv, check=False).returncode
        except FileNotFoundError as error:
            raise UdoError(
                "no ssh program", hint="install OpenSSH to log in; 'udo ssh' with a command works"
            ) from error
    yield HostDone(target.instance_id, *_ending(status), time.monotonic() - start)


def login_argv(target: Target, options: Options, console_keys: trust.ConsoleKeys, folder: Path) -> list[str]:
    """The words that start `ssh` to one host; a known_hosts file for it is written into `folder`, to be deleted after.

    Raises: Refused when nothing is known of the host's key; UdoError when its pin cannot be read.
    """
    held = pins()
    known = trust.knowledge(
        target.instance_id,
        target.address,
        target.port,
        pins=held,
        known_hosts=known_hosts.read(target.known_hosts),
        console_keys=console_keys,
    )
    if not known.keys and not known.authority and options.host_keys != "accept-new":
        hint = "--host-keys accept-new"
        raise Refused(f"the host key of {target.instance_id} is not known: {known.missing}", hint=hint)
    settings = trusting(target, known, options, folder) | {"BatchMode": "no"}
    return [*words(target, settings, options), "--", target.address]


def trusting(target: Target, known: trust.Knowledge, options: Options, folder: Path) -> dict[str, str]:
    """The settings by which ssh trusts what is known, and nothing else; a known_hosts file is written into `folder`.

    Where nothing is known ssh itself adds the key it is shown under the alias, which makes it a pin; that is, where
    this is asked for and no certificate is due, which ssh looks up by address in the files of the target.
    """
    alias = {"HostKeyAlias": target.instance_id, "GlobalKnownHostsFile": "/dev/null", "UpdateHostKeys": "no"}
    if known.keys:
        trusted = folder / "known_hosts"
        files.write_private(trusted, _lines(target.instance_id, known))
        return {**alias, "UserKnownHostsFile": quoted(trusted), "StrictHostKeyChecking": "yes"}
    if options.host_keys == "accept-new" and not known.authority:
        trusted = pins().path(target.instance_id)
        trusted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pin = {"UserKnownHostsFile": quoted(trusted), "StrictHostKeyChecking": "accept-new", "HashKnownHosts": "no"}
        return alias | pin
    settings = {"StrictHostKeyChecking": "yes", "UpdateHostKeys": "no"}
    if target.known_hosts != KNOWN_HOSTS:
        settings["UserKnownHostsFile"] = " ".join(map(quoted, target.known_hosts)) or "/dev/null"
        settings["GlobalKnownHostsFile"] = "/dev/null"
    return settings


def words(target: Target, settings: dict[str, str], options: Options) -> list[str]:
    """The words that start ssh to a host, up to the host's own."""
    settings = settings | {
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ConnectTimeout": str(max(1, round(min(LONGEST, options.connect_timeout)))),
    }
    if target.key:
        # By `-i` a file would have to be there, though the agent may hold its key.
        settings |= {"IdentitiesOnly": "yes", "IdentityFile": quoted(Path(target.key).expanduser())}
    made = ["ssh", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    made += ["-F", target.config] if target.config else []
    made += ["-J", target.jump] if target.jump else []
    made += [] if "user" in target.unset else ["-l", target.user]
    return made + ([] if "port" in target.unset else ["-p", str(target.port)])


def _lines(name: str, known: trust.Knowledge) -> str:
    trusted = [f"{name} {key.text}" for key in known.keys]
    revoked = [f"{known_hosts.REVOKED} * {key.text}" for key in known.revoked]
    return "".join(f"{line}\n" for line in trusted + revoked)


def _ending(status: int) -> tuple[str, int | None, str]:
    if status in (0, 255):
        return ("unreachable", None, "ssh could not log in") if status else ("ok", 0, "")
    return "failed", abs(status) % 256, f"exit status {abs(status)}"
