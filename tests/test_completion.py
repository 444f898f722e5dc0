"""Shell completion: verbs, clusters and roles, quick and without a sound."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from udo.cli import main

CONFIG = """\
clusters:
  stage: {roles: {webapp: {}, worker: {}}}
  prod: {roles: {webapp: {}, mailer: {}}}
"""


@pytest.fixture(autouse=True)
def _file() -> None:
    Path("udo.yml").write_text(CONFIG)


def completed(capsys: pytest.CaptureFixture[str], line: str, more: Mapping[str, str] | None = None) -> list[str]:
    """What bash is offered for the last word of a line; nothing else is said."""
    with pytest.MonkeyPatch.context() as patch:
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_UDO_COMPLETE": "bash_complete"}
        for name, value in {**asked, **(more or {})}.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as left:
            main([])
    told = capsys.readouterr()
    assert (left.value.code, told.err) == (0, "")
    return [word.partition(",")[2] for word in told.out.splitlines() if word]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("udo stat", ["status"]),
        ("udo status ", ["stage", "prod"]),
        ("udo status st", ["stage"]),
        ("udo status stage ", ["webapp", "worker"]),
        ("udo status stage wo", ["worker"]),
        ("udo status stage.w", ["stage.webapp", "stage.worker"]),
        ("udo updatelc prod webapp,m", ["webapp,mailer"]),
        ("udo status stage,p", ["stage,prod"]),
        ("udo status * ", ["webapp", "worker", "mailer"]),
        ("udo config show prod m", ["mailer"]),
        ("udo -c udo.yml ssh stage web", ["webapp"]),
        ("udo ssh stage webapp ", []),
        ("udo ssh stage.webapp ", []),
        ("udo status nowhere ", []),
        ("udo -c nowhere.yml status ", []),
        ("udo plan --ex", ["--exit-code"]),
        ("udo --prof", ["--profile"]),
        ("udo init ", []),
    ],
)
def test_the_next_word_is_offered(capsys: pytest.CaptureFixture[str], line: str, words: Sequence[str]) -> None:
    if line == "udo init ":
        Path("udo.yml").unlink()
    assert completed(capsys, line) == words


@pytest.mark.parametrize("text", ["clusters: {prod: {roels: {}}}\n", "\t", "", "clusters: {a: {use: [b]}}"])
def test_a_file_that_is_wrong_offers_nothing_and_says_nothing(capsys: pytest.CaptureFixture[str], text: str) -> None:
    Path("udo.yml").write_text(text)
    assert completed(capsys, "udo status ") == []


def test_without_a_file_nothing_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    Path("udo.yml").unlink()
    assert completed(capsys, "udo status ") == []
    assert completed(capsys, "udo status ", {"UDO_SANDBOX": "1"}) == []


def test_a_verb_nobody_knows_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert "status" in completed(capsys, "udo nonsense ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("_UDO_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 0
    assert "_UDO_COMPLETE" in capsys.readouterr().out


def _udo() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_bash_completes_with_what_the_docs_say() -> None:
    line = 'eval "$(_UDO_COMPLETE=bash_source udo)"'
    assert line in (Path(__file__).parent.parent / "docs" / "configuration.md").read_text()
    script = f"{line}\nCOMP_WORDS=(udo status stage w) COMP_CWORD=3\n_udo_completion udo\necho ${{COMPREPLY[@]}}"
    ended = subprocess.run(["bash", "-c", script], env=_udo(), capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.split() == ["webapp", "worker"]


def test_no_verb_and_nothing_heavy_is_loaded_for_the_names_of_verbs_and_clusters() -> None:
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
        "from udo.cli import main\nmain([])"
    )
    of_status = ("status",)
    for line, verbs in (("udo st", []), ("udo status st", [f"udo.commands.{name}" for name in of_status])):
        env = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_UDO_COMPLETE": "bash_complete"}
        ended = subprocess.run(
            [sys.executable, "-c", program],
            env={**_udo(), **env},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        loaded = set(ended.stderr.split())
        assert not loaded & {"boto3", "botocore", "paramiko", "moto", "rich", "udo.aws"}
        assert sorted(name for name in loaded if name.startswith("udo.commands.")) == verbs
