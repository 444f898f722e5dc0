"""A bundle as it is given to be looked at: a folder, or an archive that is unpacked aside."""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from udo.bundle.archive import MOST_BYTES, MOST_ENTRIES, MOST_LEVELS, unpack
from udo.bundle.failure import Failed
from udo.bundle.included import included
from udo.errors import Absent, UdoError, UsageError
from udo.frozen import frozen

ARCHIVE = "/bundle/deployment-archive"
_TOP = (
    *("bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys"),
    *("tmp", "usr", "var"),
)
_BELOW = {
    "usr": ("bin", "lib", "local", "local/bin", "local/lib", "local/share", "sbin", "share"),
    "var": ("cache", "lib", "log", "opt", "run", "spool", "tmp"),
}
# Nothing can be below it.
_NOWHERE = Path(os.devnull)
_SYSTEM = frozenset(
    ("/", *(f"/{name}" for name in _TOP), *(f"/{top}/{name}" for top, names in _BELOW.items() for name in names))
)


@frozen
class Contents:
    """What lies in a bundle; `base` is where on this machine, `label` what it is called.

    One that is `shallow` is a working copy, in which much lies that is never sent: its folders are not looked into.
    With `only` nothing else of what lies there is sent: paths below `base`, without links on their way.
    """

    base: Path
    label: str
    packed: str = ""
    backslashes: bool = False
    shallow: bool = False
    only: frozenset[str] | None = None

    def expanded(self, path: str) -> str:
        """A path made absolute, for an agent that is root and works in /. Raises: Failed."""
        if path.startswith("~"):
            name, _, rest = path[1:].partition("/")
            if name and name != "root":
                raise Failed(f"user {name} doesn't exist")
            path = f"/root/{rest}"
        return "/" + os.path.normpath(f"/{path}").lstrip("/")

    def lend(self, path: str) -> None:
        """Has nothing to make: what every machine has is known."""

    def exists(self, path: str) -> bool:
        """Whether something is there on a machine that has nothing but its system and the bundle."""
        return there(self.place(path)) if path.startswith(ARCHIVE) else self.is_folder(path)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there; where a link leads out of the bundle, nobody knows what the host has."""
        if path.startswith(ARCHIVE):
            place = self.place(path)
            return there(place) and place.is_dir() and not (place.is_symlink() and self._leads_out(place))
        return not path.startswith("~") and self.expanded(path) in _SYSTEM

    def is_link(self, path: str) -> bool:
        """Whether a path of the bundle is a link."""
        return self.place(path).is_symlink()

    def names(self, path: str) -> list[str]:
        """The names in a folder of the bundle, sorted so that findings come in the same order."""
        if self.shallow:
            return []
        return [child.name for child in self.children(self.place(path))]

    def children(self, folder: Path) -> list[Path]:
        """What is in a folder of the bundle, in order."""
        return sorted(child for child in folder.iterdir() if self._is_sent(child))

    def _leads_out(self, place: Path) -> bool:
        return not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(self.base))

    def place(self, path: str) -> Path:
        """Where on this machine a path of the unpacked bundle is; what is not sent is nowhere."""
        place = self.base / path.removeprefix(ARCHIVE).lstrip("/")
        return place if self._is_sent(place) else _NOWHERE / place.name

    def _is_sent(self, place: Path) -> bool:
        if self.only is None:
            return True
        base = os.path.realpath(self.base)
        # Of a path only what it leads through is followed: a link is sent as one.
        normal = os.path.normpath(place)
        real = os.path.join(os.path.realpath(os.path.dirname(normal)), os.path.basename(normal))  # noqa: PTH118, PTH119, PTH120
        if real == base or normal == os.path.normpath(self.base) or not real.startswith(f"{base}/"):
            return True
        return real[len(base) + 1 :] in self.only

    def walked(self) -> Iterator[Path]:
        """Everything in it but the folders. Raises: UdoError where there is too much, or some cannot be read."""
        if self.only is not None:
            yield from (self.base / path for path in sorted(self.only) if not _is_folder(self.base / path))
            return
        count = 0
        for folder, folders, names in os.walk(self.base, onerror=_refuse):
            if folder.count("/") - str(self.base).count("/") > MOST_LEVELS:
                raise UdoError(f"{self.label} holds folders more than {MOST_LEVELS} levels deep")
            count += len(folders)
            for name in sorted(names):
                count += 1
                if count > MOST_ENTRIES:
                    raise UdoError(f"{self.label} holds more than {MOST_ENTRIES:,} files and folders")
                yield Path(folder, name)


def there(place: Path) -> bool:
    """Whether something is at a place, at the end of all links; what is no name at all is nowhere."""
    try:
        return place.exists()
    except OSError:
        # A name that is too long.
        return False


@contextmanager
def opened(path: Path, *, shallow: bool = False) -> Iterator[Contents]:
    """The contents of a folder or an archive, as long as the block runs.

    Raises: UsageError, Absent, another UdoError; Failed where an archive cannot be unpacked.
    """
    try:
        kind = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"{path}: there is no such file or folder", hint="--bundle names a bundle") from error
    except OSError as error:
        raise Absent(f"{path} cannot be read: {os.strerror(error.errno or 0)}") from error
    if stat.S_ISDIR(kind.st_mode):
        yield Contents(path, str(path), shallow=True) if shallow else _folder(path)
        return
    if not stat.S_ISREG(kind.st_mode):
        raise UdoError(f"{path} is neither a folder nor an archive")
    if kind.st_size > MOST_BYTES:
        raise UdoError(f"{path} is larger than {MOST_BYTES // 1024**3} GB: it is not looked into")
    if not os.access(path, os.R_OK):
        raise UdoError(f"{path} cannot be read: {os.strerror(13)}")
    with tempfile.TemporaryDirectory(prefix="udo-bundle-", ignore_cleanup_errors=True) as aside:
        packed = kind_of(path)
        base = Path(aside, "deployment-archive")
        unpack(path, packed, base)
        yield Contents(base, str(path), packed, packed == "zip" and _has_backslashes(path))


def kind_of(path: Path) -> str:
    """The kind of an archive by its name, else by what it holds: zip, tgz or tar."""
    name = path.name.lower()
    if name.endswith((".tgz", ".tar.gz")):
        return "tgz"
    if name.endswith((".zip", ".tar")):
        return name.rpartition(".")[2]
    return "zip" if zipfile.is_zipfile(path) else "tar"


def _folder(path: Path) -> Contents:
    """A folder as an archive made of what is sent of it: if that is one folder with an appspec, it is stripped."""
    only = frozenset(found.path for found in included(path))
    tops = [one for one in only if "/" not in one]
    if not tops:
        raise UdoError(f"{path} is empty: there is no bundle in it")
    below = frozenset(one.partition("/")[2] for one in only if "/" in one)
    if len(tops) == 1 and any("appspec" in one.lower() for one in below if "/" not in one):
        return Contents(path / tops[0], str(path), only=below)
    return Contents(path, str(path), only=only)


def _is_folder(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()


def _has_backslashes(path: Path) -> bool:
    with zipfile.ZipFile(path) as packed:
        return any("\\" in name for name in packed.namelist())


def _refuse(error: OSError) -> None:
    raise UdoError(f"{error.filename} cannot be read: {os.strerror(error.errno or 0)}") from error
