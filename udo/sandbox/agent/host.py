"""The machine an agent works on: an instance's folder taken for the root of a file system, or this machine itself."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from udo.bundle.failure import Failed
from udo.sandbox.agent.mounts import lend
from udo.sandbox.agent.users import user

# As many links as Linux follows in one path.
_MOST_LINKS = 40
_NO_LINK = (errno.EINVAL, errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)


@dataclass(frozen=True)
class Host:
    """A file system and what the agent's process has of it.

    `root` is the folder that stands for `/`; paths are resolved within it, whatever links say. `owners` False records
    owners and groups in `notes` and leaves the files with whoever runs the sandbox.
    """

    root: Path
    cwd: str = "/"
    home: str = "/root"
    environment: Mapping[str, str] = field(default_factory=dict)
    owners: bool = True
    notes: list[str] = field(default_factory=list)

    def real(self, path: str, *, follow: bool = True) -> Path:
        """Where a path of the host lies on this machine; with `follow` False a link at its end stays one.

        Raises: OSError where links go round in circles.
        """
        named = path if path.startswith("/") else f"{self.cwd}/{path}"
        return Path(named) if str(self.root) == "/" else self._resolved(named, follow)

    def expanded(self, path: str) -> str:
        """A path made absolute without looking, as Ruby's File.expand_path makes it.

        Raises: Failed where it begins with the home of an unknown user.
        """
        if path.startswith("~"):
            name, _, rest = path[1:].partition("/")
            path = f"{self._home_of(name)}/{rest}"
        named = os.path.normpath(path if path.startswith("/") else f"{self.cwd}/{path}")
        return "/" + named.lstrip("/")

    def lend(self, path: str) -> None:
        """Makes a folder that every machine has, such as /usr/local/bin, before somebody asks whether it is there."""
        lend(self.root, self.expanded(path))

    def exists(self, path: str) -> bool:
        """Whether something is there, at the end of all links."""
        return self._asked(path, Path.exists)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        return self._asked(path, Path.is_dir)

    def is_link(self, path: str) -> bool:
        """Whether a path is a link."""
        return self.real(path, follow=False).is_symlink()

    def names(self, path: str) -> list[str]:
        """The names in a folder, in no order."""
        try:
            return [child.name for child in self.real(path).iterdir()]
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            # Links that go round in circles end where the system follows no more of them.
            return []

    def note(self, told: str) -> None:
        """Keeps what the sandbox did otherwise than the real machine would have."""
        if told not in self.notes:
            self.notes.append(told)

    def _asked(self, path: str, question: Callable[[Path], bool]) -> bool:
        try:
            return question(self.real(path))
        except OSError:
            # Links that go round in circles lead nowhere.
            return False

    def _home_of(self, name: str) -> str:
        if not name:
            return self.home
        known = user(self.root, name)
        if known is None:
            raise Failed(f"user {name} doesn't exist")
        return known.home

    def _resolved(self, path: str, follow: bool) -> Path:
        left = [part for part in path.split("/") if part not in ("", ".")][::-1]
        here = [str(self.root)]
        links = 0
        while left:
            part = left.pop()
            if part == "..":
                here = here[:1] + here[1:-1]
                continue
            place = f"{here[-1]}/{part}"
            target = _link(place) if left or follow else None
            if target is None:
                here.append(place)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            here = here[:1] if target.startswith("/") else here
            left += [piece for piece in target.split("/") if piece not in ("", ".")][::-1]
        return Path(here[-1])


def _link(place: str) -> str | None:
    """Where a link leads; None for what is none, or not there. Raises: OSError."""
    try:
        # Asked for each part of each path: pathlib would take six times as long.
        return os.readlink(place)  # noqa: PTH115
    except ValueError:
        return None
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        return None


def make_folders(place: Path) -> None:
    """Makes a folder and those above it, as open to others as the agent makes them, whatever the umask here."""
    if not place.is_dir():
        make_folders(place.parent)
        place.mkdir(exist_ok=True)
        place.chmod(0o755)


def broken(error: OSError, where: str, path: str) -> Failed:
    """An error of the system as the agent reports it; `where` is the name that Ruby gives the place."""
    return Failed(f"{os.strerror(error.errno or 0)} @ {where} - {path}")
