"""The environments of the clients, made once in .venv-foreign from what their locks name."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".venv-foreign"
# What the packages of the JavaScript SDK ask for.
NODE = 20


class Missing(Exception):
    """A client that cannot be had on this machine, and why."""


def python(client: str) -> Path:
    """The environment of a client's Python packages.

    Raises: Missing where pip cannot install them.
    """
    lock, place = HERE / client / "requirements.lock", FOLDER / client

    def install() -> None:
        _run([sys.executable, "-m", "venv", "--clear", str(place)])
        pip = [str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        _run([*pip, "--require-hashes", "-r", str(lock)])

    _once(place, [lock], install)
    return place


def node_modules(client: str) -> tuple[Path, Path]:
    """A node new enough, this machine's or else one from a wheel, and the folder with a client's packages.

    Raises: Missing where there is neither, or npm cannot install the packages.
    """
    program = _node() or python(client) / "bin/node"
    place = FOLDER / f"{client}-modules"
    sources = [HERE / client / name for name in ("package.json", "package-lock.json")]

    def install() -> None:
        place.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copy(source, place)
        env = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
        words = [str(program.with_name("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        _run(words, folder=place, env=env)

    _once(place, sources, install)
    return program, place / "node_modules"


def _node() -> Path | None:
    """This machine's, where npm stands beside it."""
    found = shutil.which("node")
    if not found or not Path(found).with_name("npm").exists():
        return None
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", told)
    return Path(found) if version and int(version[1]) >= NODE else None


def _once(place: Path, sources: Sequence[Path], install: Callable[[], None]) -> None:
    """Installs where what the sources hold is not what is installed."""
    wanted = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    ready = place / "ready"
    if not ready.exists() or ready.read_text() != wanted:
        print(f"making {place.relative_to(FOLDER.parent)} (once)\n", end="", flush=True)
        install()
        ready.write_text(wanted)


def _run(words: Sequence[str], folder: Path | None = None, env: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Missing(str(error)) from error
    if done.returncode:
        told = [line for line in (done.stderr or done.stdout).splitlines() if not line.startswith("WARNING")]
        raise Missing(f"{Path(words[0]).name} ended with {done.returncode}: {' / '.join(told[:3])}")
