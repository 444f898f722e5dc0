"""Loads the private keys to log in with, once per run, and knows the logins that only `ssh` can do as it does."""

from __future__ import annotations

import base64
import binascii
import copy
import os
import shutil
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
from paramiko.pkey import PublicBlob, UnknownKeyType

from udo import programs, signals
from udo.errors import UsageError
from udo.ssh import config_file
from udo.ssh.target import Target

# Those that ssh tries, in its order; the first three are of kinds that Udo can sign with. Source: ssh(1), -i.
_SIGNING = ("id_rsa", "id_ecdsa", "id_ed25519")
_USUAL = (*_SIGNING, "id_ecdsa_sk", "id_ed25519_sk", "id_xmss", "id_dsa")
# cryptography, under paramiko, says TypeError where a passphrase is missing.
_LOCKED = (TypeError, paramiko.PasswordRequiredException)
_UNUSABLE = (ValueError, paramiko.SSHException, UnknownKeyType)
_CERTIFICATE = "-cert-v01@openssh.com"
_PRIVATE = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_agent_lock = threading.Lock()


class AgentKey(paramiko.AgentKey):
    """A key in the agent that many connections may use at once; paramiko's own would mix up their answers."""

    def __init__(self, agent: Any, blob: bytes, comment: str) -> None:
        super().__init__(agent, blob, comment)
        if self.name.endswith(_CERTIFICATE):
            # paramiko would show the plain key under the certificate's name where it is of RSA.
            self.public_blob = PublicBlob(self.name, blob, comment)  # type: ignore[assignment]

    # The stubs say that it returns a Message; paramiko 5 returns and wants bytes.
    def sign_ssh_data(self, data: Any, algorithm: str | None = None) -> Any:
        """The agent's signature; an empty one where it will not sign, which the server refuses: then the next key."""
        with _agent_lock:
            try:
                return super().sign_ssh_data(data, algorithm)
            except paramiko.SSHException:
                refused = paramiko.Message()
                refused.add_string(algorithm or self.name)
                refused.add_string(b"")
                return refused.asbytes()


class Identities:
    """The keys of this run by key file; None stands for the agent's and the usual files in ~/.ssh."""

    def __init__(self) -> None:
        self._agent: paramiko.Agent | None = None
        self._held: tuple[AgentKey, ...] | None = None
        self._read: dict[Path, paramiko.PKey | UsageError] = {}
        self._loaded: dict[str | None, tuple[paramiko.PKey, ...]] = {}
        self._beyond: dict[tuple[str | None, str | None], str] = {}

    def load(self, path: str | None) -> tuple[paramiko.PKey, ...]:
        """The keys to try, in this order. Raises: UsageError when the key file named cannot be used."""
        if path not in self._loaded:
            self._loaded[path] = _each(self._named(Path(path).expanduser())) if path else self._usual()
        return self._loaded[path]

    def beyond(self, named: str | None, path: str | None) -> str:
        """Why a login is one for `ssh`, empty where Udo's own client does the same with the one key there is.

        `named` is the key file of udo.yml, `path` that one or the configuration's, None for neither. Where several
        keys come into question, it is for `ssh`: it asks the server first, in the order of its rules, and goes on
        where the agent refuses. Raises: UsageError for a key file of udo.yml that is of no use to `ssh` either.
        """
        if (named, path) not in self._beyond:
            self._beyond[named, path] = self._reason(named, path)
        return self._beyond[named, path]

    def close(self) -> None:
        """Lets the agent go."""
        if self._agent:
            self._agent.close()

    def _reason(self, named: str | None, path: str | None) -> str:
        if not named and self._agent_keys():
            return "the agent holds keys"
        usual = [config_file.home() / ".ssh" / name for name in _USUAL]
        files = [Path(path).expanduser()] if path else [file for file in usual if file.exists()]
        if len(files) > 1:
            return f"there are {' and '.join(file.name for file in files)}"
        for file in files:
            if Path(f"{file}-cert.pub").exists():
                return f"a certificate lies beside {file}"
            key, is_read = self._key(file), _is_read_by_ssh(file)
            if named and not is_read and not self._holds(file):
                raise key if isinstance(key, UsageError) else _unusable(file)
            if isinstance(key, UsageError) or not is_read:
                return f"{file} is no private key that Udo and ssh read alike"
        return ""

    def _named(self, path: Path) -> paramiko.PKey:
        key = self._key(path)
        if isinstance(key, UsageError):
            if held := self._holds(path):
                return held
            raise key
        return key

    def _usual(self) -> tuple[paramiko.PKey, ...]:
        keys: list[paramiko.PKey] = [*self._agent_keys()]
        held = {_shown(key) for key in keys}
        for path in (config_file.home() / ".ssh" / name for name in _SIGNING):
            key = self._key(path)
            if not isinstance(key, UsageError):
                keys += [one for one in _each(key) if _shown(one) not in held]
        return tuple(keys)

    def _key(self, path: Path) -> paramiko.PKey | UsageError:
        if path not in self._read:
            self._read[path] = _key(path)
        return self._read[path]

    def _holds(self, path: Path) -> AgentKey | None:
        """The agent's key of this file, which may be the public half, or have it within or beside."""
        public = {_public(path), _public(Path(f"{path}.pub")), _public_within(path)} - {None}
        return next((key for key in self._agent_keys() if _shown(key) in public), None)

    def _agent_keys(self) -> tuple[AgentKey, ...]:
        if self._held is None:
            try:
                with signals.waiting():
                    _call_agent()
                    self._agent = paramiko.Agent()
                    found = self._agent.get_keys()
            except (OSError, paramiko.SSHException):
                found = ()
            self._held = tuple(AgentKey(key.agent, key.blob, key.comment) for key in found)
        return self._held


def _call_agent() -> None:
    """Raises: OSError where nobody answers; paramiko would leave its socket open."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(os.environ.get("SSH_AUTH_SOCK", ""))


def keyed(
    targets: Sequence[Target], resolved: Sequence[Target], identities: Identities
) -> tuple[list[Target], list[str]]:
    """The resolved targets, and in one line each why some more go through `ssh`: their keys are for it.

    `targets` are the same as udo.yml has them. Raises: UsageError for a key file that cannot be used.
    """
    found, reasons = [], dict[str, int]()
    for target, made in zip(targets, resolved, strict=True):
        is_own = made.via == "paramiko" and shutil.which("ssh") and not made.instance_connect
        reason = identities.beyond(target.key, made.key) if is_own else ""
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        # Which key its configuration names, and what else may be tried, ssh sees there by itself.
        found.append(replace(made, via="openssh", key=target.key) if reason else made)
    return found, [f"{count} of {len(targets)} hosts go through ssh: {reason}" for reason, count in reasons.items()]


def _key(path: Path) -> paramiko.PKey | UsageError:
    """The private key of a file, or why it is none that Udo can read by itself."""
    try:
        if _is_open(path):
            return UsageError(f"key file {path} can be read by others, and ssh ignores it", hint=f"chmod 600 {path}")
        return paramiko.PKey.from_path(path)
    except _LOCKED:
        hint = f"ssh-add {path} (and keep {path}.pub beside it)"
        return UsageError(f"key file {path} has a passphrase and the agent does not hold it", hint=hint)
    except OSError as error:
        return UsageError(f"key file {path}: {error.strerror or error}", hint="see `ssh.key` in udo.yml")
    except _UNUSABLE:
        if _public(path):
            hint = "ssh-add the private half, or name it"
            return UsageError(f"key file {path} is a public key, and the agent does not hold its other half", hint=hint)
        return _unusable(path)


def _unusable(path: Path) -> UsageError:
    return UsageError(f"key file {path} is not a private key that can be used")


def _is_open(path: Path) -> bool:
    # Source: ssh(1), -i; OpenSSH looks at files of one's own only, and not at public keys.
    found = path.stat()
    return found.st_uid == os.getuid() and bool(found.st_mode & 0o077) and _public(path) is None


def _is_read_by_ssh(path: Path) -> bool:
    """Whether ssh can log in by a private key file, which is asked by no passphrase."""
    try:
        return not programs.asked(["ssh-keygen", "-y", "-P", "", "-f", str(path)]).returncode
    except OSError:
        return False


def _public(path: Path) -> bytes | None:
    try:
        return bytes(PublicBlob.from_file(str(path)).key_blob)
    except (OSError, ValueError):
        return None


def _public_within(path: Path) -> bytes | None:
    """The public half that a private key file of OpenSSH's own format holds, readable without its passphrase."""
    try:
        head, _, rest = path.read_bytes().partition(_PRIVATE)
        content = paramiko.Message(base64.b64decode(rest.partition(b"-----")[0]))
    except (OSError, binascii.Error):
        return None
    # Source: PROTOCOL.key in OpenSSH: magic, cipher, kdf, options of it, number of keys, the first one.
    if head.strip() or content.get_bytes(15) != b"openssh-key-v1\0":
        return None
    for _ in range(3):
        content.get_string()
    content.get_int()
    return content.get_string()


def _each(key: paramiko.PKey) -> tuple[paramiko.PKey, ...]:
    """The key by its certificate where one lies beside it, and alone: the server may not take the certificate."""
    if key.public_blob is None:
        return (key,)
    alone = copy.copy(key)
    alone.public_blob = None
    return key, alone


def _shown(key: paramiko.PKey) -> bytes:
    """What the server is shown of it."""
    return key.public_blob.key_blob if key.public_blob else key.asbytes()
