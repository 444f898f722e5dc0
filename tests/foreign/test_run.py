"""How `make foreign` ends: a failed assertion fails it, a client that cannot be had does not."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path

import pytest
import run
from clients import CLIENTS, Client, Program
from installing import Missing

FOREIGN = Path(__file__).parent


def _client(name: str, script: str) -> Client:
    return Client(name, lambda: Program(("sh", "-c", script), {}))


def _drive(*clients: Client) -> int:
    path = {"PATH": os.environ["PATH"]}
    return run.main([], clients, lambda _folder, _speed: contextlib.nullcontext(path), least=2)


def test_every_assertion_is_said_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = "echo 'ok 1 - it is so'; echo 1..1", "echo 'ok 1 - this too'; echo 1..1"
    assert _drive(_client("one", one), _client("other", other)) == 0
    told = capsys.readouterr().out
    assert re.search(r"^one +ok +it is so$", told, re.MULTILINE)
    assert told.endswith("other: 1 assertions, 0 failed\n2 assertions, 0 failed, 0 of 2 clients left out\n")


def test_a_failed_assertion_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert _drive(_client("one", "echo 'ok 1 - a'; echo 'not ok 2 - b: 1 is not 2'; echo 1..2")) == 1
    assert re.search(r"^one +FAILED +b: 1 is not 2$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("end", ["", "exit 3", "echo 1..9", "kill -9 $$"])
def test_a_program_that_ends_before_its_end_fails_the_run(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _drive(_client("one", f"echo 'ok 1 - a'; echo 'ok 2 - b'; echo 'no network' >&2; {end}")) == 1
    told = capsys.readouterr().out
    assert "FAILED  the program comes to its end" in told
    assert "no network" in told


def test_fewer_assertions_than_there_have_to_be_fail_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert _drive(_client("one", "echo 'ok 1 - a'; echo 1..1")) == 1
    assert capsys.readouterr().out.endswith("there have to be 2 at least\n")


def test_a_client_that_cannot_be_had_is_left_out_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    def missing() -> Program:
        raise Missing("pip ended with 1: no such package")

    assert _drive(Client("ansible", missing), _client("one", "echo 'ok 1 - a'; echo 1..1")) == 0
    told = capsys.readouterr().out
    assert "ansible: LEFT OUT: it cannot be had here: pip ended with 1: no such package\n" in told
    assert told.endswith("1 assertions, 0 failed, 1 of 2 clients left out\n")


@pytest.mark.parametrize("client", [client.name for client in CLIENTS])
def test_what_a_client_is_made_of_is_pinned_by_hashes_and_names_no_index(client: str) -> None:
    lock = (FOREIGN / client / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-z0-9.-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[^\s#]", lock, re.MULTILINE)) > 0


def test_the_packages_of_the_javascript_sdk_are_pinned_by_hashes_and_name_no_registry() -> None:
    lock = json.loads((FOREIGN / "javascript/package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((FOREIGN / "javascript/package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {name.removeprefix("node_modules/"): one for name, one in lock["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages.values())
    assert wanted == {name: packages[name]["version"] for name in wanted}
