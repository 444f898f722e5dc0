"""Real OpenSSH servers on loopback addresses, with keys of their own, for tests and measurements."""

from __future__ import annotations

import contextlib
import getpass
import os
import random
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from udo.ssh import Target
from udo.ssh.host_key import HostKey, parse

SSHD = "/usr/sbin/sshd"
# sshd listens on at most 16 addresses. Source: MAX_LISTEN_SOCKS in OpenSSH's sshd.c.
_PER_SERVER = 16

CONFIG = """\
Port {port}
{listen}
{host_keys}
AuthorizedKeysFile {folder}/authorized_keys
SetEnv HOME={folder}/home UDO_FARM={mark}
StrictModes no
UsePAM no
PermitRootLogin yes
PermitUserRC no
PrintMotd no
PrintLastLog no
PidFile none
MaxStartups 1000
LogLevel VERBOSE
{more}
"""


def key_pair(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair at `path` and `path`.pub."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True)
    return path


def public_key(path: Path) -> HostKey:
    """The public key of a pair made by `key_pair`."""
    kind, encoded, *_ = Path(f"{path}.pub").read_text().split()
    key = parse(kind, encoded)
    assert key
    return key


@dataclass
class Farm:
    """Servers that live in one folder; every host of a farm accepts the same login key."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "home").mkdir()
        self.login_key = key_pair(self.folder / "login")
        self.host_key = key_pair(self.folder / "host_ed25519")
        (self.folder / "authorized_keys").write_text(Path(f"{self.login_key}.pub").read_text())

    def hosts(self, count: int = 1, *, host_keys: Sequence[Path] = (), more: str = "") -> list[Target]:
        """Starts `count` hosts and returns them as targets that known_hosts knows; `more` lines go to sshd_config."""
        port, addresses = _free(count)
        return self.at(addresses, port, host_keys, more)

    def at(self, addresses: Sequence[str], port: int, keys: Sequence[Path] = (), more: str = "") -> list[Target]:
        """Starts a host at each of these addresses, like `hosts`."""
        keys = keys or [self.host_key]
        for first in range(0, len(addresses), _PER_SERVER):
            self._serve(port, addresses[first : first + _PER_SERVER], keys, more)
        known = self.folder / f"known_hosts.{uuid.uuid4().hex[:8]}"
        known.write_text("".join(f"[{a}]:{port} {public_key(key).text}\n" for a in addresses for key in keys))
        return [self.target(address, port, known) for address in addresses]

    def target(self, address: str, port: int, known_hosts: Path | None = None) -> Target:
        """A target with the farm's login; its instance id is made up."""
        files = (str(known_hosts),) if known_hosts else ()
        return Target(f"i-{uuid.uuid4().hex[:17]}", address, port, getpass.getuser(), str(self.login_key), files)

    def processes(self) -> list[int]:
        """Every process the servers have started, commands that outlived their connection included."""
        return [pid for pid in _pids() if f"UDO_FARM={self.mark}" in _environment(pid)]

    def stop(self) -> None:
        """Ends all servers and whatever they have started."""
        doomed = {*self.processes(), *(child for server in self.running for child in _below(server.pid))}
        for server in self.running:
            server.terminate()
            server.wait(10)
        for pid in doomed | set(self.processes()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _serve(self, port: int, addresses: Sequence[str], keys: Sequence[Path], more: str) -> None:
        config = self.folder / f"sshd_config.{len(self.running)}"
        config.write_text(
            CONFIG.format(
                port=port,
                listen="\n".join(f"ListenAddress {address}" for address in addresses),
                host_keys="\n".join(f"HostKey {key}" for key in keys),
                folder=self.folder,
                mark=self.mark,
                more=more,
            )
        )
        log = self.folder / f"sshd.{len(self.running)}.log"
        self.running.append(
            subprocess.Popen([SSHD, "-D", "-r", "-f", str(config), "-E", str(log)], env=os.environ | self.environment)
        )
        _wait_for(addresses[-1], port, log)


@contextmanager
def farm(folder: Path) -> Iterator[Farm]:
    """A farm for as long as the block runs. Needs OpenSSH's sshd, which wants /run/sshd when it runs as root."""
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    found = Farm(folder)
    try:
        yield found
    finally:
        found.stop()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _free(count: int) -> tuple[int, list[str]]:
    net = f"127.255.{random.randrange(256)}"
    port = free_port(f"{net}.1")
    return port, [f"127.{255 - i // 250}.{net.split('.')[2]}.{i % 250 + 1}" for i in range(count)]


def _wait_for(address: str, port: int, log: Path) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"sshd does not listen: {log.read_text()}")


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _environment(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return ""


def _below(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [below for child in children for below in (int(child), *_below(int(child)))]
    return []
