"""A signal while Udo waits for a program that it has started, or for the sandbox: it ends both, with one line."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from processes import begun, ended, left_behind, until, waits_in
from test_interrupted import CODES, CONFIG
from whole import some

LOGIN = "ssh: {user: x, key: key}\n"


@pytest.fixture
def shop(served_world: Any, world: Any, seeded: Any) -> Any:
    seeded(CONFIG + LOGIN)
    return world


def slow(folder: Path, name: str, unless: str = "") -> Mapping[str, str]:
    """A program of that name which notes that it was asked, and has another one sleep; for what is said to be fast
    it is the real one. The environment that finds it."""
    program, real = folder / "bin" / name, shutil.which(name)
    program.parent.mkdir(exist_ok=True)
    quick = f'case "$*" in {unless}) exec {real} "$@";; esac\n' if unless else ""
    program.write_text(f"#!/bin/sh\n{quick}: > {folder}/asked\nsleep 60\nexit 1\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def check_broken_off(folder: Path, words: tuple[str, ...], number: int, env: Mapping[str, str] | None = None) -> str:
    """The last line of a run that the signal ends while the slow program is asked, which is ended with it."""
    process = begun(*words, env=env)
    until(lambda: (folder / "asked").exists() or process.poll() is not None, "it never asks", 20)
    # What notes it is about to sleep.
    time.sleep(0.05)
    os.kill(process.pid, number)
    done = ended(process, 15)
    assert done.code == CODES[signal.Signals(number)], done.stderr
    until(lambda: not left_behind(), f"left behind: {left_behind()}", 2)
    told = [line for line in done.stderr.splitlines() if line.startswith("udo: ")]
    assert told == [done.stderr.splitlines()[-1]], done.stderr
    assert told[0].startswith("udo: interrupted"), done.stderr
    return told[0]


@pytest.mark.whole
def test_for_ssh_to_say_what_the_configuration_means(shop: Any, tmp_path: Path) -> None:
    Path("ssh_config").write_text("Port 22\n")
    Path("udo.yml").write_text(CONFIG + LOGIN.replace("{", "{config: ssh_config, "))
    env = slow(tmp_path, "ssh")
    check_broken_off(tmp_path, ("ssh", "prod", "one", "true"), signal.SIGTERM, env)


@pytest.mark.whole
def test_for_what_a_match_of_the_configuration_runs(shop: Any, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text(f'Match exec "touch {tmp_path}/asked; sleep 60"\n  Port 22\n')
    Path("udo.yml").write_text(CONFIG + LOGIN.replace("{", f"{{config: {config}, "))
    check_broken_off(tmp_path, ("ssh", "prod", "one", "true"), signal.SIGINT)


@pytest.mark.whole
def test_for_ssh_to_say_which_settings_it_knows(shop: Any, tmp_path: Path) -> None:
    # Asked by the threads that carry the command.
    env = slow(tmp_path, "ssh", unless="*-F?none?-o*) ;; *")
    check_broken_off(tmp_path, ("ssh", "prod", "*", "true", "--via", "openssh"), signal.SIGINT, env)


@pytest.mark.whole
def test_for_ssh_keygen_to_read_a_key(shop: Any, tmp_path: Path) -> None:
    Path("key").touch(0o600)
    Path("key").write_text("no key at all\n")
    env = slow(tmp_path, "ssh-keygen")
    check_broken_off(tmp_path, ("ssh", "prod", "one", "true"), signal.SIGTERM, env)


def test_for_git(shop: Any, tmp_path: Path) -> None:
    env = slow(tmp_path, "git")
    check_broken_off(tmp_path, ("deploy", "prod", "one", "main"), signal.SIGTERM, env)


def test_for_ssh_to_say_which_host_a_remote_of_git_is_at(shop: Any, tmp_path: Path) -> None:
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\nprintf 'origin\\thub:example/shop (fetch)\\n'\n")
    git.chmod(0o755)
    env = slow(tmp_path, "ssh")
    check_broken_off(tmp_path, ("deploy", "prod", "one", "main"), signal.SIGINT, env)


PROFILES = {
    "its own": "[profile shop]\ncredential_process = {program}\n",
    "the source of a role": "[profile shop]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n"
    "[profile base]\ncredential_process = {program}\n",
    "a role assumed with it": "[profile shop]\ncredential_process = {program}\n",
}


@pytest.mark.parametrize("number", some([signal.SIGINT, signal.SIGTERM], signal.SIGINT))
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.whole
def test_for_the_credential_process_of_a_profile(shop: Any, tmp_path: Path, profile: str, number: int) -> None:
    if profile == "a role assumed with it":
        Path("udo.yml").write_text(f"{CONFIG}{LOGIN}assume_role: arn:aws:iam::123456789012:role/x\n")
    env = slow(tmp_path, "credentials")
    Path("home/.aws").mkdir()
    Path("home/.aws/config").write_text(PROFILES[profile].format(program=tmp_path / "bin" / "credentials"))
    check_broken_off(tmp_path, ("status", "--profile", "shop"), number, env)


@pytest.mark.whole
def test_for_credentials_that_are_renewed(shop: Any, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "credentials"
    slow(tmp_path, "credentials")
    told = '{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "x", "Expiration": "2020-01-01T00:00:00Z"}'
    once = f"test -e {tmp_path}/first || {{ : > {tmp_path}/first; echo {shlex.quote(told)}; exit; }}\n"
    program.write_text(program.read_text().replace("\n", f"\n{once}", 1))
    Path("home/.aws").mkdir()
    Path("home/.aws/config").write_text(f"[profile shop]\ncredential_process = {program}\n")
    check_broken_off(tmp_path, ("status", "--profile", "shop"), signal.SIGINT)


@pytest.mark.parametrize("words", [("ssh", "prod", "one", "--script", "pipe"), ("apply", "pipe")], ids=" ".join)
def test_for_a_file_that_is_a_pipe_nobody_writes_to(shop: Any, words: tuple[str, ...]) -> None:
    os.mkfifo("pipe")
    process = begun(*words)
    until(lambda: waits_in(process.pid) == "wait_for_partner" or process.poll() is not None, "it never opens it")
    os.kill(process.pid, signal.SIGINT)
    done = ended(process, 10)
    assert (done.code, done.stderr) == (130, "udo: interrupted\n")


@pytest.fixture
def no_sandbox() -> Iterator[None]:
    """Stops the sandbox of the test's home at its end."""
    yield
    done = ended(begun("sandbox", "stop"))
    assert done.code == 0, done.stderr
    assert left_behind() == []


@pytest.mark.usefixtures("no_sandbox")
@pytest.mark.parametrize("moment", some([0.0, 0.15, 0.5], 0.15))
def test_for_the_sandbox_to_get_ready_of_which_nothing_is_left(tmp_path: Path, moment: float) -> None:
    Path("udo.yml").write_text(CONFIG)
    folder = Path("home/state/udo/sandbox")
    process = begun("sandbox", "start")
    until((folder / "log").exists, "it never begins")
    time.sleep(moment)
    os.kill(process.pid, signal.SIGTERM)
    done = ended(process, 15)
    assert (done.code, done.stderr) == (143, "udo: interrupted: the sandbox was not started\n")
    assert left_behind() == []
    assert list(Path("home/state/udo").iterdir()) == []
    assert "the sandbox is not running" in ended(begun("sandbox", "status")).stderr


@pytest.mark.whole
@pytest.mark.usefixtures("no_sandbox")
def test_for_another_start_of_the_sandbox_which_is_left_alone(tmp_path: Path) -> None:
    Path("udo.yml").write_text(CONFIG)
    first = begun("sandbox", "start")
    until(Path("home/state/udo/sandbox/log").exists, "it never begins")
    os.kill(first.pid, signal.SIGSTOP)
    second = begun("sandbox", "start")
    time.sleep(0.7)
    os.kill(second.pid, signal.SIGINT)
    done = ended(second, 15)
    os.kill(first.pid, signal.SIGCONT)
    assert ended(first).code == 0
    assert done.code == 130, done.stderr
    assert ended(begun("sandbox", "status")).code == 0


@pytest.mark.usefixtures("no_sandbox")
@pytest.mark.parametrize("words", some([("stop",), ("status",), ("step", "1")], ("status",)), ids=" ".join)
def test_for_a_sandbox_that_does_not_answer(tmp_path: Path, words: tuple[str, ...]) -> None:
    Path("udo.yml").write_text(CONFIG)
    assert ended(begun("sandbox", "start")).code == 0
    pid = int(Path("home/state/udo/sandbox.lock").read_text())
    os.kill(pid, signal.SIGSTOP)
    process = begun("sandbox", *words)
    time.sleep(1)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)
    if words[0] == "step":
        # A change in hand is let finish, until somebody asks again.
        time.sleep(0.3)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
    done = ended(process, 5)
    os.kill(pid, signal.SIGCONT)
    told = "interrupted: the sandbox was asked to end, and may not have: udo sandbox stop"
    assert (done.code, done.stderr) == (130, f"udo: {told if words == ('stop',) else 'interrupted'}\n")
