"""What of a folder goes into its bundle, held against git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import examples

from udo.bundle.check import check_bundle
from udo.bundle.included import included
from udo.errors import UdoError, UsageError

FILES = (
    "a.txt",
    "b.log",
    "logs/a.txt",
    "logs/b.log",
    "src/a.txt",
    "src/logs/c.log",
    "src/node_modules/x/y.js",
    "ä b#c",
)


def tree(folder: Path, *lines: str) -> Path:
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / ".udoignore").write_text("".join(f"{line}\n" for line in lines))
    return folder


def names(folder: Path) -> set[str]:
    return {found.path for found in included(folder) if not found.is_folder}


def of_git(folder: Path, *lines: str) -> set[str]:
    """The files that git would add, were these lines its own."""
    git = ("git", "-c", "core.quotePath=false", "-C", str(folder))
    subprocess.run([*git, "init", "-q"], check=True)
    (folder / ".git/info/exclude").write_text("".join(f"{line}\n" for line in (*lines, "/.udoignore")))
    told = subprocess.check_output([*git, "ls-files", "-z", "--others", "--exclude-standard"], text=True)
    return set(filter(None, told.split("\0")))


PATTERNS = [
    ["*.log"],
    ["*.log", "!b.log"],
    ["/a.txt"],
    ["logs/"],
    ["logs/", "!logs/a.txt"],
    ["logs/*", "!logs/a.txt"],
    ["**/logs/**"],
    ["src/**/c.log"],
    ["node_modules"],
    ["src/logs"],
    ["# a remark", "", r"\#x", "ä*"],
    ["*", "!*/", "!a.txt"],
    ["*", "!src/", "!src/**"],
    ["[ab].*"],
    ["a.txt   "],
    ["!a.txt"],
    ["src/**", "!src/a.txt"],
    ["src/**/"],
    ["logs/*", "!logs/"],
    ["logs", "!logs/", "b.log"],
]


@pytest.mark.parametrize("lines", PATTERNS, ids=" ".join)
def test_a_line_of_udoignore_means_what_it_means_to_git(lines: list[str], tmp_path: Path) -> None:
    folder = tree(tmp_path, *lines)
    assert names(folder) == of_git(folder, *lines)


_word = st.sampled_from(["a.txt", "b.log", "logs", "src", "*", "**", "*.log", "?.txt", "[a-c]*", "node_modules", "x"])
_line = st.builds(
    lambda no, root, words, end: f"{no}{root}{'/'.join(words)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(_word, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_line, max_size=4))
def test_lines_of_any_kind_mean_what_they_mean_to_git(
    lines: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tree(tmp_path_factory.mktemp("tree"), *lines)
    assert names(folder) == of_git(folder, *lines)


def test_git_s_own_folder_is_left_out_at_any_depth_unless_a_line_takes_that_back(tmp_path: Path) -> None:
    folder = tree(tmp_path)
    for at in (".git", "src/.git"):
        (folder / at).mkdir()
        (folder / at / "HEAD").write_text("x")
    (folder / "logs/.git").write_text("gitdir: elsewhere")
    (folder / ".gitignore").write_text("*")
    assert names(folder) == {*FILES, ".gitignore"}
    (folder / ".udoignore").write_text("!/.git\n")
    assert names(folder) == {*FILES, ".gitignore", ".git/HEAD"}


def test_the_file_itself_is_left_out_and_one_further_down_is_a_file_like_others(tmp_path: Path) -> None:
    folder = tree(tmp_path, "!.udoignore")
    (folder / "src/.udoignore").write_text("*")
    assert names(folder) == {*FILES, "src/.udoignore"}


def test_a_folder_that_is_empty_is_included_and_one_reached_by_a_link_is_not(tmp_path: Path) -> None:
    (tmp_path / "in/empty").mkdir(parents=True)
    (tmp_path / "in/link").symlink_to("empty")
    assert {(found.path, found.is_folder) for found in included(tmp_path / "in")} == {("empty", True), ("link", False)}


def test_a_udoignore_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / ".udoignore"
    path.write_text("*.log\n!\n")
    with pytest.raises(UsageError, match=r"\.udoignore:2: '!' is no pattern of gitignore's"):
        names(tmp_path)
    path.write_bytes(b"\xff\n")
    with pytest.raises(UsageError, match=r"\.udoignore is not UTF-8"):
        names(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match=r"\.udoignore is no file"):
        names(tmp_path)


def test_too_many_files_or_too_deep_folders_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree(tmp_path)
    monkeypatch.setattr("udo.bundle.included.MOST_LEVELS", 1)
    with pytest.raises(UdoError, match="more than 1 levels deep"):
        names(folder)
    monkeypatch.setattr("udo.bundle.included.MOST_ENTRIES", 3)
    with pytest.raises(UdoError, match="more than 3 files and folders"):
        names(folder)


SPEC = "version: 0.0\nos: linux\nfiles: [{source: web, destination: /srv}]\nhooks: {AfterInstall: [{location: h.sh}]}\n"


def test_a_look_at_a_folder_sees_what_is_sent_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    for name, text in {"appspec.yml": SPEC, "h.sh": "#!/bin/sh\n", "web/a": "", "odd ": ""}.items():
        (tmp_path / name).write_text(text)
    assert [one.level for one in check_bundle(tmp_path).findings] == ["warning"]
    (tmp_path / ".udoignore").write_text("odd*\n")
    assert not check_bundle(tmp_path).findings
    (tmp_path / ".udoignore").write_text("odd*\nh.sh\n")
    assert "the script h.sh" in str(check_bundle(tmp_path).errors)
    (tmp_path / ".udoignore").write_text("odd*\nweb\n")
    assert "No such file or directory: web" in str(check_bundle(tmp_path).errors)
    (tmp_path / ".udoignore").write_text("appspec*\n")
    assert "there is no appspec.yml" in str(check_bundle(tmp_path).errors)
