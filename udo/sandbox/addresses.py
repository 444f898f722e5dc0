"""One block of loopback addresses per sandbox, claimed for as long as it lives, handed out once each."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from udo.errors import UdoError

# Nothing is served here: the port only has to be the same for every sandbox on the machine.
GUARD_PORT = 28_127
# 127.1.0.0/16 is never claimed: worlds whose instances nobody can log in to need not.
UNCLAIMED = 1


class Block:
    """127.N.0.0/16: the addresses of one sandbox."""

    def __init__(self, number: int = UNCLAIMED, guard: socket.socket | None = None) -> None:
        self.network = IPv4Network(f"127.{number}.0.0/16")
        self._guard = guard
        self._free = self._addresses()

    @classmethod
    def claimed(cls) -> Block:
        """The first block nobody else on this machine has, guarded by a listening socket on its 127.N.0.1.

        Raises: UdoError.
        """
        for number in range(UNCLAIMED + 1, 255):
            guard = _listening(f"127.{number}.0.1", GUARD_PORT)
            if guard is not None:
                return cls(number, guard)
        raise UdoError(
            "no block of loopback addresses from 127.2.0.0/16 to 127.254.0.0/16 is free",
            hint=f"another program may listen on port {GUARD_PORT} of every address",
        )

    def next(self) -> str:
        """An address never given before.

        Raises: UdoError.
        """
        address = next(self._free, None)
        if address is None:
            raise UdoError(f"the sandbox has used up its addresses {self.network}", hint="stop it, and start it again")
        return str(address)

    def release(self) -> None:
        """Gives the block up for others."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def again(self) -> None:
        """Begins with the first address again, for a world that begins anew."""
        self._free = self._addresses()

    def _addresses(self) -> Iterator[IPv4Address]:
        # .0.1 is the guard's; the first and last of each 256 would look like network and broadcast addresses.
        return (host for host in self.network.hosts() if int(host) & 0xFFFF > 9 and 0 < int(host) & 0xFF < 255)


def _listening(address: str, port: int) -> socket.socket | None:
    guard = socket.socket()
    try:
        guard.bind((address, port))
        guard.listen(1)
    except OSError:
        guard.close()
        return None
    return guard
