"""What a hook sees as its file system: this machine's programs read-only, the instance's own folder over the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# What comes from this machine; everything else that stands at the top is the instance's own, or is not there.
SYSTEM = ("usr", "etc", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu")
# What the kernel shows; nothing is laid over it.
_KERNEL = ("dev", "proc", "sys")
# What an instance is born with, and the modes.
_BORN = {
    **dict.fromkeys(("mnt", "media", "var"), 0o755),
    **dict.fromkeys(("var/lib", "var/log", "var/cache", "var/spool", "var/opt", "opt", "srv", "home", "run"), 0o755),
    **dict.fromkeys(("tmp", "var/tmp"), 0o1777),
    "root": 0o700,
}
# Folders of more entries are shown by links: each mount makes the next one slower.
_MOST_MOUNTS = 300
_HOST = "/.udo/host"


def furnish(root: Path) -> None:
    """Gives an instance's folder what every Linux machine has at the top."""
    for path, mode in _BORN.items():
        if not (root / path).exists():
            (root / path).mkdir(parents=True)
            (root / path).chmod(mode)
    with suppress(FileExistsError):
        (root / "var/run").symlink_to("../run")
    for name in SYSTEM:
        top = Path("/", name)
        if top.is_symlink() and not (root / name).exists():
            # As this machine has it, so that both names lead to one place.
            (root / name).symlink_to(top.readlink())


def open_up(root: Path) -> None:
    """Makes every folder of an instance one that its owner may remove, whatever hooks have done to it."""
    for folder, names, _files in os.walk(root):
        for name in names:
            place = Path(folder, name)
            with suppress(OSError):
                if not place.is_symlink():
                    place.chmod(0o700)


def lend(root: Path, path: str) -> None:
    """Makes a folder of the system that this machine has, and an instance's folder does not, before files go there."""
    if Path("/") == root or path.lstrip("/").partition("/")[0] not in SYSTEM or not Path(path).is_dir():
        return
    here, there = root, Path("/")
    for part in Path(path).parts[1:]:
        here, there = here / part, there / part
        if here.is_symlink() or here.is_dir():
            continue
        here.mkdir()
        here.chmod(0o755)


def words(root: Path) -> list[str]:
    """The options of bubblewrap that lay an instance's folder over this machine."""
    found = ["--proc", "/proc", "--dev", "/dev", "--ro-bind-try", "/sys", "/sys"]
    for name in SYSTEM:
        found += _system(root, name)
    for child in _own(root):
        if child.is_dir() and not child.is_symlink():
            found += ["--bind", str(child), f"/{child.name}"]
    if (root / ".bin").is_dir():
        found += ["--ro-bind", str(root / ".bin"), "/.udo/bin"]
    return [*found, "--remount-ro", "/"]


def identity(root: Path) -> tuple[object, ...]:
    """What changes when those options have to: the folders and files that are mounted, by their inodes."""
    tops = [(child.name, child.lstat().st_ino) for child in _own(root)]
    return (*tops, *(pair for name in SYSTEM for pair in _inodes(root, name)))


def _own(root: Path) -> list[Path]:
    """What stands at the top of an instance's folder and comes from nowhere else."""
    return [child for child in sorted(root.iterdir()) if child.name not in (*SYSTEM, *_KERNEL) and child.name[0] != "."]


def _inodes(root: Path, path: str) -> Iterator[tuple[str, int]]:
    own = root / path
    if own.is_symlink() or not own.is_dir():
        return
    for child in sorted(own.iterdir()):
        name = f"{path}/{child.name}"
        yield name, child.lstat().st_ino
        if _shared(root, name):
            yield from _inodes(root, name)


def _shared(root: Path, path: str) -> bool:
    """Whether both this machine and the instance have a folder there."""
    both = (root / path, Path("/", path))
    return all(one.is_dir() and not one.is_symlink() for one in both)


def _system(root: Path, name: str) -> list[str]:
    top = Path("/", name)
    if top.is_symlink():
        return ["--symlink", str(top.readlink()), str(top)]
    own = root / name
    if own.is_dir() and any(own.iterdir()):
        return list(_laid_over(root, name)) if top.is_dir() else ["--bind", str(own), str(top)]
    return ["--ro-bind-try", str(top), str(top)]


def _laid_over(root: Path, path: str) -> Iterator[str]:
    """A folder of the system with the instance's own entries in it; new ones cannot be made."""
    top, own = Path("/", path), root / path
    ours = {child.name: child for child in own.iterdir()}
    theirs = [child for child in sorted(top.iterdir()) if child.name not in ours]
    many = len(theirs) > _MOST_MOUNTS
    yield from ("--tmpfs", str(top))
    if many:
        yield from ("--ro-bind", str(top), f"{_HOST}{top}")
    for child in theirs:
        if child.is_symlink():
            yield from ("--symlink", str(child.readlink()), str(child))
        elif many:
            yield from ("--symlink", f"{_HOST}{child}", str(child))
        elif child.is_dir() or child.is_file():
            yield from ("--ro-bind-try", str(child), str(child))
    for name, child in sorted(ours.items()):
        if _shared(root, f"{path}/{name}"):
            yield from _laid_over(root, f"{path}/{name}")
        elif child.is_symlink():
            yield from ("--symlink", str(child.readlink()), str(top / name))
        else:
            yield from ("--bind", str(child), str(top / name))
    yield from ("--remount-ro", str(top))
