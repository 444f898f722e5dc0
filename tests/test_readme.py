"""The README tells the truth: every command line in it is run, and every verb is in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from udo import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def _sections() -> dict[str, list[str]]:
    """The command lines of each section, in order."""
    sections = {}
    for section in README.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        blocks = re.findall(r"```(?:console|sh)\n(.*?)```", text, re.DOTALL)
        sections[title] = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return {title: lines for title, lines in sections.items() if lines}


def _runnable(line: str, folder: Path) -> str:
    """The line as it is run here: nothing is downloaded, and the tests do not run themselves."""
    if line.startswith("make "):
        return line.replace("make ", f"make --dry-run -C '{ROOT}' ", 1)
    if line.startswith("pip install "):
        # setuptools' and pip's own caches aside, it is what a user types.
        return f"{line} --quiet --no-deps --no-build-isolation --no-index --target '{folder}/installed'"
    if line.startswith(". .venv/"):
        return f"test -f '{BIN}/activate'"
    if line.endswith(" --watch"):
        # Watched until somebody types Ctrl-C.
        return f"timeout --preserve-status --signal INT 5 {line} || test $? = 130"
    return line


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone has, without a repository."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("udo.example.yml", "udo.example.template.yml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "udo", folder / "udo", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A shell with Udo on its path and a state folder of its own; a sandbox left running is stopped."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    yield env
    subprocess.run(["udo", "sandbox", "stop"], env=env, capture_output=True, check=False)


@pytest.mark.whole
@pytest.mark.parametrize("title", list(_sections()))
def test_every_command_line_works(title: str, clone: Path, environment: dict[str, str]) -> None:
    lines = [_runnable(line, clone.parent) for line in _sections()[title]]
    if any(line.startswith("udo ") for line in lines) and not any("sandbox start" in line for line in lines):
        # What it says of the reader's own AWS is run on a sandbox in its place.
        lines = ["udo sandbox start", 'eval "$(udo sandbox env)"', *lines]
    script = "set -eux\n" + "\n".join(lines).replace("sandbox start", "sandbox start --speed 20")
    ended = subprocess.run(
        ["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 0, ended.stderr


def test_every_verb_is_in_it() -> None:
    verbs = cli.root.list_commands(None)  # type: ignore[arg-type]
    assert [verb for verb in verbs if f"`{verb}`" not in README] == []


def test_every_file_it_points_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert [name for name in targets if not (ROOT / name).exists()] == []


@pytest.mark.whole
def test_the_tour_goes_to_its_end_and_leaves_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    env = {**environment, "TMPDIR": str(tmp_path)}
    tour = [str(ROOT / "docs" / "demo.sh"), "20"]
    ended = subprocess.run(tour, env=env, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stderr
    assert "succeeded on 2 instances" in ended.stdout
    assert ended.stdout.count("load average") == 2
    assert "failed in ValidateService (scripts/validate.sh, exit 1)" in ended.stdout + ended.stderr
    assert "udo rollback stage webapp --code brings back 1.tgz" in ended.stderr
    assert ended.stdout.count("  Welcome to the shop") == 4
    assert "unknown lifecycle events" in ended.stderr
    assert "was rolled back from 100 %; the group launches and runs what it did before" in ended.stderr
    warned = [line for line in ended.stderr.splitlines() if line.startswith("warning")]
    assert [line for line in warned if "shop-5xx" not in line and "roll back the instance refresh" not in line] == []
    assert list(tmp_path.glob("udo-demo.*")) == []
