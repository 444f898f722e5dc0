"""`udo cloudinit`: the boot script as it is, on stdout alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from udo.cli import main
from udo.config import load
from udo.launch.user_data import boot_script

FILE = (
    "packages: [shop]\n"
    "clusters:\n"
    "  prod:\n"
    "    roles:\n"
    "      webapp:\n"
    "      worker: {packages: null}\n"
    "      odd: {user_data: {file: odd.bin}}\n"
    "  stage:\n"
    "    roles: {only: }\n"
)


@pytest.fixture(autouse=True)
def _file(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_text(FILE)
    (tmp_path / "odd.bin").write_bytes(b"\x1f\x8b\xff\x00")


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["cloudinit", *words])
    return int(left.value.code or 0)


def test_stdout_is_the_script_and_nothing_else(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("prod", "webapp") == 0
    assert capfdbinary.readouterr().out == boot_script(load(tmp_path / "udo.yml", {}).role("prod", "webapp"))


def test_a_file_comes_out_byte_for_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("prod.odd") == 0
    assert capfdbinary.readouterr().out == b"\x1f\x8b\xff\x00"


def test_json_carries_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prod", "webapp", "-o", "json") == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data["group"] == "prod-webapp"
    assert data["user_data"].startswith("#!/bin/bash\n")
    assert run("prod", "odd", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["data"]["user_data_base64"] == "H4v/AA=="


def test_a_role_without_one_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prod", "worker") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "prod worker: nothing in udo.yml makes a boot script\n"


def test_the_role_may_be_left_out_where_there_is_one() -> None:
    assert run("stage") == 0


@pytest.mark.parametrize("words", [("prod",), ("prod", "*"), ("prod", "webap"), ("prdo", "webapp"), ()])
def test_anything_but_one_role_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    assert capsys.readouterr().out == ""
