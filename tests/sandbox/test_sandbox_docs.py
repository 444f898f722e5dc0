"""Pages that are typed on a sandbox tell the truth: every command line in them is run, in one shell, in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.whole
@pytest.mark.parametrize("page", ["sandbox.md", "dashboard.md", "stacks.md"])
def test_every_command_line_of_the_page_works(tmp_path: Path, page: str) -> None:
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    assert len(lines) > 12
    assert lines[-1] == "udo sandbox stop"
    shutil.copy(ROOT / "udo.example.yml", tmp_path / "udo.yml")
    shutil.copy(ROOT / "udo.example.template.yml", tmp_path)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    script = "trap 'udo sandbox stop >&2' EXIT; set -e; " + "\n".join(lines[:-1])
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "no AWS account is touched" in done.stderr
    assert done.stderr.rstrip().endswith("stopped")
