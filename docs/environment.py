"""Makes .venv from requirements.lock alone, with Udo in it, and shows how far that is; run by `make`, in the clone."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

LOCK = Path("requirements.lock")
PIP = [".venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
LAST = 20


class Status:
    """One line of a terminal that is rewritten twice a second; elsewhere nothing."""

    def __init__(self, total: int) -> None:
        self.total, self.fetched, self.says = total, 0, ""
        self._start = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Takes the line away; gives the seconds it took."""
        self._ended.set()
        self._thread.join()
        return time.monotonic() - self._start

    def _show(self) -> None:
        while not self._ended.wait(0.5):
            if sys.stdout.isatty():
                # pip says nothing while it unpacks; what it has unpacked is seen.
                unpacked = len(list(Path(".venv").glob("lib/python*/site-packages/*.dist-info")))
                bar = "#" * round(min(1.0, (self.fetched + unpacked) / (2 * self.total)) * 20)
                told = f"{self.says}  {unpacked}/{self.total} in place  ({time.monotonic() - self._start:.0f} s)"
                sys.stdout.write(f"\r\x1b[2K  {bar:<20}  {told[:55]}")
                sys.stdout.flush()
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[2K")
            sys.stdout.flush()


def run(argv: Sequence[str], status: Status) -> int:
    """Runs a program and counts the packages it speaks of; where it fails, its last lines are shown."""
    said: deque[str] = deque(maxlen=LAST)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            said.append(line)
            # One each while packages are fetched; then all are unpacked.
            if found := re.match(r"(?:Collecting|Processing|Requirement already satisfied:) ([^\s=<>!~\[]+)", line):
                status.fetched, status.says = status.fetched + 1, f"fetching {found[1].rpartition('/')[2]}"
            elif line.startswith("Installing collected"):
                status.says = "unpacking"
    if process.returncode:
        status.end()
        sys.stderr.writelines(said)
    return process.returncode


def main() -> int:
    """Makes the environment; its exit code is that of the first program that fails."""
    total = len(re.findall(r"^[A-Za-z0-9]\S*==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    print(f"making .venv (once): {total} packages", flush=True)
    status = Status(total)
    for says, argv in (
        ("the environment", [sys.executable, "-m", "venv", ".venv"]),
        ("packages", [*PIP, "--require-hashes", "-r", str(LOCK)]),
        ("udo itself", [*PIP, "--no-deps", "--no-build-isolation", "--no-index", "-e", "."]),
    ):
        status.says = says
        if code := run(argv, status):
            return code
    print(f".venv is made ({status.end():.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
