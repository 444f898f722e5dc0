"""What deploying costs: a bundle packed, next to `zip` at the same level on the same files."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measuring import Candidate, Row, at_most, memory, run

FILES, BYTES = 5000, 200_000_000
MOST_MB = 64
# What `deploy --bundle` does before and at its upload: the listing that gives the name, then the archive.
_PACK = """
import sys
from pathlib import Path
from udo.bundle.listing import listing
from udo.bundle.pack import LEVEL, pack
if len(sys.argv) > 2:
    found = listing(Path(sys.argv[1]))
    with open(sys.argv[2], "w+b") as out:
        print(pack(found.folder, found.sha256, out))
"""


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """The measures of deploying next to what is wanted of them."""
    yield from _bundling(folder, rounds)


def _bundling(folder: Path, rounds: int) -> Iterator[Row]:
    if not shutil.which("zip"):
        print("zip is not there: not compared", file=sys.stderr)
        return
    from udo.bundle.pack import LEVEL

    _write(folder / "tree")
    env = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    ours = Candidate("udo", ((sys.executable, "-c", _PACK, str(folder / "tree"), str(folder / "ours.zip")),), env)
    zip_line = ("zip", "-r", "-q", f"-{LEVEL}", str(folder / "zip.zip"), ".")
    peer = Candidate("zip", (zip_line,), {}, folder / "tree")
    walls: dict[str, list[float]] = {"udo": [], "zip": []}
    spent: dict[str, list[float]] = {"udo": [], "zip": []}
    for _ in range(rounds):
        for one in (ours, peer):
            for made in folder.glob("*.zip"):
                made.unlink()
            cost = run(one.lines[0], one)
            walls[one.name].append(cost.wall / 1000)
            spent[one.name].append(cost.cpu / 1000)
    what = f"packing {FILES:,} files of {BYTES // 10**6} MB at level {LEVEL}"
    for name, of in (("wall", walls), ("CPU", spent)):
        most = 1.0 if name == "wall" else 1.25
        yield at_most(
            f"{what} / zip ({name})", statistics.median(of["udo"]), statistics.median(of["zip"]), most, most, "s"
        )
    idle = memory((*ours.lines[0][:3],), ours)
    held = memory(ours.lines[0], ours) - idle
    yield Row(f"memory over idle of {what}", f"{held:.0f} MB", "", held / MOST_MB, f"< {MOST_MB} MB", held < MOST_MB)
    subprocess.run(["unzip", "-qt", str(folder / "ours.zip")], check=True, stdout=subprocess.DEVNULL)


def _write(folder: Path) -> None:
    """A tree as of an application: mostly text, some of it noise, most files small and a few large."""
    rng = random.Random(5)
    words = [rng.randbytes(rng.randint(1, 5)).hex().encode() for _ in range(4000)]
    pages = [b" ".join(rng.choices(words, k=20_000)) for _ in range(20)]
    left = BYTES
    for number in range(FILES):
        path = folder / f"part{number % 83}" / f"deeper{number % 7}" / f"file{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = left if number == FILES - 1 else min(left, int(rng.paretovariate(1.2) * 8000))
        start = rng.randrange(10_000)
        text = (pages[number % 20][start:] * (size // 100_000 + 2))[:size]
        path.write_bytes(rng.randbytes(size) if number % 10 == 0 and size < 10**6 else text)
        left -= size
    os.sync()
