"""Certificates of users and of hosts, on real servers that know the authority alone."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import Run, endings, output
from sshd_farm import Farm, key_pair, public_key
from whole import some

from udo.change.events import Event, Notice
from udo.ssh import Options, Target, login_argv
from udo.ssh.pins import pins

# What is the matter with a certificate: who signed it, when it holds, for whom.
BAD = {"expired": ("ours", "-2h:-1h", ""), "foreign": ("theirs", "-1h:+1h", ""), "not his": ("ours", "-1h:+1h", "else")}


@dataclass(frozen=True)
class Authority:
    """Two authorities, and a host whose users the first vouches for."""

    folder: Path
    host: Target

    def certify(self, key: Path, signer: str = "ours", validity: str = "-1h:+1h", name: str = "") -> Path:
        """Writes a certificate beside the key."""
        ca = self.folder / signer
        argv = ["ssh-keygen", "-q", "-s", str(ca), "-I", "x", "-n", name or getpass.getuser(), "-V", validity]
        subprocess.run([*argv, f"{key}.pub"], check=True)
        return key


@pytest.fixture(scope="module")
def authority(farm: Farm) -> Authority:
    """The authorities of this module."""
    folder = farm.folder / "authorities"
    folder.mkdir()
    ours, _ = (key_pair(folder / name) for name in ("ours", "theirs"))
    return Authority(folder, farm.hosts(more=f"TrustedUserCAKeys {ours}.pub")[0])


def notices(events: list[Event]) -> list[str]:
    return [event.says for event in events if isinstance(event, Notice) and "paramiko" not in event.says]


def usual(key: Path, folder: Path) -> None:
    """Puts a key with its certificate where it is looked for when none is named."""
    (folder / ".ssh").mkdir()
    for end in ("", ".pub", "-cert.pub"):
        there = folder / ".ssh" / f"id_{key.name}{end}"
        there.touch(0o600)
        there.write_bytes(Path(f"{key}{end}").read_bytes())


def test_a_certificate_beside_the_named_key_goes_through_ssh_which_is_said(
    authority: Authority, run: Run, tmp_path: Path
) -> None:
    key = key_pair(tmp_path / "key")
    assert endings(run([replace(authority.host, key=str(key))]))[0].outcome == "refused"
    events = run([replace(authority.host, key=str(authority.certify(key)))])
    assert output(events) == b"hi\n"
    assert notices(events) == [f"1 of 1 hosts go through ssh: a certificate lies beside {key}"]


@pytest.mark.parametrize("what", BAD)
def test_a_certificate_that_is_not_good_is_refused(authority: Authority, run: Run, tmp_path: Path, what: str) -> None:
    key = authority.certify(key_pair(tmp_path / "key"), *BAD[what])
    (done,) = endings(run([replace(authority.host, key=str(key))]))
    assert (done.outcome, "Permission denied" in done.reason) == ("refused", True)


def test_a_certificate_that_the_configuration_names_goes_through_ssh(
    authority: Authority, run: Run, tmp_path: Path
) -> None:
    key = authority.certify(key_pair(tmp_path / "key"))
    elsewhere = Path(f"{key}-cert.pub").rename(tmp_path / "elsewhere.pub")
    (tmp_path / "config").write_text(f"Host *\n  CertificateFile {elsewhere}\n")
    events = run([replace(authority.host, key=str(key), config=str(tmp_path / "config"))])
    assert output(events) == b"hi\n", endings(events)
    assert notices(events) == ["1 of 1 hosts go through ssh: its configuration has certificatefile"]


@pytest.mark.whole
def test_a_certificate_beside_a_usual_key_goes_through_ssh(authority: Authority, run: Run, own_home: Path) -> None:
    usual(authority.certify(key_pair(own_home / "rsa", "rsa")), own_home)
    events = run([replace(authority.host, key=None)])
    said = f"1 of 1 hosts go through ssh: a certificate lies beside {own_home}/.ssh/id_rsa"
    assert (output(events), notices(events)) == (b"hi\n", [said])


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("kind", some(["ed25519", "ecdsa", "rsa"], "ed25519", "ecdsa"))
def test_without_ssh_the_usual_keys_are_shown_with_their_certificates(
    authority: Authority, run: Run, tmp_path: Path, kind: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.defpath)
        usual(authority.certify(key_pair(tmp_path / kind, kind)), tmp_path)
    events = run([replace(authority.host, key=None)])
    assert (output(events), notices(events)) == (b"hi\n", [])


@pytest.mark.parametrize("what", BAD)
def test_a_usual_key_with_a_certificate_that_is_not_good_is_refused(
    authority: Authority, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    usual(authority.certify(key_pair(tmp_path / "ed25519"), *BAD[what]), tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "no ssh here"))
    (done,) = endings(run([replace(authority.host, key=None)]))
    assert (done.outcome, "2 keys tried" in done.reason) == ("refused", True)


@pytest.mark.whole
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.usefixtures("own_home")
def test_a_key_that_is_good_alone_is_not_spoilt_by_its_certificate(
    farm: Farm, authority: Authority, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    key = key_pair(tmp_path / "ed25519")
    with (farm.folder / "authorized_keys").open("a") as authorized:
        authorized.write(Path(f"{key}.pub").read_text())
    usual(authority.certify(key, *BAD["expired"]), tmp_path)
    target = replace(authority.host, key=str(key) if named else None)
    assert output(run([target])) == b"hi\n"
    monkeypatch.setenv("PATH", str(tmp_path / "no ssh here"))
    events = run([target])
    assert (output(events), notices(events)) == (b"hi\n", [])


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An ssh-agent without keys."""
    argv = ["ssh-agent", "-s", "-a", str(tmp_path / "agent")]
    started = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    yield
    os.kill(int(started.split("SSH_AGENT_PID=")[1].split(";")[0]), signal.SIGTERM)


@pytest.mark.whole
@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate_in_the_agent_is_shown(authority: Authority, run: Run, tmp_path: Path, kind: str) -> None:
    key = authority.certify(key_pair(tmp_path / "key", kind))
    subprocess.run(["ssh-add", "-q", str(key)], check=True, stdin=subprocess.DEVNULL)
    assert output(run([replace(authority.host, key=None)])) == b"hi\n"


def certified(farm: Farm, folder: Path, validity: str = "-1h:+1h", principal: str = "") -> tuple[Target, Path]:
    """A host that shows a certificate for its address (or another name), and its key; known_hosts has the authority."""
    (there,) = farm.hosts()
    signer, mine = (key_pair(folder / name) for name in ("signer", "mine"))
    sign = ["ssh-keygen", "-q", "-s", str(signer), "-I", "x", "-h", "-n", principal or there.address]
    subprocess.run([*sign, "-V", validity, f"{mine}.pub"], check=True)
    (target,) = farm.at([there.address], there.port + 1, [mine], f"HostCertificate {mine}-cert.pub")
    (folder / "known").write_text(f"@cert-authority * {public_key(signer).text}\n")
    return replace(target, known_hosts=(str(folder / "known"),)), mine


BY_AUTHORITY = "1 of 2 hosts go through ssh: known_hosts has a @cert-authority for them and no key"


def test_a_host_with_a_certificate_goes_through_ssh_which_is_said(
    farm: Farm, host: Target, run: Run, tmp_path: Path
) -> None:
    events = run([certified(farm, tmp_path)[0], host])
    assert [done.outcome for done in endings(events)] == ["ok", "ok"]
    assert notices(events) == [BY_AUTHORITY]


def test_a_login_leaves_a_certificate_to_ssh(farm: Farm, tmp_path: Path) -> None:
    target, _ = certified(farm, tmp_path)
    argv = login_argv(target, Options(), lambda _: pytest.fail("the console was asked"), tmp_path)
    done = subprocess.run([*argv, "echo hi"], check=False, capture_output=True, text=True, timeout=20)
    assert done.stdout == "hi\n", done.stderr
    (tmp_path / "known").write_text(f"@cert-authority * {public_key(farm.host_key).text}\n")
    done = subprocess.run([*argv, "echo hi"], check=False, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (255, "")


@pytest.mark.parametrize(("validity", "principal"), [("-2h:-1h", ""), ("-1h:+1h", "elsewhere")])
def test_the_certificate_of_a_host_must_be_good(
    farm: Farm, run: Run, tmp_path: Path, validity: str, principal: str
) -> None:
    target, _ = certified(farm, tmp_path, validity, principal)
    for host_keys in ("strict", "accept-new"):
        (done,) = endings(run([target], "touch reached", host_keys=host_keys))
        assert (done.outcome, "verification failed" in done.reason) == ("refused", True)


def test_a_host_without_a_certificate_of_the_authority_is_refused(farm: Farm, run: Run, tmp_path: Path) -> None:
    (target,) = farm.hosts()
    (tmp_path / "known").write_text(f"@cert-authority * {public_key(key_pair(tmp_path / 'signer')).text}\n")
    (done,) = endings(run([replace(target, known_hosts=(str(tmp_path / "known"),))], host_keys="accept-new"))
    assert done.outcome == "refused"


@pytest.mark.whole
def test_a_pin_or_a_line_of_its_own_goes_before_the_authority(farm: Farm, run: Run, tmp_path: Path) -> None:
    target, mine = certified(farm, tmp_path)
    pins().pin(target.instance_id, [public_key(mine)])
    listed = replace(target, instance_id="i-0123456789abcdef0")
    events = run([target])
    assert ([done.outcome for done in endings(events)], notices(events)) == (["ok"], [])
    with (tmp_path / "known").open("a") as known:
        known.write(f"[{target.address}]:{target.port} {public_key(mine).text}\n")
    events = run([listed])
    assert ([done.outcome for done in endings(events)], notices(events)) == (["ok"], [])
