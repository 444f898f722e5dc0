"""Loads the private keys to log in with, once per run; passphrases only through the agent."""

from __future__ import annotations

import copy
import threading
from pathlib import Path
from typing import Any

import paramiko
from paramiko.pkey import PublicBlob, UnknownKeyType

from udo.errors import UsageError

_DEFAULT = ("id_ed25519", "id_ecdsa", "id_rsa")
# cryptography, under paramiko, says TypeError where a passphrase is missing.
_LOCKED = (TypeError, paramiko.PasswordRequiredException)
_UNUSABLE = (ValueError, paramiko.SSHException, UnknownKeyType)
_CERTIFICATE = "-cert-v01@openssh.com"
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
        """The agent's signature."""
        with _agent_lock:
            return super().sign_ssh_data(data, algorithm)


class Identities:
    """The keys of this run by key file; None stands for the agent's and the default files in ~/.ssh."""

    def __init__(self) -> None:
        self._agent: paramiko.Agent | None = None
        self._loaded: dict[str | None, tuple[paramiko.PKey, ...]] = {}

    def load(self, path: str | None) -> tuple[paramiko.PKey, ...]:
        """The keys to try, in this order. Raises: UsageError when the key file named cannot be used."""
        if path not in self._loaded:
            self._loaded[path] = _each(self._named(Path(path).expanduser())) if path else self._usual()
        return self._loaded[path]

    def close(self) -> None:
        """Lets the agent go."""
        if self._agent:
            self._agent.close()

    def _named(self, path: Path) -> paramiko.PKey:
        try:
            return paramiko.PKey.from_path(path)
        except _LOCKED as error:
            if held := self._held(path):
                return held
            hint = f"ssh-add {path} (and keep {path}.pub beside it)"
            raise UsageError(f"key file {path} has a passphrase and the agent does not hold it", hint=hint) from error
        except OSError as error:
            raise UsageError(f"key file {path}: {error.strerror or error}", hint="see `ssh.key` in udo.yml") from error
        except _UNUSABLE as error:
            raise UsageError(f"key file {path} is not a private key that can be used") from error

    def _usual(self) -> tuple[paramiko.PKey, ...]:
        keys: list[paramiko.PKey] = [*self._agent_keys()]
        held = {_shown(key) for key in keys}
        for path in (Path.home() / ".ssh" / name for name in _DEFAULT):
            try:
                key = paramiko.PKey.from_path(path)
            except (OSError, *_LOCKED, *_UNUSABLE):
                continue
            keys += [one for one in _each(key) if _shown(one) not in held]
        return tuple(keys)

    def _held(self, path: Path) -> AgentKey | None:
        try:
            public = PublicBlob.from_file(f"{path}.pub").key_blob
        except (OSError, ValueError):
            return None
        return next((key for key in self._agent_keys() if key.asbytes() == public), None)

    def _agent_keys(self) -> list[AgentKey]:
        try:
            self._agent = self._agent or paramiko.Agent()
        except (OSError, paramiko.SSHException):
            return []
        return [AgentKey(key.agent, key.blob, key.comment) for key in self._agent.get_keys()]


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
