"""Archives of bundles: unpacked by the programs the agent itself calls, within bounds that protect this machine."""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from udo.bundle.failure import Failed
from udo.frozen import frozen

# What CodeDeploy takes on in the sandbox: more is a bomb, or would fill this machine's disk.
MOST_BYTES = 2 * 1024**3
MOST_ENTRIES = 100_000
MOST_LEVELS = 500
# Source: zlib.net, zlib_tech.html: deflate makes no more of a byte than this.
_MOST_INFLATED = 1032
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, zlib.error, ValueError, NotImplementedError)
_NO_ZIP = "Zip end of central directory signature not found"


@frozen
class Entry:
    """One entry of an archive; `kind` is file, folder, link, hardlink or special."""

    path: str
    kind: str
    size: int = 0
    target: str = ""


def unpack(bundle: Path, kind: str, folder: Path) -> None:
    """Unpacks a bundle (tar, tgz, zip; anything else is taken for tar) and drops a folder that all of it lies in.

    Raises: Failed.
    """
    refuse_dangerous(bundle)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    if kind == "zip":
        _unzip(bundle, folder)
    else:
        ended = _ended(["tar", "-zxpsf" if kind == "tgz" else "-xpsf", str(bundle.absolute())], folder)
        if ended:
            raise Failed(f"Error extracting tar archive: {ended}")
    _drop_top(folder)


def refuse_dangerous(bundle: Path) -> None:
    """Refuses what would harm this machine; what is no archive at all is left to the programs to complain about.

    Raises: Failed.
    """
    outward: set[str] = set()
    total = number = 0
    refuse_lies(bundle)
    for entry in entries(bundle):
        number, total = number + 1, total + entry.size
        if number > MOST_ENTRIES:
            raise Failed(f"The bundle holds more than {MOST_ENTRIES:,} entries: the sandbox does not unpack it")
        if total > MOST_BYTES:
            raise Failed(
                f"The bundle is larger than {MOST_BYTES // 1024**3} GB unpacked: the sandbox does not unpack it"
            )
        if entry.path.count("/") > MOST_LEVELS:
            raise Failed(
                f"The bundle holds folders more than {MOST_LEVELS} levels deep: the sandbox does not unpack it"
            )
        if entry.kind == "special":
            raise Failed(f"The bundle holds a device, a pipe or a socket: {entry.path}")
        if _leads_out(entry.path) or (entry.kind == "hardlink" and _leads_out(entry.target)):
            raise Failed(f"The bundle holds a path that leads out of it: {entry.path}")
        if any(above in outward for above in _above(entry.path)):
            raise Failed(f"The bundle holds a path that leads out of it by a link: {entry.path}")
        if entry.kind == "link" and _link_leads_out(entry):
            outward.add(posixpath.normpath(entry.path.lstrip("/")))


def refuse_lies(bundle: Path) -> None:
    """Refuses a zip that holds more than it says, where that could be much: unzip writes all of it.

    Raises: Failed.
    """
    if not zipfile.is_zipfile(bundle):
        return
    harmless = {zipfile.ZIP_STORED}
    if bundle.stat().st_size * _MOST_INFLATED <= MOST_BYTES:
        harmless.add(zipfile.ZIP_DEFLATED)
    try:
        with zipfile.ZipFile(bundle) as opened:
            for info in opened.infolist():
                if info.compress_type not in harmless and _is_longer(opened, info):
                    raise Failed(
                        f"The bundle holds more of {info.filename} than it says: the sandbox does not unpack it"
                    )
    except (*_BROKEN, RuntimeError):
        return


def _is_longer(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    said, count = info.file_size, 0
    # By itself the library reads no further than is said.
    info.file_size = MOST_BYTES
    with opened.open(info) as read:
        while count <= said and (piece := read.read(1024 * 1024)):
            count += len(piece)
    return count > said


def entries(bundle: Path) -> Iterator[Entry]:
    """The entries of an archive, as far as it can be read."""
    if zipfile.is_zipfile(bundle):
        yield from _zip_entries(bundle)
        return
    try:
        with tarfile.open(bundle) as opened:
            for member in opened:
                yield Entry(member.name, _tar_kind(member), member.size, member.linkname)
    except _BROKEN:
        return


def _zip_entries(bundle: Path) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(bundle) as opened:
            for info in opened.infolist():
                path = info.filename.replace("\\", "/")
                is_link = stat.S_ISLNK(info.external_attr >> 16)
                target = opened.read(info).decode("utf-8", "replace") if is_link and info.file_size < 4096 else ""
                kind = "link" if is_link else "folder" if path.endswith("/") else "file"
                yield Entry(path, kind, info.file_size, target)
    except (*_BROKEN, RuntimeError):
        return


def _tar_kind(member: tarfile.TarInfo) -> str:
    if member.isreg():
        return "file"
    if member.isdir():
        return "folder"
    return "link" if member.issym() else "hardlink" if member.islnk() else "special"


def _leads_out(path: str) -> bool:
    return ".." in path.split("/")


def _link_leads_out(entry: Entry) -> bool:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path.lstrip("/")), entry.target))
    return entry.target.startswith("/") or target == ".." or target.startswith("../")


def _above(path: str) -> Iterator[str]:
    parts = posixpath.normpath(path.lstrip("/")).split("/")
    yield from ("/".join(parts[:count]) for count in range(1, len(parts)))


def _unzip(bundle: Path, folder: Path) -> None:
    ended = _ended(["unzip", "-qo", str(bundle.absolute()), "-d", str(folder)], folder)
    if ended == 50:
        shutil.rmtree(folder)
        raise Failed("The disk is (or was) full during extraction.")
    if ended:
        _unzip_again(bundle, folder)


def _unzip_again(bundle: Path, folder: Path) -> None:
    """Unpacks with a second library over what the first has left, as the agent does after any warning."""
    if not zipfile.is_zipfile(bundle):
        raise Failed(_NO_ZIP)
    try:
        with zipfile.ZipFile(bundle) as opened:
            for info in opened.infolist():
                _unzip_entry(opened, info, folder)
    except (*_BROKEN, RuntimeError) as error:
        raise Failed(str(error) or _NO_ZIP) from error


def _unzip_entry(opened: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    place = folder / info.filename.lstrip("/")
    inside = Path(os.path.realpath(place.parent)).is_relative_to(os.path.realpath(folder))
    if not inside or stat.S_ISLNK(info.external_attr >> 16):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if info.filename.endswith("/"):
        place.mkdir(exist_ok=True)
    elif not place.is_symlink():
        with opened.open(info) as read, place.open("wb") as written:
            shutil.copyfileobj(read, written)


def _drop_top(folder: Path) -> None:
    """Drops the one folder that holds everything, if it holds something that is called an appspec."""
    found = [child.name for child in folder.iterdir()]
    top = folder / found[0] if len(found) == 1 else folder
    if top == folder or not top.is_dir() or top.is_symlink():
        return
    if not any("appspec" in name.lower() for name in [child.name for child in top.iterdir()]):
        return
    aside = folder.with_name("deployment-archive-temp")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    (aside / found[0]).rename(folder)
    aside.rmdir()


def _ended(words: list[str], folder: Path) -> int:
    """The exit status of a program, with the agent's umask; 127 where this machine does not have it."""
    try:
        ended = subprocess.run(
            words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, umask=0o022
        )
    except FileNotFoundError as error:
        raise Failed(f"This machine has no {words[0]}, which unpacks the bundle: install it") from error
    return ended.returncode
