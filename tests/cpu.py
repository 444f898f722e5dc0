"""Runs a command and says, in one last line, how many CPU minutes it took with all it started: `cpu.py COMMAND ...`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence


def minutes() -> float:
    """User and system time of this process and of its children that have ended."""
    used = os.times()
    return (used.user + used.system + used.children_user + used.children_system) / 60


def main(words: Sequence[str]) -> int:
    """The exit code of the command."""
    ended = subprocess.run(words, check=False).returncode
    print(f"{minutes():.2f} CPU minutes")
    # As a shell says of a command that a signal ended.
    return ended if ended >= 0 else 128 - ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
