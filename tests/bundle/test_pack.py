"""The archive of a bundle: the same bytes for the same listing, what programs unpack of it, and what is refused."""

from __future__ import annotations

import io
import os
import random
import shutil
import socket
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import examples

from udo.bundle import listing as listings
from udo.bundle.listing import listing
from udo.bundle.pack import pack
from udo.errors import Conflict, Refused, UdoError


def packed(folder: Path) -> bytes:
    out = io.BytesIO()
    size = pack(folder, listing(folder, anyway=True).sha256, out)
    assert size == len(out.getvalue())
    return out.getvalue()


def seen(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Everything in a folder: its mode, and what it holds or leads to."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        holds = os.readlink(path) if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()  # noqa: PTH115
        found[str(path.relative_to(folder))] = (0 if path.is_symlink() else mode, holds)
    return found


def unpacked(data: bytes, folder: Path) -> Path:
    """What `unzip` makes of it, called as CodeDeploy's agent does."""
    folder.mkdir()
    folder.with_suffix(".zip").write_bytes(data)
    words = ["unzip", "-qo", str(folder.with_suffix(".zip")), "-d", str(folder)]
    subprocess.run(words, check=True, capture_output=True, umask=0o022, env={"PATH": os.environ["PATH"], "LANG": "C"})
    return folder


def write(folder: Path, files: dict[str, bytes], modes: dict[str, int] | None = None) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod((modes or {}).get(name, 0o644))
    return folder


@pytest.mark.whole
def test_what_is_unpacked_is_what_was_packed(tmp_path: Path) -> None:
    rng = random.Random(1)
    words = [bytes(rng.choices(b"abcdef", k=5)) for _ in range(5000)]
    long = b" ".join(rng.choices(words, k=700_000))
    files = {
        "appspec.yml": b"version: 0.0\n",
        "bin/start": b"#!/bin/sh\n",
        "empty": b"",
        "long": long,
        "noise": rng.randbytes(3 * 1024**2 + 17),
        "short noise": rng.randbytes(900),
        "a block": long[: listings.BLOCK],
        "ä ü/$x'\"&;#.txt": b"x" * 5000,
        "back\\slash": b"y",
    }
    folder = write(tmp_path / "in", files, {"bin/start": 0o755, "empty": 0o600})
    (folder / "nothing").mkdir(mode=0o750)
    (folder / "current").symlink_to("./bin//start")
    (folder / "dangling").symlink_to("bin/none")
    (folder / "bin/up").symlink_to("../nothing")
    data = packed(folder)
    assert seen(unpacked(data, tmp_path / "out")) == seen(folder)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        kinds = {info.filename: info.compress_type for info in opened.infolist()}
        assert (kinds["long"], kinds["short noise"], kinds["empty"]) == (zipfile.ZIP_DEFLATED, 0, 0)


@pytest.mark.whole
def test_a_long_file_is_as_small_as_in_one_go(tmp_path: Path) -> None:
    rng = random.Random(2)
    words = [rng.randbytes(6).hex().encode() for _ in range(2000)]
    long = b" ".join(rng.choices(words, k=500_000))
    folder = write(tmp_path / "in", {"long": long})
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        made.writestr("long", long)
    assert len(packed(folder)) < 1.01 * len(whole.getvalue())


_names = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/;"), min_size=1, max_size=12
).filter(lambda name: name not in (".", "..", ".git", ".udoignore") and len(name.encode()) < 200)
_files = st.dictionaries(
    st.lists(_names, min_size=1, max_size=3).map("/".join), st.binary(max_size=300), min_size=1, max_size=6
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_files, modes=st.lists(st.sampled_from([0o644, 0o755, 0o600, 0o444])), seed=st.integers())
def test_the_same_listing_gives_the_same_bytes(
    files: dict[str, bytes], modes: list[int], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the times, the umask, the order in which files were made and the place they are in."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other") / "deeper"
    kept = dict(zip(files, modes, strict=False))
    try:
        write(one, files, kept)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return
    before = os.umask(0o077)
    try:
        order = list(files)
        random.Random(seed).shuffle(order)
        write(other, {name: files[name] for name in order}, kept)
    finally:
        os.umask(before)
    for path in one.rglob("*"):
        if path.is_dir():
            (other / path.relative_to(one)).chmod(stat.S_IMODE(path.stat().st_mode))
        os.utime(path, (seed % 1_000_000_000, 5))
    assert listing(one).sha256 == listing(other).sha256
    assert packed(one) == packed(other)
    out = tmp_path_factory.mktemp("out")
    assert seen(unpacked(packed(one), out / "x")) == seen(one)


def test_the_number_of_processors_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "in", {f"{number}": bytes([number]) * 3_000_000 for number in range(4)})
    many = packed(folder)
    monkeypatch.setattr("udo.bundle.pack._processors", lambda: 1)
    assert packed(folder) == many


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a").write_bytes(b"2"),
        lambda folder: (folder / "a").chmod(0o755),
        lambda folder: (folder / "a").rename(folder / "b"),
        lambda folder: (folder / "new").write_bytes(b""),
        lambda folder: (folder / "new").mkdir(),
        lambda folder: ((folder / "link").unlink(), (folder / "link").symlink_to("d/a")),
    ],
    ids=["content", "mode", "name", "file", "folder", "link"],
)
def test_another_listing_has_another_name(change: Callable[[Path], object], tmp_path: Path) -> None:
    folder = write(tmp_path, {"a": b"1", "d/a": b"1"})
    (folder / "link").symlink_to("a")
    before = listing(folder).sha256
    change(folder)
    assert listing(folder).sha256 != before


def test_parts_of_a_listing_do_not_run_into_each_other(tmp_path: Path) -> None:
    found = {listing(write(tmp_path / name, {name: b""})).sha256 for name in ("a", "ab", "file")}
    assert len(found) == 3


@pytest.mark.whole
def test_more_entries_than_a_plain_zip_counts(tmp_path: Path) -> None:
    for number in range(66):
        (tmp_path / f"in/{number}").mkdir(parents=True)
        for name in range(1000):
            os.close(os.open(tmp_path / f"in/{number}/{name}", os.O_CREAT))
    data = packed(tmp_path / "in")
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert len(opened.infolist()) == 66_066
    out = unpacked(data, tmp_path / "out")
    assert sum(len(names) for _, _, names in os.walk(out)) == 66_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "in", {"a": b"1", "z": b"2" * 10})


def test_what_cannot_be_sent_is_refused(folder: Path) -> None:
    def refused(says: str) -> None:
        with pytest.raises(Refused, match=says):
            listing(folder)

    os.mkfifo(folder / "pipe")
    refused("pipe is neither a file nor a link")
    (folder / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(folder)
        listening.bind("s")
        os.chdir(before)
        refused("in/s is neither a file nor a link")
    (folder / "s").unlink()
    strange = folder / os.fsdecode(b"caf\xe9")
    strange.touch()
    refused(r"the name 'caf\\xe9' is not UTF-8")
    strange.unlink()
    (folder / "a\nb").touch()
    refused(r"the name 'a\\nb' holds a control character")
    (folder / "a\nb").unlink()
    (folder / "a;12").touch()
    refused("unzip drops the end of the name a;12")
    (folder / "a;12").rename(folder / "a;1 ")
    assert listing(folder).files == 3
    (folder / "a;1 ").unlink()
    (folder / "link").symlink_to(os.fsdecode(b"\xff"))
    refused("link leads to a name that is not UTF-8")
    (folder / "link").unlink()
    for name in ("a", "z"):
        (folder / name).unlink()
    refused("holds no file that is not left out")


def test_more_than_the_sandbox_takes_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        file.truncate(2 * 1024**3)
    with pytest.raises(Refused, match="holds more than 2 GB"):
        listing(folder)


@pytest.mark.parametrize("target", ["/etc/hosts", "../out", "b/../../out", "chain"])
def test_a_link_that_leads_out_is_refused_unless_that_is_wanted(target: str, folder: Path) -> None:
    (folder / "b").mkdir()
    (folder / "link").symlink_to(target)
    (folder / "chain").symlink_to("../a")
    if target != "chain":
        (folder / "chain").unlink()
    with pytest.raises(Refused, match="is a link that leads out of the bundle"):
        listing(folder)
    assert listing(folder, anyway=True).files == (4 if target == "chain" else 3)


def test_a_file_that_is_not_let_read_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object, *_flags: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("udo.bundle.listing.os.open", denied)
    with pytest.raises(Refused, match="in/a cannot be read: Permission denied: leave it out"):
        listing(folder)


def _grown(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def _rewritten(path: Path) -> None:
    path.write_bytes(b"3" * path.stat().st_size)


def _piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _linked(path: Path) -> None:
    path.unlink()
    path.symlink_to("a")


CHANGES = [_grown, _rewritten, Path.unlink, _piped, _linked]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_a_file_that_changes_before_it_is_packed_is_noticed(change: Callable[[Path], None], folder: Path) -> None:
    before = listing(folder).sha256
    change(folder / "z")
    # What is listed anew is refused as ever: it may be a pipe by now.
    with pytest.raises((Conflict, Refused), match=r"changed since it|z changed|z vanished|z is neither") as caught:
        pack(folder, before, io.BytesIO())
    assert caught.value.hint


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_a_file_that_changes_while_others_are_packed_is_noticed(change: Callable[[Path], None], folder: Path) -> None:
    before = listing(folder).sha256
    told: list[int] = []

    def tell(count: int) -> None:
        if not told:
            change(folder / "z")
        told.append(count)

    with pytest.raises(Conflict, match=r"changed since it was looked at|z changed|z vanished"):
        pack(folder, before, io.BytesIO(), tell)


def test_a_file_that_changes_while_it_is_packed_is_named(folder: Path) -> None:
    (folder / "z").write_bytes(bytes(3 * listings.BLOCK))
    before = listing(folder).sha256

    def tell(count: int) -> None:
        if count == listings.BLOCK:
            with (folder / "z").open("ab") as file:
                file.write(b"more")

    with pytest.raises(Conflict, match="z changed while it was read"):
        pack(folder, before, io.BytesIO(), tell)


def test_a_disk_that_is_full_ends_it(folder: Path) -> None:
    (folder / "z").write_bytes(random.Random(3).randbytes(5_000_000))
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises((OSError, UdoError)):
        pack(folder, listing(folder).sha256, full)


def test_a_copy_of_a_bundle_is_the_same_bundle(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    assert packed(folder) == packed(tmp_path / "copy")
