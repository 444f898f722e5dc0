"""What is followed of an OpenSSH configuration where there is no ssh program to ask, and what is refused."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run, endings, output
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sshd_farm import Farm, public_key
from whole import examples

from udo.errors import UsageError
from udo.ssh import Target
from udo.ssh.plain_config import followed
from udo.ssh.resolving import resolved

BARE = Target("i-0123456789abcdef0", "10.1.2.3", unset=("user", "port", "key"))


def written(folder: Path, text: str, name: str = "config") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def said_by_ssh(target: Target) -> tuple[str, str, list[str], list[str]]:
    argv = ["ssh", "-G", "-F", str(target.config), "--", target.address]
    told = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    rows = [line.partition(" ")[::2] for line in told.splitlines()]
    named: dict[str, list[str]] = {}
    for name, value in rows:
        named.setdefault(name, []).append(value)
    return named["hostname"][0], named["port"][0], named["user"], named["userknownhostsfile"]


LINES = st.sampled_from(
    [
        "Host *",
        "Host 10.*",
        "Host 10.1.?.3 other",
        "Host !10.1.2.3 *",
        "Host * !10.1.*",
        'host="10.1.2.3"',
        "Match all",
        "Host nowhere",
        "  Port 2201",
        "PORT = 2202 # two",
        "User = one",
        '\tUser "two"',
        "HostName 127.0.0.1",
        "HostName h-%h",
        "UserKnownHostsFile /a /b",
        'UserKnownHostsFile "/c"',
        "# User nobody",
        "ServerAliveInterval 5",
        "Include more",
    ]
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, max_size=8), st.lists(LINES.filter(lambda line: "Include" not in line), max_size=4))
def test_what_is_understood_means_what_it_means_to_ssh(tmp_path: Path, lines: list[str], more: list[str]) -> None:
    written(tmp_path, "\n".join(more), "more")
    text = "\n".join(lines).replace("Include more", f"Include {tmp_path}/mo*")
    target = replace(BARE, user="", config=written(tmp_path, text))
    made = followed(target)
    hostname, port, users, known = said_by_ssh(target)
    assert (made.address, str(made.port)) == (hostname, port)
    assert not made.user or [made.user] == users
    if made.known_hosts[0] != "~/.ssh/known_hosts":
        assert [" ".join(made.known_hosts[:-2])] == known


@pytest.mark.usefixtures("alone")
def test_a_host_is_reached_as_the_configuration_says(farm: Farm, host: Target, run: Run, tmp_path: Path) -> None:
    written(tmp_path, f"IdentityFile {host.key}\nIdentitiesOnly yes\n", "more")
    text = (
        f"Host bastion\n  ProxyJump nowhere\nHost 10.*\n  HostName {host.address}\n  Port {host.port}\n"
        f"  User {host.user}\n  UserKnownHostsFile {host.known_hosts[0]}\n  StrictHostKeyChecking no\n"
        f"  ConnectTimeout 5\n  ServerAliveInterval 9\n  Include {tmp_path}/more\n"
        "Match host elsewhere\n  SendEnv LANG\n"
    )
    events = run([replace(BARE, config=written(tmp_path, text))], "echo $SSH_CONNECTION")
    assert output(events).split()[2:] == [host.address.encode(), str(host.port).encode()], endings(events)


@pytest.mark.usefixtures("alone")
def test_a_key_that_is_not_known_is_refused_whatever_the_configuration_says(
    farm: Farm, host: Target, run: Run, tmp_path: Path
) -> None:
    text = "Host *\n  StrictHostKeyChecking no\n  User x\n"
    (done,) = endings(run([replace(host, known_hosts=(), config=written(tmp_path, text))]))
    assert done.outcome == "refused"
    assert public_key(farm.host_key).fingerprint in done.reason


def test_what_is_chosen_already_beats_the_configuration(tmp_path: Path) -> None:
    text = "User x\nPort 1\nIdentityFile %d/y\nIdentityFile z\nUserKnownHostsFile %d/k\n"
    chosen = replace(BARE, user="me", port=2222, key="/mine", known_hosts=("/k",), unset=())
    assert followed(replace(chosen, config=written(tmp_path, text))) == replace(chosen, config=str(tmp_path / "config"))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("Host 10.*\n  ProxyCommand nc %h %p\n", 2, "proxycommand nc %h %p"),
        ("ProxyJump bastion\n", 1, "proxyjump bastion"),
        ("\n# x\nCertificateFile a-cert.pub\n", 3, "certificatefile a-cert.pub"),
        ("Match user x\n  Port 3\n", 1, "match user x"),
        ("Match exec true\n  Include more\n  Port 3\n", 1, "match exec true"),
        ("Include %d/more\n", 1, "include %d/more"),
        ("IdentityFile a\nHost 10.1.*\nIdentityFile b\n", 3, "identityfile b"),
        ("IdentityFile ~/%h\n", 1, "identityfile ~/%h"),
        ("IdentityFile none\n", 1, "identityfile none"),
        ("HostName a b\n", 1, "hostname a b"),
        ("HostName %n\n", 1, "hostname %n"),
        ("Port ssh\n", 1, "port ssh"),
        ("Port\n", 1, "Port"),
        ("NoSuchWord 1\n", 1, "nosuchword 1"),
        ("Ciphers aes256-ctr\n", 1, "ciphers aes256-ctr"),
        ("UserKnownHostsFile ${HOME}/k\n", 1, "userknownhostsfile ${HOME}/k"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(tmp_path: Path, text: str, line: int, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        resolved([replace(BARE, config=path)])
    assert caught.value.message == f"{path}:{line}: '{told}' is not understood without the ssh program"
    assert "install OpenSSH" in (caught.value.hint or "")


@pytest.mark.usefixtures("alone")
def test_what_is_for_other_hosts_is_not_looked_at(tmp_path: Path) -> None:
    text = f"Host other !10.1.2.3\n  ProxyJump x\n  Include {tmp_path}/more\nHost 10.*\n  Port 99\n"
    written(tmp_path, "NoSuchWord 1\n", "more")
    (made,), notes = resolved([replace(BARE, config=written(tmp_path, text))])
    assert (made.port, made.via, notes) == (99, "paramiko", [])


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("text", ["", "Host *\n  SendEnv LANG\n  ForwardAgent yes\n  HashKnownHosts yes\n"])
def test_what_says_nothing_changes_nothing(tmp_path: Path, text: str) -> None:
    target = replace(BARE, config=written(tmp_path, text))
    assert resolved([target]) == ([target], [])


@pytest.mark.parametrize("gone", [True, False])
def test_a_named_file_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    if gone:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="No such file"):
        resolved([replace(BARE, config=str(tmp_path / "none-here"))])


@pytest.mark.parametrize("line", ["IdentityFile ~/.ssh/%h", "IdentityFile none", "Include ${HOME}/no*"])
def test_what_only_ssh_can_fill_in_is_left_to_it(tmp_path: Path, line: str) -> None:
    (made,), _ = resolved([replace(BARE, config=written(tmp_path, f"{line}\nProxyJump x\n"))])
    assert made.via == "openssh"
    (made,), _ = resolved([replace(BARE, config=written(tmp_path, line))])
    assert (made.via, made.key) == ("openssh" if "Identity" in line else "paramiko", None)
