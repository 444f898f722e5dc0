"""Puts hosts far away: a proxy at each of their addresses that hands every byte on a while later, both ways."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def far(addresses: Sequence[str], near: int, away: int, seconds: float) -> Iterator[None]:
    """What listens at port `near` of each address is met at port `away` too, with `seconds` more of a round trip.

    A process of its own, so that its work is nobody's cost here.
    """
    line = [sys.executable, __file__, str(near), str(away), str(seconds / 2), *addresses]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            if not process.stdout.readline():
                raise SystemExit("the hosts could not be put far away")
            yield
        finally:
            process.terminate()


class _Way(asyncio.Protocol):
    """One direction of a connection; bytes keep their order, and the end comes after them."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: deque[bytes] = deque()
        self.to: asyncio.Transport | None = None
        self.own: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.own = transport

    def data_received(self, data: bytes) -> None:
        self._due.append(data)
        asyncio.get_running_loop().call_later(self._seconds, self._hand_on)

    def connection_lost(self, exc: Exception | None) -> None:
        asyncio.get_running_loop().call_later(self._seconds, self._end)

    def _hand_on(self) -> None:
        data = self._due.popleft()
        if self.to and not self.to.is_closing():
            self.to.write(data)

    def _end(self) -> None:
        if self.to:
            self.to.close()


class _Arrival(_Way):
    """The client's side: opens the other one when a client comes, a little later as it is far away."""

    def __init__(self, address: str, port: int, seconds: float) -> None:
        super().__init__(seconds)
        self._address = (address, port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.own = transport
        # What comes before the other side is reached would have nowhere to go.
        transport.pause_reading()
        self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        await asyncio.sleep(self._seconds)
        back = _Way(self._seconds)
        back.to = self.own
        other, _ = await asyncio.get_running_loop().create_connection(lambda: back, *self._address)
        self.to = other
        if self.own and not self.own.is_closing():
            self.own.resume_reading()


async def _serve(near: int, away: int, seconds: float, addresses: Sequence[str]) -> None:
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_server(lambda address=address: _Arrival(address, near, seconds), address, away, backlog=128)
    print("ready", flush=True)
    while True:
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
