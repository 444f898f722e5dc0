"""A host that says more than fits into memory: all of it shown or kept, the first line early, in flat memory."""

from __future__ import annotations

import selectors
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from fleet import WHOLE, Fleet
from whole import some

MB = 1 << 20
FLOOD = 1024 * MB if WHOLE else 40 * MB
LINE = "x" * 999
# What the flood may add to the most memory a run takes that says a line only.
ROOM = 16 * MB


def watched(process: subprocess.Popen[bytes], first: Callable[[], None] = lambda: None) -> tuple[int, int]:
    """The bytes a process writes and the most memory it has, looked at again and again; `first` is called early on."""
    size = most = 0
    with selectors.DefaultSelector() as selector:
        assert process.stdout
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            most = max(most, _peak(process.pid))
            if not selector.select(0.01):
                continue
            data = process.stdout.read1(MB)  # type: ignore[attr-defined]
            if not data:
                break
            if not size:
                first()
            size += len(data)
    assert process.wait(30) == 0
    return size, most


def _peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


@pytest.mark.whole
@pytest.mark.parametrize("via", ["paramiko", "openssh"] if WHOLE else ["paramiko"])
@pytest.mark.parametrize("options", some([("--outdir", "out"), ("-b",), ("-o", "json")], ("-b",)), ids=" ".join)
def test_a_flood_passes_in_flat_memory(
    fleet: Callable[..., Fleet], tmp_path: Path, options: tuple[str, ...], via: str
) -> None:
    made = fleet(1)
    end = tmp_path / "end"
    options = (*options, "--via", via)

    def early() -> None:
        assert not end.exists()

    live = not {"-b", "json"} & {*options}
    _, usual = watched(made.start(f"echo {LINE}", *options, "--yes"))
    flood = made.start(f"yes {LINE} | head -c {FLOOD}; touch {end}", *options, "--yes")
    size, most = watched(flood, early if live else lambda: None)
    assert end.exists()
    # As JSON the beginning is kept, 1 MB of a stream unless told otherwise.
    assert size > (MB if "json" in options else FLOOD)
    assert usual > 20 * MB
    assert most - usual < ROOM
    if "out" in options:
        (file,) = (tmp_path / "out").glob("*.stdout")
        assert file.stat().st_size == FLOOD
