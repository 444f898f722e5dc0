"""Decides whether a server is the instance it should be, from what pins, known_hosts and console output say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from udo.errors import Refused, UdoError
from udo.frozen import frozen
from udo.ssh import console
from udo.ssh.host_key import HostKey
from udo.ssh.known_hosts import Known, KnownHosts
from udo.ssh.pins import Pins
from udo.ssh.target import Target

ConsoleKeys = Callable[[str], str | None]

_NOWHERE = "not pinned, not in known_hosts, and no host keys in its console output (which can be minutes late)"


@frozen
class Knowledge:
    """What is known of one host before it is dialled.

    `source` says where the keys are from; `held`: not from the files that ssh reads too; `authority`: known_hosts wants
    a host certificate, or the configuration has a source of its own, which only ssh can judge; `missing` says where was
    looked, where nothing is known.
    """

    keys: tuple[HostKey, ...] = ()
    source: str = ""
    revoked: tuple[HostKey, ...] = ()
    held: bool = False
    authority: bool = False
    missing: str = ""

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The host key algorithms to ask the server for, so that it shows a key that can be compared; () for any."""
        return tuple(dict.fromkeys(name for key in self.keys for name in key.algorithms))


@frozen
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


def knowledge(target: Target, *, pins: Pins, known_hosts: KnownHosts, console_keys: ConsoleKeys) -> Knowledge:
    """What is known of the host: what its pin and known_hosts agree on, otherwise what its console printed.

    Keys from the console are pinned at once. Raises: UdoError when a pin is there and cannot be read; Refused where the
    sources contradict each other, or nothing but revoked keys are known.
    """
    known = known_hosts.known(target.names)
    pinned = pins.keys(target.instance_id)
    if target.left_to_ssh or (known.authority and not known.keys and not pinned):
        return _left(target, pinned, known, pins)
    if known.keys:
        return _agreed(target, pinned, known, pins)
    if pinned:
        return _good(Knowledge(pinned, f"pinned in {pins.path(target.instance_id)}", known.revoked, held=True))
    try:
        printed = console.printed_keys(console_keys(target.instance_id) or "")
    except UdoError as error:
        return Knowledge(revoked=known.revoked, missing=f"not pinned, not in known_hosts, and {error.message}")
    if not printed:
        return Knowledge(revoked=known.revoked, missing=_NOWHERE)
    shown = _good(Knowledge(printed, "printed on its console", known.revoked, held=True))
    with contextlib.suppress(UdoError):
        # Where it cannot be pinned, the console is asked again next time; it knows the host all the same.
        return replace(shown, keys=pins.pin(target.instance_id, shown.keys))
    return shown


def _left(target: Target, pinned: Sequence[HostKey], known: Known, pins: Pins) -> Knowledge:
    if pinned:
        pin = pins.path(target.instance_id)
        raise Refused(
            f"the key pinned in {pin} cannot be compared with what ssh alone can read of this host's configuration",
            hint="delete the pin to go by that",
        )
    return Knowledge(revoked=known.revoked, authority=True)


def _agreed(target: Target, pinned: Sequence[HostKey], known: Known, pins: Pins) -> Knowledge:
    """What known_hosts says, which ssh goes by, but for keys of a kind that the pin has another one of."""
    lines, kinds = f"in {', '.join(known.places)}", {key.kind for key in pinned}
    keys = tuple(key for key in known.keys if key in pinned or key.kind not in kinds)
    if not keys:
        raise Refused(
            f"the host key {lines} is not the one pinned in {pins.path(target.instance_id)}",
            hint=f"delete what is wrong: the line, by ssh-keygen -R '{target.names[0]}', or the pin",
        )
    source = f"{lines} and pinned in {pins.path(target.instance_id)}" if pinned else lines
    return _good(Knowledge(keys, source, known.revoked, held=bool(pinned)))


def _good(known: Knowledge) -> Knowledge:
    """It without the keys that are revoked."""
    keys = tuple(key for key in known.keys if key not in known.revoked)
    if not keys:
        raise Refused(f"the host key {known.source} is revoked in known_hosts", hint="give the host a new one")
    return replace(known, keys=keys)
