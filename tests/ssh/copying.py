"""Copies to and from hosts of a farm, as the tests ask for them."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from homes import homes
from sshd_farm import Farm, free_port

from udo import ssh
from udo.change.events import HostDone, Line

SUMS = "xargs -0 sha256sum --"


def hosts(farm: Farm, folder: Path, count: int = 1, begin: str = "", run: str = "") -> dict[str, ssh.Target]:
    """So many hosts, by the folder that a login begins in; the rest as in `homes`."""
    net = int.from_bytes(os.urandom(1))
    addresses = [f"127.254.{net}.{number + 1}" for number in range(count)]
    targets = farm.at(addresses, free_port(addresses[0]), more=homes(folder, addresses, begin, run))
    return {str(folder / address): target for address, target in zip(addresses, targets, strict=True)}


@contextmanager
def public() -> Iterator[Path]:
    """A folder that any account can write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@contextmanager
def begun(folder: Path, change: Callable[[], None]) -> Iterator[None]:
    """Makes the change once something is in a file with a temporary name somewhere in the folder."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.005):
            with suppress(OSError):
                if any(path.stat().st_size for path in folder.rglob(".udo-cp-*")):
                    change()
                    return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def copy(
    targets: Sequence[ssh.Target], via: str, sources: Sequence[str | bytes], to: str | Path, **more: Any
) -> tuple[Mapping[str, HostDone], list[str]]:
    """How each host ended by its id, and what was said of single files."""
    options = {name: more.pop(name) for name in list(more) if name in ("timeout", "fanout", "idle_timeout")}
    named = tuple(os.fsdecode(one) for one in sources)
    given = ssh.Copy(named, str(to), **{"sums": SUMS, **more})
    through = [replace(one, via=via) for one in targets]
    events = list(ssh.fan_out(through, "", ssh.Options(**options, copy=given), lambda _: None))
    ended = {event.instance_id: event for event in events if isinstance(event, HostDone)}
    said = [os.fsdecode(event.data) for event in events if isinstance(event, Line)]
    assert set(ended) == {one.instance_id for one in targets}
    return ended, said


def held(folder: str | Path) -> dict[bytes, tuple[int, bytes | None]]:
    """All that a folder holds, by its path below it: permissions, and what a file says or where a link leads."""
    found: dict[bytes, tuple[int, bytes | None]] = {}
    root = os.fsencode(folder)
    for path, folders, files in os.walk(root):
        for name in (*folders, *files):
            full = os.path.join(path, name)  # noqa: PTH118 - names of bytes
            mode = os.lstat(full).st_mode
            key = full[len(root) + 1 :]
            if os.path.islink(full):  # noqa: PTH114 - names of bytes
                found[key] = (0, os.readlink(full))  # noqa: PTH115 - names of bytes
            elif name in folders:
                found[key] = (mode & 0o777, None)
            else:
                with open(full, "rb") as file:  # noqa: PTH123 - names of bytes
                    found[key] = (mode & 0o777, file.read())
    return found
