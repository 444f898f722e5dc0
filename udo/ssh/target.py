"""Whom to reach and how, as values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from udo.frozen import frozen
from udo.ssh.copy.spec import Copy

# Has a user of an instance be let in with a public key, as OpenSSH writes it, for a minute. Raises: UdoError.
Push = Callable[[str, str, str], None]
HostKeys = Literal["strict", "accept-new"]
# Seconds: poll(2), sockets and ssh itself take no longer wait.
LONGEST = 1e6
# Source: ssh_config(5), UserKnownHostsFile and GlobalKnownHostsFile.
KNOWN_HOSTS = (
    "~/.ssh/known_hosts",
    "~/.ssh/known_hosts2",
    "/etc/ssh/ssh_known_hosts",
    "/etc/ssh/ssh_known_hosts2",
)


@frozen
class Target:
    """One host; `key` is a private key file (None: the agent's and the usual ones), `known_hosts` files to trust.

    `via` is paramiko or openssh; `config` an OpenSSH client configuration (None: the operator's own, "none": none at
    all), which may say what is in `unset`: those of user, port and key that nobody has chosen. `jump` is a host to go
    through. `known_as` are the names known_hosts has for it (none: by address and port), and of one that is
    `left_to_ssh` the configuration knows more than Udo can read. `way` is what its configuration says of hosts in
    between. One by `instance_connect` is logged in to with a one-time key that it is told of just before, which the
    `agent` at this socket holds for `ssh`.
    """

    instance_id: str
    address: str
    port: int = 22
    user: str = "ec2-user"
    key: str | None = None
    known_hosts: tuple[str, ...] = KNOWN_HOSTS
    via: str = "paramiko"
    config: str | None = "none"
    jump: str | None = None
    unset: tuple[str, ...] = ()
    known_as: tuple[str, ...] = ()
    left_to_ssh: bool = False
    way: str | None = None
    instance_connect: bool = False
    agent: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which known_hosts is asked for it; a line of an earlier one decides."""
        return self.known_as or known_names(self.address, self.port)


def known_names(host: str, port: int) -> tuple[str, ...]:
    """The names of a server in known_hosts. Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"."""
    return (host.lower(),) if port == 22 else (f"[{host.lower()}]:{port}", host.lower())


@frozen
class Options:
    """How a fan-out goes; times are seconds, from each host's dial but for `pause` and `deadline`.

    `connect_timeout` covers the way to the login, `timeout` (None: no limit) all of it, `idle_timeout` the time a
    command says nothing, and `keepalive` how long the server itself may: it is asked for a sign of life after half of
    that. Of all hosts `canary` go first, and where one of them fails no other is started; then
    `batch` at a time, `pause` between them, until `max_failures` have failed or the `deadline` of all has passed.
    Where this is not the beginning, `spent` seconds of the deadline are gone, and the first host waits for `delay`.
    `stdin` is what the command reads first, then comes an open file (`input`, its descriptor) that all hosts share;
    with a `tty` it has a terminal instead. A host that is not reached is dialled again as often as `retry` says.
    Where files are copied instead, `copy` says which.
    """

    fanout: int = 32
    connect_timeout: float = 10.0
    timeout: float | None = None
    idle_timeout: float | None = None
    keepalive: float = 120.0
    host_keys: HostKeys = "strict"
    deadline: float | None = None
    batch: int | None = None
    pause: float = 0.0
    canary: int = 0
    max_failures: int | None = None
    spent: float = 0.0
    delay: float = 0.0
    stdin: bytes = b""
    retry: int = 0
    input: int | None = None
    tty: bool = False
    copy: Copy | None = None
