"""The picture of the README shows commands of the tour and nothing of the machine it was made on."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def picture() -> ModuleType:
    spec = importlib.util.spec_from_file_location("picture", DOCS / "picture.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _words(svg: str) -> str:
    """What is read in a picture, a line a row."""
    texts = [unescape(text.text or "") for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    return "\n".join(texts).replace("\xa0", " ")


def test_each_command_of_the_picture_is_one_of_the_tour_and_stands_in_the_picture(picture: ModuleType) -> None:
    tour = re.findall(r"""^run (['"])(.*)\1$""", (DOCS / "demo.sh").read_text(encoding="utf-8"), re.MULTILINE)
    assert [command for command in picture.COMMANDS if command not in [line for _, line in tour]] == []
    shown = _words((DOCS / "tour.svg").read_text(encoding="utf-8"))
    prompts = [f"$ {command.replace('$speed', picture.SPEED)}" for command in picture.COMMANDS]
    assert [line for line in shown.splitlines() if line.startswith("$ ")] == prompts
    assert "succeeded" in shown.lower()


def test_the_picture_names_no_path_of_a_machine_and_loads_nothing() -> None:
    svg = (DOCS / "tour.svg").read_text(encoding="utf-8")
    # An absolute path is one that follows no word, as it does in an address.
    assert re.findall(r"(?<![\w/<.~])/\w[\w./-]*", _words(svg)) == []
    assert set(re.findall(r"https?://[^\s\"'<&,]+", svg)) - {"http://www.w3.org/2000/svg"} == set(
        re.findall(r"http://127\.0\.0\.1:\d+", svg)
    )
    assert not re.search(r"<script|<image|@import|@font-face|href|\burl\((?!#)|\son\w+=", svg)


def test_a_short_script_is_recorded_with_its_colours_and_as_the_terminal_showed_it_at_the_end(
    picture: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "shop"
    folder.mkdir(parents=True)
    commands = (r"printf '\e[31mred\e[0m 1 of 2\r\e[2K  2 < 3 \e[32mdone\e[0m\n'", "pwd; test -t 1 && stty size")
    lines = picture.screen(picture.recording(commands, folder.parent, folder))
    assert [line.plain for line in lines] == [
        f"$ {commands[0]}", "  2 < 3 done", "", f"$ {commands[1]}", "~/shop", f"{picture.HEIGHT} {picture.WIDTH}",
    ]  # fmt: skip
    green = [span for span in lines[1].spans if span.style == "green"]
    assert "".join(lines[1].plain[span.start : span.end] for span in green) == "done"
    svg = picture.drawing(lines)
    assert "2 < 3" in _words(svg)
    assert str(tmp_path) not in svg


def test_a_command_that_fails_makes_no_picture(picture: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        picture.recording(("true", "false", "true"), tmp_path, tmp_path)
