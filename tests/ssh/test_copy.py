"""Files to and from real servers: every name and tree arrives as it is, whole or not at all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from copying import begun, copy, held, hosts, public
from sshd_farm import Farm
from whole import some

from udo import ssh
from udo.ssh.copy.pace import Pace

VIA = some(("openssh", "paramiko"), "openssh", "paramiko")
# Root may write anywhere.
NOBODY = "" if os.getuid() else "setpriv --reuid=65534 --regid=65534 --clear-groups"
ONE = some(("openssh", "paramiko"), "openssh")
NAMES = (
    b"plain",
    b"with space",
    b" leading",
    b"trailing ",
    b"-rf",
    b"--",
    b"'single'",
    b'"double"',
    b"new\nline",
    b"carriage\rreturn",
    b"tab\there",
    b"back\\slash",
    b"\\",
    b"star*",
    b"what?",
    b"[a-z]",
    b"$HOME",
    b"`id`",
    b"$(id)",
    b"semi;colon",
    b"a|b>c<d&e",
    b"#hash",
    b"~",
    b"~root",
    b"!bang",
    b"{a,b}",
    b"%s%n",
    b"colon:name",
    b".hidden",
    b"...",
    b"\xc3\xa4\xc3\xb6",
    b"e\xcc\x81",
    b"\xff\xfe latin",
    b"\x01\x1b[31m",
    b"\x7f",
    b"n" * 255,
)


@pytest.fixture
def place(farm: Farm, tmp_path: Path) -> tuple[Path, ssh.Target]:
    """A host of its own, and where its logins begin."""
    ((folder, target),) = hosts(farm, tmp_path / "hosts").items()
    return Path(folder), target


def tree(folder: Path) -> Path:
    """A tree with all the names, as files and as folders, deep ones, and links."""
    root = os.fsencode(folder)
    for number, name in enumerate(NAMES):
        for path in (root + b"/files", root + b"/folders/" + name):
            os.makedirs(path, exist_ok=True)  # noqa: PTH103 - names of bytes
        for path in (root + b"/files/" + name, root + b"/folders/" + name + b"/" + name[:99]):
            with open(path, "wb") as file:  # noqa: PTH123 - names of bytes
                file.write(name * number)
                os.fchmod(file.fileno(), 0o400 + number)
    deep = root + b"".join(b"/%d" % number for number in range(60))
    os.makedirs(deep + b"/empty")  # noqa: PTH103 - names of bytes
    (folder / "links").mkdir()
    for number, target in enumerate((b"../files/plain", b"..", b"nowhere", b"../files/" + NAMES[8], b"./x/../y")):
        os.symlink(target, root + b"/links/%d" % number)  # noqa: PTH211 - names of bytes
    return folder


@pytest.mark.parametrize("via", VIA)
@pytest.mark.whole
def test_every_name_goes_and_comes_back_as_it_is(place: tuple[Path, ssh.Target], tmp_path: Path, via: str) -> None:
    home, target = place
    site = tree(tmp_path / "site")
    ended, said = copy([target], via, [site], "")
    assert (ended[target.instance_id].outcome, said) == ("ok", [])
    assert held(home / "site") == held(site)
    ended, said = copy([target], via, ["site"], tmp_path / "back", fetch=True)
    assert (ended[target.instance_id].outcome, said) == ("ok", [])
    assert held(tmp_path / "back" / target.instance_id / "site") == held(site)
    # Both again: nothing is sent but what sha256sum has another way to write.
    odd = sum(any(one in name for one in b"\n\r\\") for name in NAMES)
    for sources, to, more in (([site], "", {}), (["site"], tmp_path / "back", {"fetch": True})):
        ended, _ = copy([target], via, sources, to, **more)
        assert ended[target.instance_id].reason.startswith(f"{2 * odd} files copied") or more


@pytest.mark.parametrize("via", ONE)
def test_folders_that_nobody_may_write_to_are_copied_and_copied_into_again(
    farm: Farm, tmp_path: Path, via: str
) -> None:
    with public() as folder:
        ((home, target),) = hosts(farm, folder / "hosts", run=NOBODY).items()
        if NOBODY:
            os.chown(home, 65534, 65534)
        site = tmp_path / "site"
        (site / "shut" / "deep").mkdir(parents=True)
        (site / "shut" / "deep" / "file").write_text("one")
        (site / "shut" / "deep").chmod(0o555)
        (site / "shut").chmod(0o555)
        for text in ("one", "two!"):
            (site / "shut" / "deep" / "file").write_text(text)
            ended, said = copy([target], via, [site], "")
            assert (ended[target.instance_id].outcome, said) == ("ok", [])
            assert held(Path(home) / "site") == held(site)


@pytest.mark.parametrize("via", ONE)
def test_what_the_login_may_not_write_to_or_read_is_named(farm: Farm, tmp_path: Path, via: str) -> None:
    with public() as folder:
        ((home, target),) = hosts(farm, folder / "hosts", run=NOBODY).items()
        (Path(home) / "secret").write_text("root's")
        (Path(home) / "secret").chmod(0)
        (Path(home) / "known").write_text("everybody's")
        Path(home).chmod(0o555)
        (tmp_path / "file").write_text("x")
        ended, _ = copy([target], via, [tmp_path / "file"], "")
        assert ended[target.instance_id].reason == "not copied: file: permission denied"
        ended, _ = copy([target], via, ["secret", "known"], tmp_path / "back", fetch=True)
        assert ended[target.instance_id].reason == "not copied: secret: permission denied"
        assert set(held(tmp_path / "back" / target.instance_id)) == {b"known"}
        Path(home).chmod(0o755)


@contextmanager
def rewritten(path: Path, every: float) -> Iterator[None]:
    """A file that somebody writes to all the time."""
    over = threading.Event()

    def write() -> None:
        size = path.stat().st_size
        while not over.wait(every):
            with path.open("r+b") as file:
                file.seek(size // 2)
                file.write(os.urandom(8))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("via", ONE)
def test_a_file_that_is_written_to_meanwhile_is_not_put_under_its_name(
    place: tuple[Path, ssh.Target], tmp_path: Path, via: str
) -> None:
    home, target = place
    (tmp_path / "busy").write_bytes(os.urandom(3_000_000))
    (home / "busy").write_bytes(b"what was there")
    with rewritten(tmp_path / "busy", 0.005):
        ended, _ = copy([target], via, [tmp_path / "busy"], "", limit=12_000_000)
    assert ended[target.instance_id].reason == "not copied: busy: it changed while it was copied"
    assert held(home) == {b"busy": (0o644, b"what was there")}


@pytest.mark.parametrize("via", ONE)
def test_of_a_log_that_grows_its_beginning_is_copied_and_of_one_that_shrinks_nothing(
    place: tuple[Path, ssh.Target], tmp_path: Path, via: str
) -> None:
    home, target = place
    before = os.urandom(3_000_000)
    for name, change in (("grows", lambda: append(home / "grows")), ("shrinks", lambda: cut(home / "shrinks"))):
        (home / name).write_bytes(before)
        with begun(tmp_path / "back", change):
            ended, _ = copy([target], via, [name], tmp_path / "back", fetch=True, limit=6_000_000)
        done = ended[target.instance_id]
        if name == "grows":
            assert (done.outcome, held(tmp_path / "back" / target.instance_id)) == ("ok", {b"grows": (0o644, before)})
        else:
            assert (done.status, "while it was copied" in done.reason) == (1, True)
    assert set(held(tmp_path / "back" / target.instance_id)) == {b"grows"}


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def cut(path: Path) -> None:
    os.truncate(path, 1000)


@pytest.mark.parametrize("via", ONE)
def test_what_has_no_size_until_it_is_read_is_copied(place: tuple[Path, ssh.Target], tmp_path: Path, via: str) -> None:
    _, target = place
    ended, _ = copy([target], via, ["/proc/version", "/proc/self/limits"], tmp_path / "back", fetch=True)
    assert ended[target.instance_id].outcome == "ok"
    there = tmp_path / "back" / target.instance_id
    assert (there / "version").read_text() == Path("/proc/version").read_text()
    assert "Max open files" in (there / "limits").read_text()


@pytest.mark.parametrize("via", ONE)
def test_a_link_here_is_not_followed_out_of_the_folder(
    place: tuple[Path, ssh.Target], tmp_path: Path, via: str
) -> None:
    home, target = place
    (home / "site" / "conf").mkdir(parents=True)
    (home / "site" / "conf" / "file").write_text("new")
    (home / "site" / "file").write_text("new")
    outside, mine = tmp_path / "outside", tmp_path / "back" / target.instance_id
    outside.mkdir()
    (outside / "file").write_text("mine")
    (mine / "site").mkdir(parents=True)
    (mine / "site" / "conf").symlink_to(outside)
    (mine / "site" / "file").symlink_to(outside / "file")
    ended, _ = copy([target], via, ["site"], tmp_path / "back", fetch=True)
    done = ended[target.instance_id]
    assert (done.status, done.reason) == (1, "not copied: site/conf: a file or link of that name is here")
    assert held(outside) == {b"file": (0o644, b"mine")}
    assert not (mine / "site" / "file").is_symlink()


@pytest.mark.parametrize("via", ONE)
def test_a_link_there_is_replaced_and_a_folder_that_is_a_link_is_not_filled(
    place: tuple[Path, ssh.Target], tmp_path: Path, via: str
) -> None:
    home, target = place
    (home / "other").mkdir()
    (home / "other" / "x").write_text("theirs")
    (home / "site").mkdir()
    (home / "site" / "a").symlink_to("../other")
    (home / "site" / "b").symlink_to("../other/x")
    (tmp_path / "site" / "a").mkdir(parents=True)
    (tmp_path / "site" / "a" / "x").write_text("ours")
    (tmp_path / "site" / "b").write_text("ours")
    ended, _ = copy([target], via, [tmp_path / "site"], "")
    assert ended[target.instance_id].reason == "not copied: site/a: a link of that name is there"
    assert held(home / "other") == {b"x": (0o644, b"theirs")}
    assert held(home / "site")[b"b"] == (0o644, b"ours")


@pytest.mark.parametrize("via", ONE)
def test_what_cannot_be_copied_is_named_and_all_else_is(
    place: tuple[Path, ssh.Target], tmp_path: Path, via: str
) -> None:
    home, target = place
    for name in ("one", "two", "three", "four"):
        (tmp_path / "site" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "site" / name).write_text(name)
    (home / "two" / "x").mkdir(parents=True)
    (home / "four").mkdir()
    ended, said = copy([target], via, [f"{tmp_path}/site/"], "")
    done = ended[target.instance_id]
    assert (done.status, done.reason[:23]) == (1, "2 could not be copied: ")
    assert sorted(said) == ["four: a folder of that name is there", "two: a folder of that name is there"]
    assert {name for name, what in held(home).items() if what[1]} == {b"one", b"three"}


@pytest.mark.parametrize("via", ONE)
def test_without_a_way_to_compute_checksums_all_is_sent_and_that_is_told(
    place: tuple[Path, ssh.Target], tmp_path: Path, via: str
) -> None:
    home, target = place
    (tmp_path / "file").write_text("same")
    (home / "file").write_text("same")
    ended, _ = copy([target], via, [tmp_path / "file"], "", sums="exit 3")
    assert ended[target.instance_id].reason == "1 file copied, 4 B; 1 could not be compared"


@pytest.mark.parametrize("via", ONE)
def test_a_limit_of_time_ends_the_copy_and_the_host_counts_as_not_reached(
    place: tuple[Path, ssh.Target], tmp_path: Path, via: str
) -> None:
    home, target = place
    (tmp_path / "file").write_bytes(bytes(1_000_000))
    began = time.monotonic()
    ended, _ = copy([target], via, [tmp_path / "file"], "", limit=100_000, timeout=1)
    done = ended[target.instance_id]
    assert (done.outcome, done.reason) == ("timeout", "not all was copied within 1 s")
    assert time.monotonic() - began < 3
    assert not (home / "file").exists()
    (home / "file").write_bytes(bytes(1_000_000))
    ended, _ = copy([target], via, ["file"], tmp_path / "back", fetch=True, limit=100_000, timeout=1)
    assert ended[target.instance_id].outcome == "timeout"
    assert held(tmp_path / "back" / target.instance_id) == {}


@pytest.mark.whole
def test_all_hosts_share_one_pace() -> None:
    pace = Pace(1_000_000)
    threads = [threading.Thread(target=lambda: [pace.wait(50_000, lambda: None) for _ in range(5)]) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The first piece goes at once.
    assert time.monotonic() - began > 0.9
    assert Pace(None).piece(1 << 18) == 1 << 18
    assert pace.piece(1 << 18) == 1 << 15
