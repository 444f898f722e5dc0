"""Reading known_hosts the way OpenSSH reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from sshd_farm import key_pair, public_key

from udo.ssh import known_hosts
from udo.ssh.host_key import HostKey, parse
from udo.ssh.target import known_names

ED = parse("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIE7vwYJgDp4BzF4kQz0gkK6nWQdq0Qm0d7iN0l8m3rXk")
assert ED


def known(tmp_path: Path, text: str, address: str = "10.0.0.1", port: int = 22) -> known_hosts.Known:
    file = tmp_path / "known_hosts"
    file.write_text(text)
    return known_hosts.read([str(file)]).known(known_names(address, port))


@pytest.mark.parametrize(
    ("names", "port", "knows"),
    [
        ("10.0.0.1", 22, True),
        ("web1,10.0.0.1", 22, True),
        ("10.0.0.11", 22, False),
        ("10.0.0.1", 2222, True),
        ("[10.0.0.1]:2222", 2222, True),
        ("[10.0.0.1]:2222", 22, False),
        ("[10.0.0.1]:2223", 2222, False),
        ("10.0.*", 22, True),
        ("10.0.0.?", 22, True),
        ("10.0.0.??", 22, False),
        ("10.0.*,!10.0.0.1", 22, False),
        ("!10.0.0.1,10.0.*", 22, False),
        ("!10.0.0.2,10.0.*", 22, True),
        ("!10.0.0.2", 22, False),
        ("*", 22, True),
        ("10.0.0.1,!10.0.0.1", 22, False),
        ("10.0.0.1,!10.0.0.2", 22, True),
        ("10[.]0.0.1", 22, False),
    ],
)
def test_a_line_speaks_of_the_hosts_its_names_cover(tmp_path: Path, names: str, port: int, knows: bool) -> None:
    assert known(tmp_path, f"{names} {ED.text} a comment\n", port=port).keys == ((ED,) if knows else ())


def test_a_line_with_the_port_goes_before_one_without(tmp_path: Path) -> None:
    other = public_key(key_pair(tmp_path / "other"))
    text = f"10.0.0.1 {other.text}\n[10.0.0.1]:2222 {ED.text}\n"
    assert known(tmp_path, text, port=2222).keys == (ED,)
    assert known(tmp_path, text).keys == (other,)


def test_hashed_names_match_as_ssh_keygen_hashes_them(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"10.0.0.1 {ED.text}\n[10.0.0.2]:2222 {ED.text}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    assert "10.0.0" not in file.read_text()
    hosts = known_hosts.read([str(file)])
    assert hosts.known(known_names("10.0.0.1", 22)).keys == (ED,)
    assert hosts.known(known_names("10.0.0.2", 2222)).keys == (ED,)
    assert hosts.known(known_names("10.0.0.2", 22)).keys == ()


def test_a_revoked_key_is_told_apart(tmp_path: Path) -> None:
    found = known(tmp_path, f"@revoked * {ED.text}\n10.0.0.1 {ED.text}\n")
    assert (found.keys, found.revoked) == ((ED,), (ED,))


@pytest.mark.parametrize("names", ["10.0.0.1", "[10.0.0.1]:2222", "*", "[10.*]:*", "10.*,!10.0.0.2"])
def test_a_key_is_revoked_under_any_name_of_the_host_though_another_one_has_the_line(
    tmp_path: Path, names: str
) -> None:
    found = known(tmp_path, f"[10.0.0.1]:2222 {ED.text}\n@revoked {names} {ED.text}\n", port=2222)
    assert (found.keys, set(found.revoked)) == ((ED,), {ED})


def test_a_key_is_not_revoked_for_other_hosts(tmp_path: Path) -> None:
    text = f"@revoked 10.0.0.2 {ED.text}\n@revoked [10.0.0.1]:2223 {ED.text}\n@revoked 10.*,!10.0.0.1 {ED.text}\n"
    assert known(tmp_path, text, port=2222) == known_hosts.Known()


def test_a_line_ends_where_it_ends_for_ssh(tmp_path: Path) -> None:
    found = known(tmp_path, f"10.0.0.9 {ED.text} one\x0c10.0.0.1 {ED.text}\r\n10.0.0.1 {ED.text}\r\n")
    assert (found.keys, len(found.places)) == ((ED,), 1)


def test_a_file_below_the_home_folder_is_the_one_of_the_account_as_for_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_dir=str(tmp_path / "account")))
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    for folder in ("account", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "known").write_text(f"{folder} {ED.text}\n")
    assert [entry.names for entry in known_hosts.read(["~/known"]).entries] == ["account"]


def test_an_account_without_a_line_in_passwd_has_the_home_folder_of_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "known").write_text(f"10.0.0.1 {ED.text}\n")
    assert known_hosts.read(["~/known"]).known(["10.0.0.1"]).keys == (ED,)


def test_an_authority_is_no_host_key(tmp_path: Path) -> None:
    found = known(tmp_path, f"@cert-authority 10.* {ED.text}\n")
    assert (found.keys, found.authority) == ((), True)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# 10.0.0.1 comment",
        "10.0.0.1",
        "10.0.0.1 ssh-ed25519",
        "10.0.0.1 ssh-ed25519 !!!",
        "10.0.0.1 ssh-ed25519 AAAA",
        f"10.0.0.1 ssh-rsa {ED.text.split()[1]}",
        f"@unheard 10.0.0.1 {ED.text}",
        f"|1|broken 10.0.0.1 {ED.text}",
        f"|1|?|? {ED.text}",
    ],
)
def test_a_line_that_says_nothing_is_skipped(tmp_path: Path, line: str) -> None:
    assert known(tmp_path, f"{line}\n10.0.0.9 {ED.text}\n") == known_hosts.Known()


def test_a_file_that_is_not_there_knows_nobody(tmp_path: Path) -> None:
    assert known_hosts.read([str(tmp_path / "none")]).known(known_names("10.0.0.1", 22)) == known_hosts.Known()


def test_every_file_named_is_read_and_lines_are_told(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(f"# first\n10.0.0.1 {ED.text}\n")
    two.write_text(f"10.0.0.2 {ED.text}\n")
    hosts = known_hosts.read([str(one), str(two)])
    assert hosts.known(known_names("10.0.0.1", 22)).places == (f"{one}:2",)
    assert hosts.known(known_names("10.0.0.2", 22)).places == (f"{two}:1",)


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_fingerprint_is_the_one_openssh_prints(tmp_path: Path, kind: str) -> None:
    path = key_pair(tmp_path / "key", kind)
    printed = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], check=True, capture_output=True, text=True).stdout
    assert public_key(path).fingerprint == printed.split()[1]
    assert isinstance(public_key(path), HostKey)
