"""The configuration written for OpenSSH, used as it stands by the real programs on real servers."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sshd_farm import Farm, key_pair, public_key

from udo.ssh import KNOWN_HOSTS, Target, client_config
from udo.ssh.pins import pins


@pytest.fixture(autouse=True)
def odd_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose name ssh would split and expand."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a %h b"))
    return tmp_path / "a %h b"


@pytest.fixture
def pinned(farm: Farm, tmp_path: Path) -> Target:
    """A host that only its pin knows, and whose key has an odd name."""
    (host,) = farm.hosts(more="Subsystem sftp internal-sftp")
    key = tmp_path / "my %k key"
    key.touch(0o600)
    key.write_text(farm.login_key.read_text())
    pins().pin(host.instance_id, [public_key(farm.host_key)])
    return replace(host, key=str(key), known_hosts=())


def through(targets: list[Target], folder: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "conf").write_text(client_config(targets, lambda _: None)[0])
    argv = [program, "-F", str(folder / "conf"), "-o", "BatchMode=yes", "--", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)


def test_ssh_logs_in_by_the_instance_id_with_the_pin(pinned: Target, tmp_path: Path) -> None:
    other = replace(pinned, instance_id="i-0123456789abcdef0", address="127.0.0.1", port=1)
    ended = through([other, pinned], tmp_path, "ssh", pinned.instance_id, "echo in; exit 3")
    assert (ended.stdout, ended.returncode) == ("in\n", 3), ended.stderr


def test_scp_copies_with_it_too(pinned: Target, tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("whole")
    there = tmp_path / "there"
    ended = through([pinned], tmp_path, "scp", str(tmp_path / "sent"), f"{pinned.instance_id}:{there}")
    assert (ended.returncode, there.read_text()) == (0, "whole"), ended.stderr


def test_a_wrong_pin_is_refused_and_without_one_the_files_decide(farm: Farm, pinned: Target, tmp_path: Path) -> None:
    held = pins().path(pinned.instance_id)
    held.write_text(f"{pinned.instance_id} {public_key(key_pair(tmp_path / 'other')).text}\n")
    ended = through([pinned], tmp_path, "ssh", pinned.instance_id, f"touch {tmp_path}/reached")
    assert (ended.returncode, "Host key verification failed" in ended.stderr) == (255, True)
    assert not (tmp_path / "reached").exists()
    held.unlink()
    (tmp_path / "known").write_text(f"[{pinned.address}]:{pinned.port} {public_key(farm.host_key).text}\n")
    target = replace(pinned, known_hosts=(str(tmp_path / "known"),))
    assert through([target], tmp_path, "ssh", pinned.instance_id, "exit 4").returncode == 4


def test_a_host_that_nobody_knows_is_refused(pinned: Target, tmp_path: Path) -> None:
    pins().path(pinned.instance_id).unlink()
    assert through([pinned], tmp_path, "ssh", pinned.instance_id, "true").returncode == 255


def test_a_pin_that_is_revoked_or_contradicted_makes_no_block(farm: Farm, pinned: Target, tmp_path: Path) -> None:
    key, other = public_key(farm.host_key), public_key(key_pair(tmp_path / "other"))
    name = f"[{pinned.address}]:{pinned.port}"
    for line, told in (
        (f"@revoked {pinned.address} {key.text}", "is revoked in known_hosts"),
        (f"{name} {other.text}", "known:1 is not the one pinned in"),
    ):
        (tmp_path / "known").write_text(f"{line}\n")
        text, (note,) = client_config([replace(pinned, known_hosts=(str(tmp_path / "known"),))], lambda _: None)
        assert text == ""
        assert note.startswith(f"{pinned.instance_id} is left out: the host key")
        assert told in note


def test_files_of_the_configuration_whose_names_have_blanks_are_written_so_that_ssh_reads_them(
    farm: Farm, pinned: Target, tmp_path: Path
) -> None:
    pins().path(pinned.instance_id).unlink()
    own, known = tmp_path / "own", tmp_path / "my hosts"
    known.write_text(f"[{pinned.address}]:{pinned.port} {public_key(farm.host_key).text}\n")
    for keyword in ("UserKnownHostsFile", "GlobalKnownHostsFile"):
        own.write_text(f'Host *\n  {keyword} /none "{known}"\n')
        target = replace(pinned, known_hosts=KNOWN_HOSTS, config=str(own))
        assert through([target], tmp_path, "ssh", target.instance_id, "exit 3").returncode == 3


def test_the_way_the_operators_configuration_describes_is_taken(pinned: Target, tmp_path: Path) -> None:
    own = tmp_path / "own"
    proxy = "bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3; kill $!'"
    own.write_text(
        f"Host 10.1.*\n  HostName {pinned.address}\n  Port {pinned.port}\n  User {pinned.user}\n"
        f'  IdentityFile "{pinned.key}"\n  ProxyCommand {proxy}\n'.replace("my %k", "my %%k")
    )
    unset = ("user", "port", "key")
    target = replace(pinned, address="10.1.2.3", user="me", port=22, key=None, config=str(own), unset=unset)
    ended = through([target], tmp_path, "ssh", target.instance_id, "echo in")
    assert (ended.stdout, ended.returncode) == ("in\n", 0), ended.stderr


@pytest.mark.whole
@pytest.mark.parametrize("said", ["in udo.yml", "in ssh_config"])
def test_the_host_in_between_is_found_where_the_operator_describes_it(
    pinned: Target, farm: Farm, tmp_path: Path, said: str
) -> None:
    _, bastion = farm.hosts(2)
    (tmp_path / "known").write_text(f"[{bastion.address}]:{bastion.port} {public_key(farm.host_key).text}\n")
    own = tmp_path / "own"
    own.write_text(
        f"Host {pinned.address}\n  {'ProxyJump bastion' if said == 'in ssh_config' else 'Compression no'}\n"
        f"Host bastion\n  HostName {bastion.address}\n  Port {bastion.port}\n  User {bastion.user}\n"
        f"  IdentityFile {farm.login_key}\n  UserKnownHostsFile {tmp_path}/known\n"
    )
    target = replace(pinned, config=str(own), jump="bastion" if said == "in udo.yml" else None)
    ended = through([target], tmp_path, "ssh", target.instance_id, "echo in")
    assert (ended.stdout, ended.returncode) == ("in\n", 0), ended.stderr
    own.write_text(own.read_text().replace(f"Port {bastion.port}", "Port 1"))
    assert through([target], tmp_path, "ssh", target.instance_id, "true").returncode == 255
