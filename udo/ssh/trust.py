"""Decides whether a server is the instance it should be, from pins, known_hosts and console output, in that order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from udo.errors import UdoError
from udo.ssh import console
from udo.ssh.host_key import HostKey
from udo.ssh.known_hosts import KnownHosts
from udo.ssh.pins import Pins

ConsoleKeys = Callable[[str], str | None]

_NOWHERE = "not pinned, not in known_hosts, and no host keys in its console output (which can be minutes late)"


@dataclass(frozen=True)
class Knowledge:
    """What is known of one host before it is dialled.

    `source` says where the keys are from; `authority`: known_hosts wants a host certificate instead; `missing` says
    where was looked, where nothing is known.
    """

    keys: tuple[HostKey, ...] = ()
    source: str = ""
    revoked: tuple[HostKey, ...] = ()
    authority: bool = False
    missing: str = ""

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The host key algorithms to ask the server for, so that it shows a key that can be compared; () for any."""
        return tuple(dict.fromkeys(name for key in self.keys for name in key.algorithms))


@dataclass(frozen=True)
class Verdict:
    """Whether to go on with a server; `pin`: note its key first; `reason` says why not, and what to do."""

    trusted: bool
    pin: bool = False
    reason: str = ""


def decide(knowledge: Knowledge, offered: HostKey, host_keys: str) -> Verdict:
    """The verdict on the key a server has shown (and proved to hold); `host_keys` is strict or accept-new."""
    shown = f"host key {offered.fingerprint} ({offered.kind})"
    if offered in knowledge.revoked:
        return Verdict(False, reason=f"{shown} is revoked in known_hosts")
    if offered in knowledge.keys:
        return Verdict(True)
    if knowledge.keys:
        return Verdict(False, reason=f"{shown} is not the one {knowledge.source}; this may be another machine")
    if knowledge.authority:
        return Verdict(
            False, reason=f"{shown}: known_hosts wants a host certificate, which Udo cannot check; add the key"
        )
    if host_keys == "accept-new":
        return Verdict(True, pin=True)
    hint = "add it to known_hosts, or pin it by --host-keys accept-new"
    return Verdict(False, reason=f"{shown} is not known: {knowledge.missing}; {hint}")


def knowledge(
    instance_id: str, address: str, port: int, *, pins: Pins, known_hosts: KnownHosts, console_keys: ConsoleKeys
) -> Knowledge:
    """What the first source that knows the host says; keys from the console are pinned at once.

    Raises: UdoError when a pin is there and cannot be read.
    """
    known = known_hosts.known(address, port)
    if pinned := pins.keys(instance_id):
        return Knowledge(pinned, f"pinned in {pins.path(instance_id)}", known.revoked)
    if known.keys:
        return Knowledge(known.keys, f"in {', '.join(known.places)}", known.revoked)
    if known.authority:
        return Knowledge(revoked=known.revoked, authority=True)
    try:
        printed = console.printed_keys(console_keys(instance_id) or "")
    except UdoError as error:
        return Knowledge(revoked=known.revoked, missing=f"not pinned, not in known_hosts, and {error.message}")
    if not printed:
        return Knowledge(revoked=known.revoked, missing=_NOWHERE)
    with contextlib.suppress(UdoError):
        # Where it cannot be pinned, the console is asked again next time; it knows the host all the same.
        printed = pins.pin(instance_id, printed)
    return Knowledge(printed, "printed on its console", known.revoked)
