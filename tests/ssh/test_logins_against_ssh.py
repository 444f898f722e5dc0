"""Every kind of login beside `ssh` itself, with the same keys, agent and configuration: whoever it lets in, we do."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import accounts
import pytest
import sshd_farm
from conftest import Run, endings
from fleet import WHOLE
from sshd_farm import key_pair
from whole import some

from udo.errors import UsageError
from udo.ssh import Target

KINDS = {"ed25519": (), "rsa": (), "ecdsa": (), "ecdsa-384": ("-b", "384"), "ecdsa-521": ("-b", "521")}
SERVERS = {
    "plain": "",
    "two tries": "MaxAuthTries 2",
    "one try": "MaxAuthTries 1",
    "banner": "Banner {folder}/banner",
    "certificates only": "TrustedUserCAKeys {folder}/authority.pub\nMatch all\nAuthorizedKeysFile none",
    "certificates too": "TrustedUserCAKeys {folder}/authority.pub",
    "two keys": "AuthenticationMethods publickey,publickey",
    "no keys": "PubkeyAuthentication no",
    "rsa only": "PubkeyAcceptedAlgorithms rsa-sha2-512",
    "chacha only": "Ciphers chacha20-poly1305@openssh.com",
    "forced": "ForceCommand echo forced; exit 5",
    "locked out": "DenyUsers *",
}
WRONG = tuple(f"wrong{number}" for number in range(8))


@dataclass(frozen=True)
class Login:
    """A way to log in: with files of the store as ssh.key or by a configuration, as usual keys and in the agent.

    `status` is that of the command both run, None where neither lets anybody in; `told` is what the run is refused
    with, before any host is reached, where Udo is stricter.
    """

    status: int | None = 0
    key: str = ""
    config: str = ""
    usual: tuple[tuple[str, str], ...] = ()
    agent: tuple[str, ...] = ()
    server: str = "plain"
    user: str = "somebody"
    told: str = ""


def _usual(**files: str) -> tuple[tuple[str, str], ...]:
    return tuple(files.items())


LOGINS: dict[str, Login] = {
    **{f"a key of kind {kind}": Login(key=kind) for kind in KINDS},
    **{
        f"a key in the format {form}": Login(key=form)
        for form in ("pkcs1", "pkcs8", "ec", "ecparam", "ec8", "bag", "bom", "text-after", "pem-openssh")
    },
    # Udo's own client could read these.
    "a key with line ends of Windows": Login(None, key="crlf", told="is not a private key that can be used"),
    "a key that ends without a new line": Login(None, key="no-end", told="is not a private key that can be used"),
    "a key after blank lines": Login(None, key="blank-lines", told="is not a private key that can be used"),
    "a key the server does not know": Login(None, key="wrong0"),
    "a key in a folder with blanks and %": Login(key="a %h b/key"),
    "a key that others can read": Login(None, key="open", told="can be read by others, and ssh ignores it"),
    "a key that others can read, by the configuration": Login(None, config="IdentityFile {open}"),
    "a file that is no key": Login(None, key="garbage", told="is not a private key that can be used"),
    "a file that is not there": Login(None, key="nowhere", told="No such file"),
    "a file that is not there, by the configuration": Login(None, config="IdentityFile {nowhere}"),
    "the same, and the agent has a key": Login(config="IdentityFile {nowhere}", agent=("ed25519",)),
    "the same, with no other key allowed": Login(
        None, config="IdentitiesOnly yes\n  IdentityFile {nowhere}", agent=("ed25519",)
    ),
    "a locked key": Login(None, key="locked", told="has a passphrase and the agent does not hold it"),
    "a locked key, by the configuration": Login(None, config="IdentityFile {locked}"),
    "a locked key that the agent has": Login(key="locked", agent=("locked",)),
    "a locked key that the agent has, the public half nowhere": Login(key="locked-alone", agent=("locked",)),
    "a locked PEM that the agent has": Login(key="locked-pem", agent=("locked-pem",)),
    "a locked usual key": Login(None, usual=_usual(id_ed25519="locked")),
    "a public key whose other half the agent has": Login(key="ed25519.pub", agent=("wrong1", "ed25519")),
    "a public key alone": Login(None, key="only.pub", told="is a public key, and the agent does not hold"),
    "a file of which the public half alone is there, and the agent has it": Login(key="only", agent=("ed25519",)),
    "the same, by the configuration": Login(config="IdentitiesOnly yes\n  IdentityFile {only}", agent=("ed25519",)),
    "a key of the agent's": Login(agent=("rsa",)),
    "the last of five in the agent": Login(agent=(*WRONG[:4], "ed25519")),
    "the last of nine in the agent": Login(None, agent=(*WRONG, "ed25519")),
    "the first of nine in the agent": Login(agent=("ed25519", *WRONG)),
    "a usual key beside eight in the agent": Login(None, agent=WRONG, usual=_usual(id_ed25519="ed25519")),
    "a usual key alone allowed beside eight in the agent": Login(
        config="IdentitiesOnly yes", agent=WRONG, usual=_usual(id_ed25519="ed25519")
    ),
    "a usual key that is the last of nine in the agent too": Login(
        agent=(*WRONG, "ed25519"), usual=_usual(id_ed25519="ed25519")
    ),
    "a key by the configuration beside eight in the agent": Login(None, config="IdentityFile {ed25519}", agent=WRONG),
    "the same, with no other key allowed, ": Login(config="IdentitiesOnly yes\n  IdentityFile {ed25519}", agent=WRONG),
    "ssh.key beside eight in the agent": Login(key="ed25519", agent=WRONG),
    "a key in the agent that must not be asked for": Login(agent=("confirm:wrong1", "ed25519")),
    "a key that the agent refuses, and the next": Login(agent=("confirm:rsa", "ed25519")),
    "a key that the agent refuses, alone": Login(None, agent=("confirm:rsa",)),
    "a key that the agent refuses, and a usual one": Login(agent=("confirm:rsa",), usual=_usual(id_ecdsa="ecdsa")),
    "an agent without keys, and a usual one": Login(agent=("",), usual=_usual(id_ecdsa="ecdsa")),
    "an agent that is dead, and a usual key": Login(agent=("dead",), usual=_usual(id_rsa="rsa")),
    "a usual key": Login(usual=_usual(id_ed25519="ed25519")),
    "a usual key of an odd format": Login(usual=_usual(id_rsa="pkcs8")),
    "a usual key that others can read": Login(None, usual=_usual(id_ed25519="open")),
    "the last of three usual keys": Login(usual=_usual(id_rsa="wrong0", id_ecdsa="wrong1", id_ed25519="ed25519")),
    "the last of three for two tries": Login(
        None, server="two tries", usual=_usual(id_rsa="wrong0", id_ecdsa="wrong1", id_ed25519="ed25519")
    ),
    "the first of three for one try": Login(
        server="one try", usual=_usual(id_rsa="rsa", id_ecdsa="wrong1", id_ed25519="wrong0")
    ),
    "no key at all": Login(None),
    "the second of two by the configuration": Login(config="IdentityFile {wrong0}\n  IdentityFile {rsa}"),
    "a certificate beside the key": Login(key="certified", server="certificates only"),
    "a certificate beside a usual key": Login(usual=_usual(id_ed25519="certified"), server="certificates only"),
    "a certificate in the agent": Login(agent=("certified",), server="certificates only"),
    "a certificate by the configuration": Login(
        config="CertificateFile {certified}-cert.pub\n  IdentityFile {certified}", server="certificates only"
    ),
    "a certificate that is over": Login(None, key="expired", server="certificates only"),
    "a certificate that is over, of a key that is known": Login(key="expired", server="certificates too"),
    "no certificate where one is due": Login(None, key="ed25519", server="certificates only"),
    "a server with a banner": Login(key="ed25519", server="banner"),
    "a server with a banner, through the agent": Login(agent=("ed25519",), server="banner"),
    "a server that wants two keys": Login(
        server="two keys", usual=_usual(id_rsa="rsa", id_ed25519="ed25519"), agent=("ecdsa",)
    ),
    "a server that wants two keys, and one": Login(None, server="two keys", key="ed25519"),
    "a server that wants no keys": Login(None, server="no keys", key="ed25519"),
    "a server that takes RSA alone": Login(server="rsa only", key="rsa"),
    "a server that takes RSA alone, and another": Login(None, server="rsa only", key="ed25519"),
    "a server of whose ciphers ssh alone knows one": Login(server="chacha only", key="ed25519"),
    "a server that runs a command of its own": Login(5, server="forced", key="ed25519"),
    "a server that lets nobody in": Login(None, server="locked out", key="ed25519"),
    "an account that does not exist": Login(None, user="nobody-here", key="ed25519"),
    "an account with fish": Login(user="fishy", key="ed25519"),
    "an account with tcsh": Login(user="tcshy", agent=("ed25519",)),
    "an account with nologin": Login(1, user="nologin", key="ed25519"),
    "an account with nologin, through the agent": Login(1, user="nologin", agent=("ed25519",)),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key of every kind, all but the wrong ones in `authorized_keys`."""
    folder = tmp_path_factory.mktemp("store")
    for kind, more in KINDS.items():
        words = ["ssh-keygen", "-q", "-N", "", "-t", kind.partition("-")[0], *more, "-f", str(folder / kind)]
        subprocess.run(words, check=True)
    for name in (*WRONG, "certified", "expired", "authority"):
        key_pair(folder / name)
    key_pair(folder / "locked", passphrase="secret")
    _write_formats(folder)
    for name, validity in (("certified", "-1h:+1h"), ("expired", "-2h:-1h")):
        sign = ["ssh-keygen", "-q", "-s", "authority", "-I", "x", "-n", "somebody", "-V", validity, f"{name}.pub"]
        subprocess.run(sign, cwd=folder, check=True)
    (folder / "banner").write_text("No trespassing.\nhi\n")
    return folder


def _write_formats(folder: Path) -> None:
    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    def write(name: str, data: bytes, mode: int = 0o600) -> None:
        (folder / name).touch(0o600)
        (folder / name).write_bytes(data)
        (folder / name).chmod(mode)

    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "pkcs8")
    openssl("rsa", "-in", "pkcs8", "-traditional", "-out", "pkcs1")
    openssl("rsa", "-in", "pkcs8", "-traditional", "-aes128", "-passout", "pass:secret", "-out", "locked-pem")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "ecparam")
    openssl("ec", "-in", "ecparam", "-out", "ec")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", "ec", "-out", "ec8")
    plain, pkcs8 = (folder / "ed25519").read_bytes(), (folder / "pkcs8").read_bytes()
    write("bag", b"Bag Attributes\n    friendlyName: work\n" + pkcs8)
    write("bom", b"\xef\xbb\xbf" + (folder / "pkcs1").read_bytes())
    write("blank-lines", b"\n\n" + plain)
    write("text-after", plain + b"\nthe key of work\n")
    write("crlf", plain.replace(b"\n", b"\r\n"))
    write("no-end", plain.rstrip(b"\n"))
    write("open", plain, 0o644)
    write("garbage", b"hello\n")
    write("locked-alone", (folder / "locked").read_bytes())
    shutil.copy(folder / "ed25519.pub", folder / "only.pub")
    (folder / "a %h b").mkdir()
    write("a %h b/key", plain)
    write("pem-openssh", (folder / "rsa").read_bytes())
    subprocess.run(["ssh-keygen", "-q", "-p", "-m", "PEM", "-N", "", "-f", "pem-openssh"], cwd=folder, check=True)
    for name in ("pkcs8", "ec"):
        (folder / name).chmod(0o600)
        public = subprocess.run(["ssh-keygen", "-y", "-f", name], cwd=folder, check=True, capture_output=True).stdout
        (folder / f"{name}.public").write_bytes(public)
        if name == "pkcs8":
            (folder / "locked-pem.pub").write_bytes(public)
    for name in ("pkcs1", "locked-pem", "ecparam", "ec8"):
        (folder / name).chmod(0o600)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[Callable[[str], Target]]:
    """Servers by name, all with the same accounts, started where they are asked for."""
    folder = tmp_path_factory.mktemp("servers")
    shells = {name: Path(path) for name in ("fish", "tcsh") if (path := shutil.which(name))}
    users = {f"{name}y": path for name, path in shells.items()} | {"nologin": Path("/usr/sbin/nologin")}
    with sshd_farm.farm(folder) as farm:
        farm.environment = accounts.environment(folder, {"somebody": Path("/bin/sh"), **users}, folder)
        known = [*KINDS, "locked", "expired"]
        lines = [(store / f"{name}.pub").read_text() for name in known]
        lines += [path.read_text() for path in store.glob("*.public")]
        (folder / "authorized_keys").write_text("".join(lines))
        running: dict[str, Target] = {}

        def server(name: str) -> Target:
            if name not in running:
                (running[name],) = farm.hosts(more=SERVERS[name].format(folder=store))
            return running[name]

        yield server


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Path) -> Iterator[Callable[[str], None]]:
    """Adds keys to an agent; one it is to ask somebody about it refuses, since there is nobody."""
    running: list[int] = []

    def start() -> None:
        words = ["ssh-agent", "-s", "-a", str(tmp_path / "agent")]
        environment = {**os.environ, "SSH_ASKPASS": "/bin/false"}
        told = subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout
        running.append(int(told.split("SSH_AGENT_PID=")[1].split(";")[0]))
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))

    def add(name: str) -> None:
        if name == "dead":
            with socket.socket(socket.AF_UNIX) as nobody:
                nobody.bind(str(tmp_path / "dead"))
            monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "dead"))
            return
        if not running:
            start()
        ask = tmp_path / "ask"
        ask.write_text("#!/bin/sh\necho secret\n")
        ask.chmod(0o700)
        environment = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
        confirm, _, file = name.rpartition(":")
        words = ["ssh-add", "-q", *(["-c"] if confirm else []), str(store / file)]
        if file:
            subprocess.run(words, check=True, env=environment, stdin=subprocess.DEVNULL)

    yield add
    for pid in running:
        os.kill(pid, signal.SIGTERM)


def _by_ssh(target: Target, key: str) -> int | None:
    """The status of the command, None where nobody is let in."""
    settings = {"BatchMode": "yes", "UserKnownHostsFile": target.known_hosts[0], "GlobalKnownHostsFile": "/dev/null"}
    if key:
        settings |= {"IdentitiesOnly": "yes", "IdentityFile": '"' + key.replace("%", "%%") + '"'}
    words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    argv = [
        "ssh",
        "-F",
        str(target.config),
        *words,
        "-p",
        str(target.port),
        f"{target.user}@{target.address}",
        "echo hi",
    ]
    told = subprocess.run(argv, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    return None if told.returncode == 255 else told.returncode


# With UDO_WHOLE_FARM=1 every one; each time some of those that `make test-all` has time for.
CHOSEN = LOGINS if WHOLE else dict([*LOGINS.items()][::3])


@pytest.mark.parametrize("login", some(CHOSEN.values(), *[*CHOSEN.values()][::12]), ids=CHOSEN)
@pytest.mark.whole
def test_whoever_ssh_lets_in_gets_in_and_nobody_else(
    login: Login,
    store: Path,
    servers: Callable[[str], Target],
    agent: Callable[[str], None],
    own_home: Path,
    run: Run,
) -> None:
    if login.user in ("fishy", "tcshy") and not shutil.which(login.user[:-1]):
        pytest.skip(f"{login.user[:-1]} is missing: install it to log in to an account with it")
    (own_home / ".ssh").mkdir(mode=0o700)
    for name, file in login.usual:
        for end in ("", ".pub", "-cert.pub"):
            if (store / f"{file}{end}").exists():
                shutil.copy(store / f"{file}{end}", own_home / ".ssh" / f"{name}{end}")
    for name in login.agent:
        agent(name)
    config = "none"
    if login.config:
        files = {path.name: path for path in store.iterdir()} | {"nowhere": store / "nowhere", "only": store / "only"}
        (own_home / "config").write_text("Host *\n  " + login.config.format(**files) + "\n")
        config = str(own_home / "config")
    key = str(store / login.key) if login.key else ""
    target = replace(servers(login.server), user=login.user, key=key or None, config=config)
    target = target if key else replace(target, unset=("key",))
    assert _by_ssh(target, key) == login.status
    if login.told:
        with pytest.raises(UsageError, match=login.told):
            run([target])
        return
    (done,) = endings(run([target]))
    assert done.status == login.status, done
    assert (done.outcome == "refused") == (login.status is None), done
