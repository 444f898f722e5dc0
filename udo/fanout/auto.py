"""Chooses, where ssh.via is auto, between ssh and Systems Manager: by whether a host can be connected to at all."""

from __future__ import annotations

import errno
import os
import resource
import selectors
import socket
import time
from contextlib import suppress
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.change.events import HostDone, Notice
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.fanout.reach import Host
    from udo.session import Session

_LOOK = 0.1
# How many are called at once, and what is left for other files.
_MOST, _SPARE = 512, 64


@frozen
class Ways:
    """How hosts are reached otherwise than by ssh: by Systems Manager where `ssh.via` says so.

    `barred` says by the labels of roles why it is never used instead of ssh, `seconds` how long a host has to answer
    (None: as udo.yml says).
    """

    barred: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None


def decided(session: Session, hosts: Sequence[Host], ways: Ways) -> tuple[list[Host], dict[str, str]]:
    """The hosts, those of `auto` with the way that they are reached by; and why Systems Manager it is, by instance id.

    Those that neither can reach have come to their end. Raises: as `unreached` does.
    """
    mine = [host for host in hosts if host.target.get("via") == "auto" and not host.ending]
    limits = [float(session.setting(host.role, "ssh.connect_timeout")) for host in mine[:1]]
    seconds = ways.seconds or max(limits, default=0.0)
    why = unreached(session, [host for host in mine if host.target["address"]], seconds) if mine else {}
    why |= {host.instance_id: "the instance has no such address" for host in mine if not host.target["address"]}
    chosen = {host.instance_id: _chosen(session, host, why.get(host.instance_id, ""), ways) for host in mine}
    made = [chosen.get(host.instance_id, host) if not host.ending else host for host in hosts]
    return made, {one: why[one] for one, host in chosen.items() if host.target["via"] == "ssm"}


def _chosen(session: Session, host: Host, why: str, ways: Ways) -> Host:
    by_ssh = replace(host, target={**host.target, "via": "paramiko"})
    barred = ways.barred.get(host.role.label, "")
    if not why or (barred and host.target["address"]):
        return by_ssh
    if barred:
        told = f"{why}, and {barred}"
        return replace(by_ssh, ending=HostDone(host.instance_id, "unreachable", None, told, 0.0))
    session.emit(Notice(f"{host.instance_id} goes through Systems Manager: {why}", "debug"))
    kept = {name: host.target[name] for name in ("instance_id", "user", "address")}
    return replace(host, target={**kept, "via": "ssm"})


def unreached(session: Session, hosts: Sequence[Host], seconds: float) -> dict[str, str]:
    """Why those of the hosts cannot be connected to that cannot, by instance id; each is called once, and hung up on.

    Not called are those whose way leads through others by the operator's OpenSSH configuration, or a jump of udo.yml:
    whether it can be gone ssh alone finds out. Raises: Interrupted; UsageError for a configuration that cannot be read.
    """
    from udo.ssh import Target
    from udo.ssh.resolving import resolved

    made, _ = resolved([Target(**{**host.target, "via": "paramiko"}) for host in hosts])
    called = [target for target in made if not (target.jump or target.way or target.via == "openssh")]
    if left := len(made) - len(called):
        session.emit(Notice(f"{left} of {len(made)} hosts go through ssh: their way leads through others", "debug"))
    found: dict[str, str] = {}
    at_once = max(1, min(_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE))
    places = {target.instance_id: (target.address, target.port) for target in called}
    for some in _batches(list(places), at_once):
        found |= _called({one: places[one] for one in some}, seconds)
    return found


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    yield from (ids[at : at + size] for at in range(0, len(ids), size))


def _called(places: Mapping[str, tuple[str, int]], seconds: float) -> dict[str, str]:
    until, failed = time.monotonic() + seconds, dict[str, str]()
    with selectors.DefaultSelector() as selector:
        try:
            for one, (address, port) in places.items():
                if why := _begun(selector, one, address, port):
                    failed[one] = f"{address} port {port}: {why}"
            while selector.get_map() and time.monotonic() < until:
                signals.look()
                for key, _ in selector.select(min(_LOOK, max(0.0, until - time.monotonic()))):
                    if why := _ended(selector, key):
                        failed[key.data] = "{} port {}: {}".format(*places[key.data], why)
            late = [key.data for key in selector.get_map().values()]
        finally:
            for key in list(selector.get_map().values()):
                _let_go(selector, key.fileobj)
    told = f"no answer within {seconds:g} s"
    return failed | {one: "{} port {}: {}".format(*places[one], told) for one in late}


def _begun(selector: selectors.BaseSelector, one: str, address: str, port: int) -> str:
    """Begins a call; why it has failed at once, empty where it has not."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        called = socket.socket(family, kind, protocol)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    called.setblocking(False)
    code = called.connect_ex(place)
    if code in (0, errno.EINPROGRESS):
        selector.register(called, selectors.EVENT_WRITE, one)
        return ""
    called.close()
    return os.strerror(code).lower()


def _ended(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> str:
    called: Any = key.fileobj
    code = called.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    _let_go(selector, called)
    return os.strerror(code).lower() if code else ""


def _let_go(selector: selectors.BaseSelector, called: Any) -> None:
    selector.unregister(called)
    with suppress(OSError):
        called.close()
