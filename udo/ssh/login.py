"""Logs in to one host interactively, through the OpenSSH program with our trust in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from udo import files, programs, signals
from udo.change.events import Event, HostBegan, HostDone, Notice
from udo.errors import Refused, UdoError, UsageError
from udo.ssh import known_hosts, trust
from udo.ssh.client_config import quoted
from udo.ssh.pins import pins
from udo.ssh.resolving import resolved
from udo.ssh.target import KNOWN_HOSTS, LONGEST, Options, Push, Target

# The file that ssh writes a key into which it accepts.
_ACCEPTED = "accepted"


def login(target: Target, options: Options, console_keys: trust.ConsoleKeys, push: Push) -> Iterator[Event]:
    """Yields that the login has begun and, once the person has left, how it ended; ssh has the terminal meanwhile.

    `push` tells one by `instance_connect` of the key. Raises: UsageError without a terminal; Refused, UdoError.
    """
    if not sys.stdin.isatty():
        raise UsageError("without CMD it is a login, and there is no terminal for one", hint="give a command")
    with tempfile.TemporaryDirectory(prefix="udo-ssh-") as folder, _keyed(target, push) as (keyed, told):
        argv = login_argv(keyed, options, console_keys, Path(folder))
        yield Notice(f"logging in to {target.instance_id} at {target.address}")
        yield HostBegan(target.instance_id)
        start = time.monotonic()
        try:
            told()
            status = _left(argv)
        except FileNotFoundError as error:
            raise UdoError(
                "no ssh program", hint="install OpenSSH to log in; 'udo ssh' with a command works"
            ) from error
        finally:
            pin_accepted(target, Path(folder))
    yield HostDone(target.instance_id, *_ending(status), time.monotonic() - start)


@contextmanager
def _keyed(target: Target, push: Push) -> Iterator[tuple[Target, Callable[[], None]]]:
    """The target with the agent that holds its one-time key, where it is to have one; and what tells the host of it."""
    if not target.instance_connect:
        yield target, lambda: None
        return
    # Late: other logins load no library of keys.
    from udo.ssh.one_time import OneTimeKey

    key = OneTimeKey(push)
    with key.served() as place:
        made = replace(target, agent=str(place))
        yield made, lambda: key.push(made)


def _left(argv: list[str]) -> int:
    """The status with which ssh ends, which has our terminal. Raises: Interrupted, FileNotFoundError."""
    process = subprocess.Popen(argv)
    try:
        with signals.waiting():
            return process.wait()
    finally:
        # Asked first: it makes the terminal what it was.
        programs.end(process)


def login_argv(target: Target, options: Options, console_keys: trust.ConsoleKeys, folder: Path) -> list[str]:
    """The words that start `ssh` to one host; a known_hosts file for it is written into `folder`.

    Raises: Refused when nothing is known of the host's key, or what is known contradicts itself; UdoError when its pin
    cannot be read.
    """
    ((target,), _) = resolved([replace(target, via="openssh")])
    known = trust.knowledge(
        target, pins=pins(), known_hosts=known_hosts.read(target.known_hosts), console_keys=console_keys
    )
    if not known.keys and not known.authority and options.host_keys != "accept-new":
        hint = "--host-keys accept-new"
        raise Refused(f"the host key of {target.instance_id} is not known: {known.missing}", hint=hint)
    settings = trusting(target, known, options, folder) | {"BatchMode": "no"}
    return [*words(target, settings, options), "--", target.address]


def trusting(target: Target, known: trust.Knowledge, options: Options, folder: Path) -> dict[str, str]:
    """The settings by which ssh trusts what is known, and nothing else; a known_hosts file is written into `folder`.

    What Udo holds is handed to ssh under the instance id. Anything else is left to the files of the target and the
    names that ssh has for it; a key that it may accept it adds to the file in `folder`, see `pin_accepted`.
    """
    accepting = not known.keys and not known.authority and options.host_keys == "accept-new"
    own = folder / (_ACCEPTED if accepting else "known_hosts")
    files.write_private(own, _lines(target.instance_id, known))
    settings = {
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        # The configuration may have ssh trust what it would refuse otherwise.
        "NoHostAuthenticationForLocalhost": "no",
        "VerifyHostKeyDNS": "no",
    }
    if known.held:
        settings["HostKeyAlias"] = target.instance_id
    if accepting:
        settings |= {"StrictHostKeyChecking": "accept-new", "HashKnownHosts": "no"}
    if target.left_to_ssh and target.known_hosts == KNOWN_HOSTS:
        return settings
    there = [str(own)] if known.held else [str(own), *target.known_hosts]
    return settings | {"UserKnownHostsFile": " ".join(map(quoted, there)), "GlobalKnownHostsFile": "/dev/null"}


def pin_accepted(target: Target, folder: Path) -> None:
    """Pins the key that ssh was let accept, if any. Raises: UdoError when it cannot, or another one is pinned."""
    lines = known_hosts.read([str(folder / _ACCEPTED)]).entries
    keys = tuple(dict.fromkeys(line.key for line in lines if not line.marker))
    if keys and not set(keys) <= set(pins().pin(target.instance_id, keys)):
        raise UdoError(f"another host key than the accepted one is pinned in {pins().path(target.instance_id)}")


def words(target: Target, settings: dict[str, str], options: Options) -> list[str]:
    """The words that start ssh to a host, up to the host's own."""
    settings = settings | {
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ConnectTimeout": str(max(1, round(min(LONGEST, options.connect_timeout)))),
    }
    if target.key and not target.agent:
        # By `-i` a file would have to be there, though the agent may hold its key.
        settings |= {"IdentitiesOnly": "yes", "IdentityFile": quoted(Path(target.key).expanduser())}
    if target.agent:
        settings |= {"IdentityAgent": quoted(Path(target.agent)), "IdentityFile": "none", "IdentitiesOnly": "no"}
    made = ["ssh", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    made += ["-F", target.config] if target.config else []
    made += ["-J", target.jump] if target.jump else []
    made += [] if "user" in target.unset else ["-l", target.user]
    return made + ([] if "port" in target.unset else ["-p", str(target.port)])


def _lines(name: str, known: trust.Knowledge) -> str:
    trusted = [f"{name} {key.text}" for key in known.keys if known.held]
    revoked = [f"{known_hosts.REVOKED} * {key.text}" for key in known.revoked]
    return "".join(f"{line}\n" for line in trusted + revoked)


def _ending(status: int) -> tuple[str, int | None, str]:
    if status in (0, 255):
        return ("unreachable", None, "ssh could not log in") if status else ("ok", 0, "")
    return "failed", abs(status) % 256, f"exit status {abs(status)}"
