"""Whom Udo trusts, a way and a source at a time, beside what `ssh` itself says with the same configuration.

Udo gives the same answer on every way, or is stricter for a reason that stands in STRICTER.
"""

from __future__ import annotations

import getpass
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import Run, endings
from fleet import WHOLE
from sshd_farm import Farm, key_pair, public_key
from whole import some

from udo.errors import Refused
from udo.ssh import KNOWN_HOSTS, Options, Target, login
from udo.ssh.config_file import home
from udo.ssh.host_key import HostKey
from udo.ssh.pins import pins

ENGINES = ("paramiko", "openssh", "login")
ME = "i-0123456789abcdef0"


@dataclass(frozen=True)
class Way:
    """What ssh_config says of a host, where its line stands in which file, and under which name."""

    says: str = ""
    file: str = "known"
    name: str = "[{address}]:{port}"
    dialled: str = "{address}"
    hashed: bool = False


_PROXY = "bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & trap \"kill $!\" EXIT HUP; cat >&3'"
WAYS = {
    # All of this is said in udo.yml: no ssh_config.
    "direct": Way(),
    "direct, file with a blank": Way(file="my known"),
    "Port": Way("UserKnownHostsFile {folder}/known"),
    "hashed": Way("UserKnownHostsFile {folder}/known", hashed=True),
    "pattern": Way("UserKnownHostsFile {folder}/known", name="[127.*]:{port}"),
    "files with blanks": Way('UserKnownHostsFile {folder}/none "{folder}/my known"', "my known"),
    "a file per host": Way('UserKnownHostsFile "{folder}/my %h" /none', "my {address}"),
    "file of the system": Way(
        'UserKnownHostsFile {folder}/own\nGlobalKnownHostsFile /none "{folder}/of all"', "of all"
    ),
    "HostKeyAlias": Way("UserKnownHostsFile {folder}/known\nHostKeyAlias Web1", name="web1"),
    "HostName": Way("UserKnownHostsFile {folder}/known\nHostName {address}", dialled="10.9.8.7"),
    "ProxyCommand": Way(f"UserKnownHostsFile {{folder}}/known\nProxyCommand {_PROXY}"),
    "ProxyJump": Way("UserKnownHostsFile {folder}/known\nProxyJump bastion"),
    "a key per host": Way("UserKnownHostsFile {folder}/known\nIdentityFile {folder}/keys/%h"),
    "two keys": Way("UserKnownHostsFile {folder}/known\nIdentityFile {folder}/keys/none"),
    "family": Way("UserKnownHostsFile {folder}/known\nAddressFamily inet"),
    "methods": Way("UserKnownHostsFile {folder}/known\nPreferredAuthentications publickey"),
    "RevokedHostKeys": Way("UserKnownHostsFile {folder}/known\nRevokedHostKeys {folder}/revoked"),
    "KnownHostsCommand": Way("UserKnownHostsFile {folder}/own\nKnownHostsCommand /bin/cat {folder}/known"),
    "this machine": Way("UserKnownHostsFile {folder}/known\nNoHostAuthenticationForLocalhost yes"),
}


@dataclass(frozen=True)
class Keys:
    """The key the server has, another one, and one of another kind."""

    right: HostKey
    other: HostKey
    rsa: HostKey


@dataclass(frozen=True)
class Said:
    """What the sources say, as lines of known_hosts ({name}, {bare}, keys), and what is then expected of each mode."""

    lines: str = ""
    strict: bool = False
    new: bool = False
    pin: str = ""
    console: str = ""
    pinned: str = ""
    """What is pinned afterwards where the key is accepted, "" as before."""


SAID = {
    "right": Said("{name} {right}", strict=True, new=True),
    "changed": Said("{name} {other}"),
    "revoked": Said("{name} {right}\n@revoked * {right}"),
    "nothing": Said("elsewhere {other}", new=True, pinned="right"),
    "only revoked": Said("@revoked * {right}"),
    "only bare revoked": Said("@revoked {bare} {right}"),
    "another revoked": Said("{name} {right}\n@revoked * {other}", strict=True, new=True),
    "right and changed": Said("{name} {other}\n{name} {right}", strict=True, new=True),
    "another kind": Said("{name} {rsa}"),
    "authority": Said("@cert-authority * {other}"),
    "bare right": Said("{bare} {right}", strict=True, new=True),
    "bare changed": Said("{bare} {other}"),
    "bare revoked": Said("{name} {right}\n@revoked {bare} {right}"),
    "pin right": Said(pin="right", strict=True, new=True),
    "pin changed": Said(pin="other"),
    "pin revoked": Said("@revoked {name} {right}", pin="right"),
    "pin bare revoked": Said("@revoked {bare} {right}", pin="right"),
    "pin and line right": Said("{name} {right}", pin="right", strict=True, new=True),
    "pin right, line changed": Said("{name} {other}", pin="right"),
    "pin changed, line right": Said("{name} {right}", pin="other"),
    "pin of another kind, line right": Said("{name} {right}", pin="rsa", strict=True, new=True),
    "pin right, line of another kind": Said("{name} {rsa}", pin="right"),
    "console right": Said(console="right", strict=True, new=True, pinned="right"),
    "console changed": Said(console="other", pinned="other"),
    "console revoked": Said("@revoked * {right}", console="right"),
    "line right, console changed": Said("{name} {right}", console="other", strict=True, new=True),
    "line changed, console right": Said("{name} {other}", console="right"),
}

# Where ssh accepts and Udo does not: (way, what is said, mode), * for any.
STRICTER = {
    ("*", "authority", "accept-new"): "a certificate is due, and a server without one is no new host",
    ("*", "bare changed", "accept-new"): "ssh falls back on the line without the port to trust, not to doubt",
    ("*", "bare revoked", "*"): "ssh looks for revocations under the first name that has a line",
    ("*", "only bare revoked", "accept-new"): "ssh falls back on the line without the port to trust, not to doubt",
    ("*", "pin bare revoked", "*"): "ssh looks for revocations under the first name that has a line",
    ("*", "pin right, line changed", "*"): "to ssh any line that fits will do; to Udo a contradiction is a refusal",
    ("*", "pin changed, line right", "*"): "to ssh any line that fits will do; to Udo a contradiction is a refusal",
    ("*", "line changed, console right", "*"): "the console is asked only for what known_hosts does not know",
    ("*", "pin right, line of another kind", "*"): "known_hosts decides, and it has no key of this kind",
    ("this machine", "*", "*"): "host keys are always checked",
    ("KnownHostsCommand", "nothing", "accept-new"): "what the command knows is not known before ssh has asked it",
}

# What is said in all of these a way at a time, and the rest on these ways.
EVERYWHERE = ("right", "changed", "revoked", "nothing")
FULLY = ("direct", "Port", "HostKeyAlias")
PINNED = ("pin right, line changed", "pin revoked", "pin bare revoked")
# Ways without a name with a port beside the bare one, or where something else has revoked the key.
NO_PORT = ("HostKeyAlias", "RevokedHostKeys")
# What `make test` looks at: the keys to be refused on every way, all that is said on two.
ALWAYS = ("changed", "revoked")
FIRST = ("paramiko", "direct", "accept-new")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    engine: str
    way: str
    said: str
    mode: str

    @property
    def stricter(self) -> str:
        """Why Udo refuses what ssh accepts, empty where both say the same."""
        keys = itertools.product((self.way, "*"), (self.said, "*"), (self.mode, "*"))
        return next((STRICTER[key] for key in keys if key in STRICTER), "")

    @property
    def accepted(self) -> bool:
        """What is expected of Udo."""
        said = SAID[self.said]
        if self.way == "KnownHostsCommand" and self.said == "nothing":
            return False
        return said.new if self.mode == "accept-new" else said.strict


def rows() -> Iterator[Row]:
    """Every row, or those that `make test-all` has time for."""
    for way, said, mode, engine in itertools.product(WAYS, SAID, ("strict", "accept-new"), ENGINES):
        fully = way in FULLY or said in PINNED
        if (said not in EVERYWHERE and not fully) or ("bare" in said and way in NO_PORT):
            continue
        dangerous = mode == "accept-new" and (
            said in ALWAYS or (said in PINNED and way in (*FULLY, "KnownHostsCommand"))
        )
        row = Row(engine, way, said, mode)
        if WHOLE or dangerous or is_first(row):
            yield row


def is_first(row: Row) -> bool:
    """Whether a row stands for others, and runs each time."""
    through_ssh = (row.engine, row.way, row.mode) == ("openssh", "Port", "accept-new") and row.said in EVERYWHERE
    return through_ssh or (row.engine, row.way, row.mode) == FIRST


@dataclass(frozen=True)
class Place:
    """A server, one to go through, and a folder that both Udo and ssh are pointed to."""

    host: Target
    bastion: Target
    folder: Path
    keys: Keys

    def prepare(self, way: Way, said: Said, folder: Path, *, to_ssh: bool) -> Path:
        """Writes the configuration and known_hosts; to ssh a pin or a console is a line more."""
        folder.mkdir()
        keys = {name: key.text for name, key in vars(self.keys).items()}
        words = {"address": self.host.address, "port": self.host.port, "folder": folder, "bare": self.host.address}
        name = way.name.format(**words)
        lines = said.lines.format(name=name, **words, **keys).splitlines()
        if to_ssh:
            lines += [f"{name} {keys[one]}" for one in (said.pin, said.console) if one]
        if "RevokedHostKeys" in way.says:
            lines = [line for line in lines if not line.startswith("@revoked")]
        known = folder / way.file.format(**words)
        known.write_text("".join(f"{line}\n" for line in lines))
        if way.hashed:
            subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
            Path(f"{known}.old").unlink()
        (folder / "revoked").write_text(keys["right"] if "@revoked" in said.lines else keys["rsa"])
        (folder / "keys").mkdir()
        (folder / "keys" / self.host.address).symlink_to(str(self.host.key))
        says = way.says.format(**words) if way.says else f'UserKnownHostsFile "{known}"'
        rest = [] if "Global" in says else ["GlobalKnownHostsFile none"]
        rest += [] if "keys/%h" in says else [f"IdentityFile {self.host.key}"]
        (folder / "config").write_text(
            f"Host bastion\n HostName {self.bastion.address}\n Port {self.bastion.port}\n User {self.bastion.user}\n"
            f" IdentityFile {self.bastion.key}\n UserKnownHostsFile {self.bastion.known_hosts[0]}\n"
            f"Host * !bastion\n Port {self.host.port}\n User {self.host.user}\n"
            + "".join(f" {line}\n" for line in (*says.split("\n"), *rest))
        )
        return known


@pytest.fixture(scope="module")
def place(farm: Farm) -> Place:
    """The servers of this module."""
    (host, bastion), folder = farm.hosts(2), farm.folder / "ways"
    folder.mkdir()
    other, rsa = public_key(key_pair(folder / "other")), public_key(key_pair(folder / "rsa", "rsa"))
    return Place(host, bastion, folder, Keys(public_key(farm.host_key), other, rsa))


Ssh = Callable[[Row], bool]


@pytest.fixture(scope="module")
def ssh_accepts(place: Place) -> Ssh:
    """Whether ssh itself logs in, asked once for all engines."""
    known: dict[tuple[str, str, str], bool] = {}

    def accepts(row: Row) -> bool:
        key = (row.way, row.said, row.mode)
        if key not in known:
            way, folder = WAYS[row.way], place.folder / f"ssh{len(known)}"
            place.prepare(way, SAID[row.said], folder, to_ssh=True)
            mode = {"strict": "yes", "accept-new": "accept-new"}[row.mode]
            options = ["-F", f"{folder}/config", "-o", "BatchMode=yes", "-o", f"StrictHostKeyChecking={mode}"]
            argv = ["ssh", *options, way.dialled.format(address=place.host.address), "true"]
            nowhere = subprocess.DEVNULL
            ended = subprocess.run(argv, stdin=nowhere, stdout=nowhere, stderr=nowhere, check=False, timeout=30)
            known[key] = ended.returncode == 0
        return known[key]

    return accepts


def target(place: Place, row: Row, folder: Path, known: Path) -> Target:
    """The host as udo.yml names it: all of it, or what ssh_config is left to say."""
    way, via = WAYS[row.way], "paramiko" if row.engine == "paramiko" else "openssh"
    if not way.says:
        host = place.host
        return Target(ME, host.address, host.port, host.user, host.key, (str(known),), via)
    address = way.dialled.format(address=place.host.address)
    unset = ("user", "port", "key")
    return Target(ME, address, 22, getpass.getuser(), None, KNOWN_HOSTS, via, config=f"{folder}/config", unset=unset)


def printed(key: HostKey) -> str:
    return f"-----BEGIN SSH HOST KEY KEYS-----\n{key.text} x\n-----END SSH HOST KEY KEYS-----\n"


@pytest.mark.parametrize("row", some(rows(), *filter(is_first, rows())), ids=lambda row: "-".join(vars(row).values()))
@pytest.mark.whole
def test_udo_trusts_whom_ssh_trusts_or_is_stricter_for_a_reason(
    place: Place, ssh_accepts: Ssh, run: Run, tmp_path: Path, row: Row
) -> None:
    said, keys = SAID[row.said], vars(place.keys)
    known = place.prepare(WAYS[row.way], said, tmp_path / "mine", to_ssh=False)
    there, before = target(place, row, tmp_path / "mine", known), known.read_text()
    console = printed(keys[said.console]) if said.console else None
    if said.pin:
        pins().pin(ME, [keys[said.pin]])
    if row.engine == "login":
        accepted, told = logged_in(there, Options(host_keys=row.mode), console)
    else:
        (done,) = endings(run([there], "true", console, host_keys=row.mode))
        accepted, told = done.outcome == "ok", done.reason
        assert done.outcome in ("ok", "refused"), done
    assert accepted == row.accepted, told
    assert ssh_accepts(row) == (accepted or bool(row.stricter)), (told, row.stricter)
    assert known.read_text() == before
    pinned = said.pinned if accepted or said.console == "other" else ""
    wanted = said.pin or pinned
    assert pins().keys(ME) == ((keys[wanted],) if wanted else ()), told


def logged_in(there: Target, options: Options, console: str | None) -> tuple[bool, str]:
    """Whether the interactive login gets in, and why not."""
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
            (done,) = endings(list(login(there, options, lambda _: console, lambda *_: None)))
    except Refused as refused:
        return False, str(refused)
    return done.outcome == "ok", done.reason


@pytest.mark.whole
def test_a_new_key_needs_no_file_of_ssh_to_be_pinned_in(place: Place, run: Run, tmp_path: Path) -> None:
    # ssh itself accepts nobody here, for want of a file to note the key in; Udo has one of its own.
    row = Row("openssh", "Port", "nothing", "accept-new")
    known = place.prepare(WAYS["Port"], SAID["nothing"], tmp_path / "mine", to_ssh=False)
    config = tmp_path / "mine" / "config"
    config.write_text(config.read_text().replace(f"UserKnownHostsFile {known}", "UserKnownHostsFile none"))
    (done,) = endings(run([target(place, row, tmp_path / "mine", known)], "true", host_keys="accept-new"))
    assert (done.outcome, pins().keys(ME)) == ("ok", (place.keys.right,))


@pytest.mark.whole
def test_every_reason_to_be_stricter_is_one() -> None:
    whole = {(row.way, row.said, row.mode) for row in rows()} if WHOLE else set(itertools.product(WAYS, SAID, "*"))
    for way, said, _ in STRICTER:
        assert any(way in ("*", one[0]) and said in ("*", one[1]) for one in whole), (way, said)


@pytest.mark.whole
def test_the_usual_files_are_those_of_ssh_for_whoever_names_none() -> None:
    from udo.fanout.reach import _KNOWN_HOSTS

    told = subprocess.run(["ssh", "-G", "-F", "none", "x"], capture_output=True, text=True, check=True).stdout
    files = [line.split()[1:] for line in told.splitlines() if "knownhostsfile" in line]
    usual = [str(home() / name[2:]) if name[0] == "~" else name for name in KNOWN_HOSTS]
    assert sorted(name for words in files for name in words) == sorted(usual)
    assert _KNOWN_HOSTS == KNOWN_HOSTS
