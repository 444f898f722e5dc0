"""Corners of an Install that were found by running the agent's own code on random bundles."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from udo.bundle.appspec import parse
from udo.bundle.failure import Failed
from udo.sandbox.agent.host import Host
from udo.sandbox.agent.install import install

Installed = Callable[..., None]


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """Installs what lies in ./archive to ./dst, on this machine itself."""
    for name in ("archive", "instructions", "dst"):
        (tmp_path / name).mkdir()

    def run(source: str = "/", behavior: str = "OVERWRITE") -> None:
        spec = f"version: 0.0\nos: linux\nfiles:\n  - {{source: {source}, destination: {tmp_path}/dst}}\n"
        host = Host(Path("/"), str(tmp_path), str(tmp_path))
        install(host, f"{tmp_path}/instructions", "g", f"{tmp_path}/archive", parse(spec.encode()), behavior)

    return run


def test_a_link_where_a_folder_stands_goes_into_it_under_the_name_it_leads_to(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "archive/a").symlink_to("nowhere/else")
    (tmp_path / "dst/a").mkdir()
    installed("a")
    assert str((tmp_path / "dst/a/else").readlink()) == "nowhere/else"


def test_a_link_below_a_file_says_what_it_was_to_lead_to(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "archive/a").symlink_to("nowhere")
    (tmp_path / "dst").rmdir()
    (tmp_path / "dst").write_text("a file")
    with pytest.raises(Failed) as failed:
        installed("a")
    assert failed.value.message == f"Not a directory @ rb_file_s_symlink - (nowhere, {tmp_path}/dst/a)"


def test_folders_that_hold_themselves_by_links_come_to_an_end(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "archive/d").mkdir()
    (tmp_path / "archive/d/f").write_text("x")
    (tmp_path / "archive/d/d").symlink_to("../d")
    installed("d")
    assert (tmp_path / "dst/d/d/d/f").read_text() == "x"


def test_a_name_that_is_no_utf8_fails_before_anything_is_copied(installed: Installed, tmp_path: Path) -> None:
    Path(os.fsdecode(f"{tmp_path}/archive/".encode() + b"\xff")).write_text("x")
    (tmp_path / "archive/a").write_text("x")
    with pytest.raises(Failed) as failed:
        installed()
    assert failed.value.internal
    assert list((tmp_path / "dst").iterdir()) == []


def test_a_list_that_was_cut_while_it_was_written_is_cleaned_up_to_its_last_whole_line(
    installed: Installed, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / "dst" / name).write_text("x")
    (tmp_path / "instructions/g-cleanup").write_text(f"{tmp_path}/dst/a\n{tmp_path}/dst/b")
    (tmp_path / "archive/c").write_text("x")
    installed()
    assert sorted(one.name for one in (tmp_path / "dst").iterdir()) == ["b", "c"]


@pytest.mark.parametrize("ways", [".", "..", "../d"])
def test_folders_that_hold_themselves_twice_are_followed_so_far_and_no_further(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: str
) -> None:
    monkeypatch.setattr("udo.bundle.plan.MOST_FOLLOWED", 500)
    (tmp_path / "archive/d").mkdir()
    for name in ("one", "two"):
        (tmp_path / "archive/d" / name).symlink_to(ways)
    (tmp_path / "archive/d/f").write_text("x")
    with pytest.raises(Failed, match="do they go round in circles"):
        installed("d")
    assert list((tmp_path / "dst").iterdir()) == []
