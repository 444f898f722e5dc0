"""With which keys a login is tried."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest
from conftest import Run, endings
from sshd_farm import Farm, key_pair
from whole import some

from udo.errors import UsageError
from udo.ssh import Target
from udo.ssh.identities import Identities


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An ssh-agent without keys."""
    socket = str(tmp_path / "agent")
    started = subprocess.run(["ssh-agent", "-s", "-a", socket], check=True, capture_output=True, text=True).stdout
    monkeypatch.setenv("SSH_AUTH_SOCK", socket)
    yield
    os.kill(int(started.split("SSH_AGENT_PID=")[1].split(";")[0]), signal.SIGTERM)


def add(key: Path, passphrase: str, tmp_path: Path) -> None:
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\necho {passphrase}\n")
    ask.chmod(0o700)
    env = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    subprocess.run(["ssh-add", "-q", str(key)], check=True, env=env, stdin=subprocess.DEVNULL)


@pytest.fixture
def locked(farm: Farm, tmp_path: Path) -> Path:
    """A key with a passphrase that the farm accepts."""
    key = key_pair(tmp_path / "locked", passphrase="secret")
    with (farm.folder / "authorized_keys").open("a") as authorized:
        authorized.write(Path(f"{key}.pub").read_text())
    return key


def test_a_key_file_that_is_not_there_is_a_usage_error(host: Target, run: Run) -> None:
    with pytest.raises(UsageError, match="No such file"):
        run([replace(host, key="/nowhere/key")])


def test_a_key_file_that_holds_no_key_is_a_usage_error(host: Target, run: Run, tmp_path: Path) -> None:
    (tmp_path / "key").touch(0o600)
    (tmp_path / "key").write_text("hello")
    with pytest.raises(UsageError, match="not a private key"):
        run([replace(host, key=str(tmp_path / "key"))])


def test_a_key_file_that_others_can_read_is_a_usage_error(host: Target, run: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(Path(host.key or "").read_bytes())
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(UsageError, match="can be read by others") as caught:
        run([replace(host, key=str(tmp_path / "key"))])
    assert caught.value.hint == f"chmod 600 {tmp_path}/key"


@pytest.mark.whole
@pytest.mark.usefixtures("agent")
def test_a_locked_key_is_used_through_the_agent_without_its_public_half(
    host: Target, run: Run, locked: Path, tmp_path: Path
) -> None:
    add(locked, "secret", tmp_path)
    Path(f"{locked}.pub").unlink()
    assert endings(run([replace(host, key=str(locked))]))[0].outcome == "ok"


def test_a_locked_key_without_the_agent_says_what_to_do(host: Target, run: Run, locked: Path) -> None:
    with pytest.raises(UsageError, match="passphrase") as caught:
        run([replace(host, key=str(locked))])
    assert f"ssh-add {locked}" in (caught.value.hint or "")


@pytest.mark.whole
@pytest.mark.usefixtures("agent")
def test_a_locked_key_is_used_through_the_agent(farm: Farm, run: Run, locked: Path, tmp_path: Path) -> None:
    add(locked, "secret", tmp_path)
    targets = [replace(target, key=str(locked)) for target in farm.hosts(8)]
    assert {done.outcome for done in endings(run(targets))} == {"ok"}


@pytest.mark.whole
@pytest.mark.usefixtures("agent")
def test_many_connections_sign_through_one_agent_without_mixing_up(locked: Path, tmp_path: Path) -> None:
    add(locked, "secret", tmp_path)
    identities = Identities()
    (key,) = identities.load(str(locked))
    public = paramiko.Ed25519Key(data=key.asbytes())

    def signed(number: int) -> bool:
        data = b"%d" % number
        return bool(public.verify_ssh_sig(data, paramiko.Message(key.sign_ssh_data(data))))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(signed, range(400)))
    identities.close()


@pytest.mark.whole
@pytest.mark.usefixtures("agent")
def test_without_a_key_file_the_agent_is_tried(host: Target, run: Run, locked: Path, tmp_path: Path) -> None:
    add(locked, "secret", tmp_path)
    assert endings(run([replace(host, key=None)]))[0].outcome == "ok"


@pytest.mark.whole
@pytest.mark.parametrize("has_ssh", [True, False])
def test_without_a_key_file_the_usual_files_are_tried(
    farm: Farm, host: Target, run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch, has_ssh: bool
) -> None:
    (own_home / ".ssh").mkdir()
    key_pair(own_home / ".ssh" / "id_ecdsa", "ecdsa")
    key_pair(own_home / ".ssh" / "id_ed25519", passphrase="other")
    shutil.copy(farm.login_key, own_home / ".ssh" / "id_rsa")
    if not has_ssh:
        monkeypatch.setenv("PATH", str(own_home / "nothing"))
    assert endings(run([replace(host, key=None)]))[0].outcome == "ok"


def test_without_any_key_a_host_refuses(host: Target, run: Run) -> None:
    (done,) = endings(run([replace(host, key=None)]))
    assert (done.outcome, "there is no key to try" in done.reason) == ("refused", True)


@pytest.mark.whole
@pytest.mark.usefixtures("agent")
def test_without_ssh_a_key_that_the_agent_and_a_usual_file_have_is_tried_once(
    host: Target, run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / ".ssh").mkdir()
    add(key_pair(own_home / ".ssh" / "id_ed25519"), "", own_home)
    monkeypatch.setenv("PATH", str(own_home / "nothing"))
    (done,) = endings(run([replace(host, key=None)]))
    assert (done.outcome, "(1 key tried)" in done.reason) == ("refused", True), done


@pytest.mark.whole
@pytest.mark.usefixtures("agent")
def test_without_ssh_a_key_that_the_agent_refuses_does_not_end_the_login(
    farm: Farm, host: Target, run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / ".ssh").mkdir()
    # Somebody would have to be asked about it, and nobody is there.
    subprocess.run(["ssh-add", "-q", "-c", str(key_pair(own_home / "asking"))], check=True, stdin=subprocess.DEVNULL)
    shutil.copy(farm.login_key, own_home / ".ssh" / "id_ed25519")
    monkeypatch.setenv("PATH", str(own_home / "nothing"))
    assert endings(run([replace(host, key=None)]))[0].outcome == "ok"


@pytest.mark.whole
@pytest.mark.parametrize("kind", some(["rsa", "ecdsa"], "ecdsa"))
def test_keys_of_other_kinds_log_in(farm: Farm, host: Target, run: Run, tmp_path: Path, kind: str) -> None:
    key = key_pair(tmp_path / kind, kind)
    with (farm.folder / "authorized_keys").open("a") as authorized:
        authorized.write(Path(f"{key}.pub").read_text())
    assert endings(run([replace(host, key=str(key))]))[0].outcome == "ok"
