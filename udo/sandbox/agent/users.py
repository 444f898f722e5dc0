"""The users and groups of a host: those of this machine, and those an instance has of its own."""

from __future__ import annotations

import grp
import pwd
from dataclasses import dataclass
from pathlib import Path

# Above those of any machine's own users.
_FIRST = 60_100


@dataclass(frozen=True)
class User:
    """A user as a host knows it."""

    uid: int
    home: str
    shell: str


def add_users(root: Path, names: tuple[str, ...]) -> None:
    """Gives an instance users that this machine does not have, each with a group and a home."""
    missing = [name for name in names if user(Path("/"), name) is None]
    if not missing:
        return
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc").chmod(0o755)
    numbers = list(enumerate(missing, _FIRST))
    lines = [f"{name}:*:{number}:{number}::/home/{name}:/bin/sh" for number, name in numbers]
    _write(root / "etc/passwd", Path("/etc/passwd"), lines)
    _write(root / "etc/group", Path("/etc/group"), [f"{name}:*:{number}:" for number, name in numbers])
    for name in missing:
        (root / "home" / name).mkdir(parents=True, exist_ok=True)
        (root / "home" / name).chmod(0o755)


def user(root: Path, name: str) -> User | None:
    """The user of that name."""
    own = _row(root / "etc/passwd", name)
    if own is not None:
        return User(int(own[2]), own[5], own[6])
    try:
        known = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    return User(known.pw_uid, known.pw_dir, known.pw_shell)


def group(root: Path, name: str) -> int | None:
    """The number of the group of that name."""
    own = _row(root / "etc/group", name)
    if own is not None:
        return int(own[2])
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        return None


def _write(place: Path, machine: Path, lines: list[str]) -> None:
    text = machine.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    place.write_text("\n".join([text, *lines, ""]), encoding="utf-8")
    place.chmod(0o644)


def _row(place: Path, name: str) -> list[str] | None:
    if not place.is_file() or place.is_symlink():
        return None
    for line in place.read_text(encoding="utf-8", errors="replace").splitlines():
        row = line.split(":")
        if row[0] == name and len(row) > 2 and row[2].isdigit():
            return [*row, "", "", "", ""]
    return None
