"""`make bench`: what Udo costs next to its peers, as ratios on the same machine and the same work."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import against
import copying
import deploy
import following
import peers
import reading
import sandbox
import ssh_fan_out
import ssm
import startup
from measuring import Row

PARTS = ("startup", "reading", "sandbox", "ssh", "ssm", "cp", "deploy")


def main() -> None:
    """Measures what is asked for and prints a table; nothing depends on its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to measure (default: all)")
    parser.add_argument("--rounds", type=int, default=11, help="how often, in turns")
    parser.add_argument("--against", metavar="COMMIT", help="measure that build too, in the same rounds")
    asked = parser.parse_args()
    parts = asked.parts or list(PARTS)
    print(f"{'what':<78} {'Udo':>8} {'peer':>8} {'ratio':>7}  wanted")
    with (
        tempfile.TemporaryDirectory(prefix="udo-bench-") as folder,
        against.build(asked.against, Path(folder)) as before,
    ):
        for row in _rows(parts, Path(folder), asked.rounds, before):
            print(_line(row), flush=True)


def _line(row: Row) -> str:
    mark = "" if row.kept else "  <-- not kept"
    return f"{row.what:<78} {row.ours:>8} {row.peer:>8} {row.ratio:>7.2f}  {row.wanted}{mark}"


def _rows(parts: list[str], folder: Path, rounds: int, before: Path | None) -> Iterator[Row]:
    if "startup" in parts:
        yield from startup.rows(folder, rounds, before)
    if "reading" in parts:
        yield from reading.rows(folder, peers.aws(), rounds, before)
    if "sandbox" in parts:
        yield from sandbox.rows(folder, peers.aws(), rounds, before)
    if "ssh" in parts:
        yield from ssh_fan_out.rows(folder / "ssh", min(rounds, 5), before)
    if "ssm" in parts:
        yield from ssm.rows(folder / "ssm", min(rounds, 3))
    if "cp" in parts:
        yield from copying.rows(folder / "cp", min(rounds, 5))
    if "deploy" in parts:
        yield from deploy.rows(folder / "deploy", min(rounds, 5))
        yield from following.rows(folder, peers.aws(), rounds)


if __name__ == "__main__":
    main()
