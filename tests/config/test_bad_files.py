"""Files with mistakes: each in `bad/`, its first lines saying what must be told (`#! line:column: message`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from udo.config import load
from udo.errors import ConfigError

FILES = sorted((Path(__file__).parent / "bad").glob("*.yml"))


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [f"{path.name}:{line[3:]}" for line in lines if line.startswith("#! ")]


def test_there_are_many() -> None:
    assert len(FILES) >= 300


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_told_exactly(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert [str(problem) for problem in caught.value.problems] == expected(path)
    assert caught.value.exit == 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_problem_is_one_line_with_a_place(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(path, {}, strict=True)
    for problem in caught.value.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert "\n" not in problem.message
