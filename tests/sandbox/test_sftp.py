"""Files over SFTP: real clients put and get them in an instance's own folder, and never leave it."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from udo.sandbox.faults import InstanceFault
from udo.sandbox.world import World

CONFIG = """
region: us-west-2
ami: ami-0123456789abcdef0
clusters: {prod: {roles: {web: {scale_policy: {min_size: 2, max_size: 2}}}}}
"""


@pytest.fixture
def members(world: World, ssh: Any, seeded: Callable[..., Any]) -> list[Any]:
    seeded(CONFIG)
    return list(world.instances())


@pytest.fixture
def folder(world: World, members: list[Any]) -> Path:
    assert world.hosts is not None
    return world.hosts.place(members[0]).folder


@pytest.fixture
def client(members: list[Any], ssh: Any) -> Iterator[paramiko.SSHClient]:
    made = paramiko.SSHClient()
    made.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    words: dict[str, Any] = {"key_filename": str(ssh.key), "allow_agent": False, "look_for_keys": False}
    made.connect(members[0].private_ip, ssh.port, "anybody", timeout=5, banner_timeout=5, **words)
    yield made
    made.close()


@pytest.fixture
def sftp(client: paramiko.SSHClient) -> paramiko.SFTPClient:
    return client.open_sftp()


def _command(ssh: Any, tmp_path: Path, *words: str) -> list[str]:
    options = ("StrictHostKeyChecking=no", f"UserKnownHostsFile={tmp_path / 'known'}", "BatchMode=yes")
    given = [word for option in options for word in ("-o", option)]
    return [words[0], "-q", "-F", "none", "-i", str(ssh.key), "-P", str(ssh.port), *given, *words[1:]]


def test_what_is_put_is_what_the_commands_of_the_instance_see(client: Any, sftp: Any, folder: Path) -> None:
    with sftp.open("app.conf", "w") as file:
        file.write("port=80\n")
    _sent, out, _err = client.exec_command("cat app.conf; echo more >> app.conf; pwd")
    assert out.read().decode() == f"port=80\n{folder}\n"
    assert sftp.open("/app.conf").read() == b"port=80\nmore\n"
    assert sftp.open(f"{folder}/app.conf").read() == b"port=80\nmore\n"


def test_each_instance_has_files_of_its_own(world: World, members: list[Any], sftp: Any) -> None:
    assert world.hosts is not None
    sftp.mkdir("only-here")
    second = world.hosts.place(members[1]).folder
    assert not (second / "only-here").exists()


def test_everything_an_sftp_client_does_is_done(sftp: Any, folder: Path) -> None:
    sftp.mkdir("a", 0o750)
    with sftp.open("a/one", "wx") as file:
        file.write(b"12345")
    with pytest.raises(OSError, match="ailure"):
        sftp.open("a/one", "wx")
    with sftp.open("a/one", "a") as file:
        file.write(b"67")
    with sftp.open("a/one", "r+") as file:
        file.seek(1)
        file.write(b"x")
    assert (folder / "a/one").read_bytes() == b"1x34567"
    sftp.chmod("a/one", 0o640)
    sftp.truncate("a/one", 3)
    sftp.utime("a/one", (1000, 2000))
    told = sftp.stat("a/one")
    assert (told.st_size, told.st_mode & 0o777, told.st_mtime) == (3, 0o640, 2000)
    sftp.symlink("one", "a/link")
    assert (sftp.readlink("a/link"), sftp.open("a/link").read()) == ("one", b"1x3")
    assert sorted(sftp.listdir("a")) == ["link", "one"]
    with pytest.raises(OSError, match="ailure"):
        sftp.rename("a/one", "a/link")
    sftp.posix_rename("a/one", "a/link")
    sftp.rename("a/link", "two")
    sftp.remove("two")
    sftp.rmdir("a")
    with pytest.raises(FileNotFoundError):
        sftp.stat("a")


def test_a_path_is_told_as_the_commands_of_the_instance_have_it(sftp: Any, folder: Path) -> None:
    assert (sftp.normalize("."), sftp.normalize("/etc/x")) == (str(folder), f"{folder}/etc/x")


def test_it_says_that_a_file_is_replaced_in_one_step_as_openssh_does(client: Any) -> None:
    channel = client.get_transport().open_session()
    channel.invoke_subsystem("sftp")
    channel.sendall(struct.pack(">IBI", 5, 1, 3))
    said = channel.recv(1000)
    while len(said) < 4 or len(said) < 4 + int.from_bytes(said[:4]):
        said += channel.recv(1000)
    # Source: OpenSSH's PROTOCOL, section 4.3.
    assert struct.pack(">I", 24) + b"posix-rename@openssh.com" + struct.pack(">I", 1) + b"1" in said


def test_nothing_outside_of_the_folder_is_reached(client: Any, sftp: Any, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    client.exec_command(f"ln -s {tmp_path} out; ln -s {tmp_path}/new away; ln -s / root")[1].read()
    for path in (str(secret), "../" * 20 + str(secret), f"{folder}/../../../..{secret}"):
        with pytest.raises(FileNotFoundError):
            sftp.open(path)
    for work in (
        lambda: sftp.open("out/secret"),
        lambda: sftp.open("out/written", "w"),
        lambda: sftp.open("away", "w"),
        lambda: sftp.listdir("root"),
        lambda: sftp.stat("root/etc"),
        lambda: sftp.remove("out/secret"),
        lambda: sftp.rename("out/secret", "here"),
        lambda: sftp.mkdir("out/made"),
        lambda: sftp.truncate("out/secret", 0),
        lambda: sftp.symlink(str(secret), "way-out"),
        lambda: sftp.symlink("../" * 20 + "etc", "way-out"),
    ):
        with pytest.raises(PermissionError):
            work()
    assert sorted(tmp_path.iterdir()) == sorted({secret, *[one for one in tmp_path.iterdir() if one.name != "made"]})
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "written").exists()
    assert secret.read_text() == "mine"
    assert sftp.lstat("out").st_mode is not None
    sftp.remove("out")
    assert secret.exists()


@pytest.mark.skipif(shutil.which("sftp") is None, reason="needs OpenSSH's sftp and scp")
def test_openssh_puts_and_gets(members: list[Any], ssh: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle").write_bytes(bytes(range(256)) * 1000)
    host = f"anybody@{members[0].private_ip}"
    batch = tmp_path / "batch"
    batch.write_text(f"mkdir releases\nput {tmp_path}/bundle releases/one\nls -l releases\n")
    ran = subprocess.run(
        _command(ssh, tmp_path, "sftp", "-b", str(batch), host), timeout=30, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    subprocess.run(
        _command(ssh, tmp_path, "scp", f"{host}:releases/one", str(tmp_path / "back")), check=True, timeout=30
    )
    assert (tmp_path / "back").read_bytes() == (folder / "releases/one").read_bytes() == bytes(range(256)) * 1000


def test_a_misbehaving_instance_misbehaves_over_sftp_too(world: World, members: list[Any], client: Any) -> None:
    world.faults.add(InstanceFault("drop", members[0].id))
    with pytest.raises((paramiko.SSHException, EOFError, OSError)):
        client.open_sftp()
