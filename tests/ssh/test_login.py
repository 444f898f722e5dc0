"""The interactive login through the OpenSSH program."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sshd_farm import Farm, key_pair, public_key

from udo.errors import Refused
from udo.ssh import Options, Target, login_argv
from udo.ssh.login import pin_accepted
from udo.ssh.pins import pins


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name ssh would split and expand."""
    made = tmp_path / "a %h b"
    made.mkdir()
    return made


def login(argv: list[str], command: str = "echo hi") -> subprocess.CompletedProcess[str]:
    words = [*argv[:1], "-F", "none", "-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no"]
    return subprocess.run([*words, *argv[1:], command], check=False, capture_output=True, text=True, timeout=20)


def test_it_logs_in_with_the_pin_under_the_instance_id(farm: Farm, host: Target, folder: Path) -> None:
    target = replace(host, known_hosts=())
    pins().pin(target.instance_id, [public_key(farm.host_key)])
    argv = login_argv(target, Options(), lambda _: pytest.fail("the console was asked"), folder)
    assert login(argv).stdout == "hi\n"
    assert f"HostKeyAlias={target.instance_id}" in argv
    assert argv[-2:] == ["--", target.address]


def test_what_known_hosts_knows_by_address_is_trusted_under_the_instance_id(host: Target, folder: Path) -> None:
    assert login(login_argv(host, Options(), lambda _: None, folder)).stdout == "hi\n"


def test_the_console_is_asked_where_nothing_else_knows(farm: Farm, host: Target, folder: Path) -> None:
    key = public_key(farm.host_key)
    console = f"-----BEGIN SSH HOST KEY KEYS-----\n{key.text} x\n-----END SSH HOST KEY KEYS-----\n"
    target = replace(host, known_hosts=())
    assert login(login_argv(target, Options(), lambda _: console, folder)).stdout == "hi\n"
    assert pins().keys(target.instance_id) == (key,)


def test_an_unknown_host_is_refused_before_ssh_is_started(host: Target, folder: Path) -> None:
    with pytest.raises(Refused, match="not known") as caught:
        login_argv(replace(host, known_hosts=()), Options(), lambda _: None, folder)
    assert caught.value.hint == "--host-keys accept-new"


def test_accept_new_lets_ssh_pin_the_key(farm: Farm, host: Target, folder: Path) -> None:
    target = replace(host, known_hosts=())
    assert login(login_argv(target, Options(host_keys="accept-new"), lambda _: None, folder)).stdout == "hi\n"
    pin_accepted(target, folder)
    assert pins().keys(target.instance_id) == (public_key(farm.host_key),)


def test_another_key_is_refused_by_ssh(host: Target, folder: Path, tmp_path: Path) -> None:
    target = replace(host, known_hosts=())
    pins().pin(target.instance_id, [public_key(key_pair(tmp_path / "other"))])
    for host_keys in ("strict", "accept-new"):
        done = login(login_argv(target, Options(host_keys=host_keys), lambda _: None, folder))
        assert (done.returncode, done.stdout) == (255, "")
        assert "Host key verification failed" in done.stderr


def test_a_revoked_key_is_refused_before_ssh_is_started(farm: Farm, host: Target, folder: Path, tmp_path: Path) -> None:
    key = public_key(farm.host_key)
    (tmp_path / "known").write_text(f"{host.address} {key.text}\n@revoked * {key.text}\n")
    with pytest.raises(Refused, match="revoked in known_hosts"):
        login_argv(replace(host, known_hosts=(str(tmp_path / "known"),)), Options(), lambda _: None, folder)


def test_the_agent_is_not_forwarded_and_only_the_named_key_is_tried(host: Target, folder: Path) -> None:
    argv = login_argv(host, Options(), lambda _: None, folder)
    settings = {argv[i + 1] for i, word in enumerate(argv) if word == "-o"}
    assert {"ForwardAgent=no", "ForwardX11=no", "BatchMode=no", "IdentitiesOnly=yes", "UpdateHostKeys=no"} <= settings
    assert f'IdentityFile="{host.key}"' in settings
    assert (argv[argv.index("-l") + 1], argv[argv.index("-p") + 1]) == (host.user, str(host.port))


def test_a_user_named_like_an_option_stays_a_user(host: Target, folder: Path, tmp_path: Path) -> None:
    hostile = replace(host, user=f"-oProxyCommand=touch {tmp_path}/owned")
    assert login(login_argv(hostile, Options(), lambda _: None, folder)).returncode == 255
    assert not (tmp_path / "owned").exists()
