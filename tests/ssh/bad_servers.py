"""Servers that behave badly, each at an address of its own: never answering, silent, hanging up, talking nonsense."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket], None]
Address = tuple[str, int]
# A port of its own.
ANYWHERE = ("127.0.0.1", 0)


@contextmanager
def unanswered(at: Address = ANYWHERE) -> Iterator[int]:
    """A port whose queue is full: the kernel leaves every further SYN without an answer."""
    with contextlib.ExitStack() as held:
        server = held.enter_context(socket.create_server(at, backlog=0))
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextmanager
def saying(data: bytes, then: str, at: Address = ANYWHERE) -> Iterator[int]:
    """A server that says this at once, then is silent, closes, resets, or says it for ever."""

    def answer(client: socket.socket) -> None:
        client.sendall(data)
        while then == "forever":
            client.sendall(data)
        _end(client, then)

    with _serving(answer, at) as port:
        yield port


@contextmanager
def cut_off(address: Address, after: int, then: str, at: Address = ANYWHERE) -> Iterator[int]:
    """A way to a real server that ends after so many of its bytes: silent, closed or reset."""

    def answer(client: socket.socket) -> None:
        with socket.create_connection(address) as real:
            _carry(client, real, after)
        _end(client, then)

    with _serving(answer, at) as port:
        yield port


@contextmanager
def trickling(address: Address, every: float, at: Address = ANYWHERE) -> Iterator[int]:
    """A way to a real server on which its bytes come one at a time."""

    def answer(client: socket.socket) -> None:
        with socket.create_connection(address) as real:
            _carry(client, real, 1 << 30, every)

    with _serving(answer, at) as port:
        yield port


@contextmanager
def reluctant(address: Address, closes: int, at: Address = ANYWHERE) -> Iterator[int]:
    """A way to a real server that closes the first so many connections at once."""
    left = iter(range(closes))

    def answer(client: socket.socket) -> None:
        if next(left, None) is None:
            with socket.create_connection(address) as real:
                _carry(client, real, 1 << 30)

    with _serving(answer, at) as port:
        yield port


def _carry(client: socket.socket, real: socket.socket, left: int, every: float = 0.0) -> None:
    pause = threading.Event()
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, real)
        selector.register(real, selectors.EVENT_READ, client)
        while left > 0:
            for key, _ in selector.select():
                from_server = key.fileobj is real
                size = 1 if every and from_server else min(left, 4096) if from_server else 4096
                data = key.fileobj.recv(size)  # type: ignore[union-attr]
                if not data:
                    return
                key.data.sendall(data)
                left -= len(data) if from_server else 0
                if every and from_server:
                    pause.wait(every)


def _end(client: socket.socket, then: str) -> None:
    if then == "silent":
        while client.recv(4096):
            pass
    if then == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def _serving(answer: Answer, at: Address) -> Iterator[int]:
    clients: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def one(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            answer(client)
        client.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                clients.append(client)
                threads.append(threading.Thread(target=one, args=(client,)))
                threads[-1].start()

    with socket.create_server(at, backlog=64) as server:
        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield server.getsockname()[1]
        finally:
            for held in (server, *clients):
                with contextlib.suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)
