"""What cannot be a configuration file is refused, clearly and at once."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path

import pytest

from udo.config import find, load
from udo.config.opening import group_that_writes
from udo.errors import ConfigError

GOOD = b"clusters: {a: {roles: {b: }}}\n"


def message(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return caught.value.message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "udo.yml:1:1: there is no role: a file has 'clusters', and at least one of them has 'roles'"),
        (
            b"\n\n# nothing\n",
            "udo.yml:1:1: there is no role: a file has 'clusters', and at least one of them has 'roles'",
        ),
        (b"\xff\xfea\x00", "udo.yml: is written in UTF-16: save it as UTF-8"),
        (b"\xfe\xff\x00a", "udo.yml: is written in UTF-16: save it as UTF-8"),
        (b"a: 1\nb: caf\xe9\n", "udo.yml:2:7: is not UTF-8 text from here on"),
        (b"a: 1\nb: \x00\n", "udo.yml:2:4: a control character (U+0000) is not allowed in a configuration file"),
        (b"a: \x1b[31m\n", "udo.yml:1:4: a control character (U+001B) is not allowed in a configuration file"),
        (b"a: \xc2\x9b\n", "udo.yml:1:4: a control character (U+009B) is not allowed in a configuration file"),
        (b"\x7fELF\x02\x01", "udo.yml:1:1: a control character (U+007F) is not allowed in a configuration file"),
        (b"#" * (1024 * 1024 + 1), "udo.yml: is larger than 1 MiB"),
        (b"a: b\n" * 1024 * 1024, "udo.yml: is larger than 1 MiB"),
    ],
    ids=["empty", "comments", "utf16", "utf16be", "latin1", "nul", "escape", "c1", "binary", "1MiB+1", "5MiB"],
)
def test_content_that_is_no_configuration(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "udo.yml").write_bytes(content)
    assert message(tmp_path / "udo.yml") == told


def test_a_file_of_exactly_one_mebibyte_is_read(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_bytes(GOOD + b"#" * (1024 * 1024 - len(GOOD)))
    assert load(tmp_path / "udo.yml", {}).clusters


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + GOOD, GOOD.replace(b"\n", b"\r\n"), GOOD.rstrip()])
def test_byte_order_mark_and_line_ends_do_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "udo.yml").write_bytes(content)
    assert load(tmp_path / "udo.yml", {}).role("a", "b").mark.line == 1


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "udo.yml")
    assert message(tmp_path / "udo.yml") == "udo.yml: is a pipe, not a regular file"


def test_a_device_is_refused() -> None:
    assert message(Path("/dev/zero")) == "zero: is a device, not a regular file"
    assert message(Path("/dev/null")) == "null: is a device, not a regular file"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").mkdir()
    assert message(tmp_path / "udo.yml") == "udo.yml: is a directory, not a regular file"


def test_links_count_as_what_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "real.yml").write_bytes(GOOD)
    (tmp_path / "udo.yml").symlink_to("real.yml")
    assert load(tmp_path / "udo.yml", {}).clusters
    (tmp_path / "dangling.yml").symlink_to("nowhere")
    assert message(tmp_path / "dangling.yml") == "dangling.yml: there is no such file"
    (tmp_path / "circle.yml").symlink_to("circle.yml")
    assert message(tmp_path / "circle.yml") == "circle.yml: cannot be read: Too many levels of symbolic links"
    (tmp_path / "zero.yml").symlink_to("/dev/zero")
    assert message(tmp_path / "zero.yml") == "zero.yml: is a device, not a regular file"


def test_a_file_everybody_can_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_bytes(GOOD)
    (tmp_path / "udo.yml").chmod(0o666)
    assert message(tmp_path / "udo.yml") == "udo.yml: can be written by everybody on this machine: chmod o-w it"


def test_a_file_everybody_can_replace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_bytes(GOOD)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.yml").symlink_to("../udo.yml")
    tmp_path.chmod(0o777)
    told = f"its folder can be written by everybody on this machine: chmod o-w {tmp_path}"
    assert message(tmp_path / "udo.yml") == f"udo.yml: {told}"
    assert message(tmp_path / "elsewhere" / "link.yml") == f"link.yml: {told}"
    tmp_path.chmod(0o1777)
    assert load(tmp_path / "udo.yml", {}).clusters, "nobody else can replace it where the sticky bit is set"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_somebody_else_put_into_a_folder_like_tmp_is_refused(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_bytes(GOOD)
    os.chown(tmp_path / "udo.yml", 12345, -1)
    assert load(tmp_path / "udo.yml", {}).clusters
    tmp_path.chmod(0o1777)
    assert message(tmp_path / "udo.yml").startswith("udo.yml: belongs to somebody else, in a folder that everybody can")


def test_the_nearest_file_upwards_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "home" / "shop" / "src" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "udo.yml").write_bytes(GOOD)
    assert find(deep) is None, "the home folder is the end of the search"
    (tmp_path / "home" / "udo.yml").write_bytes(GOOD)
    assert find(deep) == tmp_path / "home" / "udo.yml"
    (tmp_path / "home" / "shop" / "udo.yml").write_bytes(GOOD)
    assert find(deep) == tmp_path / "home" / "shop" / "udo.yml"
    assert find(tmp_path) == tmp_path / "udo.yml"


def test_the_search_ends_at_the_border_of_a_file_system(tmp_path: Path) -> None:
    # /proc and /sys are file systems of their own on every Linux.
    assert find(Path("/proc/self")) is None


def _state(mode: int, user: int, group: int) -> os.stat_result:
    return os.stat_result((stat.S_IFREG | mode, 0, 0, 1, user, group, 0, 0, 0, 0))


def test_a_group_of_others_that_may_write_is_named_one_of_the_owner_alone_is_not() -> None:
    root, others = pwd.getpwuid(0), next(group for group in grp.getgrall() if group.gr_name != "root")
    assert group_that_writes(_state(0o664, 0, others.gr_gid)) == others.gr_name
    assert group_that_writes(_state(0o644, 0, others.gr_gid)) == ""
    assert group_that_writes(_state(0o664, 0, 2**31 - 7)) == str(2**31 - 7)
    alone = grp.getgrgid(root.pw_gid)
    if alone.gr_name == root.pw_name and not set(alone.gr_mem) - {root.pw_name}:
        assert group_that_writes(_state(0o664, 0, alone.gr_gid)) == ""


def test_others_in_the_group_that_is_named_like_the_owner_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for members, named in (([], ""), (["root"], ""), (["root", "guest"], "root")):
        group = grp.struct_group(("root", "x", 0, members))
        monkeypatch.setattr(grp, "getgrgid", lambda _number, group=group: group)
        assert group_that_writes(_state(0o664, 0, 0)) == named


@pytest.mark.parametrize("name", ["a\0b", "a" * 300], ids=["nul", "long"])
def test_a_name_that_no_file_can_have_is_refused(name: str, tmp_path: Path) -> None:
    assert "cannot be read: " in message(tmp_path / name)


def test_a_file_that_fails_while_it_is_read_is_refused(tmp_path: Path) -> None:
    # Nothing is mapped where reading begins: EIO. Source: proc(5), mem.
    if not (memory := Path("/proc/self/mem")).exists():
        pytest.skip("only Linux has such a file")
    (tmp_path / "udo.yml").write_text(f"include: [{memory}]\nclusters: {{a: {{roles: {{b: }}}}}}\n")
    assert "cannot be read: Input/output error" in message(tmp_path / "udo.yml")
