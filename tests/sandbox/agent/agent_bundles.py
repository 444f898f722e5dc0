"""Builds the bundles of agent-cases.yml, in every form that the agent is given them."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# What archives say of the age of their files.
MADE = datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)


def fetcher(bundle: Mapping[str, Any], fill: Callable[[str], str], folder: Path) -> Callable[[Path], None]:
    """What puts the bundle of a case where the agent asks for it; texts go through `fill`."""
    entries = [_filled(entry, bundle.get("top", ""), fill) for entry in bundle.get("entries", ())]
    match bundle["form"]:
        case "directory":
            _build_folder(folder, entries)
            return lambda place: _copy_folder(folder, place)
        case "raw":
            data = fill(bundle["content"]).encode()
        case "zip":
            data = _zip(entries, bundle)
        case form:
            data = _tar(entries, "w:gz" if form == "tgz" else "w")
    return lambda place: _write(place, data)


def build(folder: Path, entry: Mapping[str, Any]) -> None:
    """Makes one entry below a folder."""
    place = folder / entry["path"]
    place.parent.mkdir(parents=True, exist_ok=True)
    match entry["type"]:
        case "dir":
            place.mkdir(exist_ok=True)
        case "symlink":
            place.symlink_to(entry["target"])
            return
        case "hardlink":
            place.hardlink_to(folder / entry["target"])
            return
        case _:
            place.write_text(entry.get("content") or "", encoding="utf-8")
    place.chmod(int(entry.get("mode", "0755"), 8))


def _write(place: Path, data: bytes) -> None:
    place.write_bytes(data)


def _filled(entry: Mapping[str, Any], top: str, fill: Callable[[str], str]) -> dict[str, Any]:
    made = {**entry, "path": top + entry["path"]}
    for key in ("content", "target"):
        if key in entry:
            made[key] = fill(entry[key] or "")
    return made


def _build_folder(folder: Path, entries: list[dict[str, Any]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for entry in entries:
        build(folder, entry)


def _copy_folder(origin: Path, place: Path) -> None:
    """As Ruby's FileUtils.cp_r does it: modes stay, owners and times do not."""
    place.mkdir()
    for child in origin.iterdir():
        target = place / child.name
        if child.is_symlink():
            target.symlink_to(child.readlink())
        elif child.is_dir():
            _copy_folder(child, target)
        else:
            target.write_bytes(child.read_bytes())
            target.chmod(stat.S_IMODE(child.stat().st_mode))


def _folders(entries: list[dict[str, Any]]) -> Iterator[str]:
    known = {entry["path"].rstrip("/") for entry in entries}
    for entry in entries:
        parts = entry["path"].split("/")[:-1]
        for count in range(1, len(parts) + 1):
            path = "/".join(parts[:count])
            if path not in known and path not in ("", "."):
                known.add(path)
                yield path


def _tar(entries: list[dict[str, Any]], how: str) -> bytes:
    kept = io.BytesIO()
    made: Any = tarfile.open(fileobj=kept, mode=how)  # noqa: SIM115 - closed before it is read
    kinds = {"dir": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE}
    for path in _folders(entries):
        entries = [{"path": path, "type": "dir", "mode": "0755"}, *entries]
    for entry in sorted(entries, key=lambda one: one["type"] != "dir"):
        info = tarfile.TarInfo(entry["path"])
        info.type = kinds.get(entry["type"], tarfile.REGTYPE)
        info.mode = int(entry.get("mode", "0777"), 8)
        info.mtime = int(MADE.timestamp())
        info.uid, info.gid = os.getuid(), os.getgid()
        info.linkname = entry.get("target", "")
        content = (entry.get("content") or "").encode()
        info.size = len(content) if entry["type"] == "file" else 0
        made.addfile(info, io.BytesIO(content))
    made.close()
    return kept.getvalue()


def _zip(entries: list[dict[str, Any]], bundle: Mapping[str, Any]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as made:
        for entry in entries:
            path = entry["path"].replace("/", "\\") if bundle.get("backslash") else entry["path"]
            kind = {"dir": stat.S_IFDIR, "symlink": stat.S_IFLNK}.get(entry["type"], stat.S_IFREG)
            info = zipfile.ZipInfo(path + ("/" if entry["type"] == "dir" else ""), MADE.timetuple()[:6])
            # 0 is DOS, which knows no modes.
            info.create_system = 0 if bundle.get("dos") else 3
            info.external_attr = 0x20 if bundle.get("dos") else (kind | int(entry.get("mode", "0777"), 8)) << 16
            made.writestr(info, entry.get("target") or entry.get("content") or "")
    return kept.getvalue()
